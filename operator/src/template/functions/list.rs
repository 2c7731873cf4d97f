//! Lists. None of these changes a list that someone else holds, but for `sortAlpha` on strings, as in the original.

use super::Type::{Any, Int};
use super::reflect::deep_equal;
use super::{Arguments, Function, List, Value, fixed, variadic};
use crate::template::fault::Fault;
use crate::template::host::Host;
use crate::template::print::string_of;
use crate::template::value::Element;

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("append", &[Any, Any], push),
    fixed("mustAppend", &[Any, Any], push),
    fixed("push", &[Any, Any], push),
    fixed("mustPush", &[Any, Any], push),
    fixed("prepend", &[Any, Any], prepend),
    fixed("mustPrepend", &[Any, Any], prepend),
    fixed("first", &[Any], first),
    fixed("mustFirst", &[Any], first),
    fixed("last", &[Any], last),
    fixed("mustLast", &[Any], last),
    fixed("rest", &[Any], rest),
    fixed("mustRest", &[Any], rest),
    fixed("initial", &[Any], initial),
    fixed("mustInitial", &[Any], initial),
    fixed("reverse", &[Any], reverse),
    fixed("mustReverse", &[Any], reverse),
    fixed("compact", &[Any], compact),
    fixed("mustCompact", &[Any], compact),
    fixed("uniq", &[Any], uniq),
    fixed("mustUniq", &[Any], uniq),
    fixed("has", &[Any, Any], has),
    fixed("mustHas", &[Any, Any], has),
    fixed("chunk", &[Int, Any], chunk),
    fixed("mustChunk", &[Int, Any], chunk),
    variadic("without", &[Any], Any, without),
    variadic("mustWithout", &[Any], Any, without),
    variadic("slice", &[Any], Any, slice),
    variadic("mustSlice", &[Any], Any, slice),
    fixed("sortAlpha", &[Any], sort_alpha),
];

/// The next argument, which must be a list.
fn list(arguments: &mut Arguments) -> Result<List, Fault> {
    match arguments.value() {
        Value::List(list) => Ok(list),
        other => Err(Fault::new(format!("a {} is no list", other.type_name()))),
    }
}

fn push(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let mut items = list(&mut arguments)?.items();
    items.push(arguments.value());
    Ok(Value::list(items))
}

fn prepend(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let mut items = list(&mut arguments)?.items();
    items.insert(0, arguments.value());
    Ok(Value::list(items))
}

fn first(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    Ok(list(&mut arguments)?.get(0).unwrap_or(Value::Null))
}

fn last(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let list = list(&mut arguments)?;
    Ok(list.len().checked_sub(1).and_then(|at| list.get(at)).unwrap_or(Value::Null))
}

fn rest(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let mut items = list(&mut arguments)?.items();
    if items.is_empty() {
        return Ok(Value::List(List::nil(Element::Any)));
    }
    items.remove(0);
    Ok(Value::list(items))
}

fn initial(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let mut items = list(&mut arguments)?.items();
    if items.pop().is_none() {
        return Ok(Value::List(List::nil(Element::Any)));
    }
    Ok(Value::list(items))
}

fn reverse(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let mut items = list(&mut arguments)?.items();
    items.reverse();
    Ok(Value::list(items))
}

fn compact(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    Ok(Value::list(list(&mut arguments)?.items().into_iter().filter(Value::is_true).collect()))
}

fn contains(host: &mut Host<'_>, items: &[Value], wanted: &Value) -> Result<bool, Fault> {
    for item in items {
        if deep_equal(host, wanted, item, 0)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn uniq(host: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let mut kept = Vec::new();
    for item in list(&mut arguments)?.items() {
        if !contains(host, &kept, &item)? {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

fn without(host: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let items = list(&mut arguments)?.items();
    let unwanted = arguments.rest();
    let mut kept = Vec::new();
    for item in items {
        if !contains(host, &unwanted, &item)? {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

fn has(host: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let wanted = arguments.value();
    match arguments.value() {
        Value::List(list) => Ok(Value::Bool(contains(host, &list.items(), &wanted)?)),
        nil if nil.is_nil() => Ok(Value::Bool(false)),
        other => Err(Fault::new(format!("a {} is no list", other.type_name()))),
    }
}

fn slice(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let list = list(&mut arguments)?;
    if list.len() == 0 {
        return Ok(Value::Null);
    }
    let bound = |value: &Value| usize::try_from(super::math::to_int(value)).ok();
    let bounds = arguments.rest();
    let start = bounds.first().map_or(Some(0), bound);
    let end = bounds.get(1).map_or(Some(list.len()), bound);
    let part = start.zip(end).and_then(|(start, end)| list.part(start, end));
    part.map(Value::List).ok_or_else(|| Fault::new("the bounds are out of range"))
}

/// Lists of at most `size` items. The arithmetic is that of the original, which also gives sizes below 1 a meaning.
fn chunk(_: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let (size, list) = (arguments.int(), list(&mut arguments)?);
    let items = list.items();
    let refused = || Fault::new("the size of a chunk is out of range");
    if size < 1 {
        return odd_chunks(items, size).map(|chunks| Value::List(List::new(Element::List, chunks))).ok_or_else(refused);
    }
    let size = usize::try_from(size).map_err(|_| refused())?;
    let chunks = items.chunks(size).map(|chunk| Value::list(chunk.to_vec()));
    Ok(Value::List(List::new(Element::List, chunks.collect())))
}

fn odd_chunks(items: Vec<Value>, size: i64) -> Option<Vec<Value>> {
    let over = i64::try_from(items.len()).ok()? - 1;
    // The number of chunks, rounded down as the original does.
    let quotient = over.checked_div(size)?;
    let exact = over % size == 0;
    let count = if !exact && (over < 0) != (size < 0) { quotient } else { quotient + 1 };
    match (count, items.len()) {
        (0, _) => Some(Vec::new()),
        (1, 1) => Some(vec![Value::list(items)]),
        _ => None,
    }
}

fn sort_alpha(host: &mut Host<'_>, mut arguments: Arguments) -> Result<Value, Fault> {
    let value = arguments.value();
    match &value {
        Value::List(list) if list.element == Element::Text => {
            host.spend(list.len())?;
            list.sort_texts();
            Ok(value)
        }
        Value::List(_) => {
            let sorted = List::new(Element::Text, super::text::strings_of(host, &value)?);
            sorted.sort_texts();
            Ok(Value::List(sorted))
        }
        other => Ok(Value::List(List::new(Element::Text, vec![Value::Text(string_of(host, other)?)]))),
    }
}
