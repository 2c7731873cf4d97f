//! The document tree that every format is read into and written from.
//!
//! It keeps what SOPS keeps: order, duplicate keys and comments. It never keeps layout: quotes, flow style and blank
//! lines are the emitter's business. Values may be plaintext, so nothing here implements `Debug` with content.

use zeroize::Zeroize;

/// One document: a mapping in document order, comments between its entries.
#[derive(Clone, Default, PartialEq)]
pub struct Branch(pub Vec<Entry>);

/// A step of a mapping: a pair, or a comment that stands before the next pair (or at the end).
#[derive(Clone, PartialEq)]
pub enum Entry {
    /// `key: value`; keys may repeat.
    Pair(String, Value),
    /// A comment of the mapping.
    Comment(Comment),
}

/// A step of a list.
#[derive(Clone, PartialEq)]
pub enum Item {
    /// A list element.
    Value(Value),
    /// A comment of the list.
    Comment(Comment),
}

/// A comment without its leading `#`, leading space kept. Several lines are joined by `\n` only where the format has
/// multi-line comments (INI); YAML comments are one node a line.
#[derive(Clone, PartialEq)]
pub struct Comment {
    /// The text after `#`; an `ENC[…,type:comment]` scalar when encrypted.
    pub text: String,
    /// Stands on the line of the value before it.
    pub inline: bool,
}

/// A value of the tree, as SOPS types it.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// `null`; never encrypted and never part of the MAC.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed 64-bit integer.
    Int(i64),
    /// A 64-bit float.
    Float(f64),
    /// Text. An encrypted leaf is the string `ENC[…]`.
    Str(String),
    /// Bytes that are not UTF-8; encrypted as text.
    Bytes(Vec<u8>),
    /// A timestamp, already in the RFC 3339 form SOPS encrypts, own offset kept.
    Time(String),
    /// A mapping.
    Map(Branch),
    /// A list.
    List(Vec<Item>),
}

impl Value {
    /// Text if the bytes are UTF-8, else the bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Value {
        match String::from_utf8(bytes) {
            Ok(text) => Value::Str(text),
            Err(invalid) => Value::Bytes(invalid.into_bytes()),
        }
    }
}

impl Zeroize for Value {
    fn zeroize(&mut self) {
        match self {
            Value::Null => {}
            Value::Bool(flag) => flag.zeroize(),
            Value::Int(number) => number.zeroize(),
            Value::Float(number) => number.zeroize(),
            Value::Str(text) | Value::Time(text) => text.zeroize(),
            Value::Bytes(bytes) => bytes.zeroize(),
            Value::Map(branch) => branch.zeroize(),
            Value::List(items) => {
                for item in items {
                    match item {
                        Item::Value(value) => value.zeroize(),
                        Item::Comment(comment) => comment.text.zeroize(),
                    }
                }
            }
        }
    }
}

impl Zeroize for Branch {
    fn zeroize(&mut self) {
        for entry in &mut self.0 {
            match entry {
                Entry::Pair(_, value) => value.zeroize(),
                Entry::Comment(comment) => comment.text.zeroize(),
            }
        }
    }
}

impl Branch {
    /// The value of the first pair with this key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find_map(|entry| match entry {
            Entry::Pair(name, value) if name == key => Some(value),
            _ => None,
        })
    }
}
