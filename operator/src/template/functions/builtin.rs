//! The functions that `text/template` itself brings, but for comparisons.

use super::Type::{Any, Reflect};
use super::{Arguments, Function, Value, fixed, variadic};
use crate::template::fault::Fault;
use crate::template::host::Host;
use crate::template::print;
use crate::template::unicode::{decode, is_print};

pub(super) const FUNCTIONS: &[Function] = &[
    // These two are evaluated where they stand, for they need not look at every argument.
    variadic("and", &[Reflect], Reflect, |_, mut arguments| Ok(arguments.value())),
    variadic("or", &[Reflect], Reflect, |_, mut arguments| Ok(arguments.value())),
    fixed("not", &[Reflect], |_, mut arguments| Ok(Value::Bool(!arguments.value().is_true()))),
    variadic("index", &[Reflect], Reflect, index),
    fixed("len", &[Reflect], length),
    variadic("print", &[], Any, |host, arguments| Ok(Value::text(print::print(host, &arguments.rest())?.to_vec()))),
    variadic("println", &[], Any, |host, arguments| Ok(Value::text(print::println(host, &arguments.rest())?.to_vec()))),
    variadic("printf", &[super::Type::Text], Any, |host, mut arguments| {
        let format = arguments.text();
        Ok(Value::text(print::printf(host, format.bytes(), &arguments.rest())?.to_vec()))
    }),
    variadic("html", &[], Any, |host, arguments| escaped(host, arguments, html)),
    variadic("js", &[], Any, |host, arguments| escaped(host, arguments, javascript)),
    variadic("urlquery", &[], Any, |host, arguments| escaped(host, arguments, query)),
];

fn index(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let mut item = arguments.value();
    if item.is_nil() {
        return Err(Fault::new("index of nil"));
    }
    for at in arguments.rest() {
        item = match &item {
            Value::Map(map) => {
                let Value::Text(key) = &at else { return Err(Fault::new("the key of a map must be a string")) };
                let missing = if map.of_texts { Value::text("") } else { Value::Null };
                map.get(key.bytes()).unwrap_or(missing)
            }
            Value::List(list) => {
                let at = position(&at, list.len())?;
                list.get(at).ok_or_else(|| Fault::new("index out of range"))?
            }
            Value::Text(text) => {
                let at = position(&at, text.bytes().len())?;
                text.bytes().get(at).map(|byte| Value::Byte(*byte)).ok_or_else(|| Fault::new("index out of range"))?
            }
            other => return Err(Fault::new(format!("cannot index {}", other.type_name()))),
        };
    }
    Ok(item)
}

fn position(at: &Value, length: usize) -> Result<usize, Fault> {
    let number = match at {
        Value::Int(number) | Value::Int64(number) | Value::Named(_, _, number) => usize::try_from(*number).ok(),
        Value::Uint64(number) => usize::try_from(*number).ok(),
        Value::Byte(number) => Some(usize::from(*number)),
        other => return Err(Fault::new(format!("cannot index a list with {}", other.type_name()))),
    };
    number.filter(|number| *number <= length).ok_or_else(|| Fault::new("index out of range"))
}

fn length(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let length = match arguments.value() {
        Value::Text(text) => text.bytes().len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        other => return Err(Fault::new(format!("{} has no length", other.type_name()))),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// The arguments as `print` writes them, escaped. Six bytes may stand for one.
fn escaped(host: &mut Host<'_>, arguments: Arguments, escape: fn(&[u8]) -> Vec<u8>) -> Result<Value, Fault> {
    let arguments: Vec<Value> = arguments.rest();
    let printed = match arguments.as_slice() {
        [Value::Text(text)] => text.bytes().to_vec().into(),
        // An absent value reads as it does in the output.
        values => {
            let shown = |value: &Value| if value.is_nil() { Value::text("<no value>") } else { value.clone() };
            let values: Vec<Value> = values.iter().map(shown).collect();
            print::print(host, &values)?
        }
    };
    host.reserve(printed.len().saturating_mul(6))?;
    Ok(Value::text(escape(&printed)))
}

fn html(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            0 => out.extend("\u{fffd}".bytes()),
            b'"' => out.extend(b"&#34;"),
            b'\'' => out.extend(b"&#39;"),
            b'&' => out.extend(b"&amp;"),
            b'<' => out.extend(b"&lt;"),
            b'>' => out.extend(b"&gt;"),
            other => out.push(*other),
        }
    }
    out
}

fn javascript(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    while let Some((next, length, _)) = decode(bytes) {
        match next {
            '\\' => out.extend(b"\\\\"),
            '\'' => out.extend(b"\\'"),
            '"' => out.extend(b"\\\""),
            '<' | '>' | '&' | '=' | '\0'..='\x1f' => out.extend(format!("\\u{:04X}", u32::from(next)).bytes()),
            _ if next.is_ascii() || is_print(next) => out.extend(bytes.get(..length).unwrap_or_default()),
            _ => out.extend(format!("\\u{:04X}", u32::from(next)).bytes()),
        }
        bytes = bytes.get(length..).unwrap_or_default();
    }
    out
}

fn query(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b' ' => out.push(b'+'),
            b'-' | b'_' | b'.' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => out.push(*byte),
            other => out.extend(format!("%{other:02X}").bytes()),
        }
    }
    out
}
