//! What a scalar is: YAML 1.2's core schema with the older forms that go-yaml 3.0.4 still reads (`0777`, `0b1`, `1_000`, dates).
//! A string that would be read as something else must be quoted, so the writer asks here as well.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::tag::Tag;
use super::timestamp;
use crate::tree::Value;

/// The reading of a scalar without quotes and without a tag.
#[derive(PartialEq)]
pub(super) enum Resolved {
    Null,
    Bool(bool),
    Int(i64),
    /// Beyond the signed range, within the unsigned.
    Unsigned,
    Float(f64),
    /// RFC 3339.
    Time(String),
    Str,
}

/// A scalar that cannot be had.
pub(super) enum Unreadable {
    WrongTag,
    TooLarge,
}

/// The value of a scalar with its explicit tag and style.
pub(super) fn value(text: &str, tag: Tag, plain: bool) -> Result<Value, Unreadable> {
    match tag {
        Tag::None if !plain => return Ok(Value::Str(text.to_owned())),
        Tag::Str | Tag::Other => return Ok(Value::Str(text.to_owned())),
        Tag::Binary => return binary(text),
        _ => {}
    }
    let resolved = resolve(text, matches!(tag, Tag::None | Tag::Timestamp));
    let fits = match (&resolved, tag) {
        (_, Tag::None) => true,
        (Resolved::Null, tag) => tag == Tag::Null,
        (Resolved::Bool(_), tag) => tag == Tag::Bool,
        (Resolved::Int(_), tag) => matches!(tag, Tag::Int | Tag::Float),
        (Resolved::Unsigned, tag) => tag == Tag::Int,
        (Resolved::Float(_), tag) => tag == Tag::Float,
        (Resolved::Time(_), tag) => tag == Tag::Timestamp,
        (Resolved::Str, _) => false,
    };
    if !fits {
        return Err(Unreadable::WrongTag);
    }
    Ok(match resolved {
        Resolved::Null => Value::Null,
        Resolved::Bool(flag) => Value::Bool(flag),
        Resolved::Int(number) if tag == Tag::Float => Value::Float(widen(number)),
        Resolved::Int(number) => Value::Int(number),
        Resolved::Unsigned => return Err(Unreadable::TooLarge),
        Resolved::Float(number) => Value::Float(number),
        Resolved::Time(text) => Value::Time(text),
        Resolved::Str => Value::Str(text.to_owned()),
    })
}

/// What a plain scalar says; `times` off reads dates as text.
pub(super) fn resolve(text: &str, times: bool) -> Resolved {
    let Some(first) = text.bytes().next() else { return Resolved::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => special_float(text).or_else(|| dotted_float(text)).map_or(Resolved::Str, Resolved::Float),
        b'+' | b'-' | b'0'..=b'9' => {
            if let Some(number) = special_float(text) {
                return Resolved::Float(number);
            }
            match timestamp::rfc3339(text).filter(|_| times) {
                Some(time) => Resolved::Time(time),
                None => number(text),
            }
        }
        _ => Resolved::Str,
    }
}

fn word(text: &str) -> Resolved {
    match text {
        "true" | "True" | "TRUE" => Resolved::Bool(true),
        "false" | "False" | "FALSE" => Resolved::Bool(false),
        "~" | "null" | "Null" | "NULL" => Resolved::Null,
        _ => Resolved::Str,
    }
}

fn special_float(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn number(text: &str) -> Resolved {
    let owned;
    let plain = if text.contains('_') {
        owned = text.replace('_', "");
        owned.as_str()
    } else {
        text
    };
    if let Some(integer) = prefixed_integer(plain) {
        return integer;
    }
    if is_decimal_float(plain) {
        return finite(plain).map_or(Resolved::Str, Resolved::Float);
    }
    // Here a sign may follow the prefix: go-yaml parses the rest as a number of its own.
    let signed = match plain.get(..2) {
        Some("0b") => integer(&plain[2..], 2),
        Some("0o") => integer(&plain[2..], 8),
        _ => None,
    };
    signed.unwrap_or(Resolved::Str)
}

/// Go's `ParseInt` with base 0, then its `ParseUint`: `0x`, `0o`, `0b`, and a leading 0 for octal.
fn prefixed_integer(text: &str) -> Option<Resolved> {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'+' | b'-') => text.split_at(1),
        _ => ("", text),
    };
    let bytes = digits.as_bytes();
    let (radix, skip) = match bytes {
        [b'0', b'x' | b'X', _, ..] => (16, 2),
        [b'0', b'o' | b'O', _, ..] => (8, 2),
        [b'0', b'b' | b'B', _, ..] => (2, 2),
        [b'0', _, ..] => (8, 1),
        _ => (10, 0),
    };
    let rest = &digits[skip..];
    if !rest.bytes().all(|byte| char::from(byte).is_digit(radix)) || rest.is_empty() {
        return None;
    }
    let magnitude = u64::from_str_radix(rest, radix).ok()?;
    signed(sign, magnitude)
}

fn integer(text: &str, radix: u32) -> Option<Resolved> {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'+' | b'-') => text.split_at(1),
        _ => ("", text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| char::from(byte).is_digit(radix)) {
        return None;
    }
    signed(sign, u64::from_str_radix(digits, radix).ok()?)
}

fn signed(sign: &str, magnitude: u64) -> Option<Resolved> {
    match (sign, i64::try_from(magnitude)) {
        ("-", _) => 0_i64.checked_sub_unsigned(magnitude).map(Resolved::Int),
        (_, Ok(number)) => Some(Resolved::Int(number)),
        ("", Err(_)) => Some(Resolved::Unsigned),
        _ => None,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.find('.') {
        Some(at) => (&mantissa[..at], Some(&mantissa[at + 1..])),
        None => (mantissa, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = if whole.is_empty() {
        fraction.is_some_and(|fraction| !fraction.is_empty() && digits(fraction))
    } else {
        digits(whole) && fraction.is_none_or(digits)
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    mantissa_fits && exponent_fits
}

/// A float that begins with its point. Unlike elsewhere, `_` must stand between digits here.
fn dotted_float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let underscores_fit =
        (0..bytes.len()).filter(|at| bytes[*at] == b'_').all(|at| digit(at.checked_sub(1)) && digit(Some(at + 1)));
    let plain = text.replace('_', "");
    if underscores_fit && is_decimal_float(&plain) { finite(&plain) } else { None }
}

/// A number too large for a float is text.
fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

#[expect(clippy::cast_precision_loss, reason = "`!!float` of a large integer rounds, as it does in the original")]
fn widen(number: i64) -> f64 {
    number as f64
}

/// Base64 with line breaks; text when it is UTF-8, as the original cannot tell the two apart.
fn binary(text: &str) -> Result<Value, Unreadable> {
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, config);
    let compact: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = engine.decode(compact).map_err(|_| Unreadable::WrongTag)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Value::Str(text),
        Err(error) => Value::Bytes(error.into_bytes()),
    })
}

/// The form in which bytes that are no text are written: lines of 70 characters when there is more than one.
pub(super) fn encode_binary(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    for line in encoded.as_bytes().chunks(LINE) {
        lines.extend(line.iter().map(|byte| char::from(*byte)));
        lines.push('\n');
    }
    lines
}
