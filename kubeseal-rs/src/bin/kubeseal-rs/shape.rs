//! What the original's types look like: which fields an object has, in which order they are written and when they are left out.
//! Objects that are read and written again go through here, so that they come out as the original writes them.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use zeroize::{Zeroize as _, Zeroizing};

use crate::args::Format;
use crate::node::Node;
use crate::{json, secret, yaml_output};

/// What stands at a place of an object.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Text,
    Integer,
    Flag,
    /// Anything, taken over as it is.
    Any,
    Texts,
    List(&'static Shape),
    Object(&'static [Field]),
}

/// A field of an object.
pub(crate) struct Field {
    name: &'static str,
    shape: Shape,
    keep: Keep,
}

/// What is written when there is nothing in a field.
#[derive(Clone, Copy)]
enum Keep {
    /// The field is left out.
    WhenSet,
    /// The field is left out when it is absent; what is empty is written.
    WhenPresent,
    /// An empty object or text of its kind.
    Empty,
    Null,
}

const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, keep: Keep::WhenSet }
}

const fn kept(name: &'static str, shape: Shape, keep: Keep) -> Field {
    Field { name, shape, keep }
}

const OWNER: Shape = Shape::Object(&[
    kept("apiVersion", Shape::Text, Keep::Empty),
    kept("kind", Shape::Text, Keep::Empty),
    kept("name", Shape::Text, Keep::Empty),
    kept("uid", Shape::Text, Keep::Empty),
    kept("controller", Shape::Flag, Keep::WhenPresent),
    kept("blockOwnerDeletion", Shape::Flag, Keep::WhenPresent),
]);

const MANAGED_FIELDS: Shape = Shape::Object(&[
    field("manager", Shape::Text),
    field("operation", Shape::Text),
    field("apiVersion", Shape::Text),
    field("time", Shape::Text),
    field("fieldsType", Shape::Text),
    field("fieldsV1", Shape::Any),
    field("subresource", Shape::Text),
]);

const METADATA: Shape = Shape::Object(&[
    field("name", Shape::Text),
    field("generateName", Shape::Text),
    field("namespace", Shape::Text),
    field("selfLink", Shape::Text),
    field("uid", Shape::Text),
    field("resourceVersion", Shape::Text),
    field("generation", Shape::Integer),
    field("creationTimestamp", Shape::Text),
    field("deletionTimestamp", Shape::Text),
    kept("deletionGracePeriodSeconds", Shape::Integer, Keep::WhenPresent),
    field("labels", Shape::Texts),
    field("annotations", Shape::Texts),
    field("ownerReferences", Shape::List(&OWNER)),
    field("finalizers", Shape::List(&Shape::Text)),
    field("managedFields", Shape::List(&MANAGED_FIELDS)),
]);

const TEMPLATE: Shape = Shape::Object(&[
    kept("metadata", METADATA, Keep::Empty),
    field("type", Shape::Text),
    kept("immutable", Shape::Flag, Keep::WhenPresent),
    field("data", Shape::Texts),
]);

const CONDITION: Shape = Shape::Object(&[
    kept("type", Shape::Text, Keep::Empty),
    kept("status", Shape::Text, Keep::Empty),
    kept("lastUpdateTime", Shape::Text, Keep::Null),
    kept("lastTransitionTime", Shape::Text, Keep::Null),
    field("reason", Shape::Text),
    field("message", Shape::Text),
]);

/// `bitnami.com/v1alpha1` SealedSecret.
pub(crate) const SEALED_SECRET: Shape = Shape::Object(&[
    field("kind", Shape::Text),
    field("apiVersion", Shape::Text),
    kept("metadata", METADATA, Keep::Empty),
    kept(
        "spec",
        Shape::Object(&[
            kept("template", TEMPLATE, Keep::Empty),
            field("data", Shape::Text),
            kept("encryptedData", Shape::Texts, Keep::Null),
        ]),
        Keep::Empty,
    ),
    kept(
        "status",
        Shape::Object(&[field("observedGeneration", Shape::Integer), field("conditions", Shape::List(&CONDITION))]),
        Keep::WhenPresent,
    ),
]);

/// `v1` Secret.
pub(crate) const SECRET: Shape = Shape::Object(&[
    field("kind", Shape::Text),
    field("apiVersion", Shape::Text),
    kept("metadata", METADATA, Keep::Empty),
    kept("immutable", Shape::Flag, Keep::WhenPresent),
    field("data", Shape::Texts),
    field("type", Shape::Text),
]);

