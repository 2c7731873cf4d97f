//! `--recovery-unseal`: the Secrets that SealedSecrets hold, opened with the keys of a backup, without a controller or a cluster.

use anyhow::{Context as _, Result};
use kubeseal::{Keyring, Opener, SKIP_SET_OWNER_REFERENCES};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::args::Format;
use crate::failure::Failure;
use crate::sealed_document::{SealedDocument, sealed_secrets};
use crate::shape::{SECRET, Shaped};

/// Opens every SealedSecret of the input. `namespace` stands in for one that a file does not name.
pub(crate) fn unseal(input: &[u8], keyring: &Keyring, namespace: &str, format: Format) -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    for (number, sealed) in sealed_secrets(input)? {
        let secret = secret(&sealed, keyring, namespace).with_context(|| format!("document {number}"))?;
        text.push_str(&secret.written(format)?);
    }
    Ok(text)
}

fn secret(sealed: &SealedDocument, keyring: &Keyring, namespace: &str) -> Result<Shaped> {
    if sealed.has_first_format() {
        let hint = "the controller opens it; in a file of today the values are in spec.encryptedData";
        return Err(Failure::with_hint("the deprecated spec.data is not opened here", hint));
    }
    let namespace = if sealed.namespace().is_empty() { namespace } else { sealed.namespace() };
    let mut secret = Shaped { shape: SECRET, value: json!({ "kind": "Secret", "apiVersion": "v1" }) };
    secret.value["data"] = Value::Object(values(sealed, keyring, namespace)?);
    let template = sealed.template();
    for field in ["metadata", "type", "immutable"] {
        secret.value[field] = template[field].clone();
    }
    let mut metadata = template["metadata"].as_object().cloned().unwrap_or_default();
    metadata.insert("name".to_owned(), sealed.name().into());
    metadata.insert("namespace".to_owned(), namespace.into());
    if template["metadata"]["annotations"][SKIP_SET_OWNER_REFERENCES] != "true" {
        metadata.insert("ownerReferences".to_owned(), owner(sealed));
    }
    secret.value["metadata"] = Value::Object(metadata);
    Ok(secret)
}

fn owner(sealed: &SealedDocument) -> Value {
    json!([{
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "name": sealed.name(),
        "uid": sealed.uid(),
        "controller": true,
    }])
}

/// The values in base64, by key, with the texts of the template that need no rendering.
fn values(sealed: &SealedDocument, keyring: &Keyring, namespace: &str) -> Result<Map<String, Value>> {
    let mut values = plain_texts(sealed)?;
    let mut opener = Opener::new(keyring, sealed.scope().label(namespace, sealed.name()), None);
    let mut closed = Vec::new();
    for (key, text) in sealed.encrypted_data() {
        let unsealed = kubeseal::decode_base64(&text).ok().and_then(|blob| opener.open(&blob).ok());
        match unsealed {
            Some(unsealed) => {
                values.insert(key, kubeseal::encode_base64(&unsealed.plaintext).into());
            }
            None => closed.push(key),
        }
    }
    if closed.is_empty() {
        // A null in the template takes a key out.
        values.retain(|key, _| sealed.template()["data"].get(key).is_none_or(|text| !text.is_null()));
        return Ok(values);
    }
    let place = if namespace.is_empty() { sealed.name().to_owned() } else { format!("{namespace}/{}", sealed.name()) };
    Err(Failure::with_hint(
        format!("no key could decrypt secret `{place}` ({})", closed.join(", ")),
        "the key is missing, or the object was renamed, moved or given another scope since it was sealed",
    ))
}

/// The controller renders what it finds in `spec.template.data`; a text without an action is rendered to itself.
fn plain_texts(sealed: &SealedDocument) -> Result<Map<String, Value>> {
    let mut texts = Map::new();
    for (key, text) in sealed.template()["data"].as_object().into_iter().flatten() {
        let Some(text) = text.as_str() else { continue };
        if text.contains("{{") {
            return Err(Failure::with_hint(
                format!("`{key}` of the template is not rendered here"),
                "the controller does it; take spec.template.data out of the file to have the sealed values alone",
            ));
        }
        texts.insert(key.clone(), kubeseal::encode_base64(text.as_bytes()).into());
    }
    Ok(texts)
}
