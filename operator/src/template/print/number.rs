//! Integers and floats as Go prints them.

use super::value::{Flags, Printer};

impl Printer {
    /// `fmt.fmtInteger`: the digits of `magnitude` in a base, with sign, prefix, precision and width.
    pub(super) fn integer(&mut self, negative: bool, magnitude: u64, verb: char) {
        let flags = self.flags;
        let mut digits = match verb {
            'b' => format!("{magnitude:b}"),
            'o' | 'O' => format!("{magnitude:o}"),
            'x' => format!("{magnitude:x}"),
            'X' => format!("{magnitude:X}"),
            _ => magnitude.to_string(),
        };
        let least = match flags.precision {
            Some(0) if magnitude == 0 => {
                let padding = Flags { zero: false, ..flags };
                return self.padded_with(b"", padding);
            }
            Some(precision) => precision,
            None if flags.zero && !flags.minus => {
                flags.width.unwrap_or(0) - i64::from(negative || flags.plus || flags.space)
            }
            None => 0,
        };
        let missing = usize::try_from(least).unwrap_or(0).saturating_sub(digits.len());
        if !self.has_room(missing) {
            return;
        }
        digits.insert_str(0, &"0".repeat(missing));
        let prefix = match verb {
            'b' if flags.sharp => "0b",
            'o' if flags.sharp && !digits.starts_with('0') => "0",
            'O' if flags.sharp && !digits.starts_with('0') => "0o0",
            'O' => "0o",
            'x' if flags.sharp => "0x",
            'X' if flags.sharp => "0X",
            _ => "",
        };
        let sign = match (negative, flags.plus, flags.space) {
            (true, _, _) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        self.padded_with(format!("{sign}{prefix}{digits}").as_bytes(), Flags { zero: false, ..flags });
    }

    /// `U+0078`, and with `#` the character too.
    pub(super) fn code_point(&mut self, number: u64) {
        let precision = usize::try_from(self.flags.precision.unwrap_or(4).max(4)).unwrap_or(4);
        if !self.has_room(precision) {
            return;
        }
        let digits = format!("{number:X}");
        let mut text = format!("U+{}{digits}", "0".repeat(precision.saturating_sub(digits.len())));
        let character = u32::try_from(number).ok().and_then(char::from_u32);
        if let Some(character) = character.filter(|next| self.flags.sharp && super::super::unicode::is_print(*next)) {
            text.extend([' ', '\'', character, '\'']);
        }
        self.padded_with(text.as_bytes(), Flags { zero: false, ..self.flags });
    }

    /// `fmt.fmtFloat`.
    pub(super) fn float(&mut self, value: f64, verb: char) {
        let flags = self.flags;
        let default = if matches!(verb, 'f' | 'F' | 'e' | 'E') { Some(6) } else { None };
        let precision = flags.precision.map(|precision| usize::try_from(precision).unwrap_or(0)).or(default);
        if !self.has_room(precision.unwrap_or(0)) {
            return;
        }
        let magnitude = value.abs();
        let negative = value.is_sign_negative() && !value.is_nan();
        let sign = match (negative, flags.plus, flags.space) {
            (true, _, _) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        if !value.is_finite() {
            let name = if value.is_nan() { "NaN" } else { "Inf" };
            // An infinity always shows its sign.
            let sign = if sign.is_empty() && value.is_infinite() { "+" } else { sign };
            return self.padded_with(format!("{sign}{name}").as_bytes(), Flags { zero: false, ..flags });
        }
        let mut digits = match verb {
            'e' | 'E' => exponential(magnitude, precision.unwrap_or(6)),
            'f' | 'F' => plain(magnitude, precision.unwrap_or(6)),
            'x' | 'X' => hexadecimal(magnitude, precision),
            'b' => binary(magnitude),
            _ => general(magnitude, precision),
        };
        if flags.sharp && verb != 'b' {
            digits = with_point(&digits, verb, precision);
        }
        if matches!(verb, 'E' | 'G' | 'X') {
            digits = digits.to_uppercase();
        }
        self.signed(sign, &digits);
    }

    fn signed(&mut self, sign: &str, digits: &str) {
        let flags = self.flags;
        let width = usize::try_from(flags.width.unwrap_or(0)).unwrap_or(0);
        if flags.zero && !flags.minus && !sign.is_empty() && width > sign.len() + digits.len() {
            self.push(sign.as_bytes());
            let missing = width - sign.len() - digits.len();
            if self.has_room(missing) {
                self.push("0".repeat(missing).as_bytes());
            }
            self.push(digits.as_bytes());
        } else {
            self.padded_with(format!("{sign}{digits}").as_bytes(), flags);
        }
    }
}

/// The shortest decimal digits that read back as this positive number, and the exponent of the first.
pub(in super::super) fn shortest_digits(value: f64) -> (String, i32) {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

/// `d.ddde±xx` with the given digits.
pub(in super::super) fn exponent_of(digits: &str, exponent: i32) -> String {
    let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{point}{rest}e{sign}{:02}", exponent.unsigned_abs())
}

/// A float has no more digits than this; the formatter of the standard library takes no more than 65535.
const MOST_DIGITS: usize = 1100;

fn plain(value: f64, precision: usize) -> String {
    let zeros = precision.saturating_sub(MOST_DIGITS);
    format!("{value:.*}{}", precision.min(MOST_DIGITS), "0".repeat(zeros))
}

fn exponential(value: f64, precision: usize) -> String {
    let zeros = precision.saturating_sub(MOST_DIGITS);
    let text = format!("{value:.*e}", precision.min(MOST_DIGITS));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    exponent_of_mantissa(&format!("{mantissa}{}", "0".repeat(zeros)), exponent.parse().unwrap_or(0))
}

fn exponent_of_mantissa(mantissa: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// `%g`: as few digits as the precision allows, as an exponent where that is far off.
fn general(value: f64, precision: Option<usize>) -> String {
    let (digits, exponent) = match precision {
        None => shortest_digits(value),
        Some(precision) => {
            let text = format!("{value:.*e}", (precision.max(1) - 1).min(MOST_DIGITS));
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
        }
    };
    let trimmed = digits.trim_end_matches('0');
    let digits = if trimmed.is_empty() { "0" } else { trimmed };
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let limit = match precision.map(|precision| i32::try_from(precision.max(1)).unwrap_or(i32::MAX)) {
        None => 6,
        // A number whose digits all stand before the point may show them.
        Some(precision) if precision > count && count > exponent => count,
        Some(precision) => precision,
    };
    if exponent < -4 || exponent >= limit { exponent_of(digits, exponent) } else { positional(digits, exponent) }
}

/// Digits with the point where the exponent puts it, without trailing zeros.
fn positional(digits: &str, exponent: i32) -> String {
    if exponent < 0 {
        let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
        return format!("0.{}{digits}", "0".repeat(zeros));
    }
    let whole = usize::try_from(exponent).unwrap_or(0) + 1;
    match digits.split_at_checked(whole) {
        Some((before, "")) => before.to_owned(),
        Some((before, after)) => format!("{before}.{after}"),
        None => format!("{digits}{}", "0".repeat(whole - digits.len())),
    }
}

/// `%b`: mantissa and binary exponent.
fn binary(value: f64) -> String {
    let bits = value.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    format!("{mantissa}p{exponent:+}")
}

/// `%x`: a hexadecimal mantissa between 1 and 2, and a binary exponent.
fn hexadecimal(value: f64, precision: Option<usize>) -> String {
    if value == 0.0 {
        let zeros = precision.filter(|precision| *precision > 0).map(|precision| format!(".{}", "0".repeat(precision)));
        return format!("0x0{}p+00", zeros.unwrap_or_default());
    }
    let bits = value.to_bits();
    let mut exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0) - 1023;
    let mut mantissa = bits & ((1 << 52) - 1);
    if exponent == -1023 {
        let shift = mantissa.leading_zeros() - 11;
        mantissa <<= shift;
        exponent = -1022 - i32::try_from(shift).unwrap_or(0);
    } else {
        mantissa |= 1 << 52;
    }
    if let Some(precision) = precision.filter(|precision| *precision < 13) {
        let drop = 4 * (13 - precision);
        let half = 1u64 << (drop - 1);
        let kept = mantissa >> drop;
        let rest = mantissa & ((1 << drop) - 1);
        mantissa = (kept + u64::from(rest > half || (rest == half && kept & 1 == 1))) << drop;
        if mantissa >> 53 == 1 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let mut fraction = format!("{:013x}", mantissa & ((1 << 52) - 1));
    match precision {
        Some(precision) if precision <= 13 => fraction.truncate(precision),
        Some(precision) => fraction.push_str(&"0".repeat(precision - 13)),
        None => fraction.truncate(fraction.trim_end_matches('0').len()),
    }
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("0x1{point}{fraction}p{sign}{:02}", exponent.unsigned_abs())
}

/// The flag `#`: a point in any case, and the zeros that `%g` would drop.
fn with_point(text: &str, verb: char, precision: Option<usize>) -> String {
    let marks: &[char] = if matches!(verb, 'x' | 'X') { &['p'] } else { &['e', 'p'] };
    let split = text.find(marks).unwrap_or(text.len());
    let (number, tail) = text.split_at_checked(split).unwrap_or((text, ""));
    let wanted = match verb {
        'v' | 'g' | 'G' | 'x' => precision.unwrap_or(6),
        _ => 0,
    };
    let significant = number.chars().filter(|next| *next != '.').skip_while(|next| *next == '0').count();
    let mut out = number.to_owned();
    let mut used = significant;
    if !number.contains('.') {
        used += usize::from(number == "0");
        out.push('.');
    }
    out.push_str(&"0".repeat(wanted.saturating_sub(used)));
    out.push_str(tail);
    out
}
