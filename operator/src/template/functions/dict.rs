//! Maps that a template builds and changes.

use std::collections::BTreeMap;

use super::Type::{Any, Map as Dict, Text};
use super::{Arguments, Function, Map, Value, fixed, variadic};
use crate::template::fault::Fault;
use crate::template::host::Host;
use crate::template::print::string_of;

pub(super) const FUNCTIONS: &[Function] = &[
    variadic("dict", &[], Any, dict),
    fixed("get", &[Dict, Text], |_, mut arguments| {
        let (map, key) = (arguments.map(), arguments.text());
        Ok(map.get(key.bytes()).unwrap_or_else(|| Value::text("")))
    }),
    fixed("set", &[Dict, Text, Any], |host, mut arguments| {
        let (map, key, value) = (arguments.map(), arguments.text(), arguments.value());
        if map.nil {
            return Err(Fault::new("an entry is set in a nil map"));
        }
        host.set(&map, key.bytes().to_vec(), value);
        Ok(Value::Map(map))
    }),
    fixed("unset", &[Dict, Text], |_, mut arguments| {
        let (map, key) = (arguments.map(), arguments.text());
        map.remove(key.bytes());
        Ok(Value::Map(map))
    }),
    fixed("hasKey", &[Dict, Text], |_, mut arguments| {
        let (map, key) = (arguments.map(), arguments.text());
        Ok(Value::Bool(map.stored(key.bytes()).is_some()))
    }),
    variadic("pluck", &[Text], Dict, |_, mut arguments| {
        let key = arguments.text();
        Ok(Value::list(arguments.rest_maps().iter().filter_map(|map| map.stored(key.bytes())).collect()))
    }),
    variadic("keys", &[], Dict, |_, arguments| {
        let keys = arguments.rest_maps().into_iter().flat_map(|map| map.entries()).map(|(key, _)| key);
        Ok(Value::texts(keys.collect::<Vec<_>>()))
    }),
    fixed("values", &[Dict], |_, mut arguments| {
        Ok(Value::list(arguments.map().entries().into_iter().map(|(_, value)| value).collect()))
    }),
    variadic("pick", &[Dict], Text, |_, mut arguments| {
        let map = arguments.map();
        let keys = arguments.rest_texts();
        let picked = keys.iter().filter_map(|key| Some((key.bytes().to_vec(), map.stored(key.bytes())?)));
        Ok(Value::Map(Map::new(picked.collect())))
    }),
    variadic("omit", &[Dict], Text, |_, mut arguments| {
        let mut kept: BTreeMap<_, _> = arguments.map().entries().into_iter().collect();
        for key in arguments.rest_texts() {
            kept.remove(key.bytes());
        }
        Ok(Value::Map(Map::new(kept)))
    }),
    variadic("dig", &[], Any, dig),
    variadic("merge", &[Dict], Dict, |host, arguments| merge(host, arguments, false)),
    variadic("mustMerge", &[Dict], Dict, |host, arguments| merge(host, arguments, false)),
    variadic("mergeOverwrite", &[Dict], Dict, |host, arguments| merge(host, arguments, true)),
    variadic("mustMergeOverwrite", &[Dict], Dict, |host, arguments| merge(host, arguments, true)),
];

fn dict(host: &mut Host<'_>, arguments: Arguments) -> Result<Value, Fault> {
    let mut entries = BTreeMap::new();
    let mut words = arguments.rest().into_iter();
    while let Some(key) = words.next() {
        let key = string_of(host, &key)?.bytes().to_vec();
        entries.insert(key, words.next().unwrap_or_else(|| Value::text("")));
    }
    Ok(Value::Map(Map::new(entries)))
}

fn dig(_: &mut Host<'_>, arguments: Arguments) -> Result<Value, Fault> {
    let mut words = arguments.rest();
    let (Some(map), Some(default), false) = (words.pop(), words.pop(), words.is_empty()) else {
        return Err(Fault::new("dig needs at least three arguments"));
    };
    let mut step = map;
    // Every key must be a string, also one that is not reached.
    if words.iter().any(|key| !matches!(key, Value::Text(_))) {
        return Err(Fault::new("a key is not a string"));
    }
    for key in &words {
        let (Value::Map(map), Value::Text(key)) = (&step, key) else {
            return Err(Fault::new("a step of the path is not a map"));
        };
        if map.of_texts {
            return Err(Fault::new("a step of the path is not a map"));
        }
        match map.stored(key.bytes()) {
            Some(next) => step = next,
            None => return Ok(default.in_place()),
        }
    }
    Ok(step.in_place())
}

fn merge(host: &mut Host<'_>, mut arguments: Arguments, overwrite: bool) -> Result<Value, Fault> {
    let mut target = arguments.map();
    for source in arguments.rest_maps() {
        if target.nil && !source.nil {
            target = Map::new(BTreeMap::new());
        }
        super::merge::merge(host, &target, &source, overwrite, 0)?;
    }
    Ok(Value::Map(target))
}
