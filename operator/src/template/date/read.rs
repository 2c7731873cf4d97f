//! Reads a time by a layout, as Go's `time.ParseInLocation` does.

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

use super::layout::{Part, next_part};
use super::{MONTHS, Moment, WEEKDAYS, Zone};

#[derive(Default)]
struct Found {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
    year_day: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone_name: String,
}

/// The moment that a text tells; `None` if it does not follow the layout. Without a zone it is told in UTC.
pub(in super::super) fn read(layout: &str, text: &str) -> Option<Moment> {
    let (mut layout, mut text) = (layout, text);
    let mut found = Found::default();
    loop {
        let (before, part, after) = next_part(layout);
        text = skip(text, before)?;
        layout = after;
        let Some(part) = part else { break };
        text = found.take(part, text, layout)?;
    }
    if text.is_empty() { found.finish() } else { None }
}

/// Passes over literal text, in which any spaces match any others.
fn skip<'a>(mut text: &'a str, mut literal: &str) -> Option<&'a str> {
    while let Some(first) = literal.chars().next() {
        if first == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return None;
            }
            (literal, text) = (literal.trim_start_matches(' '), text.trim_start_matches(' '));
            continue;
        }
        text = text.strip_prefix(first)?;
        literal = literal.get(first.len_utf8()..)?;
    }
    Some(text)
}

/// A number of one or two digits; exactly two if `fixed`.
fn number(text: &str, fixed: bool) -> Option<(i8, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if digits == 0 || (fixed && digits < 2) {
        return None;
    }
    let (digits, rest) = text.split_at_checked(digits)?;
    Some((digits.parse().ok()?, rest))
}

fn bounded(text: &str, fixed: bool, most: i8) -> Option<(i8, &str)> {
    number(text, fixed).filter(|(value, _)| *value <= most)
}

/// The index of a name that the text starts with, whatever its case.
fn name<'a>(text: &'a str, names: &[&str], length: Option<usize>) -> Option<(usize, &'a str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let name = name.get(..length.unwrap_or(name.len()))?;
        let (start, rest) = text.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some((index, rest))
    })
}

