//! Reading JSON into the tree.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::JsonError;
use crate::tree::{Branch, Entry, Item, Value};

pub(super) fn load(bytes: &[u8]) -> Result<Branch, JsonError> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| *first != b'{') {
        return Err(JsonError::NotAnObject);
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    match Node::deserialize(&mut reader) {
        Ok(Node(Value::Map(branch))) => Ok(branch),
        Ok(_) => Err(JsonError::NotAnObject),
        Err(error) => Err(at(&error)),
    }
}

fn at(error: &serde_json::Error) -> JsonError {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Eof => JsonError::Truncated { line, column },
        _ => JsonError::Syntax { line, column },
    }
}

struct Node(Value);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Node, D::Error> {
        reader.deserialize_any(Nodes).map(Node)
    }
}

struct Nodes;

impl<'de> Visitor<'de> for Nodes {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers beyond 64 bits signed are floats in this format")]
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Int))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        // The parser reads `-0` as a float. The original reads the integer 0, and the MAC tells the two apart.
        if number == 0.0 && number.is_sign_negative() {
            return Ok(Value::Int(0));
        }
        if number.is_finite() { Ok(Value::Float(number)) } else { Err(E::custom("number out of range")) }
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Str(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Str(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Node(value)) = list.next_element()? {
            items.push(Item::Value(value));
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, Node(value))) = map.next_entry::<String, Node>()? {
            entries.push(Entry::Pair(key, value));
        }
        Ok(Value::Map(Branch(entries)))
    }
}
