//! The line breaks that YAML 1.1 had and 1.2 dropped: U+0085, U+2028 and U+2029. go-yaml still reads them as breaks, and leaves the
//! last two raw in single quotes and literal blocks; granit reads them as characters. Here such scalars are read as they were
//! written. Anywhere else a raw one is refused: the two readings differ too much.

use std::borrow::Cow;
use std::ops::Range;

use granit_parser::ScalarStyle;

use super::error::YamlError;

pub(super) struct OtherBreaks<'a> {
    source: &'a str,
    /// Offset of the next one.
    next: Option<usize>,
}

impl<'a> OtherBreaks<'a> {
    pub(super) fn new(source: &'a str) -> OtherBreaks<'a> {
        let mut breaks = OtherBreaks { source, next: None };
        if !source.is_ascii() {
            breaks.seek(0);
        }
        breaks
    }

    /// Checks what stands before a token of any kind.
    pub(super) fn check(&self, start: usize) -> Result<(), YamlError> {
        match self.next {
            Some(at) if at < start => Err(self.unsupported(at)),
            _ => Ok(()),
        }
    }

    /// The text of a scalar; `column` is that of its content.
    pub(super) fn read(
        &mut self,
        text: Cow<'a, str>,
        style: ScalarStyle,
        bounds: &Range<usize>,
        column: usize,
    ) -> Result<Cow<'a, str>, YamlError> {
        let Some(at) = self.next.filter(|at| *at < bounds.end) else { return Ok(text) };
        let raw = self.source.get(bounds.clone()).unwrap_or("");
        let read = match style {
            ScalarStyle::SingleQuoted if !raw.contains(['\n', '\r', '\u{85}']) => Some(trimmed(&text)),
            ScalarStyle::Literal if !raw.contains('\u{85}') => unindented(&text, column),
            _ => None,
        };
        let read = read.ok_or_else(|| self.unsupported(at))?;
        self.seek(bounds.end);
        Ok(Cow::Owned(read))
    }

    fn seek(&mut self, from: usize) {
        let rest = self.source.get(from..).unwrap_or("");
        self.next = rest.find(['\u{85}', '\u{2028}', '\u{2029}']).map(|at| from + at);
    }

    fn unsupported(&self, at: usize) -> YamlError {
        let line = self.source[..at].matches('\n').count() + 1;
        YamlError::Unsupported { line, what: "a raw U+0085, U+2028 or U+2029 here" }
    }
}

fn is_other_break(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Within quotes blanks around a break do not count.
fn trimmed(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let mut first = true;
    for part in text.split_inclusive(is_other_break) {
        let end = part.chars().next_back().filter(|c| is_other_break(*c));
        let mut line = end.map_or(part, |c| &part[..part.len() - c.len_utf8()]);
        if !std::mem::replace(&mut first, false) {
            line = line.trim_start_matches([' ', '\t']);
        }
        read.push_str(if end.is_some() { line.trim_end_matches([' ', '\t']) } else { line });
        read.extend(end);
    }
    read
}

/// In a block every line is indented; an empty one need not be.
fn unindented(text: &str, column: usize) -> Option<String> {
    let mut read = String::with_capacity(text.len());
    let mut after_break = false;
    for line in text.split_inclusive(|c| c == '\n' || is_other_break(c)) {
        let mut rest = line;
        if after_break && !line.starts_with(|c| c == '\n' || is_other_break(c)) {
            let indent = line.bytes().take(column).take_while(|byte| *byte == b' ').count();
            if indent < column {
                return None;
            }
            rest = &line[column..];
        }
        read.push_str(rest);
        after_break = line.ends_with(is_other_break);
    }
    // A block that ends in one of these breaks is chomped in another way.
    if text.trim_end_matches('\n').ends_with(is_other_break) { None } else { Some(read) }
}
