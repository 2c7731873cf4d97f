//! Every way in which a value stops opening, made on purpose.

use proptest::prelude::*;

use super::{Diagnosis, Place, SealedFacts, diagnose};
use crate::fixtures::{day, first, large, second};
use crate::{Keyring, Scope, SealingKey, seal};

const SCOPES: [Scope; 3] = [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide];

fn keyring() -> Keyring {
    Keyring::new(vec![(first(), day(1)), (second(), day(2))])
}

fn sealed(key: &SealingKey, scope: Scope) -> Vec<u8> {
    seal(key.certificate(), &scope.label("shop", "db"), b"value").unwrap()
}

fn at(namespace: &str, name: &str, scope: Scope) -> Place {
    Place::new(namespace, name, scope)
}

fn key() -> String {
    first().fingerprint().to_owned()
}

#[test]
fn what_opens_is_well_under_each_scope() {
    for scope in SCOPES {
        let diagnosis = diagnose(&keyring(), &sealed(&first(), scope), &at("shop", "db", scope), &[]);
        assert_eq!(diagnosis, Diagnosis::Opens { key: key() }, "{scope}");
        assert_eq!(diagnosis.hint(), None);
    }
}

#[test]
fn another_scope_is_found() {
    for sealed_for in SCOPES {
        for scope in SCOPES.into_iter().filter(|scope| *scope != sealed_for) {
            let diagnosis = diagnose(&keyring(), &sealed(&first(), sealed_for), &at("shop", "db", scope), &[]);
            assert_eq!(diagnosis, Diagnosis::ScopeChanged { sealed_for, key: key() }, "{sealed_for} as {scope}");
        }
    }
}

#[test]
fn a_former_name_and_another_namespace_are_found_when_they_are_tried() {
    let blob = sealed(&first(), Scope::Strict);
    let (renamed, moved) = (at("shop", "new", Scope::Strict), at("store", "new", Scope::Strict));
    let before = [at("shop", "other", Scope::Strict), at("shop", "db", Scope::Strict)];
    assert_eq!(diagnose(&keyring(), &blob, &renamed, &before), Diagnosis::Renamed { name: "db".into(), key: key() });
    let expected = Diagnosis::Moved { namespace: "shop".into(), name: Some("db".into()), key: key() };
    assert_eq!(diagnose(&keyring(), &blob, &moved, &before), expected);
    assert_eq!(diagnose(&keyring(), &blob, &renamed, &[]), Diagnosis::NoKey, "nobody guessed the name");
    // The name does not count for a value of the whole namespace.
    let wide = sealed(&first(), Scope::NamespaceWide);
    let expected = Diagnosis::Moved { namespace: "shop".into(), name: None, key: key() };
    assert_eq!(diagnose(&keyring(), &wide, &moved, &[at("shop", "any", Scope::Strict)]), expected);
}

#[test]
fn a_key_that_is_not_here_is_told_from_one_of_another_size() {
    let place = at("shop", "db", Scope::Strict);
    let only_second = Keyring::new(vec![(second(), day(1))]);
    assert_eq!(diagnose(&only_second, &sealed(&first(), Scope::Strict), &place, &[]), Diagnosis::NoKey);
    let other = diagnose(&keyring(), &sealed(&large(), Scope::Strict), &place, &[]);
    assert_eq!(other, Diagnosis::OtherKeySize { bits: 3072 });
    assert!(other.hint().unwrap().contains("another cluster"));
    assert_eq!(
        diagnose(&Keyring::default(), &sealed(&first(), Scope::Strict), &place, &[]),
        Diagnosis::OtherKeySize { bits: 2048 }
    );
}

#[test]
fn a_value_that_was_cut_or_changed_is_told_from_one_of_another_key() {
    let (place, blob) = (at("shop", "db", Scope::Strict), sealed(&first(), Scope::Strict));
    for length in [0, 1, 2, 100, 257] {
        assert_eq!(diagnose(&keyring(), &blob[..length], &place, &[]), Diagnosis::Truncated, "{length}");
    }
    for length in [258, 260, blob.len() - 1] {
        assert_eq!(diagnose(&keyring(), &blob[..length], &place, &[]), Diagnosis::Damaged { key: key() }, "{length}");
    }
    let mut changed = blob.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(diagnose(&keyring(), &changed, &place, &[]), Diagnosis::Damaged { key: key() });
    changed = blob;
    changed[40] ^= 1;
    assert_eq!(diagnose(&keyring(), &changed, &place, &[]), Diagnosis::NoKey, "a broken session key looks like no key");
}

#[test]
fn anybody_may_know_the_size_of_the_key_and_of_the_value() {
    assert_eq!(SealedFacts::of(&sealed(&large(), Scope::Strict)), Some(SealedFacts { key_bits: 3072, value_len: 5 }));
    assert_eq!(SealedFacts::of(&[0, 1]), None);
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange(blob in prop::collection::vec(any::<u8>(), 0..600)) {
        let diagnosis = diagnose(&keyring(), &blob, &at("shop", "db", Scope::Strict), &[]);
        let opens = matches!(diagnosis, Diagnosis::Opens { .. });
        prop_assert!(!opens);
        prop_assert!(!diagnosis.to_string().is_empty());
    }
}