impl Shape {
    /// Reads what stands at `path`: fields that the original does not know are left out, as it does; what it would read as
    /// something else than was written is refused.
    pub(crate) fn read(self, node: Node, path: &str) -> Result<Value> {
        Ok(match (self, node) {
            (_, Node::Null) => Value::Null,
            (Shape::Text, node) => Value::String(secret::string(Some(node), path)?),
            (Shape::Flag, Node::Bool(value)) => Value::Bool(value),
            (Shape::Integer, Node::Number(text)) => {
                text.parse::<i64>().map(Value::from).map_err(|_| secret::wrong_type(path, "a whole number"))?
            }
            (Shape::Any, node) => secret::json(node, path)?,
            (Shape::Texts, Node::Map(fields)) => Value::Object(texts(fields, path)?),
            (Shape::List(item), Node::List(items)) => {
                Value::Array(items.into_iter().map(|node| item.read(node, path)).collect::<Result<_>>()?)
            }
            (Shape::Object(fields), Node::Map(entries)) => Value::Object(object(fields, entries, path)?),
            (Shape::Flag, _) => return Err(secret::wrong_type(path, "true or false")),
            (Shape::Integer, _) => return Err(secret::wrong_type(path, "a whole number")),
            (Shape::List(_), _) => return Err(secret::wrong_type(path, "a list")),
            (Shape::Texts | Shape::Object(_), _) => return Err(secret::wrong_type(path, "a mapping")),
        })
    }

    fn is_set(self, value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Number(number) => number.as_i64() != Some(0),
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(fields) => !fields.is_empty() || matches!(self, Shape::Object(_)),
        }
    }

    /// What stands for nothing.
    fn empty(self) -> Value {
        match self {
            Shape::Text => Value::String(String::new()),
            Shape::Flag => Value::Bool(false),
            Shape::Integer => Value::from(0),
            Shape::List(_) => Value::Array(Vec::new()),
            Shape::Texts | Shape::Object(_) | Shape::Any => Value::Object(Map::new()),
        }
    }
}

fn texts(fields: BTreeMap<String, Node>, path: &str) -> Result<Map<String, Value>> {
    let read = |(key, node): (String, Node)| {
        let text = Shape::Text.read(node, &format!("{path}.{key}"))?;
        Ok((key, text))
    };
    fields.into_iter().map(read).collect()
}

fn object(fields: &[Field], mut entries: BTreeMap<String, Node>, path: &str) -> Result<Map<String, Value>> {
    let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
    secret::refuse_misspelt(&entries, &known)?;
    let mut object = Map::new();
    for field in fields {
        if let Some(node) = entries.remove(field.name) {
            let path = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
            object.insert(field.name.to_owned(), field.shape.read(node, &path)?);
        }
    }
    Ok(object)
}

impl Shape {
    /// Makes a value hold exactly what the original writes: without what is empty, with what it never leaves out.
    fn normalize(self, value: &mut Value) {
        match (self, value) {
            (Shape::Object(fields), Value::Object(entries)) => {
                entries.retain(|name, _| fields.iter().any(|field| field.name == name));
                for field in fields {
                    field.normalize(entries);
                }
            }
            (Shape::List(item), Value::Array(items)) => {
                for value in items {
                    item.normalize(value);
                }
            }
            _ => {}
        }
    }
}

impl Field {
    fn normalize(&self, entries: &mut Map<String, Value>) {
        let mut value = entries.remove(self.name).unwrap_or_default();
        if value.is_null() && matches!(self.keep, Keep::Empty) {
            value = self.shape.empty();
        }
        self.shape.normalize(&mut value);
        let is_kept = match self.keep {
            Keep::WhenSet => self.shape.is_set(&value),
            Keep::WhenPresent => !value.is_null(),
            Keep::Empty | Keep::Null => true,
        };
        if is_kept {
            entries.insert(self.name.to_owned(), value);
        }
    }
}

/// A value in the order of its shape.
struct Ordered<'a> {
    shape: Shape,
    value: &'a Value,
}

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.shape, self.value) {
            (Shape::Object(fields), Value::Object(entries)) => {
                serializer.collect_map(fields.iter().filter_map(|field| {
                    let value = entries.get(field.name)?;
                    Some((field.name, Ordered { shape: field.shape, value }))
                }))
            }
            (Shape::List(item), Value::Array(items)) => {
                serializer.collect_seq(items.iter().map(|value| Ordered { shape: *item, value }))
            }
            (_, value) => value.serialize(serializer),
        }
    }
}

/// An object of a shape. Its texts may be secret: it has no `Debug` and wipes them on drop.
pub(crate) struct Shaped {
    pub(crate) shape: Shape,
    pub(crate) value: Value,
}

impl Shaped {
    /// The text of the object as a document of its own.
    pub(crate) fn written(mut self, format: Format) -> Result<Zeroizing<String>> {
        self.shape.normalize(&mut self.value);
        let text = match (format, &self.value) {
            (Format::Json, value) => json::document(&Ordered { shape: self.shape, value })?,
            (Format::Yaml, Value::Object(mapping)) => yaml_output::document(mapping),
            (Format::Yaml, _) => anyhow::bail!("an object is not a mapping"),
        };
        Ok(Zeroizing::new(text))
    }
}

impl Drop for Shaped {
    fn drop(&mut self) {
        wipe(&mut self.value);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(entries) => entries.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
