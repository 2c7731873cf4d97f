//! Functions on texts, byte by byte or character by character as the originals are.

use super::Type::{Any, Int, Text};
use super::{Arguments, Function, Value, fixed, variadic};
use crate::template::fault::Fault;
use crate::template::host::Host;
use crate::template::print::{printf, string_of};
use crate::template::unicode::{characters, decode, is_space};

mod split;

use split::{pieces, split};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("trim", &[Text], |_, mut arguments| Ok(Value::text(trimmed(arguments.text().bytes(), is_space)))),
    fixed("trimall", &[Text, Text], |_, arguments| Ok(trim_all(arguments))),
    fixed("trimAll", &[Text, Text], |_, arguments| Ok(trim_all(arguments))),
    fixed("trimPrefix", &[Text, Text], |_, mut arguments| {
        let (prefix, text) = (arguments.text(), arguments.text());
        Ok(Value::text(text.bytes().strip_prefix(prefix.bytes()).unwrap_or(text.bytes())))
    }),
    fixed("trimSuffix", &[Text, Text], |_, mut arguments| {
        let (suffix, text) = (arguments.text(), arguments.text());
        Ok(Value::text(text.bytes().strip_suffix(suffix.bytes()).unwrap_or(text.bytes())))
    }),
    fixed("contains", &[Text, Text], |_, mut arguments| {
        let (part, text) = (arguments.text(), arguments.text());
        Ok(Value::Bool(split::find(text.bytes(), part.bytes()).is_some()))
    }),
    fixed("hasPrefix", &[Text, Text], |_, mut arguments| {
        let (prefix, text) = (arguments.text(), arguments.text());
        Ok(Value::Bool(text.bytes().starts_with(prefix.bytes())))
    }),
    fixed("hasSuffix", &[Text, Text], |_, mut arguments| {
        let (suffix, text) = (arguments.text(), arguments.text());
        Ok(Value::Bool(text.bytes().ends_with(suffix.bytes())))
    }),
    fixed("trunc", &[Int, Text], |_, arguments| Ok(truncate(arguments))),
    fixed("substr", &[Int, Int, Text], substring),
    fixed("repeat", &[Int, Text], |host, mut arguments| {
        let (count, text) = (arguments.int(), arguments.text());
        let count = usize::try_from(count).map_err(|_| Fault::new("a negative count"))?;
        host.reserve(text.bytes().len().saturating_mul(count))?;
        Ok(Value::text(text.bytes().repeat(count)))
    }),
    fixed("replace", &[Text, Text, Text], replace),
    fixed("indent", &[Int, Text], |host, arguments| indent(host, arguments, b"")),
    fixed("nindent", &[Int, Text], |host, arguments| indent(host, arguments, b"\n")),
    fixed("plural", &[Text, Text, Int], |_, mut arguments| {
        let (one, many, count) = (arguments.text(), arguments.text(), arguments.int());
        Ok(Value::Text(if count == 1 { one } else { many }))
    }),
    variadic("quote", &[], Any, |host, arguments| joined_with(host, arguments, b"%q")),
    variadic("squote", &[], Any, |host, arguments| joined_with(host, arguments, b"'%v'")),
    variadic("cat", &[], Any, |host, arguments| joined_with(host, arguments, b"%v")),
    fixed("toString", &[Any], |host, mut arguments| Ok(Value::Text(string_of(host, &arguments.value())?))),
    fixed("toStrings", &[Any], |host, mut arguments| {
        let texts = strings_of(host, &arguments.value())?;
        Ok(Value::List(super::List::new(crate::template::value::Element::Text, texts)))
    }),
    fixed("join", &[Text, Any], join),
    fixed("splitList", &[Text, Text], |host, mut arguments| {
        let (separator, text) = (arguments.text(), arguments.text());
        Ok(Value::texts(split(host, text.bytes(), separator.bytes(), None)?))
    }),
    fixed("split", &[Text, Text], |host, mut arguments| {
        let (separator, text) = (arguments.text(), arguments.text());
        Ok(pieces(split(host, text.bytes(), separator.bytes(), None)?))
    }),
    fixed("splitn", &[Text, Int, Text], |host, mut arguments| {
        let (separator, count, text) = (arguments.text(), arguments.int(), arguments.text());
        Ok(pieces(split(host, text.bytes(), separator.bytes(), usize::try_from(count).ok())?))
    }),
];

