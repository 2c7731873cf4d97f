//! A document as a tree, whichever format it came in. Its texts may be secret: it has no `Debug` and wipes them on drop.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::scalar::{Meaning, meaning};

/// One value of a document.
#[derive(Clone)]
pub(crate) enum Node {
    Null,
    /// True or false, not quoted.
    Bool(bool),
    /// A number as the original writes it where it wants a text.
    Number(String),
    /// An unquoted scalar that the original reads as something else than its letters say, such as `010` or `1.10`.
    Ambiguous,
    Text(Zeroizing<String>),
    List(Vec<Node>),
    Map(BTreeMap<String, Node>),
}

impl Node {
    /// The node of an unquoted YAML scalar.
    pub(crate) fn plain(text: &str) -> Node {
        match meaning(text) {
            Meaning::Null => Node::Null,
            Meaning::Bool(value) if text == value.to_string() => Node::Bool(value),
            Meaning::Integer(value) if text == value.to_string() => Node::Number(text.to_owned()),
            Meaning::Float(value) if is_written_alike(text, value) => Node::Number(text.to_owned()),
            Meaning::Bool(_) | Meaning::Integer(_) | Meaning::Float(_) => Node::Ambiguous,
            Meaning::Timestamp | Meaning::Text => Node::text(text),
        }
    }

    /// The node of a text.
    pub(crate) fn text(text: &str) -> Node {
        Node::Text(Zeroizing::new(text.to_owned()))
    }

    /// How many values the tree holds, itself included.
    pub(crate) fn size(&self) -> usize {
        match self {
            Node::List(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Node::Map(entries) => 1 + entries.values().map(Node::size).sum::<usize>(),
            _ => 1,
        }
    }
}

/// Whether the original, which writes floats with the shortest digits that 32 bits need and with an exponent outside
/// of a small range, would write this one as it was written.
fn is_written_alike(text: &str, value: f64) -> bool {
    #[expect(clippy::cast_possible_truncation, reason = "the original narrows it; this asks whether that is harmless")]
    let narrow = value as f32;
    (1e-4..1e6).contains(&narrow.abs()) && narrow.to_string() == text
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Ambiguous)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::text(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(Zeroizing::new(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some((key, value)) = access.next_entry::<String, Node>()? {
            entries.insert(key, value);
        }
        Ok(Node::Map(entries))
    }
}
