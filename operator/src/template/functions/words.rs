//! Letters and words: upper and lower case, the cases of identifiers, initials, abbreviations, wrapping.

use super::Type::{Int, Text};
use super::{Arguments, Function, Value, fixed};
use crate::template::fault::Fault;
use crate::template::host::Host;
use crate::template::unicode::{
    characters, is_letter, is_lower, is_space, is_title, is_upper, to_lower, to_title, to_upper,
};

mod identifier;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("upper", &[Text], |_, mut arguments| Ok(mapped(arguments.text().bytes(), to_upper))),
    fixed("lower", &[Text], |_, mut arguments| Ok(mapped(arguments.text().bytes(), to_lower))),
    fixed("title", &[Text], |_, mut arguments| Ok(title(arguments.text().bytes()))),
    fixed("untitle", &[Text], |_, mut arguments| Ok(untitle(arguments.text().bytes()))),
    fixed("swapcase", &[Text], |_, mut arguments| Ok(swap_case(arguments.text().bytes()))),
    fixed("snakecase", &[Text], |_, mut arguments| Ok(Value::text(identifier::lower(arguments.text().bytes(), '_')))),
    fixed("kebabcase", &[Text], |_, mut arguments| Ok(Value::text(identifier::lower(arguments.text().bytes(), '-')))),
    fixed("camelcase", &[Text], |_, mut arguments| Ok(of(identifier::pascal(&arguments.text().lossy())))),
    fixed("initials", &[Text], |_, mut arguments| Ok(initials(arguments.text().bytes()))),
    fixed("nospace", &[Text], |_, mut arguments| Ok(without_space(arguments.text().bytes()))),
    fixed("abbrev", &[Int, Text], |_, mut arguments| {
        let (width, text) = (arguments.int(), arguments.text());
        Ok(Value::text(if width < 4 { text.bytes().to_vec() } else { abbreviated(text.bytes(), 0, width) }))
    }),
    fixed("abbrevboth", &[Int, Int, Text], |_, mut arguments| {
        let (left, right, text) = (arguments.int(), arguments.int(), arguments.text());
        let as_it_is = right < 4 || (left > 0 && right < 7);
        Ok(Value::text(if as_it_is { text.bytes().to_vec() } else { abbreviated(text.bytes(), left, right) }))
    }),
    fixed("wrap", &[Int, Text], |host, mut arguments| {
        let (width, text) = (arguments.int(), arguments.text());
        wrap(host, text.bytes(), width, (b"\n", false))
    }),
    fixed("wrapWith", &[Int, Text, Text], |host, arguments: Arguments| wrap_with(host, arguments)),
];

fn of(characters: Vec<char>) -> Value {
    Value::text(characters.into_iter().collect::<String>())
}

fn mapped(bytes: &[u8], map: fn(char) -> char) -> Value {
    of(characters(bytes).into_iter().map(map).collect())
}

/// `strings.Title`: the first letter of each word, where a word is what Go took for one.
fn title(bytes: &[u8]) -> Value {
    let mut before = ' ';
    let separates = |next: char| match next {
        _ if next.is_ascii() => !next.is_ascii_alphanumeric() && next != '_',
        _ => is_space(next),
    };
    let titled = characters(bytes).into_iter().map(|next| {
        let mapped = if separates(before) { to_title(next) } else { next };
        before = next;
        mapped
    });
    of(titled.collect())
}

fn untitle(bytes: &[u8]) -> Value {
    let mut starts = true;
    let mapped = characters(bytes).into_iter().map(|next| {
        let first = std::mem::replace(&mut starts, is_space(next)) && !is_space(next);
        if first { to_lower(next) } else { next }
    });
    of(mapped.collect())
}

