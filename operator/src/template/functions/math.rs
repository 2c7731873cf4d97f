//! Arithmetic. Values of any type are read as integers or floats, as the `cast` library does; what cannot be read is 0.

use super::Type::{Any, Float, Int, Text};
use super::{Arguments, Function, Value, fixed, variadic};
use crate::template::fault::Fault;
use crate::template::host::Host;
use crate::template::number::{parse_float, parse_int};
use crate::template::print::print;

mod decimal;

use decimal::Decimal;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("atoi", &[Text], |_, mut arguments| Ok(Value::Int(saturating(&arguments.text().lossy())))),
    fixed("int", &[Any], |_, mut arguments| Ok(Value::Int(to_int(&arguments.value())))),
    fixed("int64", &[Any], |_, mut arguments| Ok(Value::Int64(to_int(&arguments.value())))),
    fixed("float64", &[Any], |_, mut arguments| Ok(Value::Float(to_float(&arguments.value())))),
    fixed("toDecimal", &[Any], |host, mut arguments| {
        let text = print(host, &[arguments.value()])?;
        Ok(Value::Int64(parse_int(&String::from_utf8_lossy(&text), 8).unwrap_or(0)))
    }),
    fixed("add1", &[Any], |_, mut arguments| Ok(Value::Int64(to_int(&arguments.value()).wrapping_add(1)))),
    variadic("add", &[], Any, |_, arguments| {
        Ok(Value::Int64(arguments.rest().iter().fold(0, |sum: i64, value| sum.wrapping_add(to_int(value)))))
    }),
    fixed("sub", &[Any, Any], |_, mut arguments| {
        let (one, other) = (arguments.value(), arguments.value());
        Ok(Value::Int64(to_int(&one).wrapping_sub(to_int(&other))))
    }),
    fixed("div", &[Any, Any], |_, arguments| divide(arguments, i64::wrapping_div)),
    fixed("mod", &[Any, Any], |_, arguments| divide(arguments, i64::wrapping_rem)),
    variadic("mul", &[Any], Any, |_, arguments| {
        Ok(Value::Int64(arguments.rest().iter().fold(1, |product: i64, value| product.wrapping_mul(to_int(value)))))
    }),
    variadic("max", &[Any], Any, |_, arguments| Ok(best(arguments, i64::max))),
    variadic("biggest", &[Any], Any, |_, arguments| Ok(best(arguments, i64::max))),
    variadic("min", &[Any], Any, |_, arguments| Ok(best(arguments, i64::min))),
    variadic("maxf", &[Any], Any, |_, arguments| Ok(best_float(arguments, f64::max))),
    variadic("minf", &[Any], Any, |_, arguments| Ok(best_float(arguments, f64::min))),
    fixed("floor", &[Any], |_, mut arguments| Ok(Value::Float(to_float(&arguments.value()).floor()))),
    fixed("ceil", &[Any], |_, mut arguments| Ok(Value::Float(to_float(&arguments.value()).ceil()))),
    variadic("round", &[Any, Int], Float, |_, arguments| Ok(round(arguments))),
    fixed("add1f", &[Any], |host, mut arguments| {
        let start = arguments.value();
        decimals(host, &start, &[Value::Int(1)], |one, other| Some(one.add(other)))
    }),
    variadic("addf", &[], Any, |host, arguments| {
        decimals(host, &Value::Float(0.0), &arguments.rest(), |one, other| Some(one.add(other)))
    }),
    variadic("subf", &[Any], Any, |host, mut arguments| {
        let start = arguments.value();
        decimals(host, &start, &arguments.rest(), |one, other| Some(one.sub(other)))
    }),
    variadic("mulf", &[Any], Any, |host, mut arguments| {
        let start = arguments.value();
        decimals(host, &start, &arguments.rest(), |one, other| Some(one.mul(other)))
    }),
    variadic("divf", &[Any], Any, |host, mut arguments| {
        let start = arguments.value();
        decimals(host, &start, &arguments.rest(), Decimal::div)
    }),
    fixed("until", &[Int], |host, mut arguments| {
        let count = arguments.int();
        Ok(Value::ints(steps(host, 0, count, if count < 0 { -1 } else { 1 })?))
    }),
    fixed("untilStep", &[Int, Int, Int], |host, mut arguments| {
        let (start, end, step) = (arguments.int(), arguments.int(), arguments.int());
        Ok(Value::ints(steps(host, start, end, step)?))
    }),
    variadic("seq", &[], Int, sequence),
];

/// `strconv.Atoi` with its error passed over: 0 for what is no number, the nearest for what is too large.
pub(super) fn saturating(text: &str) -> i64 {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let limit = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    parse_int(text, 10).unwrap_or(limit)
}

