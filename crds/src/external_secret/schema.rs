//! The parts of the definition that say more than the types do.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

const NAME: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const KEY: &str = "^[-._a-zA-Z0-9]+$";

fn name() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 253, "pattern": NAME})
}

fn strings() -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string"}})
}

fn one_of(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

fn one_of_or(default: &str, words: &[&str]) -> Value {
    json!({"type": "string", "default": default, "enum": words})
}

/// An object with these fields that also keeps every other field.
fn open(properties: &Value, required: &[&str]) -> Value {
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "x-kubernetes-preserve-unknown-fields": true,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// An object of which exactly one field is set.
fn choice(properties: &Value) -> Value {
    let mut schema = open(properties, &[]);
    schema["minProperties"] = json!(1);
    schema["maxProperties"] = json!(1);
    schema
}

fn schema(value: Value) -> Schema {
    Schema::try_from(value).unwrap_or_default()
}

pub(super) fn object_name(_: &mut SchemaGenerator) -> Schema {
    schema(name())
}

pub(super) fn sync_windows(_: &mut SchemaGenerator) -> Schema {
    let window =
        open(&json!({"schedule": {"type": "string"}, "duration": {"type": "string"}}), &["schedule", "duration"]);
    schema(open(
        &json!({
            "kind": one_of(&["allow", "deny"]),
            "windows": {"type": "array", "items": window},
        }),
        &[],
    ))
}

pub(super) fn manifest(_: &mut SchemaGenerator) -> Schema {
    let word = json!({"type": "string", "minLength": 1});
    schema(open(&json!({"apiVersion": word, "kind": word}), &["apiVersion", "kind"]))
}

pub(super) fn template(_: &mut SchemaGenerator) -> Schema {
    let metadata = open(
        &json!({
            "labels": strings(),
            "annotations": strings(),
            "finalizers": {"type": "array", "items": {"type": "string"}},
        }),
        &[],
    );
    schema(open(
        &json!({
            "type": {"type": "string"},
            "engineVersion": one_of_or("v2", &["v2"]),
            "mergePolicy": one_of_or("Replace", &["Replace", "Merge"]),
            "metadata": metadata,
            "data": strings(),
            "templateFrom": {"type": "array", "items": template_from()},
        }),
        &[],
    ))
}

fn template_from() -> Value {
    let item = open(
        &json!({
            "key": {"type": "string", "minLength": 1, "maxLength": 253, "pattern": KEY},
            "templateAs": one_of_or("Values", &["Values", "KeysAndValues"]),
        }),
        &["key"],
    );
    let source = open(&json!({"name": name(), "items": {"type": "array", "items": item}}), &["name", "items"]);
    open(
        &json!({
            "configMap": source,
            "secret": source,
            "literal": {"type": "string"},
            "target": {"type": "string", "default": "Data"},
            "valuesDecodingStrategy": {"type": "string"},
        }),
        &[],
    )
}

pub(super) fn find(_: &mut SchemaGenerator) -> Schema {
    schema(open(
        &json!({
            "path": {"type": "string"},
            "name": open(&json!({"regexp": {"type": "string"}}), &[]),
            "tags": strings(),
            "conversionStrategy": one_of(&["Default", "Unicode"]),
            "decodingStrategy": one_of(&["Auto", "Base64", "Base64URL", "None"]),
            "nullBytePolicy": one_of(&["Ignore", "Fail"]),
        }),
        &[],
    ))
}

pub(super) fn rewrites(_: &mut SchemaGenerator) -> Schema {
    let text = json!({"type": "string"});
    let merge = open(
        &json!({
            "into": {"type": "string", "default": ""},
            "priority": {"type": "array", "items": text},
            "priorityPolicy": one_of_or("Strict", &["IgnoreNotFound", "Strict"]),
            "conflictPolicy": one_of_or("Error", &["Ignore", "Error"]),
            "strategy": one_of_or("Extract", &["Extract", "JSON"]),
        }),
        &[],
    );
    let rewrite = choice(&json!({
        "merge": merge,
        "regexp": open(&json!({"source": text, "target": text}), &["source", "target"]),
        "transform": open(&json!({"template": text}), &["template"]),
    }));
    json_schema!({"type": "array", "items": rewrite})
}

pub(super) fn source_ref(_: &mut SchemaGenerator) -> Schema {
    let store = json!({
        "type": "object",
        "properties": {"name": name(), "kind": one_of(&["SecretStore", "ClusterSecretStore"])},
    });
    // The kinds of generators are not listed: the list grows with each version of the original.
    let generator = open(
        &json!({
            "apiVersion": {"type": "string", "default": "generators.external-secrets.io/v1alpha1"},
            "kind": {"type": "string"},
            "name": name(),
        }),
        &["kind", "name"],
    );
    schema(choice(&json!({"storeRef": store, "generatorRef": generator})))
}

pub(super) fn binding(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {"name": {"type": "string", "default": ""}},
        "x-kubernetes-map-type": "atomic",
    })
}
