//! The definitions are supersets of those of the originals: nothing that an original keeps is pruned or refused.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails ends the test")]

mod fields;
mod keywords;

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The schema of one version of one definition.
fn schema(name: &str, version: &str) -> Value {
    let definition = definition(name);
    let versions = definition["spec"]["versions"].as_array().unwrap();
    let found = versions.iter().find(|served| served["name"] == version).unwrap();
    found["schema"]["openAPIV3Schema"].clone()
}

fn definition(name: &str) -> Value {
    let definitions = crds::definitions();
    let found =
        definitions.iter().find(|definition| definition.resource.metadata.name.as_deref() == Some(name)).unwrap();
    serde_json::to_value(&found.resource).unwrap()
}

/// Every node of a schema by its path; the items of a list or a map are `[]`.
fn nodes(schema: &Value) -> BTreeMap<String, Value> {
    fn walk(path: &str, node: &Value, into: &mut BTreeMap<String, Value>) {
        let join = |name: &str| {
            if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
        };
        for (name, child) in node["properties"].as_object().into_iter().flatten() {
            walk(&join(name), child, into);
        }
        for list in ["items", "additionalProperties"] {
            if node[list].is_object() {
                walk(&format!("{path}[]"), &node[list], into);
            }
        }
        into.insert(path.to_owned(), node.clone());
    }
    let mut found = BTreeMap::new();
    walk("", schema, &mut found);
    found
}

/// The value of one keyword wherever it stands.
fn keyword(schema: &Value, word: &str) -> BTreeMap<String, Value> {
    let with = nodes(schema).into_iter().filter(|(_, node)| !node[word].is_null());
    with.map(|(path, node)| (path, node[word].clone())).collect()
}

const EXTERNAL_SECRET: &str = "externalsecrets.external-secrets.io";
const STORES: [&str; 2] = ["secretstores.external-secrets.io", "clustersecretstores.external-secrets.io"];

#[test]
fn names_scopes_and_versions_are_those_of_the_originals() {
    let facts = |name: &str| {
        let spec = definition(name)["spec"].clone();
        let versions: Vec<_> = spec["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|version| {
                assert_eq!(version["subresources"], json!({"status": {}}), "{name}");
                json!([version["name"], version["served"], version["storage"]])
            })
            .collect();
        json!([spec["scope"], spec["names"]["shortNames"], spec["names"]["categories"], versions])
    };
    let both = json!([["v1", true, true], ["v1beta1", true, false]]);
    let category = ["external-secrets"];
    assert_eq!(facts(EXTERNAL_SECRET), json!(["Namespaced", ["es"], category, both]));
    assert_eq!(facts(STORES[0]), json!(["Namespaced", ["ss"], category, both]));
    assert_eq!(facts(STORES[1]), json!(["Cluster", ["css"], category, both]));
    let one = json!([["v1alpha1", true, true]]);
    assert_eq!(facts("sealedsecrets.bitnami.com"), json!(["Namespaced", null, null, one]));
    assert_eq!(facts("sopssecrets.strongroom.dev"), json!(["Namespaced", null, null, one]));
}

#[test]
fn both_versions_have_one_schema_and_no_conversion() {
    for name in [EXTERNAL_SECRET, STORES[0], STORES[1]] {
        assert_eq!(schema(name, "v1"), schema(name, "v1beta1"), "{name}");
        let definition = definition(name);
        assert_eq!(definition["spec"]["conversion"], Value::Null, "{name}");
        let label = &definition["metadata"]["labels"]["external-secrets.io/component"];
        assert_eq!(label, "controller", "{name}");
    }
    assert_eq!(schema(STORES[0], "v1")["properties"]["spec"]["properties"], {
        schema(STORES[1], "v1")["properties"]["spec"]["properties"].clone()
    });
}

#[test]
fn columns_are_those_of_the_originals() {
    let columns = |name: &str| -> Vec<(String, String)> {
        let definition = definition(name);
        let columns = definition["spec"]["versions"][0]["additionalPrinterColumns"].clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        columns.as_array().unwrap().iter().map(|c| (text(&c["name"]), text(&c["jsonPath"]))).collect()
    };
    let expect = |name: &str, expected: &[(&str, &str)]| {
        let expected: Vec<_> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(columns(name), expected, "{name}");
    };
    let reason = r#".status.conditions[?(@.type=="Ready")].reason"#;
    let status = r#".status.conditions[?(@.type=="Ready")].status"#;
    expect(
        EXTERNAL_SECRET,
        &[
            ("StoreType", ".spec.secretStoreRef.kind"),
            ("Store", ".spec.secretStoreRef.name"),
            ("Refresh Interval", ".spec.refreshInterval"),
            ("Status", reason),
            ("Ready", status),
            ("Last Sync", ".status.refreshTime"),
        ],
    );
    for store in STORES {
        expect(
            store,
            &[
                ("AGE", ".metadata.creationTimestamp"),
                ("Status", reason),
                ("Capabilities", ".status.capabilities"),
                ("Ready", status),
            ],
        );
    }
    expect(
        "sealedsecrets.bitnami.com",
        &[
            ("Status", ".status.conditions[0].message"),
            ("Synced", ".status.conditions[0].status"),
            ("Age", ".metadata.creationTimestamp"),
        ],
    );
}

/// The rules that the API server has for schemas, as far as ours could break them.
#[test]
fn schemas_are_structural_and_no_object_loses_all_its_fields() {
    for definition in crds::definitions() {
        for version in definition.resource.spec.versions {
            let schema = serde_json::to_value(version.schema.unwrap().open_api_v3_schema).unwrap();
            for (path, node) in nodes(&schema) {
                let place = format!("{} {} {path}", definition.file, version.name);
                let either = node["x-kubernetes-int-or-string"] == true;
                assert_eq!(node["type"].is_string(), !either, "{place} has no type");
                for word in ["$ref", "anyOf", "oneOf", "allOf", "not", "definitions"] {
                    assert!(node[word].is_null(), "{place} has {word}");
                }
                let both = node["properties"].is_object() && node["additionalProperties"].is_object();
                assert!(!both, "{place} is a map and an object");
                let known = node["properties"].is_object() || node["additionalProperties"].is_object();
                let open = node["x-kubernetes-preserve-unknown-fields"] == true;
                assert!(node["type"] != "object" || known || open, "{place} keeps nothing");
            }
        }
    }
}

#[test]
fn null_is_refused_where_a_default_would_replace_it() {
    for name in [EXTERNAL_SECRET, STORES[0], STORES[1]] {
        let mut nullable = keyword(&schema(name, "v1"), "nullable");
        nullable.retain(|path, _| !path.contains("Time"));
        assert_eq!(nullable, BTreeMap::new(), "{name}");
    }
    let status = nodes(&schema(EXTERNAL_SECRET, "v1"))["status.refreshTime"].clone();
    assert_eq!(status["nullable"], true);
    let sealed = keyword(&schema("sealedsecrets.bitnami.com", "v1alpha1"), "nullable");
    for path in ["spec.encryptedData[]", "spec.template.data", "spec.template.data[]", "spec.template.metadata"] {
        assert!(sealed.contains_key(path), "{path} refuses null");
    }
}
