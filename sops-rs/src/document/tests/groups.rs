//! Files for several key groups, and what is told about keys that do not open.

use futures::executor::block_on;

use super::{creation, group, identity, load, random, text};
use crate::document::{Attempts, Creation, Document};
use crate::error::Error;
use crate::master_key::age::{AgeKeys, Identity};
use crate::master_key::{KeyError, KeyId, KeyService};
use crate::metadata::KeyGroup;
use crate::shamir::ShamirError;

fn file(groups: &[KeyGroup], threshold: Option<i64>) -> Result<Document, Error> {
    let creation = Creation { shamir_threshold: threshold, ..creation(groups, None) };
    let keys = AgeKeys::new(Vec::new());
    block_on(load(r#"{"a":"x"}"#).encrypt(&creation, &[&keys], &mut random(&mut 1))).map(|(document, _)| document)
}

fn attempts(document: &Document, identities: Vec<Identity>, order: &[&str]) -> (bool, Attempts) {
    let keys = AgeKeys::new(identities);
    let services: [&dyn KeyService; 1] = [&keys];
    let (key, attempts) = block_on(document.open_data_key(&services, order)).unwrap();
    (key.is_some_and(|key| text(&document.decrypt(&key).unwrap()) == r#"{"a": "x"}"#), attempts)
}

#[test]
fn as_many_groups_as_the_threshold_open_a_file() {
    let people = [identity(), identity(), identity()];
    let groups: Vec<KeyGroup> = people.iter().map(group).collect();
    let document = file(&groups, Some(2)).unwrap();
    assert_eq!(document.metadata().unwrap().shamir_threshold, Some(2));
    for some in [&people[..2], &people[1..], &people[..]] {
        assert!(document.data_key(some).is_ok());
        let (opened, attempts) = attempts(&document, some.to_vec(), &[]);
        assert!(opened);
        assert_eq!((attempts.opened(), attempts.needed, attempts.groups.len()), (some.len(), 2, 3));
    }
    assert!(matches!(document.data_key(&people[..1]), Err(Error::NoIdentity { .. })));
    assert!(!attempts(&document, people[..1].to_vec(), &[]).0);
}

#[test]
fn without_a_threshold_all_groups_are_needed_and_the_file_says_so() {
    let people = [identity(), identity()];
    let groups: Vec<KeyGroup> = people.iter().map(group).collect();
    for threshold in [None, Some(0)] {
        let document = file(&groups, threshold).unwrap();
        assert_eq!(document.metadata().unwrap().shamir_threshold, Some(2));
        assert!(document.data_key(&people).is_ok());
        assert!(document.data_key(&people[1..]).is_err());
    }
    for threshold in [Some(3), Some(1), Some(-1)] {
        assert!(matches!(file(&groups, threshold), Err(Error::Shamir(ShamirError::Threshold))), "{threshold:?}");
    }
    assert_eq!(file(&groups[..1], Some(5)).unwrap().metadata().unwrap().shamir_threshold, Some(5), "kept, no effect");
    assert!(matches!(file(&[], None), Err(Error::NoRecipient)));
    assert!(matches!(file(&[groups[0].clone(), KeyGroup::default()], None), Err(Error::NoRecipient)));
}

#[test]
fn keys_are_tried_in_the_order_asked_for_and_each_answer_is_told() {
    let reader = identity();
    let mut keys = group(&reader);
    let document = file(std::slice::from_ref(&keys), None).unwrap();
    keys = document.metadata().unwrap().groups[0].clone();
    keys.0.insert(0, crate::MasterKey::new(KeyId::Pgp("F00".to_owned()), "2026-01-02T03:04:05Z"));
    let document = document.with_keys(vec![keys], None).unwrap();
    let names = |order: &[&str]| {
        let (opened, attempts) = attempts(&document, vec![reader.clone()], order);
        assert!(opened);
        attempts.groups[0].keys.iter().map(|key| key.kind.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["age", "pgp"]), ["age"], "the first that opens ends it");
    assert_eq!(names(&["pgp", "age"]), ["pgp", "age"]);
    assert_eq!(names(&["kms"]), ["pgp", "age"], "others in the order of the file");
    let (_, failed) = attempts(&document, vec![identity()], &["age", "pgp"]);
    let answers: Vec<_> = failed.groups[0].keys.iter().map(|key| (key.name.as_str(), &key.answers[0])).collect();
    assert!(matches!(answers[0], (_, Err(KeyError::NoIdentity(_)))));
    assert!(matches!(answers[1], ("F00", Err(KeyError::Unsupported(_)))));
}

#[test]
fn a_key_that_cannot_be_used_is_named() {
    let groups = [KeyGroup::new([KeyId::Age("age1nonsense".to_owned())], "")];
    let failure = file(&groups, None).err().unwrap();
    assert!(matches!(failure, Error::Wrap { .. }) && failure.to_string().contains("age1nonsense"), "{failure}");
}
