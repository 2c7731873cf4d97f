//! Where in a text one `encryptedData` is to be changed, and what to write there.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::ScalarStyle;

use crate::layout::Immovable;
use crate::layout::located::{Content, Located};
use crate::scalar::{Meaning, is_base_60, meaning};

/// A piece of the text and what replaces it.
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) by: String,
}

/// Edits one `encryptedData`.
pub(super) struct Editor<'a> {
    pub(super) text: &'a str,
    pub(super) data: &'a Located,
}

impl Editor<'_> {
    /// The pieces to replace for these changes.
    pub(super) fn edits(&self, changes: &BTreeMap<&str, Option<&str>>) -> Result<Vec<Edit>, Immovable> {
        let mut edits = Vec::new();
        let mut added = Vec::new();
        for (key, value) in changes {
            let existing = self.data.entries().iter().position(|(name, _)| name.text() == Some(key));
            match (existing, value) {
                (Some(entry), Some(value)) => edits.push(self.replace(&self.data.entries()[entry].1, value)?),
                (Some(entry), None) => edits.push(self.remove(entry)?),
                (None, Some(value)) => added.push((*key, *value)),
                (None, None) => {}
            }
        }
        // Several that go to one place stand there in the order of their names.
        let mut places: BTreeMap<usize, Vec<(&str, &str)>> = BTreeMap::new();
        for (key, value) in added {
            let names = self.data.entries().iter().map(|(name, _)| name.text().unwrap_or_default());
            let place = names.take_while(|name| *name < key).count();
            places.entry(place).or_default().push((key, value));
        }
        for (place, entries) in places {
            edits.push(self.insert(place, &entries)?);
        }
        Ok(edits)
    }

    fn is_flow(&self) -> bool {
        self.text[self.data.span.start..].starts_with('{')
    }

    /// Base64 needs no quotes and no escapes; those that are there stay.
    fn replace(&self, node: &Located, value: &str) -> Result<Edit, Immovable> {
        if node.anchored || matches!(node.content, Content::Alias(_)) {
            return Err(Immovable::Shared);
        }
        let Content::Scalar(old, style) = &node.content else { return Err(Immovable::Layout) };
        let by = match style {
            _ if old.is_empty() && node.span.is_empty() => return Err(Immovable::Layout),
            ScalarStyle::Plain => value.to_owned(),
            ScalarStyle::SingleQuoted => format!("'{value}'"),
            ScalarStyle::DoubleQuoted => format!("\"{value}\""),
            ScalarStyle::Literal | ScalarStyle::Folded => self.block(&node.span, *style, value)?,
        };
        Ok(Edit { range: node.span.clone(), by })
    }

    /// A literal that was broken into lines is broken at the same width.
    fn block(&self, span: &Range<usize>, style: ScalarStyle, value: &str) -> Result<String, Immovable> {
        let indent = &self.text[self.line_of(span.start)?..span.start];
        let mut lines = self.text[span.clone()].lines();
        let first = lines.next().ok_or(Immovable::Layout)?;
        let is_broken = style == ScalarStyle::Literal && lines.next().is_some();
        let width = if is_broken { first.trim_end().len().max(1) } else { value.len().max(1) };
        let pieces: Vec<&str> = value.as_bytes().chunks(width).filter_map(|piece| str::from_utf8(piece).ok()).collect();
        Ok(pieces.join(&format!("{}{indent}", self.line_end())))
    }

    fn line_end(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    fn remove(&self, entry: usize) -> Result<Edit, Immovable> {
        let entries = self.data.entries();
        let (key, value) = &entries[entry];
        if value.anchored {
            return Err(Immovable::Shared);
        }
        if !self.is_flow() {
            // A mapping that loses its last entry would become nothing at all.
            let range = self.line_of(key.span.start)?..self.next_line(value.span.end);
            return if entries.len() > 1 { Ok(Edit { range, by: String::new() }) } else { Err(Immovable::Layout) };
        }
        let range = match entry {
            0 => key.span.start..entries.get(1).map_or(value.span.end, |(next, _)| next.span.start),
            _ => entries[entry - 1].1.span.end..value.span.end,
        };
        Ok(Edit { range, by: String::new() })
    }

    fn insert(&self, place: usize, added: &[(&str, &str)]) -> Result<Edit, Immovable> {
        let entries = self.data.entries();
        if self.is_flow() {
            return Ok(self.insert_flow(place, added));
        }
        let first = entries.first().ok_or(Immovable::Absent)?.0.span.start;
        let indent = &self.text[self.line_of(first)?..first];
        let end = self.line_end();
        let line = |(key, value): &(&str, &str)| format!("{indent}{}: {value}{end}", plain_key(key));
        let lines = added.iter().map(line).collect::<Vec<_>>().concat();
        let at = match place {
            0 => self.line_of(first)?,
            _ => self.next_line(entries[place - 1].1.span.end),
        };
        let breaks = if self.text[..at].ends_with('\n') { "" } else { end };
        Ok(Edit { range: at..at, by: format!("{breaks}{lines}") })
    }

    fn insert_flow(&self, place: usize, added: &[(&str, &str)]) -> Edit {
        let entries = self.data.entries();
        let written = added.iter().map(|(key, value)| format!("{}: \"{value}\"", quoted(key)));
        let Some((first, _)) = entries.first() else {
            let at = self.data.span.start + 1;
            return Edit { range: at..at, by: written.collect::<Vec<_>>().join(", ") };
        };
        let space = &self.text[self.data.span.start + 1..first.span.start];
        // A comment in there is not to be copied.
        let space = if space.trim().is_empty() { space } else { " " };
        let space = if space.is_empty() { " " } else { space };
        if place == 0 {
            let at = first.span.start;
            return Edit { range: at..at, by: written.map(|entry| entry + "," + space).collect() };
        }
        let at = entries[place - 1].1.span.end;
        Edit { range: at..at, by: written.map(|entry| [",", space, &entry].concat()).collect() }
    }

    /// The start of the line on which a key of a block mapping stands; nothing but space is before it.
    fn line_of(&self, key: usize) -> Result<usize, Immovable> {
        let start = self.text[..key].rfind('\n').map_or(0, |at| at + 1);
        if self.text[start..key].bytes().all(|byte| byte == b' ') { Ok(start) } else { Err(Immovable::Layout) }
    }

    /// The start of the line after a value; its own comment belongs to its line.
    fn next_line(&self, end: usize) -> usize {
        self.text[end..].find('\n').map_or(self.text.len(), |at| end + at + 1)
    }
}

fn plain_key(key: &str) -> String {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_text = matches!(meaning(key), Meaning::Text) && !is_base_60(key);
    let begins_well = key.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_');
    if is_text && begins_well && key.bytes().all(is_word) { key.to_owned() } else { quoted(key) }
}

fn quoted(key: &str) -> String {
    serde_json::Value::from(key).to_string()
}
