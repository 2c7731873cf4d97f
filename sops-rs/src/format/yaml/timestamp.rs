//! Dates and times as go-yaml reads them, in the RFC 3339 form that SOPS encrypts and writes.

/// The text as RFC 3339 if it is a timestamp in one of the four layouts: date and time joined by `T` or `t` with a zone, by spaces
/// without one, or a date alone. Fields but the year may have one digit; the offset is kept, and is `Z` when it is zero.
pub(super) fn rfc3339(text: &str) -> Option<String> {
    let mut rest = Cursor(text.as_bytes());
    let year = rest.digits(4)?;
    rest.exactly(b'-')?;
    let month = rest.number(1..=12)?;
    rest.exactly(b'-')?;
    let day = rest.number(1..=31)?;
    if day > days_in(year, month) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    match rest.0.first() {
        None => Some(format!("{date}T00:00:00Z")),
        Some(b'T' | b't') => {
            rest.0 = &rest.0[1..];
            let time = rest.time()?;
            let zone = rest.zone()?;
            rest.end(format!("{date}T{time}{zone}"))
        }
        Some(b' ') => {
            while rest.exactly(b' ').is_some() {}
            let time = rest.time()?;
            rest.end(format!("{date}T{time}Z"))
        }
        Some(_) => None,
    }
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn exactly(&mut self, wanted: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        if *first != wanted {
            return None;
        }
        self.0 = rest;
        Some(())
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let digits = self.0.get(..count)?;
        let number = digits.iter().try_fold(0, |number, byte| Some(number * 10 + char::from(*byte).to_digit(10)?))?;
        self.0 = &self.0[count..];
        Some(number)
    }

    /// One digit, or two if two stand there.
    fn number(&mut self, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let count = if self.0.get(1).is_some_and(u8::is_ascii_digit) { 2 } else { 1 };
        self.digits(count).filter(|number| range.contains(number))
    }

    fn time(&mut self) -> Option<String> {
        let hour = self.number(0..=23)?;
        self.exactly(b':')?;
        let minute = self.number(0..=59)?;
        self.exactly(b':')?;
        let second = self.number(0..=59)?;
        Some(format!("{hour:02}:{minute:02}:{second:02}{}", self.fraction()))
    }

    /// Up to nine digits count, trailing zeros do not.
    fn fraction(&mut self) -> String {
        let digits = match self.0 {
            [b'.' | b',', rest @ ..] => rest.iter().take_while(|byte| byte.is_ascii_digit()).count(),
            _ => 0,
        };
        if digits == 0 {
            return String::new();
        }
        let kept: String = self.0[1..=digits].iter().take(9).map(|byte| char::from(*byte)).collect();
        self.0 = &self.0[digits + 1..];
        let kept = kept.trim_end_matches('0');
        if kept.is_empty() { String::new() } else { format!(".{kept}") }
    }

    fn zone(&mut self) -> Option<String> {
        if self.exactly(b'Z').is_some() {
            return Some("Z".to_owned());
        }
        let sign = match self.0.first()? {
            b'+' => '+',
            b'-' => '-',
            _ => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.digits(2)?;
        self.exactly(b':')?;
        let minutes = self.digits(2)?;
        // Beyond a day nothing could read the result back.
        if hours > 23 || minutes > 59 {
            return None;
        }
        Some(if hours + minutes == 0 { "Z".to_owned() } else { format!("{sign}{hours:02}:{minutes:02}") })
    }

    fn end(&self, text: String) -> Option<String> {
        self.0.is_empty().then_some(text)
    }
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}
