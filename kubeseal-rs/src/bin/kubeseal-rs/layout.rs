//! Changes sealed values inside a file that people keep: comments, order, quotes, line ends and everything else stay byte for
//! byte as they are.
//!
//! The text is edited, never printed anew. What comes out is read again and compared with what was meant, so a layout that this
//! file does not understand is refused and never spoilt.

mod editor;
pub(crate) mod located;

use std::collections::BTreeMap;

use granit_parser::ScalarStyle;

use crate::layout::editor::{Edit, Editor};
use crate::layout::located::{Content, Located, documents};

/// What is to become of one value of `spec.encryptedData`.
pub(crate) struct Change {
    pub(crate) object: Position,
    pub(crate) key: String,
    /// The new base64 text; `None` takes the key out. A key that is not there yet is added.
    pub(crate) value: Option<String>,
}

/// An object of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// The number of its document, from 0; empty ones do not count.
    pub(crate) document: usize,
    /// Its number in the `items` of that document, from 0.
    pub(crate) item: Option<usize>,
}

/// Why a text cannot be changed in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Immovable {
    #[error("it is neither YAML nor JSON")]
    Malformed,
    #[error("it has no spec.encryptedData to change")]
    Absent,
    #[error("a value is shared by an anchor, an alias or a merge key")]
    Shared,
    #[error("its layout cannot be kept")]
    Layout,
}

/// Applies the changes to the text.
pub(crate) fn rewrite(text: &str, changes: &[Change]) -> Result<String, Immovable> {
    let trees = documents(text).map_err(|_| Immovable::Malformed)?;
    let mut by_object: BTreeMap<Position, BTreeMap<&str, Option<&str>>> = BTreeMap::new();
    for change in changes {
        by_object.entry(change.object).or_default().insert(&change.key, change.value.as_deref());
    }
    let mut edits = Vec::new();
    for (position, changes) in &by_object {
        let data = encrypted_data(&trees, *position)?;
        edits.extend(Editor { text, data }.edits(changes)?);
    }
    // What is inserted at the start of a piece goes before it.
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let rewritten = apply(text, &edits)?;
    let again = documents(&rewritten).map_err(|_| Immovable::Layout)?;
    if is_as_meant(&trees, &again, &by_object) { Ok(rewritten) } else { Err(Immovable::Layout) }
}

/// The object at a position, when there is one.
pub(crate) fn object(trees: &[Located], position: Position) -> Option<&Located> {
    let document = trees.get(position.document)?;
    match position.item {
        None => Some(document),
        Some(item) => document.get("items")?.items().get(item),
    }
}

fn encrypted_data(trees: &[Located], position: Position) -> Result<&Located, Immovable> {
    let object = object(trees, position).ok_or(Immovable::Absent)?;
    let spec = object.get("spec").ok_or(Immovable::Absent)?;
    let data = spec.get("encryptedData").ok_or(Immovable::Absent)?;
    let is_shared = |node: &Located| node.anchored || matches!(node.content, Content::Alias(_));
    let merges = data.entries().iter().any(|(key, _)| is_merge(key));
    if is_shared(object) || is_shared(spec) || is_shared(data) || merges {
        return Err(Immovable::Shared);
    }
    if matches!(data.content, Content::Map(_)) { Ok(data) } else { Err(Immovable::Absent) }
}

fn is_merge(key: &Located) -> bool {
    matches!(&key.content, Content::Scalar(text, ScalarStyle::Plain) if text.as_str() == "<<")
}

fn apply(text: &str, edits: &[Edit]) -> Result<String, Immovable> {
    let mut rewritten = String::with_capacity(text.len());
    let mut end = 0;
    for edit in edits {
        rewritten.push_str(text.get(end..edit.range.start).ok_or(Immovable::Layout)?);
        rewritten.push_str(&edit.by);
        end = edit.range.end;
    }
    rewritten.push_str(text.get(end..).ok_or(Immovable::Layout)?);
    Ok(rewritten)
}

type Meant<'a> = BTreeMap<Position, BTreeMap<&'a str, Option<&'a str>>>;

/// Whether what was written holds the changes and otherwise what was there before.
fn is_as_meant(before: &[Located], after: &[Located], meant: &Meant<'_>) -> bool {
    let changed: Option<Vec<(&Located, &Located, _)>> = meant
        .iter()
        .map(|(position, changes)| {
            Some((encrypted_data(before, *position).ok()?, encrypted_data(after, *position).ok()?, changes))
        })
        .collect();
    let Some(changed) = changed else { return false };
    let is_changed = |node: &Located| changed.iter().any(|(data, ..)| std::ptr::eq(*data, node));
    let is_alike = |(before, after)| alike(before, after, &is_changed);
    before.len() == after.len()
        && before.iter().zip(after).all(is_alike)
        && changed.iter().all(|(before, after, changes)| holds(before, after, changes))
}

/// Whether two nodes say the same in the same way; nodes that are to change are passed over.
fn alike(before: &Located, after: &Located, is_changed: &dyn Fn(&Located) -> bool) -> bool {
    let is_plain = |style: &ScalarStyle| *style == ScalarStyle::Plain;
    if is_changed(before) {
        return true;
    }
    let is_same = match (&before.content, &after.content) {
        (Content::Scalar(before, how), Content::Scalar(after, now)) => {
            before == after && is_plain(how) == is_plain(now)
        }
        (Content::Alias(before), Content::Alias(after)) => before == after,
        (Content::List(before), Content::List(after)) => {
            before.len() == after.len()
                && before.iter().zip(after).all(|(before, after)| alike(before, after, is_changed))
        }
        (Content::Map(before), Content::Map(after)) => {
            before.len() == after.len()
                && before.iter().zip(after).all(|((name, before), (key, after))| {
                    alike(name, key, is_changed) && alike(before, after, is_changed)
                })
        }
        _ => false,
    };
    is_same && before.anchored == after.anchored && before.tag == after.tag
}

/// Whether a mapping of texts is the other one with the changes applied. Line ends inside of base64 do not count.
fn holds(before: &Located, after: &Located, changes: &BTreeMap<&str, Option<&str>>) -> bool {
    let read = |node: &Located| -> BTreeMap<String, Option<String>> {
        let compact = |text: &str| text.chars().filter(|character| !matches!(character, '\r' | '\n')).collect();
        let entry =
            |(key, value): &(Located, Located)| (key.text().unwrap_or_default().to_owned(), value.text().map(compact));
        node.entries().iter().map(entry).collect()
    };
    let mut expected = read(before);
    for (key, value) in changes {
        match value {
            Some(value) => expected.insert((*key).to_owned(), Some((*value).to_owned())),
            None => expected.remove(*key),
        };
    }
    let found = read(after);
    found.len() == after.entries().len() && found == expected
}

#[cfg(test)]
mod tests;
