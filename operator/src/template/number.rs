//! Number constants: one literal may serve as an integer and as a float, and the place it stands in decides.

use super::quote::unquote_character;

/// What a literal can be taken for.
#[derive(Clone, Copy)]
pub(super) struct Number {
    pub(super) int: Option<i64>,
    pub(super) uint: Option<u64>,
    pub(super) float: Option<f64>,
    /// Whether it is a float where nothing else decides.
    pub(super) reads_as_float: bool,
}

/// What Go's parser makes of a literal.
pub(super) fn parse(literal: &str) -> Result<Number, &'static str> {
    if literal.starts_with('\'') {
        let value = unquote_character(literal).ok_or("malformed character constant")?;
        let number = Number {
            int: Some(value.into()),
            uint: Some(value.into()),
            float: Some(value.into()),
            reads_as_float: false,
        };
        return Ok(number);
    }
    if literal.ends_with('i') {
        return Err("complex numbers are not supported");
    }
    let int = parse_int(literal, 0);
    let uint = parse_uint(literal, 0).or(int.filter(|int| *int == 0).map(|_| 0));
    let is_hex = literal.starts_with("0x") || literal.starts_with("0X");
    let marks: &[char] = if is_hex { &['p', 'P'] } else { &['.', 'e', 'E', 'p', 'P'] };
    let reads_as_float = literal.contains(marks);
    #[expect(clippy::cast_precision_loss, reason = "as Go converts")]
    let promoted = int.map(|int| int as f64).or(uint.map(|uint| uint as f64));
    if promoted.is_some() {
        return Ok(Number { int, uint, float: promoted, reads_as_float });
    }
    let float = parse_float(literal).ok_or("illegal number syntax")?;
    if !literal.contains(['.', 'e', 'E', 'p', 'P']) {
        return Err("integer overflow");
    }
    Ok(Number { int: whole(float), uint: whole_unsigned(float), float: Some(float), reads_as_float })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "the test is exactness"
)]
fn whole(float: f64) -> Option<i64> {
    (float.abs() < 9.3e18 && (float as i64) as f64 == float).then_some(float as i64)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "the test is exactness"
)]
fn whole_unsigned(float: f64) -> Option<u64> {
    ((0.0..1.9e19).contains(&float) && (float as u64) as f64 == float).then_some(float as u64)
}

/// `strconv.ParseInt` with 64 bits; base 0 reads prefixes and underscores.
pub(super) fn parse_int(text: &str, base: u32) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = i128::from(parse_uint(digits, base)?);
    i64::try_from(if negative { -value } else { value }).ok()
}

/// `strconv.ParseUint` with 64 bits; base 0 reads prefixes and underscores.
pub(super) fn parse_uint(text: &str, base: u32) -> Option<u64> {
    if text.starts_with(['+', '-']) {
        return None;
    }
    if base != 0 {
        return u64::from_str_radix(text, base).ok();
    }
    let lower = text.to_ascii_lowercase();
    let prefixed = [("0x", 16), ("0b", 2), ("0o", 8)];
    let (digits, base) = prefixed
        .iter()
        .find_map(|(prefix, base)| Some((lower.strip_prefix(prefix)?, *base)))
        .or_else(|| lower.strip_prefix('0').filter(|rest| !rest.is_empty()).map(|rest| (rest, 8)))
        .unwrap_or((lower.as_str(), 10));
    if !underscores_are_right(&lower) {
        return None;
    }
    let digits = digits.replace('_', "");
    if digits.starts_with('+') { None } else { u64::from_str_radix(&digits, base).ok() }
}

/// Underscores may stand between digits, or between a prefix and a digit.
fn underscores_are_right(lower: &str) -> bool {
    if !lower.contains('_') {
        return true;
    }
    let digits = ["0x", "0b", "0o"].iter().find_map(|prefix| lower.strip_prefix(prefix));
    // Each run of digits must not be empty, but for the place after a prefix.
    let body = match digits {
        Some(digits) => digits.strip_prefix('_').unwrap_or(digits),
        None => lower,
    };
    body.split('_').all(|run| !run.is_empty() && run.chars().all(|digit| digit.is_ascii_hexdigit()))
}

/// `strconv.ParseFloat` with 64 bits, which refuses what is out of range.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    if matches!(lower.as_str(), "inf" | "infinity" | "nan") {
        return if lower == "nan" && unsigned.len() < text.len() { None } else { text.parse().ok() };
    }
    let value = match lower.strip_prefix("0x") {
        Some(digits) => parse_hex_float(digits)?,
        None if !lower.starts_with(['.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) => return None,
        None if lower.contains('_') => decimal_with_underscores(&lower)?,
        None => lower.parse::<f64>().ok()?,
    };
    value.is_finite().then_some(if text.starts_with('-') { -value } else { value })
}

/// Underscores may stand between two digits only.
fn decimal_with_underscores(lower: &str) -> Option<f64> {
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = lower.as_bytes();
    let placed = |at: usize| at > 0 && digit(bytes.get(at - 1)) && digit(bytes.get(at + 1));
    let right = lower.match_indices('_').all(|(at, _)| placed(at));
    if right { lower.replace('_', "").parse().ok() } else { None }
}

/// Hexadecimal floats of up to 64 bits of digits, which are exact or rounded once.
fn parse_hex_float(digits: &str) -> Option<f64> {
    let (mantissa, exponent) = digits.split_once('p')?;
    let exponent: i32 = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let joined = format!("{whole}{fraction}");
    if joined.is_empty() || !joined.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let value = u64::from_str_radix(&joined, 16).ok()?;
    let shift = exponent.checked_sub(4 * i32::try_from(fraction.len()).ok()?)?;
    #[expect(clippy::cast_precision_loss, reason = "rounds to nearest, as Go does")]
    let scaled = (value as f64) * 2f64.powi(shift.clamp(-1100, 1100));
    Some(scaled)
}