/// `cast.ToInt64`.
pub(super) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) | Value::Named(_, _, number) => *number,
        Value::Uint64(number) => number.cast_signed(),
        Value::Byte(number) => i64::from(*number),
        Value::Float(number) => truncated(*number),
        Value::Bool(flag) => i64::from(*flag),
        Value::Text(text) => parse_int(without_zero_decimals(&text.lossy()), 0).unwrap_or(0),
        _ => 0,
    }
}

/// How the processors that Go runs on convert what does not fit.
#[expect(clippy::cast_possible_truncation, reason = "the range was looked at")]
fn truncated(number: f64) -> i64 {
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number) { number as i64 } else { i64::MIN }
}

/// A text without a point and the zeros after it.
fn without_zero_decimals(text: &str) -> &str {
    let before = text.trim_end_matches('0');
    if before.len() < text.len() { before.strip_suffix('.').unwrap_or(text) } else { text }
}

/// `cast.ToFloat64`.
pub(super) fn to_float(value: &Value) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "as Go converts")]
    match value {
        Value::Float(number) => *number,
        Value::Uint64(number) => *number as f64,
        Value::Text(text) => parse_float(&text.lossy()).unwrap_or(0.0),
        other => to_int(other) as f64,
    }
}

fn divide(mut arguments: Arguments, operation: fn(i64, i64) -> i64) -> Result<Value, Fault> {
    let (one, other) = (arguments.value(), arguments.value());
    match to_int(&other) {
        0 => Err(Fault::new("division by zero")),
        divisor => Ok(Value::Int64(operation(to_int(&one), divisor))),
    }
}

fn best(arguments: Arguments, choose: fn(i64, i64) -> i64) -> Value {
    Value::Int64(arguments.rest().iter().map(to_int).reduce(choose).unwrap_or(0))
}

fn best_float(arguments: Arguments, choose: fn(f64, f64) -> f64) -> Value {
    let chosen = arguments
        .rest()
        .iter()
        .map(to_float)
        .reduce(|one, other| if one.is_nan() || other.is_nan() { f64::NAN } else { choose(one, other) });
    Value::Float(chosen.unwrap_or(0.0))
}

fn round(mut arguments: Arguments) -> Value {
    let (value, places) = (to_float(&arguments.value()), arguments.int());
    let limit = match arguments.rest().first() {
        Some(Value::Float(limit)) => *limit,
        _ => 0.5,
    };
    let places = i32::try_from(places.clamp(-400, 400)).unwrap_or(0);
    let power = if places < 0 { 1.0 / 10f64.powi(-places) } else { 10f64.powi(places) };
    let shifted = power * value;
    let fraction = if shifted.is_infinite() { f64::NAN } else { shifted.fract() };
    let rounded = if fraction >= limit { shifted.ceil() } else { shifted.floor() };
    Value::Float(rounded / power)
}

fn decimals(
    host: &mut Host<'_>,
    start: &Value,
    values: &[Value],
    operation: fn(&Decimal, &Decimal) -> Option<Decimal>,
) -> Result<Value, Fault> {
    let read = |value: &Value| Decimal::from_float(to_float(value)).ok_or_else(|| Fault::new("not a finite number"));
    let mut result = read(start)?;
    for value in values {
        host.spend(1 + result.digits() / 8)?;
        result = operation(&result, &read(value)?).ok_or_else(|| Fault::new("division by zero"))?;
    }
    Ok(Value::Float(result.to_float()))
}

/// From `start` on, before `end`.
fn steps(host: &mut Host<'_>, start: i64, end: i64, step: i64) -> Result<Vec<i64>, Fault> {
    let distance = i128::from(end) - i128::from(start);
    if step == 0 || (distance < 0) != (step < 0) || distance == 0 {
        return Ok(Vec::new());
    }
    let count = (distance.abs() - 1) / i128::from(step).abs() + 1;
    host.spend(usize::try_from(count).unwrap_or(usize::MAX))?;
    let mut values = Vec::new();
    let mut next = start;
    for _ in 0..count {
        values.push(next);
        next = next.wrapping_add(step);
    }
    Ok(values)
}

fn sequence(host: &mut Host<'_>, arguments: Arguments) -> Result<Value, Fault> {
    let numbers = arguments.rest_ints();
    let values = match *numbers.as_slice() {
        [end] => {
            let step = if end < 1 { -1 } else { 1 };
            steps(host, 1, end.wrapping_add(step), step)?
        }
        [start, end] => {
            let step = if end < start { -1 } else { 1 };
            steps(host, start, end.wrapping_add(step), step)?
        }
        [start, step, end] if end < start && step > 0 => Vec::new(),
        [start, step, end] => steps(host, start, end.wrapping_add(if end < start { -1 } else { 1 }), step)?,
        _ => Vec::new(),
    };
    let texts: Vec<String> = values.iter().map(i64::to_string).collect();
    Ok(Value::text(texts.join(" ")))
}
