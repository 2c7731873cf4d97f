//! Which key is tried when, and how many RSA operations that costs.

use super::{Keyring, UnsealError};
use crate::fixtures::{day, first, large, second};
use crate::{SealingKey, seal};

fn seal_with(key: &SealingKey) -> Vec<u8> {
    seal(key.certificate(), b"shop/db", b"value").unwrap()
}

fn fingerprints(keyring: &Keyring) -> Vec<&str> {
    keyring.keys().iter().map(SealingKey::fingerprint).collect()
}

#[test]
fn keys_are_ordered_newest_first() {
    let keyring = Keyring::new(vec![(first(), day(1)), (second(), day(3)), (large(), day(2))]);
    let expected = [second(), large(), first()];
    assert_eq!(fingerprints(&keyring), expected.each_ref().map(SealingKey::fingerprint));
    assert_eq!(keyring.newest().map(SealingKey::fingerprint), Some(second().fingerprint()));
}

#[test]
fn of_two_keys_of_one_instant_the_first_registered_is_the_newest() {
    let keyring = Keyring::new(vec![(second(), day(1)), (first(), day(1))]);
    assert_eq!(fingerprints(&keyring), [second().fingerprint(), first().fingerprint()]);
}

#[test]
fn a_key_that_comes_twice_is_tried_once() {
    let keyring = Keyring::new(vec![(first(), day(1)), (first(), day(2))]);
    assert_eq!(keyring.keys().len(), 1);
    let error = keyring.unseal(b"shop/db", &seal_with(&second()), None).unwrap_err();
    assert_eq!(error, UnsealError::NoKey { attempts: 1 });
}

#[test]
fn the_newest_key_is_tried_first() {
    let keyring = Keyring::new(vec![(first(), day(1)), (second(), day(2))]);
    for (key, attempts) in [(second(), 1), (first(), 2)] {
        let blob = seal_with(&key);
        let unsealed = keyring.unseal(b"shop/db", &blob, None).unwrap();
        assert_eq!(unsealed.plaintext.as_slice(), b"value");
        assert_eq!(unsealed.key.fingerprint(), key.fingerprint());
        assert_eq!(unsealed.attempts, attempts);
    }
}

#[test]
fn the_hint_is_tried_before_the_newest_and_not_again() {
    let keyring = Keyring::new(vec![(first(), day(1)), (second(), day(2))]);
    let blob = seal_with(&first());
    assert_eq!(keyring.unseal(b"shop/db", &blob, Some(first().fingerprint())).unwrap().attempts, 1);
    let wrong = keyring.unseal(b"shop/db", &blob, Some(second().fingerprint())).unwrap();
    assert_eq!(wrong.attempts, 2, "a wrong hint costs one operation, not more");
    assert_eq!(keyring.unseal(b"shop/db", &blob, Some("SHA256:unknown")).unwrap().attempts, 2);
}

#[test]
fn keys_of_another_size_cost_nothing() {
    let keyring = Keyring::new(vec![(first(), day(1)), (second(), day(2))]);
    let error = keyring.unseal(b"shop/db", &seal_with(&large()), Some(first().fingerprint())).unwrap_err();
    assert_eq!(error, UnsealError::NoKey { attempts: 0 });

    let keyring = Keyring::new(vec![(large(), day(3)), (first(), day(1))]);
    assert_eq!(keyring.unseal(b"shop/db", &seal_with(&first()), None).unwrap().attempts, 1);
    assert_eq!(keyring.unseal(b"shop/db", &seal_with(&large()), None).unwrap().attempts, 1);
}

#[test]
fn another_label_does_not_open() {
    let keyring = Keyring::new(vec![(first(), day(1))]);
    let blob = seal_with(&first());
    for label in ["", "shop", "shop/d", "shop/db/", "Shop/db", "other/db"] {
        let error = keyring.unseal(label.as_bytes(), &blob, None).unwrap_err();
        assert_eq!(error, UnsealError::NoKey { attempts: 1 }, "{label:?}");
    }
}

#[test]
fn an_empty_keyring_opens_nothing() {
    let keyring = Keyring::default();
    assert!(keyring.newest().is_none());
    let error = keyring.unseal(b"shop/db", &seal_with(&first()), None).unwrap_err();
    assert_eq!(error.attempts(), 0);
    assert_eq!(keyring.unseal(b"shop/db", b"\x01", None).unwrap_err(), UnsealError::Truncated);
}

#[test]
fn the_version_changes_with_the_set_of_keys_alone() {
    let version = |keys| Keyring::new(keys).version();
    let both = version(vec![(first(), day(1)), (second(), day(2))]);
    assert_eq!(both, version(vec![(second(), day(1)), (first(), day(9))]));
    assert_eq!(both, version(vec![(first(), day(1)), (second(), day(2)), (first(), day(3))]));
    assert_ne!(both, version(vec![(first(), day(1))]));
    assert_ne!(version(vec![(first(), day(1))]), version(vec![(second(), day(1))]));
    assert_eq!(version(Vec::new()), Keyring::default().version());
}

#[test]
fn nothing_secret_is_printed() {
    let keyring = Keyring::new(vec![(first(), day(1))]);
    let blob = seal_with(&first());
    let unsealed = keyring.unseal(b"shop/db", &blob, None).unwrap();
    let printed = format!("{keyring:?} {unsealed:?}");
    assert!(printed.contains(first().fingerprint()));
    assert!(!printed.contains("value") && !printed.contains("118, 97"), "{printed}");
}

#[test]
fn the_key_of_a_day_is_the_newest_of_that_day() {
    let keyring = Keyring::new(vec![(first(), day(10)), (second(), day(20)), (large(), day(15))]);
    let at = |instant| keyring.newest_at(instant).map(|key| key.fingerprint().to_owned());
    assert_eq!(keyring.newest_instant(), Some(day(20)));
    assert_eq!(at(day(31)), Some(second().fingerprint().to_owned()));
    assert_eq!(at(day(19)), Some(large().fingerprint().to_owned()));
    assert_eq!(at(day(10)), Some(first().fingerprint().to_owned()));
    assert_eq!(at(day(1)), Some(first().fingerprint().to_owned()), "the oldest when all are younger");
    assert!(Keyring::default().newest_at(day(1)).is_none() && Keyring::default().newest_instant().is_none());
}
