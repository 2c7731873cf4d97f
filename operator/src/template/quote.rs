//! Go's quoted strings and characters, written and read as `strconv` does.

use super::unicode::{decode, is_print};

/// `strconv.Quote`, or `QuoteToASCII`.
pub(super) fn quote(bytes: &[u8], ascii: bool) -> Vec<u8> {
    quote_with(bytes, b'"', ascii)
}

/// `strconv.QuoteRune`, or `QuoteRuneToASCII`.
pub(super) fn quote_character(character: char, ascii: bool) -> Vec<u8> {
    quote_with(character.encode_utf8(&mut [0; 4]).as_bytes(), b'\'', ascii)
}

fn quote_with(mut bytes: &[u8], mark: u8, ascii: bool) -> Vec<u8> {
    let mut out = vec![mark];
    while let Some((next, length, valid)) = decode(bytes) {
        match bytes.first() {
            Some(byte) if !valid => out.extend(format!("\\x{byte:02x}").bytes()),
            _ => escape(next, mark, ascii, &mut out),
        }
        bytes = bytes.get(length..).unwrap_or_default();
    }
    out.push(mark);
    out
}

fn escape(next: char, mark: u8, ascii: bool, out: &mut Vec<u8>) {
    match next {
        '\\' => out.extend(b"\\\\"),
        _ if u32::from(next) == u32::from(mark) => out.extend([b'\\', mark]),
        _ if is_print(next) && (!ascii || next.is_ascii()) => {
            out.extend(next.encode_utf8(&mut [0; 4]).as_bytes());
        }
        '\x07' => out.extend(b"\\a"),
        '\x08' => out.extend(b"\\b"),
        '\x0c' => out.extend(b"\\f"),
        '\n' => out.extend(b"\\n"),
        '\r' => out.extend(b"\\r"),
        '\t' => out.extend(b"\\t"),
        '\x0b' => out.extend(b"\\v"),
        _ if next < ' ' || next == '\x7f' => out.extend(format!("\\x{:02x}", u32::from(next)).bytes()),
        _ if u32::from(next) < 0x1_0000 => out.extend(format!("\\u{:04x}", u32::from(next)).bytes()),
        _ => out.extend(format!("\\U{:08x}", u32::from(next)).bytes()),
    }
}

/// `strconv.CanBackquote`.
pub(super) fn can_backquote(mut bytes: &[u8]) -> bool {
    while let Some((next, length, valid)) = decode(bytes) {
        let control = next < ' ' && next != '\t';
        if !valid || control || matches!(next, '`' | '\x7f' | '\u{feff}') {
            return false;
        }
        bytes = bytes.get(length..).unwrap_or_default();
    }
    true
}

/// `strconv.Unquote` of a literal in double or back quotes.
pub(super) fn unquote(literal: &str) -> Option<Vec<u8>> {
    if let Some(raw) = literal.strip_prefix('`') {
        return Some(raw.strip_suffix('`')?.bytes().filter(|byte| *byte != b'\r').collect());
    }
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        rest = unquote_next(rest, '"', &mut out)?;
    }
    Some(out)
}

/// The character that a literal in single quotes stands for.
pub(super) fn unquote_character(literal: &str) -> Option<u32> {
    let inner = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut out = Vec::new();
    if !unquote_next(inner, '\'', &mut out)?.is_empty() {
        return None;
    }
    let escaped = inner.strip_prefix('\\').and_then(|escape| escape.chars().next());
    match (escaped, out.as_slice()) {
        // A byte written as an escape is its number, not a part of a character.
        (Some('x' | '0'..='7'), [byte]) => Some(u32::from(*byte)),
        _ => std::str::from_utf8(&out).ok()?.chars().next().map(u32::from),
    }
}

fn unquote_next<'a>(text: &'a str, mark: char, out: &mut Vec<u8>) -> Option<&'a str> {
    let mut rest = text.chars();
    let next = rest.next()?;
    if next == mark || next == '\n' {
        return None;
    }
    if next != '\\' {
        out.extend(next.encode_utf8(&mut [0; 4]).as_bytes());
        return Some(rest.as_str());
    }
    let kind = rest.next()?;
    let simple = match kind {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' => b'\\',
        '\'' | '"' if kind == mark => kind as u8,
        _ => return unquote_number(text, kind, out),
    };
    out.push(simple);
    Some(rest.as_str())
}

fn unquote_number<'a>(text: &'a str, kind: char, out: &mut Vec<u8>) -> Option<&'a str> {
    let (skip, digits, radix) = match kind {
        'x' => (2, 2, 16),
        'u' => (2, 4, 16),
        'U' => (2, 8, 16),
        '0'..='7' => (1, 3, 8),
        _ => return None,
    };
    let number = text.get(skip..skip + digits)?;
    if !number.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let number = u32::from_str_radix(number, radix).ok()?;
    if matches!(kind, 'u' | 'U') {
        out.extend(char::from_u32(number)?.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        out.push(u8::try_from(number).ok()?);
    }
    text.get(skip + digits..)
}
