//! A moment and the zone it is told in: `time.Time` of Go, as far as templates see it.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

pub(super) mod duration;
mod layout;
mod read;

pub(super) use layout::format;
pub(super) use read::read;

/// The zone a moment is told in.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Zone {
    Utc,
    /// A zone of the database, or that of the machine.
    Known(TimeZone),
    /// An offset in seconds with whatever name stood beside it.
    Fixed(String, i32),
}

/// A moment.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) timestamp: Timestamp,
    pub(super) zone: Zone,
}

impl Zone {
    /// The zone of that name: `UTC`, an empty name, `Local` (the operator's own is UTC), or one of the database.
    pub(super) fn named(name: &str) -> Option<Zone> {
        if matches!(name, "" | "UTC" | "Local") {
            return Some(Zone::Utc);
        }
        let zone = TimeZone::get(name).ok()?;
        (zone.iana_name() == Some(name)).then_some(Zone::Known(zone))
    }

    /// Offset from UTC in seconds and the abbreviation.
    pub(super) fn at(&self, timestamp: Timestamp) -> (i32, String) {
        match self {
            Zone::Utc => (0, "UTC".to_owned()),
            Zone::Known(zone) => {
                let info = zone.to_offset_info(timestamp);
                (info.offset().seconds(), info.abbreviation().to_owned())
            }
            Zone::Fixed(name, offset) => (*offset, name.clone()),
        }
    }
}

impl Moment {
    pub(super) fn new(timestamp: Timestamp, zone: Zone) -> Moment {
        Moment { timestamp, zone }
    }

    /// Go's zero time: the first moment of the year 1.
    pub(super) fn zero() -> Moment {
        Moment::new(Timestamp::from_second(-62_135_596_800).unwrap_or(Timestamp::MIN), Zone::Utc)
    }

    /// Date and time of day where the moment is told.
    pub(super) fn civil(&self) -> DateTime {
        let (offset, _) = self.zone.at(self.timestamp);
        Offset::from_seconds(offset).unwrap_or(Offset::UTC).to_datetime(self.timestamp)
    }

    pub(super) fn plus(&self, nanoseconds: i64) -> Option<Moment> {
        let timestamp = self.timestamp.checked_add(SignedDuration::from_nanos(nanoseconds)).ok()?;
        Some(Moment::new(timestamp, self.zone.clone()))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&format(self, "2006-01-02 15:04:05.999999999 -0700 MST"))
    }
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From Sunday on.
pub(super) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
