//! Changes of one value in a decrypted document: what `set` and `unset` do.
//!
//! Missing mappings and lists are made, and a scalar in the way gives way, as in the original. Where the original does
//! nothing in silence or ends in a panic, there is an error.

use sops::Branch;
use sops::tree::{Entry, Item, Value};

use crate::index::Step;

/// Why a value cannot be set or removed. Names steps of the path, never a value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChangeError {
    #[error("a document is a mapping: its path begins with a key")]
    Top,
    #[error("`[{0}]` is asked of a mapping, which has keys")]
    KeyWanted(usize),
    #[error("`[\"{0}\"]` is asked of a list, which has numbers")]
    NumberWanted(String),
    #[error("there is no key `{0}`")]
    NoKey(String),
    #[error("there is no element {0}")]
    NoElement(usize),
    #[error("the path goes on below a value that is neither a mapping nor a list")]
    Scalar,
}

impl ChangeError {
    /// Whether there is nothing to remove.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, ChangeError::NoKey(_) | ChangeError::NoElement(_))
    }
}

/// Puts `value` at `path`. Says whether that changed anything.
pub(crate) fn set(document: &mut Branch, path: &[Step], value: Value) -> Result<bool, ChangeError> {
    match path.split_first() {
        Some((Step::Key(key), rest)) => set_key(document, key, rest, value),
        _ => Err(ChangeError::Top),
    }
}

fn set_key(branch: &mut Branch, key: &str, rest: &[Step], value: Value) -> Result<bool, ChangeError> {
    let found = branch.0.iter_mut().find_map(|entry| match entry {
        Entry::Pair(name, old) if name == key => Some(old),
        _ => None,
    });
    if let Some(old) = found {
        return set_below(old, rest, value);
    }
    branch.0.push(Entry::Pair(key.to_owned(), build(rest, value)));
    Ok(true)
}

fn set_below(old: &mut Value, path: &[Step], value: Value) -> Result<bool, ChangeError> {
    match (path.split_first(), &mut *old) {
        (None, _) => Ok(replace(old, value)),
        (Some((Step::Key(key), rest)), Value::Map(branch)) => set_key(branch, key, rest, value),
        (Some((Step::Element(number), _)), Value::Map(_)) => Err(ChangeError::KeyWanted(*number)),
        (Some((Step::Key(key), _)), Value::List(_)) => Err(ChangeError::NumberWanted(key.clone())),
        (Some((Step::Element(number), rest)), Value::List(items)) => {
            if let Some(old) = element(items, *number) {
                return set_below(old, rest, value);
            }
            items.push(Item::Value(build(rest, value)));
            Ok(true)
        }
        (Some(_), _) => Ok(replace(old, build(path, value))),
    }
}

fn replace(old: &mut Value, value: Value) -> bool {
    let changed = *old != value;
    *old = value;
    changed
}

/// The mappings and lists of a path around a value.
fn build(path: &[Step], value: Value) -> Value {
    path.iter().rev().fold(value, |value, step| match step {
        Step::Key(key) => Value::Map(Branch(vec![Entry::Pair(key.clone(), value)])),
        Step::Element(_) => Value::List(vec![Item::Value(value)]),
    })
}

/// Removes what is at `path`.
pub(crate) fn unset(document: &mut Branch, path: &[Step]) -> Result<(), ChangeError> {
    match path.split_first() {
        Some((Step::Key(key), rest)) => unset_key(document, key, rest),
        _ => Err(ChangeError::Top),
    }
}

fn unset_key(branch: &mut Branch, key: &str, rest: &[Step]) -> Result<(), ChangeError> {
    let at = branch.0.iter().position(|entry| matches!(entry, Entry::Pair(name, _) if name == key));
    let at = at.ok_or_else(|| ChangeError::NoKey(key.to_owned()))?;
    if rest.is_empty() {
        branch.0.remove(at);
        return Ok(());
    }
    match &mut branch.0[at] {
        Entry::Pair(_, value) => unset_below(value, rest),
        Entry::Comment(_) => Err(ChangeError::NoKey(key.to_owned())),
    }
}

fn unset_below(value: &mut Value, path: &[Step]) -> Result<(), ChangeError> {
    match (path.split_first(), value) {
        (Some((Step::Key(key), rest)), Value::Map(branch)) => unset_key(branch, key, rest),
        (Some((Step::Element(number), _)), Value::Map(_)) => Err(ChangeError::KeyWanted(*number)),
        (Some((Step::Key(key), _)), Value::List(_)) => Err(ChangeError::NumberWanted(key.clone())),
        (Some((Step::Element(number), rest)), Value::List(items)) => {
            let absent = ChangeError::NoElement(*number);
            if !rest.is_empty() {
                return element(items, *number).map_or(Err(absent), |value| unset_below(value, rest));
            }
            let values = items.iter().enumerate().filter(|(_, item)| matches!(item, Item::Value(_)));
            let at = values.map(|(at, _)| at).nth(*number).ok_or(absent)?;
            items.remove(at);
            Ok(())
        }
        _ => Err(ChangeError::Scalar),
    }
}

/// An element of a list by its number; comments do not count.
fn element(items: &mut [Item], number: usize) -> Option<&mut Value> {
    let values = items.iter_mut().filter_map(|item| match item {
        Item::Value(value) => Some(value),
        Item::Comment(_) => None,
    });
    values.into_iter().nth(number)
}

#[cfg(test)]
mod tests;
