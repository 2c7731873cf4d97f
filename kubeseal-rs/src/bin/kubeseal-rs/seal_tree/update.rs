//! Brings a file of sealed objects up to date, so that a diff shows what changed and nothing else: values that are still the same
//! keep their ciphertexts, and a file in which only values have changed keeps its comments and its layout.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use kubeseal::{CLUSTER_WIDE, Certificate, NAMESPACE_WIDE, Scope};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::known::Known;
use crate::layout::located::{Content, Located, documents};
use crate::layout::{self, Change, Position};
use crate::scalar::{Meaning, meaning};
use crate::{json, yaml_output};

/// An object that was sealed just now, with the values that it was sealed from.
pub(crate) struct Fresh {
    pub(crate) object: Value,
    pub(crate) values: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

impl Fresh {
    /// An object that has no values.
    pub(crate) fn without_values(object: Value) -> Fresh {
        Fresh { object, values: BTreeMap::new() }
    }
}

/// What a ciphertext was made from, to be remembered once it is written.
pub(crate) struct Made {
    pub(crate) label: Vec<u8>,
    pub(crate) ciphertext: String,
    pub(crate) plaintext: Zeroizing<Vec<u8>>,
}

/// A file brought up to date.
pub(crate) struct Updated {
    pub(crate) text: String,
    /// What was sealed anew: namespace, name and key.
    pub(crate) sealed: Vec<(String, String, String)>,
    pub(crate) made: Vec<Made>,
}

/// The text that a file is to have. `existing` is what it has.
pub(crate) fn update(
    existing: Option<&str>,
    mut fresh: Vec<Fresh>,
    is_json: bool,
    (certificate, known): (Option<&Certificate>, &Known),
) -> Result<Updated> {
    let old = existing.map(read).transpose()?.unwrap_or_default();
    let mut updated = Updated { text: String::new(), sealed: Vec::new(), made: Vec::new() };
    for fresh in &mut fresh {
        let previous = old.iter().find(|old| identity(&old.value) == identity(&fresh.object));
        keep_ciphertexts(fresh, previous.map(|old| &old.value), (certificate, known), &mut updated);
    }
    let merged: Vec<Value> = fresh
        .iter()
        .map(|fresh| {
            let previous = old.iter().find(|old| identity(&old.value) == identity(&fresh.object));
            previous.map_or_else(|| fresh.object.clone(), |old| merged(&old.value, &fresh.object))
        })
        .collect();
    updated.text = match existing.and_then(|text| in_place(text, &old, &merged)) {
        Some(text) => text,
        None => written(&merged, is_json)?,
    };
    Ok(updated)
}

/// An object of the file as it was.
struct Old {
    position: Position,
    value: Value,
}

fn read(text: &str) -> Result<Vec<Old>> {
    let Ok(trees) = documents(text) else { bail!("it is neither YAML nor JSON; move it away to have it written anew") };
    let mut old = Vec::new();
    for (document, tree) in trees.iter().enumerate() {
        if tree.text_at("kind") != Some("SealedSecret") {
            bail!("it holds other objects than SealedSecrets; write to another file");
        }
        let Some(value) = value(tree) else {
            bail!("it has anchors, aliases or tags; move it away to have it written anew")
        };
        old.push(Old { position: Position { document, item: None }, value });
    }
    Ok(old)
}

/// What a tree means, as JSON.
fn value(node: &Located) -> Option<Value> {
    use granit_parser::ScalarStyle;
    if node.anchored || node.tag.is_some() {
        return None;
    }
    Some(match &node.content {
        Content::Alias(_) => return None,
        Content::List(items) => Value::Array(items.iter().map(value).collect::<Option<_>>()?),
        Content::Map(entries) => {
            let entry = |(key, node): &(Located, Located)| Some((key.text()?.to_owned(), value(node)?));
            Value::Object(entries.iter().map(entry).collect::<Option<_>>()?)
        }
        Content::Scalar(text, ScalarStyle::Plain) => match meaning(text) {
            Meaning::Null => Value::Null,
            Meaning::Bool(value) => Value::Bool(value),
            Meaning::Integer(number) => i64::try_from(number).map_or_else(|_| Value::from(text.as_str()), Value::from),
            Meaning::Float(number) => Value::from(number),
            Meaning::Timestamp | Meaning::Text => Value::from(text.as_str()),
        },
        Content::Scalar(text, _) => Value::from(text.as_str()),
    })
}

fn identity(object: &Value) -> (&str, &str) {
    let part = |key| object["metadata"][key].as_str().unwrap_or_default();
    (part("namespace"), part("name"))
}

/// The label of the values of an object.
fn label(object: &Value) -> Vec<u8> {
    let annotations = object["metadata"]["annotations"].as_object();
    let is_set =
        |name| annotations.and_then(|annotations| annotations.get(name)).and_then(Value::as_str) == Some("true");
    let scope = match (is_set(CLUSTER_WIDE), is_set(NAMESPACE_WIDE)) {
        (true, _) => Scope::ClusterWide,
        (_, true) => Scope::NamespaceWide,
        _ => Scope::Strict,
    };
    let (namespace, name) = identity(object);
    scope.label(namespace, name)
}

/// Puts the ciphertexts back that are known to hold the same values under the same label for the same certificate.
fn keep_ciphertexts(
    fresh: &mut Fresh,
    previous: Option<&Value>,
    (certificate, known): (Option<&Certificate>, &Known),
    updated: &mut Updated,
) {
    let Some(certificate) = certificate else { return };
    let label = label(&fresh.object);
    let (namespace, name) = identity(&fresh.object);
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    for (key, plaintext) in std::mem::take(&mut fresh.values) {
        let data = &mut fresh.object["spec"]["encryptedData"];
        let old = previous.and_then(|object| object["spec"]["encryptedData"][&key].as_str());
        if let Some(old) = old.filter(|old| known.holds(certificate, &label, old, &plaintext)) {
            data[&key] = Value::from(old);
            continue;
        }
        let ciphertext = data[&key].as_str().unwrap_or_default().to_owned();
        updated.sealed.push((namespace.clone(), name.clone(), key));
        updated.made.push(Made { label: label.clone(), ciphertext, plaintext });
    }
}

/// The object as it was with all that sealing says. What people have added stays: labels and annotations of the SealedSecret
/// itself, the data of its template.
fn merged(old: &Value, fresh: &Value) -> Value {
    let mut merged = old.clone();
    let annotations = object_of(&mut merged["metadata"], "annotations");
    annotations.retain(|name, _| name != CLUSTER_WIDE && name != NAMESPACE_WIDE);
    annotations.extend(fresh["metadata"]["annotations"].as_object().cloned().unwrap_or_default());
    if annotations.is_empty() {
        let _ = merged["metadata"].as_object_mut().and_then(|metadata| metadata.remove("annotations"));
    }
    for part in ["encryptedData", "template"].iter().filter(|part| !fresh["spec"][**part].is_null()) {
        let fresh = &fresh["spec"][*part];
        if *part == "encryptedData" {
            merged["spec"][*part] = fresh.clone();
            continue;
        }
        let template = object_of(&mut merged["spec"], part);
        for field in ["metadata", "type", "immutable"] {
            match &fresh[field] {
                Value::Null => drop(template.remove(field)),
                value => drop(template.insert(field.to_owned(), value.clone())),
            }
        }
    }
    merged
}

/// The mapping under a key, made when there is none.
fn object_of<'a>(parent: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    if !parent.is_object() {
        *parent = Value::Object(Map::new());
    }
    if !parent[key].is_object() {
        parent[key] = Value::Object(Map::new());
    }
    #[expect(clippy::expect_used, reason = "it was made one in the line before")]
    parent[key].as_object_mut().expect("a mapping")
}

