//! What an unquoted YAML scalar means to the original: YAML 1.1 as its parser (go-yaml 2) reads it, where `yes` is a
//! boolean and `010` is eight.
//!
//! Both directions need it: on the way in to see when the original would rewrite a text, on the way out to see which
//! texts it puts in quotes.

/// The meaning of an unquoted scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Meaning {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Timestamp,
    Text,
}

/// What the unquoted `text` means.
pub(crate) fn meaning(text: &str) -> Meaning {
    if let Some(word) = reserved_word(text) {
        return word;
    }
    match text.as_bytes().first() {
        Some(b'.') => float(text),
        Some(b'0'..=b'9' | b'+' | b'-') => number(text),
        _ => Meaning::Text,
    }
}

fn reserved_word(text: &str) -> Option<Meaning> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Meaning::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Meaning::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Meaning::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Meaning::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Meaning::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn number(text: &str) -> Meaning {
    if is_timestamp(text) {
        return Meaning::Timestamp;
    }
    let plain = text.replace('_', "");
    integer(&plain).or_else(|| signed_binary(&plain)).map_or_else(|| float(&plain), Meaning::Integer)
}

/// An integer of 64 bits, signed or unsigned, in base 2, 8, 10 or 16 by its prefix; a leading zero means base 8.
fn integer(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) if text.starts_with('-') => (-1, digits),
        Some(digits) => (1, digits),
        None => (1, text),
    };
    let magnitude = sign * unsigned(digits)?;
    let smallest = i128::from(i64::MIN);
    // A written sign makes it a signed number, so the upper half of the unsigned range is out of its reach.
    let largest = if digits.len() == text.len() { i128::from(u64::MAX) } else { i128::from(i64::MAX) };
    (smallest..=largest).contains(&magnitude).then_some(magnitude)
}

fn unsigned(digits: &str) -> Option<i128> {
    let (radix, rest) = match digits.as_bytes() {
        [b'0'] => return Some(0),
        [b'0', b'b' | b'B', _, ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &digits[2..]),
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // Rust's parser would take a second sign here.
    if !rest.starts_with(|first: char| first.is_ascii_hexdigit()) {
        return None;
    }
    i128::from_str_radix(rest, radix).ok()
}

/// The original's parser reads a sign behind the prefix of a binary number, and nowhere else.
fn signed_binary(text: &str) -> Option<i128> {
    let digits = text.strip_prefix("0b").filter(|digits| digits.starts_with(['+', '-']))?;
    i64::from_str_radix(digits, 2).ok().map(i128::from)
}

fn float(text: &str) -> Meaning {
    if !has_float_form(text) {
        return Meaning::Text;
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Meaning::Float(value),
        _ => Meaning::Text,
    }
}

/// Sign, digits with a point somewhere, exponent.
fn has_float_form(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && is_digits(digits)
    });
    is_digits(whole) && is_digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && exponent_fits
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `12:30:45` and the like: numbers in base 60 to other YAML 1.1 parsers, so the original quotes them on the way out.
pub(crate) fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let Some((last, middle)) = rest.split_last() else { return false };
    let (last, fraction) = last.split_once('.').unwrap_or((last, ""));
    let digits_or_underscores = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let is_sixtieth = |part: &str| match part.as_bytes() {
        [b'0'..=b'9'] => true,
        [tens, ones] => (b'0'..=b'5').contains(tens) && ones.is_ascii_digit(),
        _ => false,
    };
    first.starts_with(|digit: char| digit.is_ascii_digit())
        && digits_or_underscores(first)
        && middle.iter().all(|part| is_sixtieth(part))
        && is_sixtieth(last)
        && digits_or_underscores(fraction)
}

/// A date, or a date and a time, in one of the four forms that the original's parser knows.
fn is_timestamp(text: &str) -> bool {
    let Some((year, rest)) = text.split_once('-') else { return false };
    let Some((month, rest)) = rest.split_once('-') else { return false };
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    let (day, time) = rest.split_at(end);
    if year.len() != 4 || !is_digits(year) {
        return false;
    }
    let (Some(year), Some(month), Some(day)) =
        (year.parse::<i16>().ok(), up_to_two_digits(month), up_to_two_digits(day))
    else {
        return false;
    };
    if jiff::civil::Date::new(year, month, day).is_err() {
        return false;
    }
    match time.as_bytes().first() {
        None => true,
        Some(b' ') => time_of_day(&time[1..]) == Some(""),
        Some(b'T' | b't') => time_of_day(&time[1..]).is_some_and(is_zone),
        Some(_) => false,
    }
}

fn up_to_two_digits(text: &str) -> Option<i8> {
    if matches!(text.len(), 1 | 2) && is_digits(text) { text.parse().ok() } else { None }
}

/// Reads hours, minutes, seconds and a fraction; answers what follows.
fn time_of_day(text: &str) -> Option<&str> {
    let mut rest = text;
    for (limit, separator) in [(24, ":"), (60, ":"), (60, "")] {
        let length = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
        up_to_two_digits(&rest[..length]).filter(|value| *value < limit)?;
        rest = rest[length..].strip_prefix(separator)?;
    }
    let fraction = rest.strip_prefix(['.', ',']).unwrap_or_default();
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    Some(if digits > 0 { &fraction[digits..] } else { rest })
}

fn is_zone(text: &str) -> bool {
    match text.as_bytes() {
        [b'Z'] => true,
        [b'+' | b'-', _, _, b':', _, _] => {
            let hours = up_to_two_digits(&text[1..3]).is_some_and(|hours| hours <= 24);
            hours && up_to_two_digits(&text[4..6]).is_some_and(|minutes| minutes <= 60)
        }
        _ => false,
    }
}
