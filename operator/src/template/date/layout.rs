//! Go's layouts: the reference time `Mon Jan 2 15:04:05 MST 2006` in the shape that is wanted.

use jiff::civil::DateTime;

use super::{MONTHS, Moment, WEEKDAYS};

/// One element of a layout.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    /// An offset: whether UTC is `Z`, the shape after the sign.
    Offset(bool, &'static str),
    /// A fraction of a second: the digits, whether trailing zeros go, the mark before it.
    Fraction(usize, bool, char),
}

/// What stands before the next element, the element, and what follows.
pub(super) fn next_part(layout: &str) -> (&str, Option<Part>, &str) {
    for (at, _) in layout.char_indices() {
        let rest = layout.get(at..).unwrap_or_default();
        if let Some((skip, part, length)) = part_at(rest) {
            let before = layout.get(..at + skip).unwrap_or_default();
            return (before, Some(part), rest.get(skip + length..).unwrap_or_default());
        }
    }
    (layout, None, "")
}

const OFFSETS: [&str; 5] = ["070000", "07:00:00", "0700", "07:00", "07"];

/// An element at the start: what of it is text after all, the element, its length.
fn part_at(rest: &str) -> Option<(usize, Part, usize)> {
    let simple = |part, length| Some((0, part, length));
    let goes_on =
        |length: usize| rest.get(length..).is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_lowercase()));
    match rest.chars().next()? {
        'J' if rest.starts_with("January") => simple(Part::LongMonth, 7),
        'J' if rest.starts_with("Jan") && !goes_on(3) => simple(Part::Month, 3),
        'M' if rest.starts_with("Monday") => simple(Part::LongWeekday, 6),
        'M' if rest.starts_with("Mon") && !goes_on(3) => simple(Part::Weekday, 3),
        'M' if rest.starts_with("MST") => simple(Part::ZoneName, 3),
        '0' => zero_part(rest),
        '1' if rest.starts_with("15") => simple(Part::Hour, 2),
        '1' => simple(Part::NumMonth, 1),
        '2' if rest.starts_with("2006") => simple(Part::LongYear, 4),
        '2' => simple(Part::Day, 1),
        '_' if rest.starts_with("_2006") => Some((1, Part::LongYear, 4)),
        '_' if rest.starts_with("_2") => simple(Part::UnderDay, 2),
        '_' if rest.starts_with("__2") => simple(Part::UnderYearDay, 3),
        '3' => simple(Part::Hour12, 1),
        '4' => simple(Part::Minute, 1),
        '5' => simple(Part::Second, 1),
        'P' if rest.starts_with("PM") => simple(Part::UpperPm, 2),
        'p' if rest.starts_with("pm") => simple(Part::LowerPm, 2),
        sign @ ('-' | 'Z') => {
            let shape = OFFSETS.iter().find(|shape| rest.get(1..).is_some_and(|rest| rest.starts_with(**shape)))?;
            simple(Part::Offset(sign == 'Z', shape), shape.len() + 1)
        }
        mark @ ('.' | ',') => {
            let digits = rest.get(1..).unwrap_or_default();
            let first = digits.chars().next().filter(|digit| matches!(digit, '0' | '9'))?;
            let count = digits.len() - digits.trim_start_matches(first).len();
            let ends = !digits.get(count..).is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()));
            ends.then_some((0, Part::Fraction(count, first == '9', mark), count + 1))
        }
        _ => None,
    }
}

fn zero_part(rest: &str) -> Option<(usize, Part, usize)> {
    let part = match rest.as_bytes().get(1)? {
        b'1' => Part::ZeroMonth,
        b'2' => Part::ZeroDay,
        b'3' => Part::ZeroHour12,
        b'4' => Part::ZeroMinute,
        b'5' => Part::ZeroSecond,
        b'6' => Part::Year,
        b'0' if rest.starts_with("002") => return Some((0, Part::ZeroYearDay, 3)),
        _ => return None,
    };
    Some((0, part, 2))
}