/// The text with the new values in it, when nothing but values differs.
fn in_place(text: &str, old: &[Old], new: &[Value]) -> Option<String> {
    if old.len() != new.len() {
        return None;
    }
    let mut changes = Vec::new();
    for (old, new) in old.iter().zip(new) {
        if without_data(&old.value) != without_data(new) || identity(&old.value) != identity(new) {
            return None;
        }
        let (before, after) = (data(&old.value), data(new));
        let change = |key: &String, value: Option<&Value>| Change {
            object: old.position,
            key: key.clone(),
            value: value.and_then(Value::as_str).map(str::to_owned),
        };
        changes.extend(
            after
                .iter()
                .filter(|(key, value)| before.get(*key) != Some(value))
                .map(|(key, value)| change(key, Some(value))),
        );
        changes.extend(before.keys().filter(|key| !after.contains_key(*key)).map(|key| change(key, None)));
    }
    layout::rewrite(text, &changes).ok()
}

fn data(object: &Value) -> Map<String, Value> {
    object["spec"]["encryptedData"].as_object().cloned().unwrap_or_default()
}

fn without_data(object: &Value) -> Value {
    let mut object = object.clone();
    let _ = object["spec"].as_object_mut().and_then(|spec| spec.remove("encryptedData"));
    object
}

/// The objects as a new file.
fn written(objects: &[Value], is_json: bool) -> Result<String> {
    let mut text = String::new();
    for object in objects {
        match object {
            Value::Object(_) if is_json => text.push_str(&json::document(object)?),
            Value::Object(mapping) => text.push_str(&yaml_output::document(mapping)),
            _ => bail!("a SealedSecret was not written as a mapping"),
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
