//! Exported keys handed in as bytes, as the operator has them.

use futures::executor::block_on;
use jiff::{Timestamp, ToSpan as _};
use sops::master_key::pgp::PgpKeys;
use sops::{KeyError, KeyId, KeyService as _};

use crate::gnupg::GnuPg;

const DATA_KEY: [u8; 32] = [7; 32];

fn now() -> Timestamp {
    Timestamp::try_from(std::fs::metadata(std::env::current_exe().unwrap()).unwrap().modified().unwrap()).unwrap()
        + 24_i64.hours()
}

fn wrap(keys: &PgpKeys, fingerprint: &str) -> Result<String, KeyError> {
    block_on(keys.wrap(&KeyId::Pgp(fingerprint.to_owned()), &DATA_KEY))
}

fn unwrap(keys: &PgpKeys, enc: &str) -> Result<Vec<u8>, KeyError> {
    block_on(keys.unwrap(&KeyId::Pgp(String::new()), enc)).map(|plain| plain.to_vec())
}

#[test]
fn armored_keys_open_what_gpg_encrypts_and_the_other_way() {
    for algorithms in [("rsa3072", "rsa3072"), ("ed25519", "cv25519"), ("rsa2048", "cv25519"), ("nistp256", "nistp256")]
    {
        let home = GnuPg::new();
        let fingerprint = home.generate("one", algorithms, &[]);
        let keys = PgpKeys::from_armored(&home.secret("one")).unwrap().at(now());
        let message = home.run(&["--armor", "--trust-model", "always", "--encrypt", "-r", &fingerprint], &DATA_KEY);
        assert_eq!(unwrap(&keys, str::from_utf8(&message).unwrap()).unwrap(), DATA_KEY);
        let message = wrap(&keys, &fingerprint.to_lowercase()).unwrap();
        assert!(message.starts_with("-----BEGIN PGP MESSAGE-----\n") && message.ends_with("-----END PGP MESSAGE-----"));
        assert_eq!(home.run(&["--decrypt"], message.as_bytes()), DATA_KEY);
        assert_eq!(unwrap(&keys, &message).unwrap(), DATA_KEY);
    }
}

#[test]
fn several_blocks_are_several_keys() {
    let home = GnuPg::new();
    let one = home.generate("one", ("ed25519", "cv25519"), &[]);
    let two = home.generate("two", ("ed25519", "cv25519"), &[]);
    let text = [home.secret("one"), b"and\n".to_vec(), home.public("two")].concat();
    let keys = PgpKeys::from_armored(&text).unwrap().at(now());
    assert_eq!(unwrap(&keys, &wrap(&keys, &one).unwrap()).unwrap(), DATA_KEY);
    let for_two = wrap(&keys, &two).unwrap();
    assert_eq!(unwrap(&keys, &for_two), Err(KeyError::NoIdentity("none of 1 secret OpenPGP keys fits".to_owned())));
    let keys = keys.and(PgpKeys::from_armored(&home.secret("two")).unwrap());
    assert_eq!(unwrap(&keys, &for_two).unwrap(), DATA_KEY);
}

#[test]
fn a_message_to_nobody_in_particular_is_tried() {
    let home = GnuPg::new();
    let fingerprint = home.generate("one", ("ed25519", "cv25519"), &[]);
    let keys = PgpKeys::from_armored(&home.secret("one")).unwrap();
    let words = ["--armor", "--trust-model", "always", "--throw-keyids", "--encrypt", "-r", &fingerprint];
    let message = home.run(&words, &DATA_KEY);
    assert_eq!(unwrap(&keys, str::from_utf8(&message).unwrap()).unwrap(), DATA_KEY);
}