/// `Time.Format`.
pub(in super::super) fn format(moment: &Moment, layout: &str) -> String {
    let mut out = String::new();
    let mut rest = layout;
    let civil = moment.civil();
    loop {
        let (before, part, after) = next_part(rest);
        out.push_str(before);
        let Some(part) = part else { return out };
        out.push_str(&written(part, civil, moment));
        rest = after;
    }
}

fn written(part: Part, civil: DateTime, moment: &Moment) -> String {
    let month = usize::try_from(civil.month() - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default();
    let weekday = usize::try_from(civil.date().weekday().to_sunday_zero_offset());
    let weekday = weekday.ok().and_then(|at| WEEKDAYS.get(at)).copied().unwrap_or_default();
    let short = |name: &str| name.get(..3).unwrap_or_default().to_owned();
    let hour = if civil.hour() % 12 == 0 { 12 } else { civil.hour() % 12 };
    match part {
        Part::LongMonth => month.to_owned(),
        Part::Month => short(month),
        Part::NumMonth => civil.month().to_string(),
        Part::ZeroMonth => format!("{:02}", civil.month()),
        Part::LongWeekday => weekday.to_owned(),
        Part::Weekday => short(weekday),
        Part::Day => civil.day().to_string(),
        Part::UnderDay => format!("{:2}", civil.day()),
        Part::ZeroDay => format!("{:02}", civil.day()),
        Part::UnderYearDay => format!("{:3}", civil.date().day_of_year()),
        Part::ZeroYearDay => format!("{:03}", civil.date().day_of_year()),
        Part::Hour => format!("{:02}", civil.hour()),
        Part::Hour12 => hour.to_string(),
        Part::ZeroHour12 => format!("{hour:02}"),
        Part::Minute => civil.minute().to_string(),
        Part::ZeroMinute => format!("{:02}", civil.minute()),
        Part::Second => civil.second().to_string(),
        Part::ZeroSecond => format!("{:02}", civil.second()),
        Part::LongYear if civil.year() < 0 => format!("-{:04}", civil.year().unsigned_abs()),
        Part::LongYear => format!("{:04}", civil.year()),
        Part::Year => format!("{:02}", civil.year().rem_euclid(100)),
        Part::UpperPm => if civil.hour() >= 12 { "PM" } else { "AM" }.to_owned(),
        Part::LowerPm => if civil.hour() >= 12 { "pm" } else { "am" }.to_owned(),
        Part::ZoneName => zone_name(moment),
        Part::Offset(is_z, shape) => offset(is_z, shape, moment.zone.at(moment.timestamp).0),
        Part::Fraction(digits, trims, mark) => fraction(digits, trims, mark, civil.subsec_nanosecond()),
    }
}

fn zone_name(moment: &Moment) -> String {
    let (offset, name) = moment.zone.at(moment.timestamp);
    if !name.is_empty() {
        return name;
    }
    // Without an abbreviation Go shows the offset in minutes.
    let minutes = offset / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

fn offset(is_z: bool, shape: &str, offset: i32) -> String {
    if is_z && offset == 0 {
        return "Z".to_owned();
    }
    // The sign is that of the whole minutes.
    let sign = if offset / 60 < 0 { '-' } else { '+' };
    let (hours, minutes, seconds) = (offset.abs() / 3600, offset.abs() / 60 % 60, offset.abs() % 60);
    match shape {
        "07" => format!("{sign}{hours:02}"),
        "0700" => format!("{sign}{hours:02}{minutes:02}"),
        "07:00" => format!("{sign}{hours:02}:{minutes:02}"),
        "070000" => format!("{sign}{hours:02}{minutes:02}{seconds:02}"),
        _ => format!("{sign}{hours:02}:{minutes:02}:{seconds:02}"),
    }
}

fn fraction(digits: usize, trims: bool, mark: char, nanoseconds: i32) -> String {
    let mut text = format!("{nanoseconds:09}");
    text.truncate(digits.min(9));
    text.push_str(&"0".repeat(digits.saturating_sub(9).min(1000)));
    if trims {
        text.truncate(text.trim_end_matches('0').len());
    }
    if trims && text.is_empty() { text } else { format!("{mark}{text}") }
}
