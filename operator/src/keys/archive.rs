//! What is in a backup: the key Secrets as a List, as `kubectl apply` takes it back. JSON, which is YAML too. Whatever the
//! server has put into a Secret stays out, and so does what `kubectl apply` remembers, which holds the key once more.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::found::Found;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The parts of a Secret that stay, besides its metadata.
const ENTRIES: [&str; 2] = ["tls.key", "tls.crt"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    api_version: &'static str,
    kind: &'static str,
    items: &'a [Secret],
}

/// The Secrets as text, in their order.
pub(super) fn write(secrets: &[Secret]) -> Result<Zeroizing<Vec<u8>>> {
    let secrets: Vec<Secret> = secrets.iter().map(bare).collect();
    let list = List { api_version: "v1", kind: "List", items: &secrets };
    // Measured first: a buffer that grows leaves copies behind.
    let mut size = Size(0);
    serde_json::to_writer_pretty(&mut size, &list)?;
    let mut text = Zeroizing::new(Vec::with_capacity(size.0 + 1));
    serde_json::to_writer_pretty(&mut *text, &list)?;
    text.push(b'\n');
    Ok(text)
}

struct Size(usize);

impl std::io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A Secret as its author could have written it.
pub(super) fn bare(secret: &Secret) -> Secret {
    let mut annotations = secret.metadata.annotations.clone().unwrap_or_default();
    annotations.remove(LAST_APPLIED);
    let some = |map: BTreeMap<String, String>| (!map.is_empty()).then_some(map);
    Secret {
        metadata: ObjectMeta {
            name: secret.metadata.name.clone(),
            namespace: secret.metadata.namespace.clone(),
            labels: some(secret.metadata.labels.clone().unwrap_or_default()),
            annotations: some(annotations),
            ..ObjectMeta::default()
        },
        type_: secret.type_.clone(),
        immutable: secret.immutable,
        data: secret.data.clone(),
        string_data: None,
    }
}

/// The key Secrets of a backup, ours or one that was made with `kubectl get secret -o yaml`: Secrets and Lists of them, JSON or
/// YAML, one document or several. Other objects are passed over.
///
/// # Errors
/// It is no such text, or there is no key Secret in it. The words quote nothing.
pub(super) fn read(text: &[u8]) -> Result<Vec<Found>> {
    let Ok(text) = std::str::from_utf8(text) else { bail!("the backup is neither an age file nor text") };
    let Ok(documents) = serde_saphyr::from_multiple::<Value>(text) else {
        bail!("the backup is neither an age file nor YAML")
    };
    let mut found = Vec::new();
    for object in documents.into_iter().flat_map(items) {
        let is_secret = object["kind"] == "Secret" || object["kind"].is_null();
        let holds_key =
            ENTRIES.iter().any(|entry| !object["data"][entry].is_null() || !object["stringData"][entry].is_null());
        if !is_secret || !holds_key {
            continue;
        }
        match serde_json::from_value::<Secret>(object) {
            Ok(secret) => found.push(Found::of(bare(&merged(secret)))),
            Err(_) => bail!("the backup holds a Secret that cannot be read"),
        }
    }
    if found.is_empty() {
        bail!("the backup holds no Secret with tls.key and tls.crt");
    }
    found.sort_by_key(|found| (found.instant(crate::settings::KeyOrder::CertNotBefore), found.name()));
    Ok(found)
}

/// With `stringData`, which people write by hand, where the server would put it.
fn merged(mut secret: Secret) -> Secret {
    let texts = secret.string_data.take().unwrap_or_default();
    let data = secret.data.get_or_insert_default();
    data.extend(texts.into_iter().map(|(key, text)| (key, k8s_openapi::ByteString(text.into_bytes()))));
    secret
}

/// The items of a List, or the object itself.
fn items(document: Value) -> Vec<Value> {
    match document {
        Value::Object(mut fields) if fields.get("items").is_some_and(Value::is_array) => match fields.remove("items") {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        },
        Value::Null => Vec::new(),
        other => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kubeseal::SealingKey;
    use serde_json::json;

    use super::*;

    fn secret(name: &str) -> Secret {
        let day = "2024-01-01T00:00:00Z".parse().unwrap();
        let key = SealingKey::generate(2048, "", day, Duration::from_hours(1)).unwrap();
        let encode = |text: &str| kubeseal::encode_base64(text.as_bytes());
        let data = json!({ "tls.crt": encode(key.certificate_pem()), "tls.key": encode(&key.private_key_pem().unwrap()), "note": "eA==" });
        serde_json::from_value(json!({
            "metadata": {
                "name": name, "namespace": "strongroom", "uid": "u", "resourceVersion": "7", "generateName": "sealed-secrets-key",
                "creationTimestamp": "2024-01-01T00:00:00Z", "labels": { "a": "b" },
                "annotations": { LAST_APPLIED: "the key again", "kept": "yes" },
                "managedFields": [{ "manager": "controller" }], "ownerReferences": [],
            },
            "type": "kubernetes.io/tls", "data": data,
        }))
        .unwrap()
    }

    #[test]
    fn what_the_server_has_added_stays_out_and_all_else_comes_back() {
        let secrets = ["one", "two"].map(secret);
        let text = write(&secrets).unwrap();
        let words = std::str::from_utf8(&text).unwrap();
        for word in ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generateName", "again"] {
            assert!(!words.contains(word), "{word}");
        }
        let back = read(&text).unwrap();
        assert_eq!(back.len(), 2);
        for (found, secret) in back.iter().zip(&secrets) {
            assert_eq!(found.secret, bare(secret));
            assert!(found.key.is_ok());
            assert_eq!(found.secret.data.as_ref().unwrap().len(), 3);
        }
    }

    #[test]
    fn a_backup_of_the_original_is_read_too() {
        let one = serde_json::to_value(secret("one")).unwrap();
        let mut two = serde_json::to_value(secret("two")).unwrap();
        two["apiVersion"] = json!("v1");
        two["kind"] = json!("Secret");
        let list = json!({ "apiVersion": "v1", "kind": "List", "metadata": {}, "items": [one, { "kind": "ConfigMap", "data": { "tls.key": "x" } }] });
        let text = format!("---\n{list}\n---\n{two}\n");
        let names: Vec<_> = read(text.as_bytes()).unwrap().iter().map(Found::name).collect();
        assert_eq!(names, ["one", "two"]);
    }

    #[test]
    fn what_is_no_backup_is_refused_without_a_quote() {
        for text in ["", "{}", "a: [", "kind: Secret\ndata: {tls.key: '%%secret'}\n", "[1]"] {
            let words = read(text.as_bytes()).err().unwrap().to_string();
            assert!(!words.contains("%%"), "{words}");
        }
        assert!(read(b"\xff").is_err());
    }
}