impl Found {
    fn take<'a>(&mut self, part: Part, text: &'a str, layout: &str) -> Option<&'a str> {
        let rest = match part {
            Part::Year | Part::LongYear => self.year(part, text)?,
            Part::LongMonth | Part::Month => {
                let (index, rest) = name(text, &MONTHS, (part == Part::Month).then_some(3))?;
                self.month = i8::try_from(index + 1).ok();
                rest
            }
            Part::NumMonth | Part::ZeroMonth => {
                let (month, rest) = bounded(text, part == Part::ZeroMonth, 12).filter(|(month, _)| *month > 0)?;
                self.month = Some(month);
                rest
            }
            Part::LongWeekday => name(text, &WEEKDAYS, None)?.1,
            Part::Weekday => name(text, &WEEKDAYS, Some(3))?.1,
            Part::Day | Part::UnderDay | Part::ZeroDay => {
                let text = if part == Part::UnderDay { text.strip_prefix(' ').unwrap_or(text) } else { text };
                let (day, rest) = number(text, part == Part::ZeroDay)?;
                self.day = Some(day);
                rest
            }
            Part::UnderYearDay | Part::ZeroYearDay => self.year_day(part, text)?,
            Part::Hour => keep(&mut self.hour, bounded(text, false, 23)?),
            Part::Hour12 | Part::ZeroHour12 => keep(&mut self.hour, bounded(text, part == Part::ZeroHour12, 12)?),
            Part::Minute | Part::ZeroMinute => keep(&mut self.minute, bounded(text, part == Part::ZeroMinute, 59)?),
            Part::Second | Part::ZeroSecond => {
                let rest = keep(&mut self.second, bounded(text, part == Part::ZeroSecond, 59)?);
                self.unasked_fraction(rest, layout)?
            }
            Part::UpperPm | Part::LowerPm => self.half(part, text)?,
            Part::ZoneName => self.zone_name(text)?,
            Part::Offset(is_z, shape) => self.offset(is_z, shape, text)?,
            Part::Fraction(digits, trims, _) => self.fraction(digits, trims, text)?,
        };
        Some(rest)
    }

    fn year<'a>(&mut self, part: Part, text: &'a str) -> Option<&'a str> {
        let length = if part == Part::Year { 2 } else { 4 };
        let (digits, rest) = text.split_at_checked(length)?;
        if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let year: i16 = digits.parse().ok()?;
        self.year = match part {
            Part::Year if year >= 69 => year + 1900,
            Part::Year => year + 2000,
            _ => year,
        };
        Some(rest)
    }

    fn year_day<'a>(&mut self, part: Part, text: &'a str) -> Option<&'a str> {
        let spaces = text.len() - text.trim_start_matches(' ').len();
        let skipped = if part == Part::UnderYearDay { spaces.min(2) } else { 0 };
        let text = text.get(skipped..)?;
        let digits = text.bytes().take(3).take_while(u8::is_ascii_digit).count();
        if digits == 0 || (part == Part::ZeroYearDay && digits < 3) {
            return None;
        }
        let (digits, rest) = text.split_at_checked(digits)?;
        self.year_day = Some(digits.parse().ok()?);
        Some(rest)
    }

    /// A fraction after the seconds is read even where the layout has none.
    fn unasked_fraction<'a>(&mut self, text: &'a str, layout: &str) -> Option<&'a str> {
        if matches!(next_part(layout), (_, Some(Part::Fraction(..)), _)) {
            return Some(text);
        }
        self.fraction(0, true, text)
    }

    fn half<'a>(&mut self, part: Part, text: &'a str) -> Option<&'a str> {
        let (half, rest) = text.split_at_checked(2)?;
        self.afternoon = match (part, half) {
            (Part::UpperPm, "PM") | (Part::LowerPm, "pm") => Some(true),
            (Part::UpperPm, "AM") | (Part::LowerPm, "am") => Some(false),
            _ => return None,
        };
        Some(rest)
    }

    fn fraction<'a>(&mut self, digits: usize, trims: bool, text: &'a str) -> Option<&'a str> {
        let after = text.strip_prefix(['.', ',']);
        let present = after.map_or(0, |after| after.bytes().take_while(u8::is_ascii_digit).count());
        if trims && present == 0 {
            return Some(text);
        }
        let count = if trims { present } else { digits };
        let (digits, rest) = after?.split_at_checked(count).filter(|_| present >= count)?;
        self.nanosecond = format!("{digits:0<9}").get(..9)?.parse().ok()?;
        Some(rest)
    }

    fn offset<'a>(&mut self, is_z: bool, shape: &str, text: &'a str) -> Option<&'a str> {
        if let Some(rest) = text.strip_prefix('Z').filter(|_| is_z) {
            self.utc = true;
            return Some(rest);
        }
        let sign = if text.starts_with('-') { -1 } else { 1 };
        let (digits, rest) = text.strip_prefix(['+', '-'])?.split_at_checked(shape.len())?;
        let fits = digits
            .bytes()
            .zip(shape.bytes())
            .all(|(digit, place)| if place == b':' { digit == b':' } else { digit.is_ascii_digit() });
        let digits = digits.replace(':', "");
        let pair = |at: usize| digits.get(at..at + 2).map_or(Some(0), |pair| pair.parse::<i32>().ok());
        let (hours, minutes, seconds) = (pair(0)?, pair(2)?, pair(4)?);
        if !fits || hours > 24 || minutes > 60 || seconds > 60 {
            return None;
        }
        self.offset = Some(sign * (hours * 3600 + minutes * 60 + seconds));
        Some(rest)
    }

    fn zone_name<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        if let Some(rest) = text.strip_prefix("UTC") {
            self.utc = true;
            return Some(rest);
        }
        let (name, rest) = text.split_at_checked(zone_name_length(text)?)?;
        name.clone_into(&mut self.zone_name);
        Some(rest)
    }

    fn finish(self) -> Option<Moment> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let date = self.date()?;
        let civil: DateTime = date.at(hour, self.minute, self.second, self.nanosecond);
        let timestamp = Offset::UTC.to_timestamp(civil).ok()?;
        if self.utc {
            return Some(Moment::new(timestamp, Zone::Utc));
        }
        if let Some(offset) = self.offset {
            let zone = match (offset, self.zone_name.as_str()) {
                (0, "" | "UTC") => Zone::Utc,
                (offset, _) => Zone::Fixed(self.zone_name, offset),
            };
            return Moment::new(timestamp, zone).plus(-i64::from(offset) * 1_000_000_000);
        }
        if self.zone_name.is_empty() {
            return Some(Moment::new(timestamp, Zone::Utc));
        }
        let hours = self.zone_name.strip_prefix("GMT").filter(|hours| !hours.is_empty());
        let offset = hours.and_then(|hours| hours.parse::<i32>().ok()).unwrap_or(0) * 3600;
        Moment::new(timestamp, Zone::Fixed(self.zone_name, offset)).plus(-i64::from(offset) * 1_000_000_000)
    }

    fn date(&self) -> Option<Date> {
        let Some(year_day) = self.year_day else {
            return Date::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1)).ok();
        };
        let first = Date::new(self.year, 1, 1).ok()?;
        if year_day < 1 || year_day > first.days_in_year() {
            return None;
        }
        let date = first.checked_add(jiff::Span::new().days(year_day - 1)).ok()?;
        let agrees =
            self.month.is_none_or(|month| month == date.month()) && self.day.is_none_or(|day| day == date.day());
        agrees.then_some(date)
    }
}

fn keep<'a>(place: &mut i8, (value, rest): (i8, &'a str)) -> &'a str {
    *place = value;
    rest
}

/// How much of a text Go takes for the abbreviation of a zone.
fn zone_name_length(text: &str) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(after) = text.strip_prefix("GMT") {
        return Some(3 + signed_hours(after));
    }
    if text.starts_with(['+', '-']) {
        let length = signed_hours(text);
        return (length > 0).then_some(length);
    }
    let upper = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    let ends_in_t = |length: usize| text.as_bytes().get(length - 1) == Some(&b'T');
    match upper {
        5 if ends_in_t(5) => Some(5),
        4 if ends_in_t(4) || text.starts_with("WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The length of a sign and up to 23 hours; 0 if there is no such thing.
fn signed_hours(text: &str) -> usize {
    let Some(digits) = text.strip_prefix(['+', '-']) else { return 0 };
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    let fits = digits.get(..count).and_then(|digits| digits.parse::<u64>().ok()).is_some_and(|hours| hours < 24);
    if fits { count + 1 } else { 0 }
}
