//! RFC 3339 text in the forms SOPS compares byte by byte. Works on text alone: no zone data, no clock.

/// The text as Go's `time` package prints it again after parsing: `+00:00` becomes `Z`, trailing zeros of the fraction
/// go. `None` if it is not RFC 3339.
pub(crate) fn normalize(text: &str) -> Option<String> {
    let (seconds, fraction, zone) = split(text)?;
    let fraction = fraction.get(..9).unwrap_or(fraction).trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{seconds}{point}{fraction}{zone}"))
}

/// The text to the whole second, which is the additional data of the MAC.
pub(crate) fn to_seconds(text: &str) -> Option<String> {
    let (seconds, _, zone) = split(text)?;
    Some(format!("{seconds}{zone}"))
}

fn split(text: &str) -> Option<(&str, &str, &str)> {
    let seconds = text.get(..19)?;
    let mut rest = text.get(19..)?;
    let shape = seconds.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    });
    if !shape {
        return None;
    }
    seconds.parse::<jiff::civil::DateTime>().ok()?;
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix('.') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return None;
        }
        (fraction, rest) = after.split_at(digits);
    }
    let zone = match rest {
        "Z" | "+00:00" | "-00:00" => "Z",
        offset if is_offset(offset) => offset,
        _ => return None,
    };
    Some((seconds, fraction, zone))
}

fn is_offset(text: &str) -> bool {
    let &[sign, h1, h0, colon, m1, m0] = text.as_bytes() else { return false };
    let hours = [h1, h0].iter().all(u8::is_ascii_digit) && (h1 - b'0') * 10 + (h0 - b'0') < 24;
    let minutes = [m1, m0].iter().all(u8::is_ascii_digit) && m1 < b'6';
    matches!(sign, b'+' | b'-') && colon == b':' && hours && minutes
}

#[cfg(test)]
mod tests {
    use super::{normalize, to_seconds};

    #[test]
    fn forms_are_those_of_go() {
        for (given, expected) in [
            ("2024-01-01T00:00:00Z", Some("2024-01-01T00:00:00Z")),
            ("2024-01-01T00:00:00+00:00", Some("2024-01-01T00:00:00Z")),
            ("2024-01-01T00:00:00.120+02:00", Some("2024-01-01T00:00:00.12+02:00")),
            ("2024-01-01T00:00:00.000Z", Some("2024-01-01T00:00:00Z")),
            ("2024-01-01T00:00:00.Z", None),
            ("2024-01-01 00:00:00Z", None),
            ("2024-13-01T00:00:00Z", None),
            ("2024-01-01T00:00:00", None),
            ("2024-01-01T00:00:00+0200", None),
            ("é024-01-01T00:00:00Z", None),
        ] {
            assert_eq!(normalize(given).as_deref(), expected, "{given}");
        }
        assert_eq!(to_seconds("2024-01-01T00:00:00.12+00:00").as_deref(), Some("2024-01-01T00:00:00Z"));
    }
}
