//! Methods of times and versions, which templates call like fields.

use std::cmp::Ordering;
use std::rc::Rc;

use jiff::civil::DateTime;

use super::Type::{Moment as Time, Text, Version as Semver};
use super::{Arguments, Function, Value, fixed};
use crate::template::date::{MONTHS, Moment, WEEKDAYS, Zone, format};
use crate::template::version::Version;

/// The method of that name, whose first parameter is the value itself.
pub(in super::super) fn method(receiver: &Value, name: &str) -> Option<&'static Function> {
    let methods = match receiver {
        Value::Moment(_) => MOMENT,
        Value::Version(_) => VERSION,
        _ => return None,
    };
    methods.iter().find(|method| method.name == name)
}

/// The zero-based names of an integer type, as its value.
fn named(type_name: &'static str, names: &'static [&'static str], index: i8, number: i8) -> Value {
    let name = usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default();
    Value::Named(type_name, name, i64::from(number))
}

fn moment(mut arguments: Arguments) -> Moment {
    arguments.moment().unwrap_or_else(Moment::zero)
}

fn part(arguments: Arguments, pick: fn(DateTime) -> i64) -> Value {
    Value::Int(pick(moment(arguments).civil()))
}

fn unix(arguments: Arguments, scale: i128) -> Value {
    let count = moment(arguments).timestamp.as_nanosecond().div_euclid(scale);
    Value::Int64(i64::try_from(count).unwrap_or(i64::MAX))
}

const MOMENT: &[Function] = &[
    fixed("Year", &[Time], |_, arguments| Ok(part(arguments, |civil| i64::from(civil.year())))),
    fixed("Day", &[Time], |_, arguments| Ok(part(arguments, |civil| i64::from(civil.day())))),
    fixed("YearDay", &[Time], |_, arguments| Ok(part(arguments, |civil| i64::from(civil.date().day_of_year())))),
    fixed("Hour", &[Time], |_, arguments| Ok(part(arguments, |civil| i64::from(civil.hour())))),
    fixed("Minute", &[Time], |_, arguments| Ok(part(arguments, |civil| i64::from(civil.minute())))),
    fixed("Second", &[Time], |_, arguments| Ok(part(arguments, |civil| i64::from(civil.second())))),
    fixed("Nanosecond", &[Time], |_, arguments| Ok(part(arguments, |civil| i64::from(civil.subsec_nanosecond())))),
    fixed("Month", &[Time], |_, arguments| {
        let month = moment(arguments).civil().month();
        Ok(named("time.Month", &MONTHS, month - 1, month))
    }),
    fixed("Weekday", &[Time], |_, arguments| {
        let day = moment(arguments).civil().date().weekday().to_sunday_zero_offset();
        Ok(named("time.Weekday", &WEEKDAYS, day, day))
    }),
    fixed("Unix", &[Time], |_, arguments| Ok(unix(arguments, 1_000_000_000))),
    fixed("UnixMilli", &[Time], |_, arguments| Ok(unix(arguments, 1_000_000))),
    fixed("UnixMicro", &[Time], |_, arguments| Ok(unix(arguments, 1_000))),
    fixed("UnixNano", &[Time], |_, arguments| Ok(unix(arguments, 1))),
    fixed("UTC", &[Time], |_, arguments| Ok(Value::Moment(Moment { zone: Zone::Utc, ..moment(arguments) }))),
    fixed("IsZero", &[Time], |_, arguments| Ok(Value::Bool(moment(arguments).timestamp == Moment::zero().timestamp))),
    fixed("String", &[Time], |_, arguments| Ok(Value::text(moment(arguments).to_string()))),
    fixed("Format", &[Time, Text], |host, mut arguments| {
        let (moment, layout) = (arguments.moment().unwrap_or_else(Moment::zero), arguments.text());
        host.reserve(layout.bytes().len().saturating_mul(9))?;
        Ok(Value::text(format(&moment, &layout.lossy())))
    }),
    fixed("Before", &[Time, Time], |_, arguments| Ok(Value::Bool(order(arguments) == Ordering::Less))),
    fixed("After", &[Time, Time], |_, arguments| Ok(Value::Bool(order(arguments) == Ordering::Greater))),
    fixed("Equal", &[Time, Time], |_, arguments| Ok(Value::Bool(order(arguments) == Ordering::Equal))),
];

fn order(mut arguments: Arguments) -> Ordering {
    let moments = (arguments.moment(), arguments.moment());
    moments.0.map(|moment| moment.timestamp).cmp(&moments.1.map(|moment| moment.timestamp))
}

fn version(arguments: &mut Arguments) -> Option<Rc<Version>> {
    if let Value::Version(version) = arguments.value() { Some(version) } else { None }
}

fn of(mut arguments: Arguments, pick: fn(&Version) -> Value) -> Value {
    version(&mut arguments).map_or(Value::Absent, |version| pick(&version))
}

const VERSION: &[Function] = &[
    fixed("Major", &[Semver], |_, arguments| Ok(of(arguments, |version| Value::Uint64(version.major)))),
    fixed("Minor", &[Semver], |_, arguments| Ok(of(arguments, |version| Value::Uint64(version.minor)))),
    fixed("Patch", &[Semver], |_, arguments| Ok(of(arguments, |version| Value::Uint64(version.patch)))),
    fixed("Prerelease", &[Semver], |_, arguments| {
        Ok(of(arguments, |version| Value::text(version.prerelease.as_str())))
    }),
    fixed("Metadata", &[Semver], |_, arguments| Ok(of(arguments, |version| Value::text(version.metadata.as_str())))),
    fixed("Original", &[Semver], |_, arguments| Ok(of(arguments, |version| Value::text(version.original.as_str())))),
    fixed("String", &[Semver], |_, arguments| Ok(of(arguments, |version| Value::text(version.to_string())))),
    fixed("IncMajor", &[Semver], |_, arguments| Ok(of(arguments, |version| Value::Version(Rc::new(version.next(0)))))),
    fixed("IncMinor", &[Semver], |_, arguments| Ok(of(arguments, |version| Value::Version(Rc::new(version.next(1)))))),
    fixed("IncPatch", &[Semver], |_, arguments| Ok(of(arguments, |version| Value::Version(Rc::new(version.next(2)))))),
    fixed("Compare", &[Semver, Semver], |_, arguments| Ok(Value::Int(compared(arguments)))),
    fixed("Equal", &[Semver, Semver], |_, arguments| Ok(Value::Bool(compared(arguments) == 0))),
    fixed("LessThan", &[Semver, Semver], |_, arguments| Ok(Value::Bool(compared(arguments) < 0))),
    fixed("GreaterThan", &[Semver, Semver], |_, arguments| Ok(Value::Bool(compared(arguments) > 0))),
    fixed("LessThanEqual", &[Semver, Semver], |_, arguments| Ok(Value::Bool(compared(arguments) <= 0))),
    fixed("GreaterThanEqual", &[Semver, Semver], |_, arguments| Ok(Value::Bool(compared(arguments) >= 0))),
];

fn compared(mut arguments: Arguments) -> i64 {
    let versions = (version(&mut arguments), version(&mut arguments));
    let order = versions.0.zip(versions.1).map_or(Ordering::Equal, |(one, other)| one.compare(&other));
    order as i64
}