fn swap_case(bytes: &[u8]) -> Value {
    let mut after_space = true;
    let swapped = characters(bytes).into_iter().map(|next| {
        let starts = std::mem::take(&mut after_space);
        if is_upper(next) || is_title(next) {
            to_lower(next)
        } else if is_lower(next) {
            if starts { to_title(next) } else { to_upper(next) }
        } else {
            after_space = is_space(next);
            next
        }
    });
    of(swapped.collect())
}

/// The first byte of each word, taken for a character as the original does.
fn initials(bytes: &[u8]) -> Value {
    let mut after_gap = true;
    let firsts = bytes.iter().map(|byte| char::from(*byte)).filter(|next| {
        let gap = is_space(*next);
        let first = after_gap && !gap;
        after_gap = gap;
        first
    });
    of(firsts.collect())
}

/// Bytes are taken for characters, unless there is nothing to remove.
fn without_space(bytes: &[u8]) -> Value {
    let kept: Vec<char> = bytes.iter().map(|byte| char::from(*byte)).filter(|next| !is_space(*next)).collect();
    if kept.len() == bytes.len() { Value::text(bytes) } else { of(kept) }
}

/// `goutils.AbbreviateFull`; widths count bytes. Widths that are too small for an ellipsis give nothing.
fn abbreviated(text: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let (Ok(width), length) = (usize::try_from(width), text.len()) else { return Vec::new() };
    if text.is_empty() || width < 4 {
        return Vec::new();
    }
    if length <= width {
        return text.to_vec();
    }
    let mut offset = usize::try_from(offset).unwrap_or(0).min(length);
    if length - offset < width - 3 {
        offset = length - (width - 3);
    }
    let part = |start: usize, end: usize| text.get(start..end).unwrap_or_default();
    if offset <= 4 {
        return [part(0, width - 3), b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + width - 3 < length {
        let rest = abbreviated(part(offset, length), 0, i64::try_from(width - 3).unwrap_or(0));
        return [b"...", rest.as_slice()].concat();
    }
    [b"...", part(length - (width - 3), length)].concat()
}

fn wrap_with(host: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let (width, separator, text) = (arguments.int(), arguments.text(), arguments.text());
    let separator: &[u8] = if separator.bytes().is_empty() { b"\n" } else { separator.bytes() };
    wrap(host, text.bytes(), width, (separator, true))
}

/// `goutils.WrapCustom`; widths count bytes.
fn wrap(host: &mut Host<'_>, text: &[u8], width: i64, (separator, cuts): (&[u8], bool)) -> Result<Value, Fault> {
    let width = usize::try_from(width).unwrap_or(1).max(1);
    let lines = text.len() / width + text.split(|byte| *byte == b' ').count();
    host.reserve(text.len().saturating_add(separator.len().saturating_mul(lines)))?;
    let mut out = Vec::new();
    let mut offset = 0;
    while text.len() - offset > width {
        if text.get(offset) == Some(&b' ') {
            offset += 1;
            continue;
        }
        let line = text.get(offset..=offset + width).unwrap_or_default();
        let space = line.iter().rposition(|byte| *byte == b' ');
        let rest = text.get(offset + width..).unwrap_or_default();
        let (end, next) = match (space, cuts) {
            (Some(space), _) => (offset + space, offset + space + 1),
            (None, true) => (offset + width, offset + width),
            (None, false) => match rest.iter().position(|byte| *byte == b' ') {
                Some(space) => (offset + width + space, offset + width + space + 1),
                None => break,
            },
        };
        out.extend(text.get(offset..end).unwrap_or_default());
        out.extend(separator);
        offset = next;
    }
    out.extend(text.get(offset..).unwrap_or_default());
    Ok(Value::text(out))
}

/// A letter that is not of the scripts without word boundaries, as the original tells them.
fn is_alphabetic(next: char) -> bool {
    let ideograph = matches!(next, '\u{4e00}'..='\u{9fcc}' | '\u{3400}'..='\u{4d85}' | '\u{20000}'..='\u{2b81d}');
    is_letter(next) && !ideograph
}
