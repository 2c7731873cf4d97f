//! The functions of templates: their names, the types they take, and how arguments become those types.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::vec::IntoIter;

use super::date::Moment;
use super::fault::Fault;
use super::host::Host;
use super::value::{Certificate, List, Map, Text, Value};

mod builtin;
mod certificate;
mod compare;
mod crypto;
mod date;
mod defaults;
mod dict;
mod encoding;
mod list;
mod math;
mod merge;
mod methods;
mod path;
mod random;
mod reflect;
mod regex;
mod semver;
mod text;
mod url;
mod words;

pub(super) use methods::method;

/// Functions of the original that this engine does not have.
pub(super) const UNSUPPORTED: &[&str] = &["call", "env", "expandenv", "getHostByName"];

/// The type of a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// `interface {}`.
    Any,
    /// `reflect.Value`, which tells an absent value from a nil.
    Reflect,
    Text,
    Int,
    Uint32,
    Float,
    Bool,
    /// `map[string]interface {}`.
    Map,
    /// `[]interface {}`.
    List,
    Moment,
    Certificate,
    /// `*semver.Version`.
    Version,
}

/// A function of templates.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [Type],
    /// The type of any number of further arguments.
    pub(super) more: Option<Type>,
    pub(super) call: fn(&mut Host<'_>, Arguments) -> Result<Value, Fault>,
}

const fn fixed(
    name: &'static str,
    parameters: &'static [Type],
    call: fn(&mut Host<'_>, Arguments) -> Result<Value, Fault>,
) -> Function {
    Function { name, parameters, more: None, call }
}

const fn variadic(
    name: &'static str,
    parameters: &'static [Type],
    more: Type,
    call: fn(&mut Host<'_>, Arguments) -> Result<Value, Fault>,
) -> Function {
    Function { name, parameters, more: Some(more), call }
}

/// The function of that name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    static TABLE: LazyLock<BTreeMap<&'static str, &'static Function>> =
        LazyLock::new(|| all().map(|function| (function.name, function)).collect());
    TABLE.get(name).copied()
}

/// Every function there is.
pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    let families: [&'static [Function]; 18] = [
        builtin::FUNCTIONS,
        certificate::FUNCTIONS,
        compare::FUNCTIONS,
        crypto::FUNCTIONS,
        date::FUNCTIONS,
        defaults::FUNCTIONS,
        dict::FUNCTIONS,
        encoding::FUNCTIONS,
        list::FUNCTIONS,
        math::FUNCTIONS,
        path::FUNCTIONS,
        random::FUNCTIONS,
        reflect::FUNCTIONS,
        regex::FUNCTIONS,
        semver::FUNCTIONS,
        text::FUNCTIONS,
        url::FUNCTIONS,
        words::FUNCTIONS,
    ];
    families.into_iter().flatten()
}

/// Makes a value one of the type a parameter wants, as far as Go would.
pub(super) fn convert(value: Value, type_: Type) -> Result<Value, Fault> {
    match (type_, value) {
        (Type::Any, value) => Ok(value.stored()),
        (Type::Reflect, value) => Ok(value),
        (Type::Map, Value::Absent) => Ok(Value::Map(Map::nil())),
        (Type::List, Value::Absent) => Ok(Value::List(List::nil(super::value::Element::Any))),
        (type_, value) if fits(type_, &value) => Ok(value),
        (type_, value) => {
            let (expected, got) = (type_name(type_), value.type_name());
            Err(Fault::new(format!("wrong type of an argument: expected {expected}, got {got}")))
        }
    }
}

fn fits(type_: Type, value: &Value) -> bool {
    match value {
        Value::Text(_) => type_ == Type::Text,
        Value::Int(_) => type_ == Type::Int,
        Value::Float(_) => type_ == Type::Float,
        Value::Bool(_) => type_ == Type::Bool,
        Value::Map(map) => type_ == Type::Map && !map.of_texts,
        Value::List(list) => type_ == Type::List && list.element == super::value::Element::Any,
        Value::Moment(_) => type_ == Type::Moment,
        Value::Certificate(_) => type_ == Type::Certificate,
        Value::Version(_) => type_ == Type::Version,
        _ => false,
    }
}

pub(super) fn type_name(type_: Type) -> &'static str {
    match type_ {
        Type::Any => "interface {}",
        Type::Reflect => "reflect.Value",
        Type::Text => "string",
        Type::Int => "int",
        Type::Uint32 => "uint32",
        Type::Float => "float64",
        Type::Bool => "bool",
        Type::Map => "map[string]interface {}",
        Type::List => "[]interface {}",
        Type::Moment => "time.Time",
        Type::Certificate => "sprig.certificate",
        Type::Version => "*semver.Version",
    }
}

/// Arguments of the right number and types, taken one by one.
pub(super) struct Arguments(IntoIter<Value>);

impl Arguments {
    pub(super) fn new(values: Vec<Value>) -> Arguments {
        Arguments(values.into_iter())
    }

    fn value(&mut self) -> Value {
        self.0.next().unwrap_or(Value::Absent)
    }

    fn text(&mut self) -> Text {
        if let Value::Text(text) = self.value() { text } else { Text::default() }
    }

    fn int(&mut self) -> i64 {
        if let Value::Int(value) = self.value() { value } else { 0 }
    }

    fn unsigned(&mut self) -> u64 {
        if let Value::Uint64(value) = self.value() { value } else { 0 }
    }

    fn flag(&mut self) -> bool {
        matches!(self.value(), Value::Bool(true))
    }

    fn map(&mut self) -> Map {
        if let Value::Map(map) = self.value() { map } else { Map::nil() }
    }

    fn list(&mut self) -> List {
        if let Value::List(list) = self.value() { list } else { List::nil(super::value::Element::Any) }
    }

    fn moment(&mut self) -> Option<Moment> {
        if let Value::Moment(moment) = self.value() { Some(moment) } else { None }
    }

    fn certificate(&mut self) -> Option<std::rc::Rc<Certificate>> {
        if let Value::Certificate(certificate) = self.value() { Some(certificate) } else { None }
    }

    /// All that is left.
    fn rest(self) -> Vec<Value> {
        self.0.collect()
    }

    fn rest_texts(self) -> Vec<Text> {
        self.0.filter_map(|value| if let Value::Text(text) = value { Some(text) } else { None }).collect()
    }

    fn rest_maps(self) -> Vec<Map> {
        self.0.filter_map(|value| if let Value::Map(map) = value { Some(map) } else { None }).collect()
    }

    fn rest_ints(self) -> Vec<i64> {
        self.0.filter_map(|value| if let Value::Int(value) = value { Some(value) } else { None }).collect()
    }
}
