//! Classes of letters and single letters, by the rules of Go.

use super::names;

/// The class of no letter.
pub(super) const NONE: &str = "[a&&b]";

/// A letter as the `regex` crate reads it, within a class and outside.
pub(super) fn letter(letter: char) -> String {
    if letter.is_ascii_alphanumeric() || !letter.is_ascii() {
        letter.to_string()
    } else {
        format!("\\x{{{:x}}}", u32::from(letter))
    }
}

/// A class in brackets that `text` begins with, and what follows.
pub(super) fn bracketed(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('[')?;
    let (negation, mut rest) = text.strip_prefix('^').map_or(("", text), |rest| ("^", rest));
    let mut members = String::new();
    let mut first = true;
    loop {
        if let Some(rest) = rest.strip_prefix(']').filter(|_| !first) {
            let members = if members.is_empty() { "a&&b" } else { &members };
            return Some((format!("[{negation}{members}]"), rest));
        }
        first = false;
        rest = member(rest, &mut members)?;
    }
}

fn member<'t>(text: &'t str, members: &mut String) -> Option<&'t str> {
    if let Some((name, rest)) = text.strip_prefix("[:").and_then(|inner| inner.split_once(":]")) {
        let bare = name.strip_prefix('^').unwrap_or(name);
        if !names::is_posix(bare) {
            return None;
        }
        members.extend(["[:", name, ":]"]);
        return Some(rest);
    }
    if text.starts_with('\\')
        && let Some((class, rest)) = escaped(text)?
    {
        members.push_str(&class);
        return Some(rest);
    }
    let (low, rest) = class_letter(text)?;
    let (high, rest) = match rest.strip_prefix('-') {
        Some(end) if !end.is_empty() && !end.starts_with(']') => class_letter(end)?,
        _ => (low, rest),
    };
    if high < low {
        return None;
    }
    range(low, high, members);
    Some(rest)
}

fn class_letter(text: &str) -> Option<(u32, &str)> {
    if text.starts_with('\\') {
        return escaped_letter(text);
    }
    let mut letters = text.chars();
    Some((u32::from(letters.next()?), letters.as_str()))
}

/// Adds a range without the halves of surrogate pairs, which are in no text.
fn range(low: u32, high: u32, members: &mut String) {
    let low = char::from_u32(low).unwrap_or('\u{e000}');
    let high = char::from_u32(high).unwrap_or('\u{d7ff}');
    if low == high {
        members.push_str(&letter(low));
    } else if low < high {
        members.extend([letter(low).as_str(), "-", &letter(high)]);
    }
}

/// The class that a backslash begins, and what follows; `Some(None)` if it begins a single letter.
#[expect(clippy::option_option, reason = "no class is not a bad class")]
pub(super) fn escaped(text: &str) -> Option<Option<(String, &str)>> {
    let mut letters = text.get(1..)?.chars();
    let class = match letters.next()? {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => r"[\t\n\f\r ]",
        'S' => r"[^\t\n\f\r ]",
        kind @ ('p' | 'P') => return unicode(kind == 'P', letters.as_str()).map(Some),
        _ => return Some(None),
    };
    Some(Some((class.to_owned(), letters.as_str())))
}

fn unicode(negated: bool, text: &str) -> Option<(String, &str)> {
    let (name, rest) = match text.strip_prefix('{') {
        Some(inner) => inner.split_once('}')?,
        None => text.split_at(text.chars().next()?.len_utf8()),
    };
    let (negated, name) = name.strip_prefix('^').map_or((negated, name), |name| (!negated, name));
    Some((names::class(name, negated)?, rest))
}

/// The single letter that a backslash begins, and what follows.
pub(super) fn escaped_letter(text: &str) -> Option<(u32, &str)> {
    let mut letters = text.get(1..)?.chars();
    let first = letters.next()?;
    let rest = letters.as_str();
    let code = match first {
        'a' => 7,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        'x' => return hexadecimal(rest),
        '0' => return octal(rest, 0, 2),
        // A single digit would refer back to a group.
        '1'..='7' if rest.starts_with(|next| ('0'..='7').contains(&next)) => return octal(rest, first.to_digit(8)?, 2),
        mark if mark.is_ascii() && !mark.is_ascii_alphanumeric() => u32::from(mark),
        _ => return None,
    };
    Some((code, rest))
}

fn octal(text: &str, mut code: u32, most: usize) -> Option<(u32, &str)> {
    let digits = text.bytes().take(most).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    let (digits, rest) = text.split_at(digits);
    for digit in digits.chars() {
        code = code * 8 + digit.to_digit(8)?;
    }
    Some((code, rest))
}

fn hexadecimal(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = match text.strip_prefix('{') {
        Some(inner) => inner.split_once('}')?,
        None => text.split_at_checked(2)?,
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let code = u32::from_str_radix(digits.trim_start_matches('0'), 16).or_else(|error| match error.kind() {
        std::num::IntErrorKind::Empty => Ok(0),
        _ => Err(error),
    });
    code.ok().filter(|code| *code <= u32::from(char::MAX)).map(|code| (code, rest))
}
