//! The bytes a value is encrypted as, which are also the bytes it adds to the MAC.
//!
//! | type | tag | bytes |
//! |---|---|---|
//! | text | `str` | UTF-8, or the raw bytes of a binary file |
//! | integer | `int` | decimal |
//! | float | `float` | shortest round trip, never an exponent: `1`, `2.5`, `+Inf`, `NaN` |
//! | boolean | `bool` | `True`, `False` |
//! | timestamp | `time` | RFC 3339, nanoseconds trimmed, own offset |
//!
//! Null, lists and mappings have no bytes: they are neither encrypted nor part of the MAC.

use zeroize::Zeroizing;

use crate::time;
use crate::tree::{Comment, Value};
use crate::value::{Kind, ValueError};

/// What a sealed scalar opens to.
pub enum Plain {
    /// A value.
    Value(Value),
    /// A comment: sealed list comments are stored as list elements.
    Comment(Comment),
}

/// Type and bytes of a scalar; `None` for null, lists and mappings.
pub fn encode(value: &Value) -> Option<(Kind, Zeroizing<Vec<u8>>)> {
    let (kind, bytes) = match value {
        Value::Null | Value::Map(_) | Value::List(_) => return None,
        Value::Str(text) => (Kind::Str, text.as_bytes().to_vec()),
        Value::Bytes(bytes) => (Kind::Str, bytes.clone()),
        Value::Time(text) => (Kind::Time, text.as_bytes().to_vec()),
        Value::Int(number) => (Kind::Int, number.to_string().into_bytes()),
        Value::Float(number) => (Kind::Float, float_text(*number).into_bytes()),
        Value::Bool(true) => (Kind::Bool, b"True".to_vec()),
        Value::Bool(false) => (Kind::Bool, b"False".to_vec()),
    };
    Some((kind, Zeroizing::new(bytes)))
}

/// A value of type `kind` from its bytes.
pub fn decode(kind: Kind, mut bytes: Zeroizing<Vec<u8>>) -> Result<Plain, ValueError> {
    let value = match kind {
        Kind::Str | Kind::Bytes => Value::from_bytes(std::mem::take(&mut *bytes)),
        Kind::Comment => return Ok(Plain::Comment(Comment { text: text(&bytes)?.to_owned(), inline: false })),
        Kind::Int => Value::Int(parse_int(text(&bytes)?)?),
        Kind::Float => Value::Float(parse_float(text(&bytes)?)?),
        Kind::Bool => Value::Bool(parse_bool(text(&bytes)?)?),
        Kind::Time => Value::Time(time::normalize(text(&bytes)?).ok_or(ValueError::Plaintext)?),
    };
    Ok(Plain::Value(value))
}

fn text(bytes: &[u8]) -> Result<&str, ValueError> {
    std::str::from_utf8(bytes).map_err(|_| ValueError::Plaintext)
}

/// Shortest decimal form that reads back as the same float, without an exponent.
fn float_text(number: f64) -> String {
    if number == f64::INFINITY {
        "+Inf".to_owned()
    } else if number == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        number.to_string()
    }
}

fn parse_int(text: &str) -> Result<i64, ValueError> {
    text.parse().map_err(|_| ValueError::Plaintext)
}

fn parse_float(text: &str) -> Result<f64, ValueError> {
    let number: f64 = text.parse().map_err(|_| ValueError::Plaintext)?;
    let spelt_infinite = text.trim_start_matches(['+', '-']).get(..1).is_some_and(|c| c.eq_ignore_ascii_case("i"));
    if number.is_infinite() && !spelt_infinite { Err(ValueError::Plaintext) } else { Ok(number) }
}

fn parse_bool(text: &str) -> Result<bool, ValueError> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(ValueError::Plaintext),
    }
}
