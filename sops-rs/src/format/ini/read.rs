//! Reading INI.

use std::collections::HashMap;

use super::bytes::{find, find_any, rfind, trim, trim_start};
use super::comments::Pending;
use super::lines::Lines;
use super::{DEFAULT_SECTION, IniError, value};
use crate::tree::{Branch, Comment, Entry, Value};

const SIGNS: [u8; 2] = *b"=:";

struct Section {
    name: String,
    comment: Option<String>,
    keys: Vec<Key>,
    /// Where each key stands.
    known: HashMap<String, usize>,
    /// How many keys `-` there were.
    counted: usize,
}

struct Key {
    name: String,
    value: Vec<u8>,
    comment: Option<String>,
}

pub(super) fn load(bytes: &[u8]) -> Result<Branch, IniError> {
    let mut sections = vec![Section::new(DEFAULT_SECTION, None)];
    let mut lines = Lines::new(bytes);
    let mut pending = Pending::default();
    while let Some(line) = lines.next() {
        let line = trim_start(line);
        match line.first() {
            None => {}
            Some(b'#' | b';') => pending.add(line),
            Some(b'[') => sections.push(header(line, lines.number(), &mut pending)?),
            Some(_) => {
                let key = pair(line, &mut lines, &mut pending)?;
                if let Some(section) = sections.last_mut() {
                    section.add(key);
                }
            }
        }
    }
    Ok(Branch(sections.into_iter().map(Section::into_entry).collect()))
}

fn header(line: &[u8], number: usize, pending: &mut Pending) -> Result<Section, IniError> {
    let end = rfind(line, b"]").ok_or(IniError::OpenHeader { line: number })?;
    let name = utf8(line.get(1..end).unwrap_or_default(), number)?;
    if name.is_empty() {
        return Err(IniError::NoName { line: number });
    }
    let rest = line.get(end..).unwrap_or_default();
    if let Some(at) = find_any(rest, *b"#;") {
        pending.add(rest.get(at..).unwrap_or_default());
    }
    Ok(Section::new(name, pending.take().map_err(|_| IniError::NotUtf8 { line: number })?))
}

fn pair(line: &[u8], lines: &mut Lines<'_>, pending: &mut Pending) -> Result<Key, IniError> {
    let number = lines.number();
    let (name, rest) = key_name(line, number)?;
    let name = utf8(trim(name), number)?.to_owned();
    let value = value::read(rest, lines, pending)?;
    if name.is_empty() {
        return Err(IniError::NoName { line: number });
    }
    let comment = pending.take().map_err(|_| IniError::NotUtf8 { line: number })?;
    Ok(Key { name, value, comment })
}

/// The name of a key, its quotes removed, and what follows the sign.
fn key_name(line: &[u8], number: usize) -> Result<(&[u8], &[u8]), IniError> {
    let quote: &[u8] = match line {
        [b'"', b'"', b'"', ..] if line.len() > 6 => b"\"\"\"",
        [b'"', ..] => b"\"",
        [b'`', ..] => b"`",
        _ => b"",
    };
    let inner = line.get(quote.len()..).unwrap_or_default();
    let (name, rest) = if quote.is_empty() {
        inner.split_at(find_any(inner, SIGNS).ok_or(IniError::NoSign { line: number })?)
    } else {
        let end = find(inner, quote).ok_or(IniError::OpenQuote { line: number })?;
        let rest = inner.get(end + quote.len()..).unwrap_or_default();
        let sign = find_any(rest, SIGNS).ok_or(IniError::NoSign { line: number })?;
        (inner.get(..end).unwrap_or_default(), rest.get(sign..).unwrap_or_default())
    };
    Ok((name, rest.get(1..).unwrap_or_default()))
}

fn utf8(bytes: &[u8], line: usize) -> Result<&str, IniError> {
    std::str::from_utf8(bytes).map_err(|_| IniError::NotUtf8 { line })
}

impl Section {
    fn new(name: &str, comment: Option<String>) -> Section {
        Section { name: name.to_owned(), comment, keys: Vec::new(), known: HashMap::new(), counted: 0 }
    }

    fn add(&mut self, mut key: Key) {
        if key.name == "-" {
            self.counted += 1;
            key.name = format!("#{}", self.counted);
        }
        let position = *self.known.entry(key.name.clone()).or_insert(self.keys.len());
        match self.keys.get_mut(position) {
            Some(known) => *known = key,
            None => self.keys.push(key),
        }
    }

    fn into_entry(self) -> Entry {
        let mut entries: Vec<Entry> = self.comment.map(comment).into_iter().collect();
        for key in self.keys {
            entries.push(Entry::Pair(key.name, Value::from_bytes(key.value)));
            entries.extend(key.comment.map(comment));
        }
        Entry::Pair(self.name, Value::Map(Branch(entries)))
    }
}

fn comment(text: String) -> Entry {
    Entry::Comment(Comment { text, inline: false })
}
