//! What to take when a value is empty.

use super::Type::{Any, Bool, Text};
use super::{Function, Value, fixed, variadic};
use crate::template::fault::Fault;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("hello", &[], |_, _| Ok(Value::text("Hello!"))),
    variadic("default", &[Any], Any, |_, mut arguments| {
        let default = arguments.value();
        let given = arguments.rest().into_iter().next().unwrap_or(Value::Absent);
        Ok(if given.is_true() { given } else { default }.in_place())
    }),
    fixed("empty", &[Any], |_, mut arguments| Ok(Value::Bool(!arguments.value().is_true()))),
    variadic("coalesce", &[], Any, |_, arguments| {
        Ok(arguments.rest().into_iter().find(Value::is_true).unwrap_or(Value::Null))
    }),
    variadic("all", &[], Any, |_, arguments| Ok(Value::Bool(arguments.rest().iter().all(Value::is_true)))),
    variadic("any", &[], Any, |_, arguments| Ok(Value::Bool(arguments.rest().iter().any(Value::is_true)))),
    fixed("ternary", &[Any, Any, Bool], |_, mut arguments| {
        let (yes, no, test) = (arguments.value(), arguments.value(), arguments.flag());
        Ok(if test { yes } else { no }.in_place())
    }),
    // The message may hold a value, so it is not repeated.
    fixed("fail", &[Text], |_, _| Err(Fault::new("the template gave up"))),
    variadic("list", &[], Any, |_, arguments| Ok(Value::list(arguments.rest()))),
    variadic("tuple", &[], Any, |_, arguments| Ok(Value::list(arguments.rest()))),
    variadic("concat", &[], Any, |host, arguments| {
        let mut items = Vec::new();
        for list in arguments.rest() {
            let Value::List(list) = list else { return Err(Fault::new("only lists can be concatenated")) };
            host.spend(list.len())?;
            items.extend(list.items());
        }
        Ok(if items.is_empty() {
            Value::List(super::List::nil(super::super::value::Element::Any))
        } else {
            Value::list(items)
        })
    }),
];
