//! Scalars as text, for the formats that have no other type.

use std::borrow::Cow;

use crate::tree::Value;

/// A scalar as the original writes it where there is only text: `1.0`, `1E+06`, `true`, `<nil>`. `None` for a list or a
/// mapping.
pub fn text(value: &Value) -> Option<Cow<'_, [u8]>> {
    Some(match value {
        Value::Map(_) | Value::List(_) => return None,
        Value::Str(text) => Cow::Borrowed(text.as_bytes()),
        Value::Bytes(bytes) => Cow::Borrowed(bytes),
        Value::Null => Cow::Borrowed(b"<nil>"),
        Value::Bool(flag) => Cow::Owned(flag.to_string().into_bytes()),
        Value::Int(number) => Cow::Owned(number.to_string().into_bytes()),
        Value::Float(number) => Cow::Owned(float(*number).into_bytes()),
        Value::Time(text) => Cow::Owned(whole_seconds(text).into_bytes()),
    })
}

/// Never to be taken for an integer.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(power) if !(-4..6).contains(&power) => {
            format!("{digits}E{}{:02}", if power < 0 { '-' } else { '+' }, power.unsigned_abs())
        }
        _ if number.fract() == 0.0 => format!("{number:.1}"),
        _ => number.to_string(),
    }
}

fn whole_seconds(text: &str) -> String {
    let Some((seconds, rest)) = text.split_once('.') else { return text.to_owned() };
    format!("{seconds}{}", rest.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}
