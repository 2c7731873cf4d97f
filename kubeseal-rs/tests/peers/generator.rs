//! Secrets to seal: drawn from a generator that always starts from the same seed, written as JSON or as YAML.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crds::SealedSecret;
use kubeseal::{CLUSTER_WIDE, NAMESPACE_WIDE, Scope};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::odd_texts::{is_beyond_the_original, odd_texts};

/// What a stream is written in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    Json,
    Yaml,
}

/// A Secret before it is sealed.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    metadata: Value,
    type_: Option<String>,
    immutable: Option<bool>,
    data: BTreeMap<String, Vec<u8>>,
    string_data: BTreeMap<String, String>,
}

impl Plain {
    /// A Secret whose annotations are these texts.
    pub(crate) fn annotated(texts: &[String]) -> Plain {
        let annotations: BTreeMap<String, &String> =
            texts.iter().enumerate().map(|(index, text)| (format!("a{index:02}"), text)).collect();
        Plain {
            metadata: json!({"name": "odd", "annotations": annotations}),
            type_: None,
            immutable: None,
            data: BTreeMap::from([("key".to_owned(), b"value".to_vec())]),
            string_data: BTreeMap::new(),
        }
    }

    /// What the Secret holds once the API server has put `stringData` over `data`.
    pub(crate) fn values(&self) -> BTreeMap<String, Vec<u8>> {
        let texts = self.string_data.iter().map(|(key, text)| (key.clone(), text.clone().into_bytes()));
        self.data.clone().into_iter().chain(texts).collect()
    }

    /// The same Secret without an opinion about its scope.
    pub(crate) fn without_scope(mut self) -> Plain {
        if let Some(annotations) = self.metadata["annotations"].as_object_mut() {
            annotations.retain(|name, _| name != CLUSTER_WIDE && name != NAMESPACE_WIDE);
        }
        self
    }

    fn to_json(&self) -> Value {
        let data: BTreeMap<&String, String> =
            self.data.iter().map(|(key, value)| (key, kubeseal::encode_base64(value))).collect();
        let mut secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": self.metadata, "data": data, "stringData": self.string_data,
        });
        if let Some(type_) = &self.type_ {
            secret["type"] = json!(type_);
        }
        if let Some(immutable) = self.immutable {
            secret["immutable"] = json!(immutable);
        }
        secret
    }
}

/// `count` Secrets; another `round` gives others.
pub(crate) fn secrets(count: usize, round: usize) -> Vec<Plain> {
    let mut runner = TestRunner::deterministic();
    for _ in 0..round {
        // Moves the generator on.
        any::<u64>().new_tree(&mut runner).unwrap();
    }
    (0..count).map(|_| plain().new_tree(&mut runner).unwrap().current()).collect()
}

/// One stream of all of them.
pub(crate) fn stream(secrets: &[Plain], source: Source) -> String {
    let mut text = String::new();
    for secret in secrets {
        match source {
            Source::Json => writeln!(text, "{}", secret.to_json()).unwrap(),
            Source::Yaml => {
                text.push_str("---\n# a comment\n");
                block_yaml(&mut text, &secret.to_json(), 0);
            }
        }
    }
    text
}

fn plain() -> impl Strategy<Value = Plain> {
    let data = btree_map(key(), vec(any::<u8>(), 0..300), 0..6);
    let string_data = btree_map(key(), text(), 1..4);
    let type_ = option::of(select(vec!["Opaque", "kubernetes.io/tls", "kubernetes.io/dockerconfigjson"]));
    (metadata(), type_, option::of(any::<bool>()), data, string_data).prop_map(
        |(metadata, type_, immutable, data, string_data)| Plain {
            metadata,
            type_: type_.map(str::to_owned),
            immutable,
            data,
            string_data,
        },
    )
}

