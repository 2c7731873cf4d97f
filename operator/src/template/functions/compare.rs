//! Comparisons: values of one kind compare, integers of any width do, everything else is an error.

use super::Type::Reflect;
use super::{Arguments, Function, Value, fixed, variadic};
use crate::template::fault::Fault;
use crate::template::host::Host;

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("eq", &[Reflect], Reflect, |_, mut arguments| {
        let one = arguments.value();
        let others = arguments.rest();
        if others.is_empty() {
            return Err(Fault::new("missing argument for comparison"));
        }
        for other in &others {
            if equal(&one, other)? {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }),
    fixed("ne", &[Reflect, Reflect], |_, mut arguments| {
        let (one, other) = (arguments.value(), arguments.value());
        Ok(Value::Bool(!equal(&one, &other)?))
    }),
    fixed("lt", &[Reflect, Reflect], |host, arguments| ordered(host, arguments, |less, _| less)),
    fixed("le", &[Reflect, Reflect], |host, arguments| ordered(host, arguments, |less, equal| less || equal)),
    fixed("gt", &[Reflect, Reflect], |host, arguments| ordered(host, arguments, |less, equal| !less && !equal)),
    fixed("ge", &[Reflect, Reflect], |host, arguments| ordered(host, arguments, |less, _| !less)),
];

/// What a value compares as.
#[derive(PartialEq)]
enum Basic<'a> {
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(&'a [u8]),
    Other,
}

fn basic(value: &Value) -> Basic<'_> {
    match value {
        Value::Bool(flag) => Basic::Bool(*flag),
        Value::Int(number) | Value::Int64(number) | Value::Named(_, _, number) => Basic::Int(i128::from(*number)),
        Value::Uint64(number) => Basic::Int(i128::from(*number)),
        Value::Byte(number) => Basic::Int(i128::from(*number)),
        Value::Float(number) => Basic::Float(*number),
        Value::Text(text) => Basic::Text(text.bytes()),
        _ => Basic::Other,
    }
}

fn equal(one: &Value, other: &Value) -> Result<bool, Fault> {
    let (left, right) = (basic(one), basic(other));
    if matches!((&left, &right), (Basic::Other, Basic::Other)) {
        return equal_others(one, other);
    }
    if std::mem::discriminant(&left) != std::mem::discriminant(&right) {
        return if one.is_nil() || other.is_nil() { Ok(false) } else { Err(incomparable(one, other)) };
    }
    Ok(left == right)
}

/// Nils, and what is neither number nor text.
fn equal_others(one: &Value, other: &Value) -> Result<bool, Fault> {
    let is_nil = |value: &Value| match value {
        Value::List(list) => list.nil,
        Value::Map(map) => map.nil,
        other => other.is_nil(),
    };
    if one.kind() != other.kind() && !one.is_nil() && !other.is_nil() {
        return Err(incomparable(one, other));
    }
    if is_nil(one) || is_nil(other) {
        return Ok(is_nil(one) == is_nil(other));
    }
    match (one, other) {
        (Value::Moment(one), Value::Moment(other)) => Ok(one == other),
        (Value::Version(one), Value::Version(other)) => Ok(std::rc::Rc::ptr_eq(one, other)),
        (Value::Certificate(one), Value::Certificate(other)) => {
            Ok(one.cert.bytes() == other.cert.bytes() && one.key.bytes() == other.key.bytes())
        }
        (_, Value::List(_) | Value::Map(_)) => Err(incomparable(one, other)),
        _ => Ok(false),
    }
}

fn incomparable(one: &Value, other: &Value) -> Fault {
    Fault::new(format!("cannot compare {} with {}", one.type_name(), other.type_name()))
}

fn ordered(_: &mut Host<'_>, mut arguments: Arguments, holds: fn(bool, bool) -> bool) -> Result<Value, Fault> {
    let (one, other) = (arguments.value(), arguments.value());
    let (less, equal) = match (basic(&one), basic(&other)) {
        (Basic::Int(one), Basic::Int(other)) => (one < other, one == other),
        (Basic::Float(one), Basic::Float(other)) => {
            (one < other, one.partial_cmp(&other) == Some(std::cmp::Ordering::Equal))
        }
        (Basic::Text(one), Basic::Text(other)) => (one < other, one == other),
        _ => return Err(incomparable(&one, &other)),
    };
    Ok(Value::Bool(holds(less, equal)))
}
