//! Single leaves, opened before anything else of a file.
//!
//! The cipher binds a value to its key path as text joined by `:`, and the MAC covers the bytes of the values without
//! separators. A file can therefore be rearranged without any key: the ciphertext of `metadata.namespace` opens just
//! as well under a top-level key `metadata:namespace`, and an emptied leaf adds nothing to the MAC. A leaf proves
//! something only when it is not empty and stands at exactly the path it was encrypted for, in a file that
//! [`Document::check_unambiguous`] accepts.

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::Document;
use crate::data_key::DataKey;
use crate::error::Error;
use crate::path::Place;
use crate::tree::{Branch, Entry, Item, Value};
use crate::value::cipher::Cipher;
use crate::value::{Encrypted, Kind, ValueError, is_encrypted};
use crate::walk::Position;

/// The YAML merge key.
const MERGE: &str = "<<";

/// What stands at a path of the file, before anything is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// Nothing.
    Absent,
    /// Something that is not an encrypted value: plain, null, empty, a mapping or a list.
    Plain,
    /// An encrypted value.
    Encrypted,
}

/// Why a leaf proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeafError {
    /// Not there, or not a value.
    #[error("there is no value")]
    Absent,
    /// Null or empty.
    #[error("the value is null or empty")]
    Empty,
    /// In clear.
    #[error("the value is not encrypted")]
    Plain,
    /// A number, a flag, a date or bytes.
    #[error("the value is not text")]
    NotText,
}

/// Why a file can be read in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ambiguity {
    /// Paths are joined by `:`.
    #[error("the key contains `:`")]
    Colon,
    /// Readers differ in which one counts.
    #[error("the key stands twice in its mapping")]
    Duplicate,
    /// Readers differ in what they make of it.
    #[error("merge keys are not allowed")]
    Merge,
}

impl Document {
    /// What stands at `path` of document number `document`.
    pub fn leaf(&self, document: usize, path: &[&str]) -> Leaf {
        let Some((last, parents)) = path.split_last() else { return Leaf::Absent };
        let mut branch = self.branches.get(document);
        for key in parents {
            branch = match branch.and_then(|branch| branch.get(key)) {
                Some(Value::Map(below)) => Some(below),
                _ => None,
            };
        }
        match branch.and_then(|branch| branch.get(last)) {
            None => Leaf::Absent,
            Some(Value::Str(text)) if is_encrypted(text) => Leaf::Encrypted,
            Some(_) => Leaf::Plain,
        }
    }

    /// Opens the one text at `path`: encrypted, not empty, at exactly this path of this document.
    ///
    /// # Errors
    /// [`Error::Leaf`] or [`Error::Ambiguous`] if the leaf could not prove anything, [`Error::Value`] if it does not open.
    pub fn open_leaf(&self, key: &DataKey, document: usize, path: &[&str]) -> Result<Zeroizing<String>, Error> {
        let (_, rules) = self.encrypted()?;
        let mut at = Position::new(&rules, document);
        let place = Place::new(document, path);
        let text = match self.branches.get(document).and_then(|top| find(&mut at, top, path).transpose()) {
            Some(Err(cause)) => return Err(Error::Ambiguous { place, cause }),
            Some(Ok(Value::Null)) => Err(LeafError::Empty),
            Some(Ok(Value::Str(text))) if text.is_empty() => Err(LeafError::Empty),
            Some(Ok(Value::Str(text))) if is_encrypted(text) && at.scope.value_is_encrypted() => Ok(text),
            None | Some(Ok(Value::Map(_) | Value::List(_))) => Err(LeafError::Absent),
            Some(Ok(_)) => Err(LeafError::Plain),
        };
        let refused = |cause| Error::Leaf { place: place.clone(), cause };
        let failed = |cause| Error::Value { place: place.clone(), cause };
        let sealed = Encrypted::parse(text.map_err(refused)?).map_err(failed)?;
        if sealed.kind != Kind::Str {
            return Err(refused(LeafError::NotText));
        }
        let opened = Cipher::new(key).open(&sealed, at.aad()).map_err(failed)?;
        if opened.is_empty() {
            return Err(refused(LeafError::Empty));
        }
        let text = std::str::from_utf8(&opened).map_err(|_| failed(ValueError::Plaintext))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Refuses keys that contain `:`, keys that stand twice in a mapping, and merge keys, anywhere in the file.
    pub fn check_unambiguous(&self) -> Result<(), Error> {
        for (document, branch) in self.branches.iter().enumerate() {
            check(branch, &mut Vec::new())
                .map_err(|(keys, cause)| Error::Ambiguous { place: Place::new(document, &keys), cause })?;
        }
        Ok(())
    }
}

/// Follows `path` below `branch`, keeping the state of the rules as a whole walk would.
fn find<'t>(at: &mut Position<'_>, branch: &'t Branch, path: &[&str]) -> Result<Option<&'t Value>, Ambiguity> {
    let Some((wanted, rest)) = path.split_first() else { return Ok(None) };
    if wanted.contains(':') {
        return Err(Ambiguity::Colon);
    }
    let same = |entry: &&Entry| matches!(entry, Entry::Pair(key, _) if key == wanted);
    if branch.0.iter().filter(same).count() > 1 {
        return Err(Ambiguity::Duplicate);
    }
    at.scope.open();
    for entry in &branch.0 {
        match entry {
            Entry::Comment(comment) => at.scope.comment(&comment.text),
            Entry::Pair(key, value) if key == wanted => {
                at.enter(key);
                return match value {
                    Value::Map(below) if !rest.is_empty() => find(at, below, rest),
                    _ if !rest.is_empty() => Ok(None),
                    leaf => Ok(Some(leaf)),
                };
            }
            Entry::Pair(..) => at.scope.value_done(),
        }
    }
    Ok(None)
}

type Found<'t> = (Vec<&'t str>, Ambiguity);

fn check<'t>(branch: &'t Branch, path: &mut Vec<&'t str>) -> Result<(), Found<'t>> {
    let mut seen = HashSet::with_capacity(branch.0.len());
    for entry in &branch.0 {
        let Entry::Pair(key, value) = entry else { continue };
        path.push(key);
        let cause = match key {
            key if key.contains(':') => Some(Ambiguity::Colon),
            key if key == MERGE => Some(Ambiguity::Merge),
            key if !seen.insert(key) => Some(Ambiguity::Duplicate),
            _ => None,
        };
        if let Some(cause) = cause {
            return Err((path.clone(), cause));
        }
        check_value(value, path)?;
        path.pop();
    }
    Ok(())
}

fn check_value<'t>(value: &'t Value, path: &mut Vec<&'t str>) -> Result<(), Found<'t>> {
    match value {
        Value::Map(branch) => check(branch, path),
        Value::List(items) => items.iter().try_for_each(|item| match item {
            Item::Value(value) => check_value(value, path),
            Item::Comment(_) => Ok(()),
        }),
        _ => Ok(()),
    }
}
