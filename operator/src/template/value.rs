//! The values a template works with: the few types of Go that `text/template` and Sprig can bring about.
//!
//! Strings are bytes and are wiped when the last reference goes. Containers are shared, as in Go: `set` on a map is seen
//! by everyone who holds it. They are taken apart step by step, so that a deeply nested one cannot exhaust the stack.

use std::rc::Rc;

use zeroize::Zeroizing;

use super::date::Moment;
use super::unicode::characters;
use super::version::Version;

mod container;

pub(super) use container::{Element, List, Map};

/// A string of Go: any bytes, not necessarily UTF-8.
#[derive(Clone, Default)]
pub(super) struct Text(Rc<Zeroizing<Vec<u8>>>);

impl Text {
    pub(super) fn new(bytes: impl Into<Vec<u8>>) -> Text {
        Text(Rc::new(Zeroizing::new(bytes.into())))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text with each byte that is not UTF-8 replaced, for functions that look at characters.
    pub(super) fn lossy(&self) -> Zeroizing<String> {
        Zeroizing::new(characters(&self.0).into_iter().collect())
    }
}

/// One value. There is no `Debug`: a value may be a secret.
#[derive(Clone)]
pub(super) enum Value {
    /// No value at all: an absent key, or an untyped nil.
    Absent,
    /// A nil that stands in a place of type `interface {}`, as an element of a list or map.
    Null,
    Bool(bool),
    Int(i64),
    Int64(i64),
    Uint64(u64),
    /// A byte of a string.
    Byte(u8),
    Float(f64),
    Text(Text),
    List(List),
    Map(Map),
    Moment(Moment),
    Version(Rc<Version>),
    Certificate(Rc<Certificate>),
    /// An integer with a name: a month or a weekday.
    Named(&'static str, &'static str, i64),
}

/// What the certificate functions return.
pub(super) struct Certificate {
    pub(super) cert: Text,
    pub(super) key: Text,
}

impl Value {
    pub(super) fn text(bytes: impl Into<Vec<u8>>) -> Value {
        Value::Text(Text::new(bytes))
    }

    /// A list of type `[]interface {}`.
    pub(super) fn list(items: Vec<Value>) -> Value {
        Value::List(List::new(Element::Any, items.into_iter().map(Value::stored).collect()))
    }

    /// A list of type `[]string`.
    pub(super) fn texts<T: Into<Vec<u8>>>(items: impl IntoIterator<Item = T>) -> Value {
        Value::List(List::new(Element::Text, items.into_iter().map(Value::text).collect()))
    }

    /// A list of type `[]int`.
    pub(super) fn ints(items: Vec<i64>) -> Value {
        Value::List(List::new(Element::Int, items.into_iter().map(Value::Int).collect()))
    }

    /// How a nil reads where the type is `interface {}`.
    pub(super) fn in_place(self) -> Value {
        if matches!(self, Value::Absent) { Value::Null } else { self }
    }

    /// How a value is stored or passed as an `interface {}`: one kind of nil.
    pub(super) fn stored(self) -> Value {
        if matches!(self, Value::Null) { Value::Absent } else { self }
    }

    pub(super) fn is_nil(&self) -> bool {
        matches!(self, Value::Absent | Value::Null)
    }

    /// Whether Go takes it for true; also the opposite of Sprig's `empty`.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Value::Absent | Value::Null => false,
            Value::Bool(value) => *value,
            Value::Int(value) | Value::Int64(value) | Value::Named(_, _, value) => *value != 0,
            Value::Uint64(value) => *value != 0,
            Value::Byte(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Text(text) => !text.bytes().is_empty(),
            Value::List(list) => list.len() > 0,
            Value::Map(map) => map.len() > 0,
            Value::Moment(_) | Value::Version(_) | Value::Certificate(_) => true,
        }
    }

    /// The type as Go prints it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Value::Absent | Value::Null => "<nil>",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Int64(_) => "int64",
            Value::Uint64(_) => "uint64",
            Value::Byte(_) => "uint8",
            Value::Float(_) => "float64",
            Value::Text(_) => "string",
            Value::List(list) => match list.element {
                Element::Any => "[]interface {}",
                Element::Text => "[]string",
                Element::Int => "[]int",
                Element::List => "[][]interface {}",
            },
            Value::Map(map) if map.of_texts => "map[string]string",
            Value::Map(_) => "map[string]interface {}",
            Value::Moment(_) => "time.Time",
            Value::Version(_) => "*semver.Version",
            Value::Certificate(_) => "sprig.certificate",
            Value::Named(type_name, _, _) => type_name,
        }
    }

    /// The kind as Go's `reflect` names it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Absent | Value::Null => "invalid",
            Value::List(_) => "slice",
            Value::Map(_) => "map",
            Value::Moment(_) | Value::Certificate(_) => "struct",
            Value::Version(_) => "ptr",
            Value::Named(..) => "int",
            other => other.type_name(),
        }
    }
}
