//! Times and durations.

use jiff::Timestamp;

use super::Type::{Any, Moment as Time, Text};
use super::{Arguments, Function, Value, fixed};
use crate::template::date::{Moment, Zone, duration, format, read};
use crate::template::fault::Fault;
use crate::template::host::Host;

const DAY: &str = "2006-01-02";

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("now", &[], |host, _| Ok(Value::Moment(Moment::new(host.now, Zone::Utc)))),
    fixed("date", &[Text, Any], |host, mut arguments| {
        let (layout, date) = (arguments.text(), arguments.value());
        shown(host, &layout.lossy(), &date, "Local")
    }),
    fixed("dateInZone", &[Text, Any, Text], date_in_zone),
    fixed("date_in_zone", &[Text, Any, Text], date_in_zone),
    fixed("htmlDate", &[Any], |host, mut arguments| shown(host, DAY, &arguments.value(), "Local")),
    fixed("htmlDateInZone", &[Any, Text], |host, mut arguments| {
        let (date, zone) = (arguments.value(), arguments.text());
        shown(host, DAY, &date, &zone.lossy())
    }),
    fixed("dateModify", &[Text, Time], |_, arguments| modified(arguments, false)),
    fixed("date_modify", &[Text, Time], |_, arguments| modified(arguments, false)),
    fixed("mustDateModify", &[Text, Time], |_, arguments| modified(arguments, true)),
    fixed("must_date_modify", &[Text, Time], |_, arguments| modified(arguments, true)),
    fixed("toDate", &[Text, Text], |_, mut arguments| {
        let (layout, text) = (arguments.text(), arguments.text());
        Ok(Value::Moment(read(&layout.lossy(), &text.lossy()).unwrap_or_else(Moment::zero)))
    }),
    fixed("mustToDate", &[Text, Text], |_, mut arguments| {
        let (layout, text) = (arguments.text(), arguments.text());
        let moment = read(&layout.lossy(), &text.lossy());
        moment.map(Value::Moment).ok_or_else(|| Fault::new("a time does not follow its layout"))
    }),
    fixed("unixEpoch", &[Time], |_, mut arguments| {
        let seconds = arguments.moment().map_or(0, |moment| moment.timestamp.as_nanosecond().div_euclid(1_000_000_000));
        Ok(Value::text(seconds.to_string()))
    }),
    fixed("ago", &[Any], |host, mut arguments| {
        let moment = moment_of(host, &arguments.value())?;
        let passed = since(host, moment.timestamp);
        // Half a second and more counts as a whole one.
        let seconds = (passed.abs() + 500_000_000) / 1_000_000_000 * passed.signum();
        Ok(Value::text(duration::format(seconds.saturating_mul(1_000_000_000))))
    }),
    fixed("duration", &[Any], |_, mut arguments| {
        let seconds = match arguments.value() {
            Value::Text(text) => super::math::saturating(&text.lossy()),
            Value::Int64(seconds) => seconds,
            _ => 0,
        };
        Ok(Value::text(duration::format(seconds.wrapping_mul(1_000_000_000))))
    }),
    fixed("durationRound", &[Any], |host, mut arguments| {
        let nanoseconds = match arguments.value() {
            Value::Text(text) => duration::parse(&text.lossy()).unwrap_or(0),
            Value::Int64(nanoseconds) => nanoseconds,
            Value::Moment(moment) => since(host, moment.timestamp),
            _ => 0,
        };
        Ok(Value::text(rounded(nanoseconds.unsigned_abs())))
    }),
];

fn date_in_zone(host: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let (layout, date, zone) = (arguments.text(), arguments.value(), arguments.text());
    shown(host, &layout.lossy(), &date, &zone.lossy())
}

/// A time, a number of seconds since 1970, or for anything else the present.
fn moment_of(host: &Host<'_>, value: &Value) -> Result<Moment, Fault> {
    match value {
        Value::Moment(moment) => Ok(moment.clone()),
        Value::Int(seconds) | Value::Int64(seconds) => {
            let timestamp = Timestamp::from_second(*seconds).map_err(|_| Fault::new("a time is out of range"))?;
            Ok(Moment::new(timestamp, Zone::Utc))
        }
        _ => Ok(Moment::new(host.now, Zone::Utc)),
    }
}

/// An unknown zone is taken for UTC.
fn shown(host: &mut Host<'_>, layout: &str, date: &Value, zone: &str) -> Result<Value, Fault> {
    host.reserve(layout.len().saturating_mul(9))?;
    let moment = Moment { zone: Zone::named(zone).unwrap_or(Zone::Utc), ..moment_of(host, date)? };
    Ok(Value::text(format(&moment, layout)))
}

fn modified(mut arguments: Arguments, strict: bool) -> Result<Value, Fault> {
    let (text, moment) = (arguments.text(), arguments.moment().unwrap_or_else(Moment::zero));
    match duration::parse(&text.lossy()) {
        Some(nanoseconds) => {
            let moment = moment.plus(nanoseconds).ok_or_else(|| Fault::new("a time is out of range"))?;
            Ok(Value::Moment(moment))
        }
        None if strict => Err(Fault::new("not a duration")),
        None => Ok(Value::Moment(moment)),
    }
}

/// Nanoseconds that have passed, as far as 64 bits go.
fn since(host: &Host<'_>, timestamp: Timestamp) -> i64 {
    let passed = host.now.as_nanosecond() - timestamp.as_nanosecond();
    i64::try_from(passed).unwrap_or(if passed < 0 { i64::MIN } else { i64::MAX })
}

/// The largest unit of which there is more than one whole.
fn rounded(nanoseconds: u64) -> String {
    const HOUR: u64 = 3_600_000_000_000;
    let units = [
        (HOUR * 24 * 365, "y"),
        (HOUR * 24 * 30, "mo"),
        (HOUR * 24, "d"),
        (HOUR, "h"),
        (HOUR / 60, "m"),
        (HOUR / 3600, "s"),
    ];
    let unit = units.iter().find(|(length, _)| nanoseconds > *length);
    unit.map_or_else(|| "0s".to_owned(), |(length, name)| format!("{}{name}", nanoseconds / length))
}
