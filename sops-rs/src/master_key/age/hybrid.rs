//! Post-quantum recipients `age1pq1…` and identities `AGE-SECRET-KEY-PQ-1…`: stanzas of type `mlkem768x25519`
//! (<https://c2sp.org/age>).
//!
//! The file key is sealed by HPKE in base mode with X-Wing, HKDF-SHA256 and ChaCha20-Poly1305; the stanza's one argument
//! is the encapsulated key.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use age::secrecy::ExposeSecret as _;
use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{bech32_decode, bech32_encode_to_fmt};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use bech32::Hrp;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::{Deserializable, Kem as _, OpModeR, OpModeS, Serializable as _};
use rand_core::OsRng;
use zeroize::Zeroizing;

use super::x_wing::{Encapsulated, PrivateKey, PublicKey, XWing};

const STANZA: &str = "mlkem768x25519";
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
const RECIPIENT: Hrp = Hrp::parse_unchecked("age1pq");
const IDENTITY: Hrp = Hrp::parse_unchecked("AGE-SECRET-KEY-PQ-");
const TAG_LEN: usize = 16;
/// What makes sure that a file is post-quantum for all of its recipients or for none.
const LABEL: &str = "postquantum";

/// `age1pq1…`
#[derive(Clone)]
pub(super) struct Recipient(PublicKey);

impl FromStr for Recipient {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        parse(text, RECIPIENT).map(Recipient)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        bech32_encode_to_fmt(out, RECIPIENT, &self.0.to_bytes())
    }
}

impl age::Recipient for Recipient {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let (encapsulated, body) = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, XWing, _>(
            &OpModeS::Base,
            &self.0,
            INFO,
            key.expose_secret(),
            &[],
            &mut OsRng,
        )
        // The one public key that fails is a point of small order, which nobody has the secret key of.
        .map_err(|_| EncryptError::Io(std::io::Error::other("the recipient's X25519 point has a small order")))?;
        let args = vec![BASE64_STANDARD_NO_PAD.encode(encapsulated.to_bytes())];
        Ok((vec![Stanza { tag: STANZA.to_owned(), args, body }], HashSet::from([LABEL.to_owned()])))
    }
}

/// `AGE-SECRET-KEY-PQ-1…`
#[derive(Clone)]
pub(super) struct Identity(PrivateKey);

impl FromStr for Identity {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        parse(text, IDENTITY).map(Identity)
    }
}

impl Identity {
    pub(super) fn recipient(&self) -> Recipient {
        Recipient(XWing::sk_to_pk(&self.0))
    }
}

impl age::Identity for Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != STANZA {
            return None;
        }
        let Some(encapsulated) = encapsulated(stanza) else { return Some(Err(DecryptError::InvalidHeader)) };
        let mode = OpModeR::Base;
        let context = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, XWing>(&mode, &self.0, &encapsulated, INFO);
        let Ok(mut context) = context else { return Some(Err(DecryptError::InvalidHeader)) };
        // A stanza for somebody else fails only here: ML-KEM answers a wrong key with a wrong secret.
        let plain = context.open(&stanza.body, &[]).ok().map(Zeroizing::new)?;
        Some(FileKey::try_init_with_mut(|key| {
            let plain: &[u8; FILE_KEY_BYTES] = plain.as_slice().try_into().map_err(|_| DecryptError::InvalidHeader)?;
            key.copy_from_slice(plain);
            Ok(())
        }))
    }
}

/// The argument of a stanza that has the form it must have.
fn encapsulated(stanza: &Stanza) -> Option<Encapsulated> {
    let [argument] = stanza.args.as_slice() else { return None };
    if stanza.body.len() != FILE_KEY_BYTES + TAG_LEN {
        return None;
    }
    Encapsulated::from_bytes(&BASE64_STANDARD_NO_PAD.decode(argument).ok()?).ok()
}

fn parse<T: Deserializable>(text: &str, prefix: Hrp) -> Result<T, ()> {
    let expected = |found| if found == prefix { Ok(()) } else { Err(()) };
    bech32_decode(
        text,
        |_| (),
        expected,
        |_, bytes| {
            let bytes = Zeroizing::new(bytes.collect::<Vec<u8>>());
            T::from_bytes(&bytes).map_err(|_| ())
        },
    )
}
