//! Master keys: what users have as key files, and the wrapped data keys that stand in files.

use std::sync::LazyLock;

use futures::FutureExt as _;
use jiff::Timestamp;
use prost::Message as _;
use sops::keyservice::messages::{DecryptRequest, EncryptRequest};
use sops::master_key::age::AgeKeys;
use sops::master_key::pgp::PgpKeys;
use sops::{Identity, KeyId, KeyService, Recipient};

/// What every seed of an age file and of an OpenPGP message holds.
const DATA_KEY: &[u8] = b"a data key of 32 bytes, or such.";
/// The key of `corpus/pgp_key`.
const FINGERPRINT: &str = "1BDF3256BB2DB8D51488D542C17C1A1B501C1CE1";

static AGE: LazyLock<AgeKeys> = LazyLock::new(|| {
    let identities = Identity::parse(include_str!("../keys/age.txt"));
    let mut identities = identities.unwrap_or_else(|error| panic!("the identities: {error}"));
    identities.extend(Identity::from_ssh(include_bytes!("../keys/ssh"), "ssh"));
    AgeKeys::new(identities)
});

static PGP: LazyLock<PgpKeys> = LazyLock::new(|| {
    PgpKeys::from_armored(include_bytes!("../keys/pgp")).unwrap_or_else(|error| panic!("the OpenPGP keys: {error}"))
});

/// A key file of age, and the text of a recipient.
pub fn age_identity(bytes: &[u8]) {
    for identity in Identity::from_file(bytes, "file").unwrap_or_default() {
        let _ = (identity.kind(), identity.recipient());
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(recipient) = text.parse::<Recipient>() {
        assert!(recipient.to_string() == text.trim(), "a recipient is shown as another one");
    }
    let _ = Recipient::parse_list(text);
}

/// A wrapped data key.
pub fn age_file(bytes: &[u8]) {
    if let Ok(opened) = AGE.open(bytes, 64) {
        assert!(*opened == DATA_KEY, "a changed age file opens to something else");
    }
}

/// An SSH private key.
pub fn ssh_key(bytes: &[u8]) {
    let Ok(identity) = Identity::from_ssh(bytes, "file") else { return };
    let _ = (identity.kind(), identity.recipient());
}

/// OpenPGP keys, armored or not, and wrapping with them.
pub fn pgp_key(bytes: &[u8]) {
    let id = KeyId::Pgp(FINGERPRINT.to_owned());
    for keys in [PgpKeys::from_armored(bytes), PgpKeys::from_keyring(bytes)].into_iter().flatten() {
        let _ = keys.at(Timestamp::UNIX_EPOCH).wrap(&id, DATA_KEY).now_or_never();
    }
}

/// A data key wrapped by OpenPGP.
pub fn pgp_message(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let opened = PGP.unwrap(&KeyId::Pgp(String::new()), text).now_or_never();
    if let Some(Ok(opened)) = opened {
        assert!(*opened == DATA_KEY, "a changed OpenPGP message opens to something else");
    }
}

/// What a key service is asked.
pub fn key_service(bytes: &[u8]) {
    if let Ok(request) = EncryptRequest::decode(bytes) {
        assert!(
            EncryptRequest::decode(&*request.encode_to_vec()) == Ok(request),
            "a request is written as another one"
        );
    }
    if let Ok(request) = DecryptRequest::decode(bytes) {
        assert!(
            DecryptRequest::decode(&*request.encode_to_vec()) == Ok(request),
            "a request is written as another one"
        );
    }
}
