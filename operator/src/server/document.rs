//! One SealedSecret that somebody has sent: whether it opens, and the same sealed anew. No template is ever rendered here and no
//! plaintext read: a caller who may choose either would learn it bit by bit from success and failure.

use std::collections::BTreeMap;

use crds::SealedSecret;
use kubeseal::{Keyring, Opener, Scope, SealingKey};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::source::sealed_secret::{label, scope};

/// More values than a Secret could hold.
const MAX_VALUES: usize = 2_000;
/// More commas than so many values need: each may stand for an element that takes many times the room it took in the body.
const MAX_COMMAS: usize = 50_000;
/// The most RSA operations that one request is worth.
const MAX_ATTEMPTS: usize = 4_096;
/// Annotations that quote the whole object.
const LAST_APPLIED: [&str; 2] =
    ["kubectl.kubernetes.io/last-applied-configuration", "kubecfg.ksonnet.io/last-applied-configuration"];

/// What is wrong with the request itself, whatever the keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It is not one SealedSecret in JSON or YAML.
    NotASealedSecret,
    /// It has more values than a Secret could hold.
    TooMany,
}

/// It does not open with these keys under its scope. Why is not told: it would help nobody but those who forge blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unopened;

/// A SealedSecret as it was sent.
pub struct Document {
    raw: Value,
    object: SealedSecret,
}

/// How it ended, and how many RSA operations that took.
pub struct Tried<T> {
    /// The outcome.
    pub outcome: Result<T, Unopened>,
    /// RSA private-key operations.
    pub attempts: usize,
}

impl Document {
    /// Reads one SealedSecret, as JSON or YAML.
    ///
    /// # Errors
    /// [`Malformed`], which depends on the request alone.
    pub fn parse(body: &[u8]) -> Result<Document, Malformed> {
        if body.split(|byte| *byte == b',').count() > MAX_COMMAS + 1 {
            return Err(Malformed::TooMany);
        }
        let raw: Value = if let Ok(value) = serde_json::from_slice(body) {
            value
        } else {
            let text = std::str::from_utf8(body).map_err(|_| Malformed::NotASealedSecret)?;
            serde_saphyr::from_str(text).map_err(|_| Malformed::NotASealedSecret)?
        };
        if raw["apiVersion"] != "bitnami.com/v1alpha1" || raw["kind"] != "SealedSecret" {
            return Err(Malformed::NotASealedSecret);
        }
        let object = SealedSecret::deserialize(&raw).map_err(|_| Malformed::NotASealedSecret)?;
        if object.spec.encrypted_data.len() > MAX_VALUES {
            return Err(Malformed::TooMany);
        }
        Ok(Document { raw, object })
    }

    /// Opens every value, under the label that the object itself asks for, and drops the plaintext. With `accept_v1` the
    /// deprecated first format is opened too.
    pub fn verify(self, keyring: &Keyring, accept_v1: bool) -> Tried<()> {
        let mut opening = Opening::new(self.object, keyring);
        let outcome = opening.all(accept_v1, |_, _, _| Ok(()));
        Tried { outcome, attempts: opening.opener.attempts() }
    }

    /// The document with every value sealed by the newest key, under the very label that has opened it. What the newest key
    /// has sealed stays as it is. The template goes along unread, but for its scope, which becomes the object's.
    pub fn rotate(self, keyring: &Keyring, accept_v1: bool) -> Tried<Value> {
        let Document { mut raw, object } = self;
        let scope = scope(&object);
        let mut opening = Opening::new(object, keyring);
        let (label, newest) = (opening.opener.label().to_vec(), keyring.newest());
        let mut sealed = BTreeMap::new();
        let outcome = opening.all(accept_v1, |field, key, plaintext| {
            let newest = newest.ok_or(Unopened)?;
            if key.fingerprint() != newest.fingerprint() {
                let blob = kubeseal::seal(newest.certificate(), &label, plaintext).map_err(|_| Unopened)?;
                sealed.insert(field, kubeseal::encode_base64(&blob));
            }
            Ok(())
        });
        let attempts = opening.opener.attempts();
        let outcome = outcome.and_then(|()| if newest.is_some() { Ok(()) } else { Err(Unopened) });
        let outcome = outcome.map(|()| {
            tidy(&mut raw, scope);
            for (field, text) in sealed {
                match field {
                    Field::Entry(key) => raw["spec"]["encryptedData"][key] = json!(text),
                    Field::V1 => raw["spec"]["data"] = json!(text),
                }
            }
            raw
        });
        Tried { outcome, attempts }
    }
}

