//! Whether an encrypted file says the same once it is read again.
//!
//! The MAC covers what was sealed, and the selector decides anew on what it meets: a value that comes back as another
//! one, or without the comment above it, would close the file for good.

use std::collections::HashSet;

use crate::format::scalar;
use crate::rules::{Rules, Scope};
use crate::tree::{Branch, Entry, Item, Value};
use crate::value::encoding::encode;
use crate::value::is_encrypted_comment;

/// What opening a file goes by.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// What decides which values are encrypted.
    pub(crate) rules: &'a Rules,
    /// Whether the MAC leaves out the others.
    pub(crate) mac_only_encrypted: bool,
}

/// A value as opening the file meets it.
struct Leaf<'t> {
    path: Vec<&'t str>,
    bytes: Option<Vec<u8>>,
    /// What the MAC does not cover may lose its type, but not its text.
    text: Option<Vec<u8>>,
    encrypted: bool,
}

impl PartialEq for Leaf<'_> {
    fn eq(&self, other: &Self) -> bool {
        let same_text = self.text.is_some() && self.text == other.text;
        self.path == other.path && self.encrypted == other.encrypted && (self.bytes == other.bytes || same_text)
    }
}

/// The path of the first value in which the two differ.
pub(super) fn first_difference<'t>(
    reading: Reading<'_>,
    written: &'t [Branch],
    read: &'t [Branch],
) -> Option<Vec<&'t str>> {
    let mut written = leaves(reading, written).into_iter();
    let mut read = leaves(reading, read).into_iter();
    loop {
        match (written.next(), read.next()) {
            (None, None) => return None,
            (one, other) if one == other => {}
            (Some(leaf), _) | (None, Some(leaf)) => return Some(leaf.path),
        }
    }
}

/// The path of the first key that a mapping has twice.
pub(super) fn first_duplicate(branch: &Branch) -> Option<Vec<&str>> {
    let mut seen = HashSet::new();
    for entry in &branch.0 {
        let Entry::Pair(key, value) = entry else { continue };
        let found = if seen.insert(key) { duplicate_below(value) } else { Some(Vec::new()) };
        if let Some(mut path) = found {
            path.insert(0, key);
            return Some(path);
        }
    }
    None
}

fn duplicate_below(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::Map(branch) => first_duplicate(branch),
        Value::List(items) => items.iter().find_map(|item| match item {
            Item::Value(value) => duplicate_below(value),
            Item::Comment(_) => None,
        }),
        _ => None,
    }
}

/// Whether a value is no UTF-8.
pub(super) fn has_bytes(branch: &Branch) -> bool {
    branch.0.iter().any(|entry| matches!(entry, Entry::Pair(_, value) if is_bytes(value)))
}

fn is_bytes(value: &Value) -> bool {
    match value {
        Value::Bytes(_) => true,
        Value::Map(branch) => has_bytes(branch),
        Value::List(items) => items.iter().any(|item| matches!(item, Item::Value(value) if is_bytes(value))),
        _ => false,
    }
}

fn leaves<'t>(reading: Reading<'_>, branches: &'t [Branch]) -> Vec<Leaf<'t>> {
    let mut found = Vec::new();
    for branch in branches {
        let scope = Scope::new(reading.rules);
        let mut walk = Walk { scope, mac_only_encrypted: reading.mac_only_encrypted, path: Vec::new(), found };
        walk.branch(branch);
        found = walk.found;
    }
    found
}

struct Walk<'r, 't> {
    scope: Scope<'r>,
    mac_only_encrypted: bool,
    path: Vec<&'t str>,
    found: Vec<Leaf<'t>>,
}

impl<'t> Walk<'_, 't> {
    fn branch(&mut self, branch: &'t Branch) {
        self.scope.open();
        for entry in &branch.0 {
            match entry {
                Entry::Comment(comment) => self.scope.comment(&comment.text),
                Entry::Pair(key, value) => {
                    self.scope.enter_key(key);
                    self.path.push(key);
                    self.value(value);
                    self.path.pop();
                    self.scope.leave_key();
                    self.scope.value_done();
                }
            }
        }
        self.scope.close();
    }

    fn value(&mut self, value: &'t Value) {
        match value {
            Value::Map(branch) => self.branch(branch),
            Value::List(items) => {
                self.scope.open();
                for item in items {
                    self.item(item);
                }
                self.scope.close();
            }
            leaf => {
                let encrypted = self.scope.value_is_encrypted();
                let bytes = encode(leaf).map(|(_, bytes)| bytes.to_vec());
                let counts = encrypted || !self.mac_only_encrypted;
                let text = if counts { None } else { scalar::text(leaf).map(|text| text.to_vec()) };
                // What is empty is never encrypted.
                let encrypted = encrypted && bytes.as_ref().is_some_and(|bytes| !bytes.is_empty());
                self.found.push(Leaf { path: self.path.clone(), bytes, text, encrypted });
            }
        }
    }

    fn item(&mut self, item: &'t Item) {
        match item {
            Item::Comment(comment) => self.scope.comment(&comment.text),
            Item::Value(Value::Str(text)) if is_encrypted_comment(text) => self.scope.comment(text),
            Item::Value(value) => {
                self.value(value);
                self.scope.value_done();
            }
        }
    }
}
