//! The value behind an equals sign.

use super::IniError;
use super::bytes::{find_any, rfind, trim, trim_end, trim_start};
use super::comments::Pending;
use super::lines::Lines;

const COMMENT: [u8; 2] = *b"#;";
const TRIPLE: &[u8] = b"\"\"\"";

/// Reads a value that begins with `text`, the rest of its line; it may take further lines.
pub(super) fn read(text: &[u8], lines: &mut Lines<'_>, comment: &mut Pending) -> Result<Vec<u8>, IniError> {
    let text = trim_start(text);
    if let Some(quote) = block_quote(text) {
        let inner = text.get(quote.len()..).unwrap_or_default();
        return match rfind(inner, quote) {
            Some(end) => Ok(inner.get(..end).unwrap_or_default().to_vec()),
            None => quoted_lines(inner, quote, lines, comment),
        };
    }
    let text = trim_end(text);
    if let Some(start) = text.strip_suffix(b"\\") {
        return Ok(continued(start, lines));
    }
    let text = match find_any(text, COMMENT) {
        None => text,
        Some(at) => {
            let (value, rest) = text.split_at(at);
            comment.add(rest);
            trim(value)
        }
    };
    Ok(unquoted(text).to_vec())
}

/// The quotes within which every byte counts.
fn block_quote(text: &[u8]) -> Option<&'static [u8]> {
    if text.len() > TRIPLE.len() && text.starts_with(TRIPLE) {
        Some(TRIPLE)
    } else {
        text.starts_with(b"`").then_some(b"`")
    }
}

fn quoted_lines(start: &[u8], quote: &[u8], lines: &mut Lines<'_>, comment: &mut Pending) -> Result<Vec<u8>, IniError> {
    let opened = lines.number();
    let mut value = start.to_vec();
    for line in lines {
        let Some(end) = rfind(line, quote) else {
            value.extend_from_slice(line);
            continue;
        };
        let (text, rest) = line.split_at(end);
        // A backslash behind the quote makes it part of the value.
        if trim_end(rest.get(quote.len()..).unwrap_or_default()).ends_with(b"\\") {
            value.extend_from_slice(line);
            continue;
        }
        value.extend_from_slice(text);
        if let Some(at) = find_any(rest, COMMENT) {
            comment.add(trim(rest.get(at..).unwrap_or_default()));
        }
        return Ok(value);
    }
    Err(IniError::OpenQuote { line: opened })
}

fn continued(start: &[u8], lines: &mut Lines<'_>) -> Vec<u8> {
    let mut value = start.to_vec();
    for line in lines {
        let line = trim(line);
        value.extend_from_slice(line);
        if line.is_empty() || value.last() != Some(&b'\\') {
            break;
        }
        value.pop();
    }
    value
}

/// Quotes count only as a pair with none of them between.
fn unquoted(text: &[u8]) -> &[u8] {
    match text {
        [first @ (b'"' | b'\''), inner @ .., last] if first == last && !inner.contains(first) => inner,
        _ => text,
    }
}