/// Leaves out what the API server has added, and says the scope in both places.
fn tidy(document: &mut Value, scope: Scope) {
    let Value::Object(root) = document else { return };
    root.remove("status");
    if let Some(Value::Object(metadata)) = root.get_mut("metadata") {
        metadata.retain(|key, _| matches!(key.as_str(), "name" | "namespace" | "labels" | "annotations"));
        annotate(metadata, scope);
    }
    let Some(Value::Object(spec)) = root.get_mut("spec") else { return };
    let annotates = spec.get("template").is_some_and(|template| template["metadata"]["annotations"].is_object());
    if scope == Scope::Strict && !annotates {
        return;
    }
    let mut template = take_object(spec, "template");
    let mut metadata = take_object(&mut template, "metadata");
    annotate(&mut metadata, scope);
    template.insert("metadata".to_owned(), Value::Object(metadata));
    spec.insert("template".to_owned(), Value::Object(template));
}

/// Takes out the object under a key; an empty one when there is none.
fn take_object(parent: &mut Map<String, Value>, key: &str) -> Map<String, Value> {
    match parent.remove(key) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// Makes annotations say this scope and no other.
fn annotate(metadata: &mut Map<String, Value>, scope: Scope) {
    let mut annotations = take_object(metadata, "annotations");
    let stale = [kubeseal::CLUSTER_WIDE, kubeseal::NAMESPACE_WIDE].into_iter().chain(LAST_APPLIED);
    for name in stale {
        annotations.remove(name);
    }
    if let Some(name) = scope.annotation() {
        annotations.insert(name.to_owned(), json!("true"));
    }
    if !annotations.is_empty() {
        metadata.insert("annotations".to_owned(), Value::Object(annotations));
    }
}

/// A sealed text of a document.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    /// One of `spec.encryptedData`.
    Entry(String),
    /// `spec.data`.
    V1,
}

/// Opening one document, with its costs.
struct Opening<'a> {
    object: SealedSecret,
    opener: Opener<'a>,
}

impl<'a> Opening<'a> {
    fn new(object: SealedSecret, keyring: &'a Keyring) -> Opening<'a> {
        let opener = Opener::new(keyring, label(&object), None);
        Opening { object, opener }
    }

    /// Opens every value until one does not open: the first failure decides.
    fn all(
        &mut self,
        accept_v1: bool,
        mut each: impl FnMut(Field, &SealingKey, &Zeroizing<Vec<u8>>) -> Result<(), Unopened>,
    ) -> Result<(), Unopened> {
        let entries = std::mem::take(&mut self.object.spec.encrypted_data);
        if let Some(text) = self.object.spec.data.take().filter(|text| !text.is_empty()) {
            if !accept_v1 || !entries.is_empty() {
                return Err(Unopened);
            }
            let (key, plaintext) = self.one(&text)?;
            return each(Field::V1, key, &plaintext);
        }
        for (name, value) in entries {
            let (key, plaintext) = self.one(value.as_deref().ok_or(Unopened)?)?;
            each(Field::Entry(name), key, &plaintext)?;
        }
        Ok(())
    }

    fn one(&mut self, text: &str) -> Result<(&'a SealingKey, Zeroizing<Vec<u8>>), Unopened> {
        let blob = kubeseal::decode_base64(text).map_err(|_| Unopened)?;
        if self.opener.attempts() > MAX_ATTEMPTS {
            return Err(Unopened);
        }
        let unsealed = self.opener.open(&blob).map_err(|_| Unopened)?;
        Ok((unsealed.key, unsealed.plaintext))
    }
}

#[cfg(test)]
mod tests;
