//! OpenPGP messages around a data key.

use std::io::Read as _;

use pgp::composed::{ArmorOptions, DecryptionOptions, Esk, Message, MessageBuilder, SignedSecretKey, TheRing};
use pgp::types::{Password, PkeskVersion};
use rand_core::OsRng;
use zeroize::Zeroizing;

use super::recipient::{EncryptionKey, Recipient};
use crate::master_key::KeyError;

/// The most that a wrapped data key or share may hold: 33 bytes are what is stored.
const MAX_DATA_KEY: u64 = 1024;
/// The most that a message may be inside: compressed, signed, literal.
const MAX_LAYERS: usize = 4;

/// The armored message, without a line feed at its end, as the original stores it.
pub(super) fn seal(recipient: &Recipient<'_>, plaintext: &[u8]) -> Result<String, pgp::errors::Error> {
    let message = MessageBuilder::from_bytes("", plaintext.to_vec());
    let mut message = message.seipd_v1(OsRng, recipient.cipher);
    match recipient.key {
        EncryptionKey::Primary(key) => message.encrypt_to_key(OsRng, key)?,
        EncryptionKey::Subkey(key) => message.encrypt_to_key(OsRng, key)?,
    };
    let armored = message.to_armored_string(OsRng, ArmorOptions::default())?;
    Ok(armored.trim_end().to_owned())
}

/// Opens an armored message with one of the secret keys.
pub(super) fn open(keys: &[SignedSecretKey], armored: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let malformed = || KeyError::Malformed("it is not an OpenPGP message".to_owned());
    let (message, _) = Message::from_armor(armored.as_bytes()).map_err(|_| malformed())?;
    let Message::Encrypted { esk, .. } = &message else { return Err(malformed()) };
    let fit = Fit::of(keys, esk);
    let nobody = Password::empty();
    let ring = TheRing {
        secret_keys: keys.iter().collect(),
        key_passwords: vec![&nobody],
        // What GnuPG 2.3 and later write to keys made by them.
        decrypt_options: DecryptionOptions::new().enable_gnupg_aead(),
        ..TheRing::default()
    };
    let (message, _) = message.decrypt_the_ring(ring, true).map_err(|error| fit.explain(&error, keys.len()))?;
    content(message).ok_or_else(|| KeyError::Malformed("the OpenPGP message is cut off or was changed".to_owned()))
}

fn content(mut message: Message<'_>) -> Option<Zeroizing<Vec<u8>>> {
    for _ in 0..MAX_LAYERS {
        if message.is_compressed() {
            message = message.decompress().ok()?;
        }
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(usize::try_from(MAX_DATA_KEY).ok()? + 1));
    message.take(MAX_DATA_KEY + 1).read_to_end(&mut plain).ok()?;
    let fits = !plain.is_empty() && plain.len() as u64 <= MAX_DATA_KEY;
    fits.then_some(plain)
}

/// How the secret keys at hand go with the recipients of a message.
#[derive(PartialEq)]
enum Fit {
    None,
    Locked,
    Open,
}

impl Fit {
    fn of(keys: &[SignedSecretKey], recipients: &[Esk]) -> Fit {
        let mut fit = Fit::None;
        for key in keys {
            for recipient in recipients {
                match locked(key, recipient) {
                    Some(false) => return Fit::Open,
                    Some(true) => fit = Fit::Locked,
                    None => {}
                }
            }
        }
        fit
    }

    fn explain(&self, error: &pgp::errors::Error, held: usize) -> KeyError {
        let missing = matches!(error, pgp::errors::Error::MissingKey);
        match (self, held) {
            (Fit::Locked, _) => KeyError::NoIdentity("the secret OpenPGP key that fits has a passphrase".to_owned()),
            (_, 0) if missing => KeyError::NoIdentity("there is no secret OpenPGP key".to_owned()),
            (Fit::None, _) if missing => KeyError::NoIdentity(format!("none of {held} secret OpenPGP keys fits")),
            _ => KeyError::Malformed(
                "the OpenPGP message does not open: it was changed, or is of a kind unknown here".to_owned(),
            ),
        }
    }
}

/// Whether a key of this ring that a message is for has a passphrase; `None` if the message is for none of it.
fn locked(key: &SignedSecretKey, recipient: &Esk) -> Option<bool> {
    let Esk::PublicKeyEncryptedSessionKey(recipient) = recipient else { return None };
    if !matches!(recipient.version(), PkeskVersion::V3 | PkeskVersion::V6) {
        return None;
    }
    let primary = &key.primary_key;
    let mut found = recipient.match_identity(primary.public_key()).then(|| primary.secret_params().is_encrypted());
    for subkey in &key.secret_subkeys {
        if recipient.match_identity(subkey.public_key()) {
            found = Some(found.unwrap_or(true) && subkey.secret_params().is_encrypted());
        }
    }
    found
}
