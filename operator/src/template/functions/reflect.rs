//! Types and kinds as Go names them, and deep equality.

use std::rc::Rc;

use super::Type::{Any, Text};
use super::{Arguments, Function, Value, fixed};
use crate::template::fault::Fault;
use crate::template::host::Host;
use crate::template::version::Version;

/// How deep values may nest; one that holds itself is deeper than anything.
const DEEPEST: usize = 100;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("typeOf", &[Any], |_, mut arguments| Ok(Value::text(arguments.value().type_name()))),
    fixed("typeIs", &[Text, Any], |_, mut arguments| {
        let name = arguments.text();
        Ok(Value::Bool(name.bytes() == arguments.value().type_name().as_bytes()))
    }),
    fixed("typeIsLike", &[Text, Any], |_, mut arguments| {
        let name = arguments.text();
        let type_name = arguments.value().type_name().as_bytes().to_vec();
        Ok(Value::Bool(name.bytes() == type_name || [b"*", name.bytes()].concat() == type_name))
    }),
    fixed("kindOf", &[Any], |_, mut arguments| Ok(Value::text(arguments.value().kind()))),
    fixed("kindIs", &[Text, Any], |_, mut arguments| {
        let name = arguments.text();
        Ok(Value::Bool(name.bytes() == arguments.value().kind().as_bytes()))
    }),
    fixed("deepEqual", &[Any, Any], |host, mut arguments| {
        let (one, other) = (arguments.value(), arguments.value());
        Ok(Value::Bool(deep_equal(host, &one, &other, 0)?))
    }),
    fixed("deepCopy", &[Any], copy),
    fixed("mustDeepCopy", &[Any], copy),
];

/// `reflect.DeepEqual`.
pub(super) fn deep_equal(host: &mut Host<'_>, one: &Value, other: &Value, depth: usize) -> Result<bool, Fault> {
    host.spend(1)?;
    if depth > DEEPEST {
        return Err(Fault::new("a value is nested too deep"));
    }
    if one.type_name() != other.type_name() {
        return Ok(false);
    }
    match (one, other) {
        (Value::List(one), Value::List(other)) => {
            if one.nil != other.nil || one.len() != other.len() {
                return Ok(false);
            }
            for (one, other) in one.items().iter().zip(&other.items()) {
                if !deep_equal(host, one, other, depth + 1)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Map(one), Value::Map(other)) => {
            if one.nil != other.nil || one.len() != other.len() {
                return Ok(false);
            }
            for ((key, one), (other_key, other)) in one.entries().iter().zip(&other.entries()) {
                if key != other_key || !deep_equal(host, one, other, depth + 1)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (one, other) => Ok(scalars_equal(one, other)),
    }
}

#[expect(clippy::float_cmp, reason = "as Go compares")]
fn scalars_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Int(one), Value::Int(other))
        | (Value::Int64(one), Value::Int64(other))
        | (Value::Named(_, _, one), Value::Named(_, _, other)) => one == other,
        (Value::Uint64(one), Value::Uint64(other)) => one == other,
        (Value::Byte(one), Value::Byte(other)) => one == other,
        (Value::Float(one), Value::Float(other)) => one == other,
        (Value::Text(one), Value::Text(other)) => one.bytes() == other.bytes(),
        (Value::Moment(one), Value::Moment(other)) => one == other,
        (Value::Version(one), Value::Version(other)) => one == other,
        (Value::Certificate(one), Value::Certificate(other)) => {
            one.cert.bytes() == other.cert.bytes() && one.key.bytes() == other.key.bytes()
        }
        (one, other) => one.is_nil() && other.is_nil(),
    }
}

fn copy(host: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let value = arguments.value();
    if value.is_nil() {
        return Err(Fault::new("there is no value to copy"));
    }
    deep_copy(host, &value, 0)
}

/// A copy that shares no list and no map with the original.
pub(super) fn deep_copy(host: &mut Host<'_>, value: &Value, depth: usize) -> Result<Value, Fault> {
    host.spend(1)?;
    if depth > DEEPEST {
        return Err(Fault::new("a value is nested too deep"));
    }
    match value {
        Value::List(list) if !list.nil => {
            let items: Result<Vec<Value>, Fault> =
                list.items().iter().map(|item| deep_copy(host, item, depth + 1)).collect();
            Ok(Value::List(super::List::new(list.element, items?)))
        }
        Value::Map(map) if !map.nil => {
            let mut entries = std::collections::BTreeMap::new();
            for (key, value) in map.entries() {
                entries.insert(key, deep_copy(host, &value, depth + 1)?);
            }
            Ok(Value::Map(if map.of_texts { super::Map::of_texts(entries) } else { super::Map::new(entries) }))
        }
        // The original copies what is public of a version, which is nothing.
        Value::Version(_) => {
            Ok(Version::parse("0.0.0").map_or(Value::Absent, |version| Value::Version(Rc::new(version))))
        }
        other => Ok(other.clone()),
    }
}
