//! Go's durations: whole nanoseconds in 64 bits, written as `1h2m3.5s`.

const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// `time.ParseDuration`.
pub(in super::super) fn parse(text: &str) -> Option<i64> {
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number = rest.len() - rest.trim_start_matches(|next: char| next.is_ascii_digit() || next == '.').len();
        let (number, after) = rest.split_at_checked(number)?;
        let unit = after.find(|next: char| next.is_ascii_digit() || next == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit)?;
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(scaled(number, *scale)?)?;
        if total > i128::from(i64::MAX) + 1 {
            return None;
        }
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

fn scaled(number: &str, scale: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let value = whole.checked_mul(scale)?;
    // Digits beyond what 63 bits hold are not read, as in Go.
    let mut numerator: i128 = 0;
    let mut denominator = 1f64;
    for digit in fraction.bytes() {
        if numerator > i128::from(i64::MAX) / 10 {
            break;
        }
        numerator = numerator * 10 + i128::from(digit - b'0');
        denominator *= 10.0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "as Go computes it")]
    let part = (numerator as f64 * (scale as f64 / denominator)) as i128;
    value.checked_add(part)
}

/// `Duration.String`.
pub(in super::super) fn format(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let total = nanoseconds.unsigned_abs();
    if total == 0 {
        return "0s".to_owned();
    }
    let small = [(1_000u64, "ns", 1u64), (1_000_000, "µs", 1_000), (1_000_000_000, "ms", 1_000_000)];
    if let Some((_, unit, scale)) = small.iter().find(|(below, _, _)| total < *below) {
        return format!("{sign}{}{unit}", decimal(total / scale, total % scale, *scale));
    }
    let seconds = total / 1_000_000_000;
    let part = decimal(seconds % 60, total % 1_000_000_000, 1_000_000_000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{part}s"),
        (0, minutes) => format!("{sign}{minutes}m{part}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{part}s"),
    }
}

fn decimal(whole: u64, part: u64, scale: u64) -> String {
    if part == 0 {
        return whole.to_string();
    }
    let width = scale.ilog10() as usize;
    let digits = format!("{part:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}
