//! Files that are written again.

use super::{encrypted, group, identity, load, random, text};
use crate::data_key::DataKey;
use crate::document::{Change, CheckMac, Document, wrap};
use crate::error::Error;
use crate::format::Format;
use crate::master_key::age::AgeKeys;
use crate::merge::{Prefer, Sides, three_way};
use crate::tree::{Branch, Entry, Value};
use futures::executor::block_on;

fn change() -> Change {
    Change { now: "2026-02-03T04:05:06Z".parse().unwrap(), raise_version: false }
}

fn lines(document: &Document) -> Vec<String> {
    let bytes = document.emit(Format::Json, None).unwrap();
    String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect()
}

/// The lines of the second file that the first does not have.
fn changed(before: &Document, after: &Document) -> Vec<String> {
    let before = lines(before);
    let new = lines(after).into_iter().filter(|line| !before.contains(line));
    new.map(|line| line.trim().split(':').next().unwrap_or_default().to_owned()).collect()
}

fn set(branches: &[Branch], key: &str, value: &Value) -> Vec<Branch> {
    let mut branches = branches.to_vec();
    for entry in &mut branches[0].0 {
        if let Entry::Pair(name, old) = entry
            && name == key
        {
            *old = value.clone();
        }
    }
    branches
}

#[test]
fn an_edit_changes_its_line_and_the_mac() {
    let (document, key) = encrypted(r#"{"a":"x","b":["y","y","z"],"c":1,"d":"x"}"#, None);
    let opened = document.open(&key, CheckMac::Yes).unwrap();
    let edited = set(&opened.branches, "c", &Value::Int(2));
    let (after, tally) = document.edit(&opened, &edited, &change(), &mut random(&mut 9)).unwrap();
    assert_eq!(changed(&document, &after), ["\"c\"", "\"lastmodified\"", "\"mac\""]);
    assert_eq!((tally.values, tally.sealed), (6, 6));
    assert_eq!(text(&after.decrypt(&key).unwrap()), r#"{"a": "x","b": ["y","y","z"],"c": 2,"d": "x"}"#);
    let (same, _) = document.edit(&opened, &opened.branches, &change(), &mut random(&mut 9)).unwrap();
    assert_eq!(changed(&document, &same), ["\"lastmodified\"", "\"mac\""], "equal elements of a list too");
}

#[test]
fn values_of_two_types_with_the_same_bytes_are_two_values() {
    let (document, key) = encrypted(r#"{"a":"1"}"#, None);
    let opened = document.open(&key, CheckMac::Yes).unwrap();
    let edited = set(&opened.branches, "a", &Value::Int(1));
    let (after, _) = document.edit(&opened, &edited, &change(), &mut random(&mut 9)).unwrap();
    assert_eq!(changed(&document, &after), ["\"a\"", "\"lastmodified\"", "\"mac\""]);
}

#[test]
fn the_version_is_raised_only_when_asked_and_only_upward() {
    for (version, raise, expected) in [
        ("3.7.3", false, "3.7.3"),
        ("3.7.3", true, "3.13.3"),
        ("3.99.0", true, "3.99.0"),
        ("4.0.0-rc1", true, "4.0.0-rc1"),
    ] {
        let (mut document, key) = encrypted(r#"{"a":"x"}"#, None);
        document.metadata.as_mut().unwrap().version = version.to_owned();
        let opened = document.open(&key, CheckMac::Yes).unwrap();
        let change = Change { raise_version: raise, ..change() };
        let (after, _) = document.edit(&opened, &opened.branches, &change, &mut random(&mut 9)).unwrap();
        assert_eq!(after.metadata().unwrap().version, expected, "{version}");
    }
}

#[test]
fn a_block_cannot_come_in_by_an_edit() {
    let (document, key) = encrypted(r#"{"a":"x"}"#, None);
    let opened = document.open(&key, CheckMac::Yes).unwrap();
    let edited = load(r#"{"a":"x"}"#).branches.into_iter().map(|mut branch| {
        branch.0.push(Entry::Pair("sops".to_owned(), Value::Null));
        branch
    });
    let edited: Vec<Branch> = edited.collect();
    let failure = document.edit(&opened, &edited, &change(), &mut random(&mut 9));
    assert!(matches!(failure, Err(Error::AlreadyEncrypted)));
}

#[test]
fn rotation_changes_the_key_and_every_value() {
    let (document, key) = encrypted(r#"{"a":"x","b":{"c":2},"e":""}"#, None);
    let opened = document.open(&key, CheckMac::Yes).unwrap();
    let (reader, new_key) = (identity(), DataKey::draw(&mut random(&mut 77)).unwrap());
    let mut groups = [group(&reader)];
    let keys = AgeKeys::new(Vec::new());
    block_on(wrap(&new_key, (&mut groups, None), &[&keys], &mut random(&mut 5))).unwrap();
    let rotated = document.rotate(&opened.branches, (&new_key, groups.to_vec()), &change(), &mut random(&mut 9));
    let (after, _) = rotated.unwrap();
    assert!(changed(&document, &after).contains(&"\"a\"".to_owned()));
    assert!(after.decrypt(&key).is_err());
    assert_eq!(
        text(&after.decrypt(&after.data_key(&[reader]).unwrap()).unwrap()),
        r#"{"a": "x","b": {"c": 2},"e": ""}"#
    );
}

#[test]
fn other_master_keys_leave_the_values_alone() {
    let (document, key) = encrypted(r#"{"a":"x"}"#, None);
    let reader = identity();
    let mut groups = [group(&reader)];
    let keys = AgeKeys::new(Vec::new());
    block_on(wrap(&key, (&mut groups, None), &[&keys], &mut random(&mut 5))).unwrap();
    let after = document.with_keys(groups.to_vec(), None).unwrap();
    assert!(after.branches() == document.branches());
    let (before, metadata) = (document.metadata().unwrap(), after.metadata().unwrap());
    assert_eq!((&metadata.mac, &metadata.lastmodified), (&before.mac, &before.lastmodified));
    assert_eq!(text(&after.decrypt(&after.data_key(&[reader]).unwrap()).unwrap()), r#"{"a": "x"}"#);
}

#[test]
fn values_that_come_from_another_copy_of_the_file_keep_their_ciphertext() {
    let (base, key) = encrypted(r#"{"a":"x","b":"y"}"#, None);
    let opened = base.open(&key, CheckMac::Yes).unwrap();
    let edit = |field: &str, seed: u8| {
        let branches = set(&opened.branches, field, &Value::Str("new".to_owned()));
        base.edit(&opened, &branches, &change(), &mut random(&mut { seed })).unwrap().0
    };
    let (ours, theirs) = (edit("a", 3), edit("b", 4));
    let (mut mine, other) = (ours.open(&key, CheckMac::Yes).unwrap(), theirs.open(&key, CheckMac::Yes).unwrap());
    mine.remember(&other);
    let sides = Sides { base: &opened.branches, ours: &mine.branches, theirs: &other.branches };
    let merged = three_way(sides, Prefer::Ours);
    let (after, _) = ours.edit(&mine, &merged.branches, &change(), &mut random(&mut 5)).unwrap();
    assert!(after.branches[0].get("a") == ours.branches[0].get("a"));
    assert!(after.branches[0].get("b") == theirs.branches[0].get("b"));
}
