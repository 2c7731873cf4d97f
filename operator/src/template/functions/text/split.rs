//! Cutting texts at separators.

use crate::template::fault::Fault;
use crate::template::host::Host;
use crate::template::unicode::decode;
use crate::template::value::{Map, Value};

/// Where `part` first stands in `text`.
pub(super) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    let first = *part.first()?;
    let mut from = 0;
    while let Some(at) = text.get(from..)?.iter().position(|byte| *byte == first) {
        from += at;
        if text.get(from..)?.starts_with(part) {
            return Some(from);
        }
        from += 1;
    }
    None
}

/// `strings.SplitN`: at most `count` parts, the last of which is the rest. An empty separator cuts after each character.
pub(super) fn split<'a>(
    host: &mut Host<'_>,
    text: &'a [u8],
    separator: &[u8],
    count: Option<usize>,
) -> Result<Vec<&'a [u8]>, Fault> {
    let count = count.unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut rest = text;
    if count == 0 || (separator.is_empty() && text.is_empty()) {
        return Ok(parts);
    }
    while parts.len() + 1 < count {
        host.spend(1)?;
        let (end, next) = if separator.is_empty() {
            let length = decode(rest).map_or(0, |(_, length, _)| length);
            if length >= rest.len() {
                break;
            }
            (length, length)
        } else {
            // A long separator over a long text is looked for in linear steps at worst.
            host.spend(separator.len() / 64)?;
            match find(rest, separator) {
                Some(at) => (at, at + separator.len()),
                None => break,
            }
        };
        parts.push(rest.get(..end).unwrap_or_default());
        rest = rest.get(next..).unwrap_or_default();
    }
    parts.push(rest);
    Ok(parts)
}

/// A map from `_0`, `_1` … to the parts.
pub(super) fn pieces(parts: Vec<&[u8]>) -> Value {
    let entries = parts.into_iter().enumerate().map(|(at, part)| (format!("_{at}").into_bytes(), Value::text(part)));
    Value::Map(Map::of_texts(entries.collect()))
}