/// A text without the characters at both ends that fit.
fn trimmed(text: &[u8], fits: impl Fn(char) -> bool) -> &[u8] {
    let mut rest = text;
    while let Some((next, length, _)) = decode(rest) {
        if !fits(next) {
            break;
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    while let Some((_, length)) = last_character(rest).filter(|(last, _)| fits(*last)) {
        rest = rest.get(..rest.len() - length).unwrap_or_default();
    }
    rest
}

/// The last character and its length; what is not UTF-8 is the replacement character, one byte long.
fn last_character(text: &[u8]) -> Option<(char, usize)> {
    let whole = |length: usize| {
        let (last, used, valid) = decode(text.get(text.len().checked_sub(length)?..)?)?;
        (valid && used == length).then_some((last, length))
    };
    (1..=4).find_map(whole).or_else(|| text.last().map(|_| (char::REPLACEMENT_CHARACTER, 1)))
}

fn trim_all(mut arguments: Arguments) -> Value {
    let (cut, text) = (arguments.text(), arguments.text());
    let cut = characters(cut.bytes());
    Value::text(trimmed(text.bytes(), |next| cut.contains(&next)))
}

fn truncate(mut arguments: Arguments) -> Value {
    let (count, text) = (arguments.int(), arguments.text());
    let bytes = text.bytes();
    let length = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let kept = match (count < 0, bytes.len().checked_sub(length)) {
        (true, Some(start)) if start > 0 => bytes.get(start..),
        (false, Some(_)) => bytes.get(..length),
        _ => Some(bytes),
    };
    Value::text(kept.unwrap_or(bytes))
}

fn substring(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let (start, end, text) = (arguments.int(), arguments.int(), arguments.text());
    let bytes = text.bytes();
    let (start, end) = (usize::try_from(start).ok(), usize::try_from(end).ok());
    let part = match (start, end) {
        (None, Some(end)) => bytes.get(..end),
        (None, None) => None,
        (Some(start), Some(end)) if end <= bytes.len() => bytes.get(start..end),
        (Some(start), _) => bytes.get(start..),
    };
    part.map(Value::text).ok_or_else(|| Fault::new("the bounds are out of range"))
}

fn replace(host: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let (old, new, text) = (arguments.text(), arguments.text(), arguments.text());
    if old.bytes().is_empty() {
        // Before each character and at the end.
        let count = characters(text.bytes()).len() + 1;
        host.reserve(text.bytes().len().saturating_add(new.bytes().len().saturating_mul(count)))?;
        let mut out = new.bytes().to_vec();
        let mut rest = text.bytes();
        while let Some((_, length, _)) = decode(rest) {
            out.extend(rest.get(..length).unwrap_or_default());
            out.extend(new.bytes());
            rest = rest.get(length..).unwrap_or_default();
        }
        return Ok(Value::text(out));
    }
    let parts = split(host, text.bytes(), old.bytes(), None)?;
    host.reserve(text.bytes().len().saturating_add(new.bytes().len().saturating_mul(parts.len())))?;
    Ok(Value::text(parts.join(new.bytes())))
}

fn indent(host: &mut Host<'_>, mut arguments: Arguments, before: &[u8]) -> Result<Value, Fault> {
    let (count, text) = (arguments.int(), arguments.text());
    let count = usize::try_from(count).map_err(|_| Fault::new("a negative count"))?;
    let lines = text.bytes().split(|byte| *byte == b'\n').count();
    host.reserve(text.bytes().len().saturating_add(count.saturating_add(1).saturating_mul(lines)))?;
    let pad = b" ".repeat(count);
    let mut out = [before, pad.as_slice()].concat();
    for byte in text.bytes() {
        out.push(*byte);
        if *byte == b'\n' {
            out.extend(&pad);
        }
    }
    Ok(Value::text(out))
}

/// Each value but nils in a format of its own, with spaces between.
fn joined_with(host: &mut Host<'_>, arguments: Arguments, format: &[u8]) -> Result<Value, Fault> {
    let mut out = Vec::new();
    let mut first = true;
    for value in arguments.rest().iter().filter(|value| !value.is_nil()) {
        if !std::mem::take(&mut first) {
            out.push(b' ');
        }
        // A value that is no string is quoted as it prints.
        let value = if format == b"%q" { Value::Text(string_of(host, value)?) } else { value.clone() };
        out.extend(printf(host, format, &[value])?.iter());
        host.reserve(out.len())?;
    }
    Ok(Value::text(out))
}

/// Sprig's `strslice`: the items of a list as strings without nils, or the one value as a string.
pub(super) fn strings_of(host: &mut Host<'_>, value: &Value) -> Result<Vec<Value>, Fault> {
    match value {
        Value::List(list) => {
            let items = list.items();
            items.iter().filter(|item| !item.is_nil()).map(|item| Ok(Value::Text(string_of(host, item)?))).collect()
        }
        value if value.is_nil() => Ok(Vec::new()),
        value => Ok(vec![Value::Text(string_of(host, value)?)]),
    }
}

fn join(host: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let (separator, list) = (arguments.text(), arguments.value());
    let texts = strings_of(host, &list)?;
    host.reserve(separator.bytes().len().saturating_mul(texts.len()))?;
    let mut out = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            out.extend(separator.bytes());
        }
        if let Value::Text(text) = text {
            out.extend(text.bytes());
        }
        if out.len() > host.longest() {
            return Err(Fault::new("a text becomes too long"));
        }
    }
    Ok(Value::text(out))
}