#[test]
fn keys_that_ended_are_not_encrypted_to() {
    let home = GnuPg::new();
    let past = ["--faked-system-time", "20200101T000000!"];
    let fingerprint = home.generate("one", ("ed25519", "cv25519"), &past);
    let refusal = |why: &str| Err(KeyError::Refused(format!("the key {fingerprint} {why}")));
    let keys = || PgpKeys::from_armored(&home.secret("one")).unwrap();

    let past = ["--faked-system-time", "20200102T000000!"];
    home.run(&[&past[..], &["--quick-set-expire", &fingerprint, "1y", "*"]].concat(), b"");
    let before: Timestamp = "2020-06-01T00:00:00Z".parse().unwrap();
    let message = wrap(&keys().at(before), &fingerprint).unwrap();
    assert_eq!(wrap(&keys().at(now()), &fingerprint), refusal("has no part that may encrypt now"));
    assert_eq!(wrap(&keys(), &fingerprint), refusal("has no part that may encrypt now"), "the time is not known");
    home.run(&[&past[..], &["--quick-set-expire", &fingerprint, "1y"]].concat(), b"");
    assert_eq!(wrap(&keys().at(now()), &fingerprint), refusal("has expired"));
    assert_eq!(unwrap(&keys(), &message).unwrap(), DATA_KEY, "what was encrypted before opens all the same");

    // What has expired cannot be changed any more: back to a time when it had not.
    let past = ["--faked-system-time", "20200103T000000!"];
    home.run(&[&past[..], &["--quick-set-expire", &fingerprint, "0"]].concat(), b"");
    home.run(&[&past[..], &["--quick-set-expire", &fingerprint, "0", "*"]].concat(), b"");
    wrap(&keys(), &fingerprint).unwrap();
    let edit = ["--command-fd", "0", "--edit-key", &fingerprint];
    home.run(&edit, b"key 1\nrevkey\ny\n0\n\ny\nsave\n");
    assert_eq!(wrap(&keys(), &fingerprint), refusal("has no part that may encrypt now"));
    home.run(&["--quick-add-key", &fingerprint, "cv25519", "encr", "never"], b"");
    wrap(&keys(), &fingerprint).unwrap();
    let certificate = std::fs::read_to_string(home.path().join(format!("openpgp-revocs.d/{fingerprint}.rev"))).unwrap();
    home.run(&["--import"], certificate.replace(":-----BEGIN", "-----BEGIN").as_bytes());
    assert_eq!(wrap(&keys(), &fingerprint), refusal("is revoked"));
}

#[test]
fn a_subkey_that_another_key_did_not_sign_is_not_encrypted_to() {
    let home = GnuPg::new();
    let victim = home.generate("victim", ("ed25519", "cv25519"), &[]);
    home.generate("attacker", ("ed25519", "cv25519"), &[]);
    let packets = |name: &str| home.run(&["--export", name], b"");
    // The subkey of the attacker with its binding, behind the key of the victim, is no part of that key.
    let foreign = packets("attacker");
    let subkey = foreign.windows(2).position(|header| header == [0xb8, 0x38]).expect("a cv25519 subkey packet");
    let own = packets("victim");
    let end = own.windows(2).position(|header| header == [0xb8, 0x38]).expect("a cv25519 subkey packet");
    let forged = [&own[..end], &foreign[subkey..]].concat();
    let keys = PgpKeys::from_keyring(&forged).unwrap().at(now());
    let refused = KeyError::Refused(format!("the key {victim} has no part that may encrypt now"));
    assert_eq!(wrap(&keys, &victim), Err(refused));
    let keys = PgpKeys::from_keyring(&own).unwrap().at(now());
    wrap(&keys, &victim).unwrap();
}

#[test]
fn a_passphrase_is_told_and_not_asked_for() {
    let home = GnuPg::new();
    let locked = ["--passphrase", "hunter2"];
    let fingerprint = home.generate("one", ("ed25519", "cv25519"), &locked);
    let secret = home.run(&[&locked[..], &["--armor", "--export-secret-keys"]].concat(), b"");
    let keys = PgpKeys::from_armored(&secret).unwrap().at(now());
    let message = wrap(&keys, &fingerprint).unwrap();
    let failure = unwrap(&keys, &message);
    assert_eq!(failure, Err(KeyError::NoIdentity("the secret OpenPGP key that fits has a passphrase".to_owned())));
}

#[test]
fn changed_messages_do_not_open() {
    let home = GnuPg::new();
    let fingerprint = home.generate("one", ("ed25519", "cv25519"), &[]);
    let keys = PgpKeys::from_armored(&home.secret("one")).unwrap().at(now());
    let message = home.run(&["--trust-model", "always", "--encrypt", "-r", &fingerprint], &DATA_KEY);
    let armored = |bytes: &[u8]| String::from_utf8(home.run(&["--enarmor"], bytes)).unwrap();
    let armored = |bytes: &[u8]| armored(bytes).replace("ARMORED FILE", "MESSAGE");
    assert_eq!(unwrap(&keys, &armored(&message)).unwrap(), DATA_KEY);
    for at in [message.len() - 1, message.len() - 30, 20] {
        let mut changed = message.clone();
        changed[at] ^= 1;
        assert!(unwrap(&keys, &armored(&changed)).is_err(), "{at}");
    }
    for length in [0, 10, message.len() / 2, message.len() - 1] {
        assert!(unwrap(&keys, &armored(&message[..length])).is_err(), "{length}");
    }
    for text in ["", "hunter2", "-----BEGIN PGP MESSAGE-----", str::from_utf8(&home.public("one")).unwrap()] {
        assert!(matches!(unwrap(&keys, text), Err(KeyError::Malformed(_))), "{text}");
    }
}
