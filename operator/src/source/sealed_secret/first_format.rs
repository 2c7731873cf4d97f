//! `spec.data`, the deprecated first format: one blob that holds a whole Secret as JSON.

use std::collections::BTreeMap;

use crds::TemplateMetadata;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::secret_data::SecretData;

// No derived Debug: it holds plaintext.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WholeSecret {
    api_version: String,
    kind: String,
    metadata: Option<TemplateMetadata>,
    #[serde(rename = "type")]
    type_: Option<String>,
    immutable: Option<bool>,
    data: Option<BTreeMap<String, String>>,
    string_data: Option<BTreeMap<String, String>>,
}

/// What the Secret in the blob describes; `None` when it is no Secret. Why not is not told: the parser would quote it.
pub(super) fn read(plaintext: &[u8]) -> Option<SecretData> {
    let secret: WholeSecret = serde_json::from_slice(plaintext).ok()?;
    if secret.api_version != "v1" || secret.kind != "Secret" {
        return None;
    }
    let metadata = secret.metadata.unwrap_or_default();
    let mut data = SecretData {
        type_: secret.type_.filter(|type_| !type_.is_empty()),
        immutable: secret.immutable,
        labels: metadata.labels.unwrap_or_default(),
        annotations: metadata.annotations.unwrap_or_default(),
        finalizers: metadata.finalizers.unwrap_or_default(),
        ..SecretData::default()
    };
    for (key, text) in secret.data.into_iter().flatten() {
        let text = Zeroizing::new(text);
        data.insert(key, Zeroizing::new(kubeseal::decode_base64(&text).ok()?));
    }
    for (key, text) in secret.string_data.into_iter().flatten() {
        data.insert(key, Zeroizing::new(text.into_bytes()));
    }
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_secret_is_read_with_its_metadata() {
        let json = br#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"other","labels":{"a":"b"},"creationTimestamp":null},
            "type":"example.com/x","data":{"one":"MQ==","both":"MQ=="},"stringData":{"two":"2","both":"2"}}"#;
        let data = read(json).unwrap();
        let values: Vec<_> = data.values.iter().map(|(key, value)| (key.as_str(), value.as_slice())).collect();
        assert_eq!(values, [("both", b"2".as_slice()), ("one", b"1"), ("two", b"2")]);
        assert_eq!((data.type_.as_deref(), data.labels["a"].as_str()), (Some("example.com/x"), "b"));
    }

    #[test]
    fn what_is_no_secret_is_none() {
        for text in [
            "",
            "1",
            "{}",
            r#"{"apiVersion":"v1","kind":"ConfigMap"}"#,
            r#"{"apiVersion":"v1","kind":"Secret","data":{"a":"%"}}"#,
        ] {
            assert!(read(text.as_bytes()).is_none(), "{text}");
        }
    }
}
