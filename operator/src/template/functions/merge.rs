//! Merging maps as the `mergo` library does: inner maps are merged, anything else is taken where the target has nothing.

use super::{Map, Value};
use crate::template::fault::Fault;
use crate::template::host::Host;

/// How deep values may nest; one that holds itself is deeper than anything.
const DEEPEST: usize = 100;

pub(super) fn merge(
    host: &mut Host<'_>,
    target: &Map,
    source: &Map,
    overwrite: bool,
    depth: usize,
) -> Result<(), Fault> {
    if depth > DEEPEST {
        return Err(Fault::new("a value is nested too deep"));
    }
    for (key, value) in source.entries() {
        host.spend(1)?;
        let present = target.stored(&key);
        if value.is_nil() {
            if overwrite {
                host.set(target, key, value);
            }
            continue;
        }
        let occupied = present.as_ref().is_some_and(is_occupied);
        match (&present, &value) {
            (Some(Value::Map(inner)), Value::Map(value)) => {
                if inner.of_texts == value.of_texts {
                    merge(host, inner, value, overwrite, depth + 1)?;
                }
                if !occupied && inner.len() == 0 {
                    host.set(target, key, Value::Map(value.clone()));
                }
            }
            (_, Value::List(_)) if occupied && !overwrite => {}
            _ if !occupied || overwrite => host.set(target, key, value),
            _ => {}
        }
    }
    Ok(())
}

/// Whether `mergo` counts a value as present.
fn is_occupied(value: &Value) -> bool {
    value.is_true()
}