fn metadata() -> impl Strategy<Value = Value> {
    let name = "[a-z]([a-z0-9-]{0,20}[a-z0-9])?";
    let scopes =
        btree_map(select(vec![CLUSTER_WIDE, NAMESPACE_WIDE]), select(vec!["true", "true", "false", "True"]), 0..3);
    let own_by_server = option::of(Just(json!({
        "uid": "b7a1e0f6-0000-4000-8000-000000000000", "resourceVersion": "42", "generation": 3,
        "creationTimestamp": "2020-01-01T00:00:00Z", "selfLink": "/api/v1/namespaces/a/secrets/b",
        "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}],
        "managedFields": [{
            "manager": "kubectl", "operation": "Update", "apiVersion": "v1", "time": "2020-01-01T00:00:00Z",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {".": {}, "f:a": {}}},
        }],
    })));
    let finalizers = vec("[a-z]{3,9}/[a-z]{3,9}", 0..3);
    let last_applied = option::of(Just("kubectl.kubernetes.io/last-applied-configuration"));
    let annotations = btree_map(name_like(), text(), 0..6);
    let labels = btree_map(name_like(), text(), 0..6);
    (name, any::<bool>(), scopes, own_by_server, finalizers, last_applied, annotations, labels).prop_map(
        |(name, has_namespace, scopes, own_by_server, finalizers, last_applied, mut annotations, labels)| {
            annotations.extend(scopes.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())));
            annotations.extend(last_applied.map(|key| (key.to_owned(), "{\"data\":\"a leak\"}".to_owned())));
            let mut metadata = own_by_server.unwrap_or_else(|| json!({}));
            metadata["name"] = json!(name);
            if has_namespace {
                metadata["namespace"] = json!("given");
            }
            metadata["annotations"] = json!(annotations);
            metadata["labels"] = json!(labels);
            metadata["finalizers"] = json!(finalizers);
            metadata
        },
    )
}

/// Digits come last in every key: where letters follow them the original's order goes in a circle, and its output varies
/// from run to run.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-zA-Z._-]{1,16}[0-9]{0,4}",
        1 => "[a-z]{1,3}[0-9]{1,4}",
        1 => "[a-z.]{100,200}",
        1 => select(vec!["tls.crt", ".dockerconfigjson", "1", "10", "9", "true", "null", "y", "0x1f", "-", "1.5"])
            .prop_map(str::to_owned),
    ]
}

fn name_like() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "([a-z]{1,9}\\.[a-z]{1,9}/)?[a-zA-Z]([a-zA-Z._-]{0,20}[a-zA-Z])?[0-9]{0,3}",
        2 => "[a-c]{1,2}[._-]?[0-9]{1,3}",
        1 => "[a-z]{130,150}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => "[ -~]{0,60}",
        1 => "[ -~\n]{0,40}",
        1 => "([a-z:#-]{1,12} ){8,20}[a-z]{1,9}",
        1 => "\\PC{0,30}",
        1 => any::<String>(),
        1 => "[-+.0-9_xobe:TZ]{1,12}",
        2 => select(odd_texts()),
    ]
    .prop_map(|text: String| text.replace(is_beyond_the_original, ""))
}

/// The texts that [`Plain::annotated`] was made of, as they stand in a template.
pub(crate) fn annotation_values(sealed: &SealedSecret) -> Vec<String> {
    let template = sealed.spec.template.as_ref().unwrap().metadata.as_ref().unwrap();
    template.annotations.as_ref().unwrap().values().cloned().collect()
}

/// A SealedSecret with one value, `value`.
pub(crate) fn sealed_document(namespace: &str, name: &str, scope: Scope, value: &str) -> String {
    let annotations: BTreeMap<_, _> = scope.annotation().map(|annotation| (annotation, "true")).into_iter().collect();
    json!({
        "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret",
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
        "spec": {"encryptedData": {"value": value}},
    })
    .to_string()
}

/// Block style with every text in double quotes: the plainest YAML that says what is meant.
fn block_yaml(text: &mut String, value: &Value, indent: usize) {
    let start = |text: &mut String| write!(text, "{:indent$}", "").unwrap();
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                start(text);
                quoted(text, key, "? ", "\n");
                start(text);
                text.push_str(": ");
                nested(text, value, indent);
            }
        }
        Value::Array(items) => {
            for item in items {
                start(text);
                text.push_str("- ");
                nested(text, item, indent);
            }
        }
        _ => text.push_str("unreachable\n"),
    }
}

fn nested(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(fields) if fields.is_empty() => text.push_str("{}\n"),
        Value::Array(items) if items.is_empty() => text.push_str("[]\n"),
        Value::Object(_) | Value::Array(_) => {
            text.push('\n');
            block_yaml(text, value, indent + 2);
        }
        Value::String(string) => quoted(text, string, "", "\n"),
        other => writeln!(text, "{other}").unwrap(),
    }
}

fn quoted(text: &mut String, string: &str, before: &str, after: &str) {
    text.push_str(before);
    text.push('"');
    for character in string.chars() {
        match character {
            '"' | '\\' => write!(text, "\\{character}").unwrap(),
            ' '..='~' => text.push(character),
            _ => write!(text, "\\U{:08X}", u32::from(character)).unwrap(),
        }
    }
    text.push('"');
    text.push_str(after);
}
