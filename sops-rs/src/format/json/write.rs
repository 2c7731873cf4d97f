//! Writing JSON as Go's `encoding/json` does: `<`, `>`, `&` and the two line separators escaped, floats in its two forms.
//! Comments are left out: JSON has none.

use std::fmt::Display;
use std::io::Write as _;

use super::JsonError;
use crate::tree::{Branch, Entry, Item, Value};

pub(super) fn branch(branch: &Branch, indent: Option<usize>) -> Result<Vec<u8>, JsonError> {
    let mut writer = Writer::new(indent);
    writer.map(branch)?;
    writer.out.push(b'\n');
    Ok(writer.out)
}

pub(super) fn value(value: &Value, indent: Option<usize>) -> Result<Vec<u8>, JsonError> {
    let mut writer = Writer::new(indent);
    writer.value(value)?;
    Ok(writer.out)
}

struct Writer {
    out: Vec<u8>,
    /// One level.
    indent: Vec<u8>,
    depth: usize,
}

impl Writer {
    fn new(indent: Option<usize>) -> Writer {
        Writer { out: Vec::new(), indent: indent.map_or(vec![b'\t'], |spaces| vec![b' '; spaces]), depth: 0 }
    }

    fn line(&mut self) {
        self.out.push(b'\n');
        for _ in 0..self.depth {
            self.out.extend_from_slice(&self.indent);
        }
    }

    fn value(&mut self, value: &Value) -> Result<(), JsonError> {
        match value {
            Value::Null => self.out.extend_from_slice(b"null"),
            Value::Bool(flag) => self.display(flag),
            Value::Int(number) => self.display(number),
            Value::Float(number) => self.float(*number)?,
            Value::Str(text) | Value::Time(text) => self.text(text),
            Value::Bytes(bytes) => self.bytes(bytes),
            Value::Map(branch) => self.map(branch)?,
            Value::List(items) => self.list(items)?,
        }
        Ok(())
    }

    fn display(&mut self, value: impl Display) {
        // Writing to a vector cannot fail.
        let _ = write!(self.out, "{value}");
    }

    fn map(&mut self, branch: &Branch) -> Result<(), JsonError> {
        let mut empty = true;
        self.out.push(b'{');
        self.depth += 1;
        for entry in &branch.0 {
            let Entry::Pair(key, value) = entry else { continue };
            self.separate(&mut empty);
            self.text(key);
            self.out.extend_from_slice(b": ");
            self.value(value)?;
        }
        self.close(b'}', empty);
        Ok(())
    }

    fn list(&mut self, items: &[Item]) -> Result<(), JsonError> {
        let mut empty = true;
        self.out.push(b'[');
        self.depth += 1;
        for item in items {
            let Item::Value(value) = item else { continue };
            self.separate(&mut empty);
            self.value(value)?;
        }
        self.close(b']', empty);
        Ok(())
    }

    fn separate(&mut self, empty: &mut bool) {
        if !std::mem::take(empty) {
            self.out.push(b',');
        }
        self.line();
    }

    fn close(&mut self, bracket: u8, empty: bool) {
        self.depth -= 1;
        if !empty {
            self.line();
        }
        self.out.push(bracket);
    }

    fn text(&mut self, text: &str) {
        self.out.push(b'"');
        self.letters(text);
        self.out.push(b'"');
    }

    /// What is no UTF-8 cannot be told from each other any more, as in the original.
    fn bytes(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        for chunk in bytes.utf8_chunks() {
            self.letters(chunk.valid());
            chunk.invalid().iter().for_each(|_| self.out.extend_from_slice(b"\\ufffd"));
        }
        self.out.push(b'"');
    }

    fn letters(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(may_need_escape) {
            let (plain, after) = rest.split_at(at);
            self.out.extend_from_slice(plain.as_bytes());
            let mut letters = after.chars();
            if let Some(letter) = letters.next() {
                self.letter(letter);
            }
            rest = letters.as_str();
        }
        self.out.extend_from_slice(rest.as_bytes());
    }

    fn letter(&mut self, letter: char) {
        match letter {
            '"' => self.out.extend_from_slice(b"\\\""),
            '\\' => self.out.extend_from_slice(b"\\\\"),
            '\n' => self.out.extend_from_slice(b"\\n"),
            '\r' => self.out.extend_from_slice(b"\\r"),
            '\t' => self.out.extend_from_slice(b"\\t"),
            '\u{8}' => self.out.extend_from_slice(b"\\b"),
            '\u{c}' => self.out.extend_from_slice(b"\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                self.display(format_args!("\\u{:04x}", u32::from(letter)));
            }
            other => self.out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }

    /// Shortest form; an exponent below 1e-6 and from 1e21 on.
    fn float(&mut self, number: f64) -> Result<(), JsonError> {
        if !number.is_finite() {
            return Err(JsonError::NotFinite);
        }
        let size = number.abs();
        if size != 0.0 && !(1e-6..1e21).contains(&size) {
            let text = format!("{number:e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let sign = if exponent.starts_with('-') { "" } else { "+" };
            self.display(format_args!("{digits}e{sign}{exponent}"));
        } else {
            self.display(number);
        }
        Ok(())
    }
}

/// Whether a letter that begins with this byte is written in another way, or may be: the two line separators begin with `0xe2`.
fn may_need_escape(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2 | ..=0x1f)
}
