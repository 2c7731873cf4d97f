//! A SealedSecret that exists already: read from a file or from a controller's answer, to be asked about, changed or opened.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use kubeseal::Scope;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::args::Format;
use crate::failure::Failure;
use crate::input;
use crate::node::Node;
use crate::shape::{SEALED_SECRET, Shaped};

const HINT: &str = "give SealedSecrets, as kubeseal writes them";

/// A SealedSecret with what the original knows of it.
pub(crate) struct SealedDocument(Shaped);

/// Reads every SealedSecret of a stream of JSON objects or YAML documents, each with the number of its document, from 1.
/// Empty documents are passed over; there is at least one that is not.
pub(crate) fn sealed_secrets(bytes: &[u8]) -> Result<Vec<(usize, SealedDocument)>> {
    let mut found = Vec::new();
    for (number, document) in (1..).zip(input::documents_in(bytes)?) {
        let is_empty = matches!(&document, Node::Null) || matches!(&document, Node::Map(fields) if fields.is_empty());
        if !is_empty {
            found.push((number, SealedDocument::read(document).with_context(|| format!("document {number}"))?));
        }
    }
    if found.is_empty() {
        return Err(Failure::with_hint("the input holds no SealedSecret", HINT));
    }
    Ok(found)
}

impl SealedDocument {
    /// Reads one document.
    pub(crate) fn read(document: Node) -> Result<SealedDocument> {
        let Node::Map(_) = &document else {
            return Err(Failure::with_hint("not a SealedSecret but a bare value", HINT));
        };
        let value = SEALED_SECRET.read(document, "")?;
        if value["kind"] != "SealedSecret" {
            return Err(Failure::with_hint("not a SealedSecret but another kind", HINT));
        }
        if value["apiVersion"] != "bitnami.com/v1alpha1" {
            return Err(Failure::with_hint("the SealedSecret has another apiVersion than bitnami.com/v1alpha1", HINT));
        }
        Ok(SealedDocument(Shaped { shape: SEALED_SECRET, value }))
    }

    /// Reads a controller's answer, in which the original does not say what it is.
    pub(crate) fn answered(mut document: Node) -> Result<SealedDocument> {
        if let Node::Map(fields) = &mut document {
            for (name, text) in [("kind", "SealedSecret"), ("apiVersion", "bitnami.com/v1alpha1")] {
                fields.entry(name.to_owned()).or_insert_with(|| Node::text(text));
            }
        }
        SealedDocument::read(document).map(SealedDocument::without_history)
    }

    /// What stands at a path of fields; null when nothing does.
    fn at(&self, path: &[&str]) -> &Value {
        path.iter().fold(&self.0.value, |value, field| &value[*field])
    }

    fn text_at(&self, path: &[&str]) -> &str {
        self.at(path).as_str().unwrap_or_default()
    }

    /// Empty when it has none.
    pub(crate) fn name(&self) -> &str {
        self.text_at(&["metadata", "name"])
    }

    /// Empty when it has none.
    pub(crate) fn namespace(&self) -> &str {
        self.text_at(&["metadata", "namespace"])
    }

    /// Empty when it has none, as in a file.
    pub(crate) fn uid(&self) -> &str {
        self.text_at(&["metadata", "uid"])
    }

    /// The scope under which its values open.
    pub(crate) fn scope(&self) -> Scope {
        Scope::from_annotations(&texts(self.at(&["metadata", "annotations"])))
    }

    /// The sealed values in base64, by key.
    pub(crate) fn encrypted_data(&self) -> BTreeMap<String, String> {
        texts(self.at(&["spec", "encryptedData"]))
    }

    /// Whether it has values in the deprecated first format.
    pub(crate) fn has_first_format(&self) -> bool {
        !self.text_at(&["spec", "data"]).is_empty()
    }

    /// What the Secret is made of besides the values; null when it has none.
    pub(crate) fn template(&self) -> &Value {
        self.at(&["spec", "template"])
    }

    /// Takes out what belongs to the object in a cluster and not to its file.
    fn without_history(mut self) -> SealedDocument {
        if let Some(metadata) = self.0.value["metadata"].as_object_mut() {
            metadata
                .retain(|field, _| !["creationTimestamp", "deletionTimestamp", "generation"].contains(&field.as_str()));
        }
        self
    }

    /// Adds texts to a mapping, which is made when it is not there; answers whether that changed anything.
    pub(crate) fn add(&mut self, path: &[&str], added: &Map<String, Value>) -> bool {
        if added.is_empty() {
            return false;
        }
        let place = path.iter().fold(&mut self.0.value, |value, field| {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            &mut value[*field]
        });
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let mut is_changed = false;
        for (key, value) in added {
            is_changed |= place.get(key) != Some(value);
            place[key.as_str()] = value.clone();
        }
        is_changed
    }

    /// The document to send to a controller.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>> {
        Ok(serde_json::to_vec(&self.0.value)?)
    }

    /// The text of its file.
    pub(crate) fn written(self, format: Format) -> Result<Zeroizing<String>> {
        self.0.written(format)
    }
}

/// A mapping of texts; what is no text is empty, as in the original.
fn texts(value: &Value) -> BTreeMap<String, String> {
    let fields = value.as_object().into_iter().flatten();
    fields.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}
