//! Writing INI: the equals signs of a section below each other, an empty line between sections, comments above.

use std::collections::HashMap;

use super::bytes::trim;
use super::{DEFAULT_SECTION, comments};
use crate::error::Error;
use crate::format::scalar;
use crate::format::shape::ShapeError;
use crate::tree::{Branch, Entry, Value};

struct Section<'t> {
    name: &'t str,
    comment: &'t str,
    keys: Vec<Key<'t>>,
    /// Where each key stands.
    known: HashMap<&'t str, usize>,
}

struct Key<'t> {
    name: &'t str,
    value: Vec<u8>,
    comment: &'t str,
}

pub(super) fn documents(branches: &[Branch]) -> Result<Vec<u8>, Error> {
    let mut sections = Vec::new();
    for (document, branch) in branches.iter().enumerate() {
        for entry in &branch.0 {
            if let Entry::Pair(name, value) = entry {
                sections.push(section(document, name, value)?);
            }
        }
    }
    let mut out = Vec::new();
    let last = sections.len().saturating_sub(1);
    for (number, section) in sections.iter().enumerate() {
        section.write(number == 0, number == last, &mut out);
    }
    Ok(out)
}

fn section<'t>(document: usize, name: &'t str, value: &'t Value) -> Result<Section<'t>, Error> {
    let Value::Map(branch) = value else { return Err(ShapeError::IniTop.at(document, &[name])) };
    if name.is_empty() {
        return Err(ShapeError::IniUnnamed.at(document, &[name]));
    }
    let mut section = Section { name, comment: "", keys: Vec::new(), known: HashMap::new() };
    let mut last = None;
    for (number, entry) in branch.0.iter().enumerate() {
        match entry {
            Entry::Comment(comment) if number == 0 => section.comment = &comment.text,
            Entry::Comment(comment) => {
                if let Some(key) = last.and_then(|last: usize| section.keys.get_mut(last)) {
                    key.comment = &comment.text;
                }
            }
            Entry::Pair(key, value) => last = Some(section.set(document, key, value)?),
        }
    }
    Ok(section)
}

impl<'t> Section<'t> {
    /// Where the key stands.
    fn set(&mut self, document: usize, name: &'t str, value: &Value) -> Result<usize, Error> {
        let at = |cause: ShapeError| cause.at(document, &[self.name, name]);
        let value = scalar::text(value).ok_or_else(|| at(ShapeError::IniNested))?.into_owned();
        if name.is_empty() {
            return Err(at(ShapeError::IniUnnamed));
        }
        let position = *self.known.entry(name).or_insert(self.keys.len());
        match self.keys.get_mut(position) {
            Some(key) => key.value = value,
            None => self.keys.push(Key { name, value, comment: "" }),
        }
        Ok(position)
    }

    fn write(&self, first: bool, last: bool, out: &mut Vec<u8>) {
        comments::write(self.comment, true, out);
        if !first || !self.name.eq_ignore_ascii_case(DEFAULT_SECTION) {
            for part in ["[", self.name, "]\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        } else if self.keys.is_empty() {
            return;
        }
        let width = self.keys.iter().map(|key| quoted_name(key.name).len()).max().unwrap_or_default();
        let mut counted = 0;
        for key in &self.keys {
            key.write(width, &mut counted, out);
        }
        if !last {
            out.push(b'\n');
        }
    }
}

impl Key<'_> {
    /// `counted` is how many keys without a name there were before.
    fn write(&self, width: usize, counted: &mut usize, out: &mut Vec<u8>) {
        comments::write(self.comment, false, out);
        let mut name = quoted_name(self.name);
        // A `#` in front would make a comment of the line.
        if name.strip_prefix('#').is_some_and(|number| number == (*counted + 1).to_string()) {
            *counted += 1;
            "-".clone_into(&mut name);
        }
        out.extend_from_slice(name.as_bytes());
        out.resize(out.len() + width.saturating_sub(name.len()), b' ');
        let quote = quote(&self.value);
        for part in [b" = ", quote.as_bytes(), &self.value, quote.as_bytes(), b"\n"] {
            out.extend_from_slice(part);
        }
    }
}

fn quoted_name(name: &str) -> String {
    if name.contains(['"', '=', ':']) {
        format!("`{name}`")
    } else if name.contains('`') {
        format!("\"\"\"{name}\"\"\"")
    } else {
        name.to_owned()
    }
}

fn quote(value: &[u8]) -> &'static str {
    let has = |letters: &[u8]| value.iter().any(|byte| letters.contains(byte));
    if has(b"\n`") {
        "\"\"\""
    } else if has(b"#;") {
        "`"
    } else if trim(value).len() != value.len() {
        "\""
    } else {
        ""
    }
}
