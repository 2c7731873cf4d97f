//! What users wrote is read, however odd: one bad value must not hide an object from the operator.

#![expect(clippy::unwrap_used, reason = "a step that fails ends the test")]

use crds::{ClusterSecretStore, ExternalSecret, SealedSecret, SecretStore};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn yaml<T: DeserializeOwned>(text: &str) -> T {
    serde_saphyr::from_str(text).unwrap()
}

fn decode<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn external_secret(spec: &Value) -> ExternalSecret {
    decode(json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": spec,
    }))
}

fn secret_store(spec: &Value) -> SecretStore {
    decode(json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "SecretStore",
        "metadata": {"name": "store", "namespace": "shop"},
        "spec": spec,
    }))
}

#[test]
fn a_v1beta1_external_secret_is_read() {
    let object: ExternalSecret = yaml(
        "
apiVersion: external-secrets.io/v1beta1
kind: ExternalSecret
metadata:
  name: database
spec:
  refreshInterval: 1h
  secretStoreRef:
    name: aws-secrets-manager
    kind: ClusterSecretStore
  target:
    name: database
  data:
    - secretKey: password
      remoteRef:
        key: myapp/prod/db-password
",
    );
    let store = object.spec.secret_store_ref.unwrap();
    assert_eq!(store.name, "aws-secrets-manager");
    assert_eq!(store.kind.as_deref(), Some("ClusterSecretStore"));
    assert_eq!(object.spec.target.name.as_deref(), Some("database"));
    assert_eq!(object.spec.data[0].secret_key, "password");
    assert_eq!(object.spec.data[0].remote_ref.key, "myapp/prod/db-password");
}

#[test]
fn a_v1beta1_cluster_secret_store_is_read() {
    let object: ClusterSecretStore = yaml(
        "
apiVersion: external-secrets.io/v1beta1
kind: ClusterSecretStore
metadata:
  name: aws-secrets-manager
spec:
  provider:
    aws:
      service: SecretsManager
      region: eu-central-1
      externalID: partner
      auth:
        secretRef:
          accessKeyIDSecretRef: {name: aws, key: id, namespace: infra}
          secretAccessKeySecretRef: {name: aws, key: secret, namespace: infra}
  conditions:
    - namespaceSelector:
        matchLabels: {team: shop}
    - namespaceRegexes: ['^shop-']
",
    );
    let aws = object.spec.provider.aws.as_ref().unwrap();
    assert_eq!((aws.service.as_str(), aws.region.as_str()), ("SecretsManager", "eu-central-1"));
    assert_eq!(aws.external_id.as_deref(), Some("partner"));
    let keys = aws.auth.as_ref().unwrap().secret_ref.as_ref().unwrap();
    assert_eq!(keys.access_key_id_secret_ref.as_ref().unwrap().key, "id");
    let secret = keys.secret_access_key_secret_ref.as_ref().unwrap();
    assert_eq!(secret.namespace.as_deref(), Some("infra"));
    let selector = object.spec.conditions[0].namespace_selector.as_ref().unwrap();
    assert_eq!(selector.match_labels.as_ref().unwrap()["team"], "shop");
    assert_eq!(object.spec.conditions[1].namespace_regexes, ["^shop-"]);
}

#[test]
fn null_means_absent() {
    let object = external_secret(&json!({
        "secretStoreRef": null, "target": null, "refreshPolicy": null, "refreshInterval": null,
        "syncWindows": null, "data": null, "dataFrom": null,
    }));
    assert_eq!(object.spec, external_secret(&json!({})).spec);
    let object = secret_store(&json!({
        "controller": null, "provider": null, "retrySettings": null, "refreshInterval": null,
        "conditions": null,
    }));
    assert_eq!(object.spec, secret_store(&json!({})).spec);
    let object = secret_store(&json!({"provider": {
        "vault": {"server": null, "headers": null, "auth": {"tokenSecretRef": {"name": null, "key": null}}},
    }}));
    assert_eq!(object.spec.provider.vault.unwrap().server, "");
}

#[test]
fn words_that_no_definition_allows_are_read() {
    let object = external_secret(&json!({
        "refreshPolicy": "Sometimes",
        "refreshInterval": "often",
        "target": {"creationPolicy": "Ownr", "deletionPolicy": ""},
        "data": [{"secretKey": "a", "remoteRef": {
            "key": "k", "conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None",
            "nullBytePolicy": "Maybe",
        }}],
    }));
    assert_eq!(object.spec.target.creation_policy.as_deref(), Some("Ownr"));
    assert_eq!(object.spec.refresh_policy.as_deref(), Some("Sometimes"));
    assert_eq!(object.spec.data[0].remote_ref.null_byte_policy.as_deref(), Some("Maybe"));
}

#[test]
fn the_refresh_interval_of_a_store_is_a_number_or_a_duration() {
    let interval = |value| secret_store(&json!({"refreshInterval": value})).spec.refresh_interval;
    assert_eq!(interval(json!(300)), Some(IntOrString::Int(300)));
    assert_eq!(interval(json!("5m")), Some(IntOrString::String("5m".to_owned())));
}

#[test]
fn what_has_no_type_is_named_and_kept() {
    let spec = json!({"provider": {"gcpsm": {"projectID": "p"}}});
    let object = secret_store(&spec);
    assert!(object.spec.provider.other.contains_key("gcpsm"));
    assert_eq!(serde_json::to_value(&object.spec).unwrap(), spec);

    let spec = json!({"provider": {"aws": {
        "service": "SecretsManager", "region": "r", "sessionTagsPolicy": "Simple", "auth": {"later": {"x": 1}},
    }}});
    let object = secret_store(&spec);
    let aws = object.spec.provider.aws.as_ref().unwrap();
    assert_eq!(aws.other.keys().collect::<Vec<_>>(), ["sessionTagsPolicy"]);
    assert_eq!(serde_json::to_value(&object.spec).unwrap(), spec);

    let spec = json!({"provider": {"vault": {
        "server": "https://vault", "tls": {"certSecretRef": {"name": "c"}},
        "auth": {"appRole": {"path": "approle"}, "namespace": "ns"},
    }}});
    let object = secret_store(&spec);
    let vault = object.spec.provider.vault.as_ref().unwrap();
    assert_eq!(vault.other.keys().collect::<Vec<_>>(), ["tls"]);
    assert!(vault.auth.as_ref().unwrap().other.contains_key("appRole"));
    assert_eq!(serde_json::to_value(&object.spec).unwrap(), spec);
}

#[test]
fn what_is_not_interpreted_survives_a_round_trip() {
    let spec = json!({
        "syncWindows": {"kind": "allow", "windows": [{"schedule": "@daily", "duration": "1h", "later": 1}]},
        "target": {
            "template": {"type": "Opaque", "data": {"a": "{{ .b }}"}, "templateFrom": [{"literal": "x", "later": [1]}]},
            "manifest": {"apiVersion": "v1", "kind": "ConfigMap"},
        },
        "data": [{"secretKey": "a", "remoteRef": {"key": "k"}, "sourceRef": {"later": {"x": null}}}],
        "dataFrom": [
            {"extract": {"key": "k", "version": "3"}, "rewrite": [{"regexp": {"source": "a", "target": "b"}}]},
            {"find": {"name": {"regexp": ".*"}, "later": true}},
            {"sourceRef": {"generatorRef": {"kind": "Password", "name": "p", "later": 0}}},
            {"extract": {"key": "k"}, "sourceRef": {"storeRef": {"name": "other", "kind": "SecretStore"}}},
        ],
    });
    let object = external_secret(&spec);
    assert_eq!(serde_json::to_value(&object.spec).unwrap(), spec);
    let source = object.spec.data_from[3].source_ref.as_ref().unwrap();
    assert_eq!(source.store_ref.as_ref().unwrap().name, "other");
}

#[test]
fn the_fake_provider_holds_values_and_maps() {
    let object = secret_store(&json!({"provider": {"fake": {"data": [
        {"key": "a", "value": "one", "version": "v1"},
        {"key": "b", "valueMap": {"x": "two"}},
    ]}}}));
    let data = object.spec.provider.fake.unwrap().data;
    assert_eq!(data[0].value.as_ref().unwrap().0, "one");
    assert_eq!(data[0].version.as_deref(), Some("v1"));
    assert_eq!(data[1].value_map.as_ref().unwrap()["x"].0, "two");
}

#[test]
fn debug_output_shows_no_value() {
    let store = secret_store(&json!({"provider": {
        "fake": {"data": [{"key": "a", "value": "hunter2", "valueMap": {"x": "hunter2"}}], "later": "hunter2"},
        "vault": {"server": "s", "headers": {"X-Token": "hunter2"}, "caBundle": "hunter2", "later": "hunter2"},
        "webhook": {"headers": {"authorization": "hunter2"}},
    }}));
    let text = format!("{store:?}");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("webhook") && text.contains("X-Token"), "{text}");
    let object = external_secret(&json!({"target": {"template": {"data": {"a": "hunter2"}}}}));
    let text = format!("{object:?}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn sealed_values_that_are_no_strings_are_read_as_none() {
    let object: SealedSecret = decode(json!({
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {
            "encryptedData": {"good": "AgBy", "null": null, "number": 1, "list": [], "map": {}, "empty": ""},
            "template": {"data": {"gone": null, "kept": "x"}, "later": 1, "metadata": {
                "creationTimestamp": null, "ownerReferences": [], "labels": {"a": "b"},
            }},
            "later": {"x": 1},
        },
    }));
    let values = &object.spec.encrypted_data;
    assert_eq!(values["good"].as_deref(), Some("AgBy"));
    assert_eq!(values["empty"].as_deref(), Some(""));
    for key in ["null", "number", "list", "map"] {
        assert_eq!(values[key], None, "{key}");
    }
    let template = object.spec.template.unwrap();
    assert_eq!(template.data.unwrap()["gone"], None);
    assert_eq!(template.metadata.unwrap().labels.unwrap()["a"], "b");
}

#[test]
fn sealed_values_that_are_no_map_are_read_as_none_at_all() {
    for odd in [json!(null), json!("text"), json!([1])] {
        let object: SealedSecret = decode(json!({
            "apiVersion": "bitnami.com/v1alpha1",
            "kind": "SealedSecret",
            "metadata": {"name": "db"},
            "spec": {"encryptedData": odd},
        }));
        assert!(object.spec.encrypted_data.is_empty());
    }
}

#[test]
fn a_status_that_the_original_wrote_is_read() {
    let object: ExternalSecret = decode(json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "db"},
        "spec": {},
        "status": {
            "binding": {"name": "db"},
            "conditions": [{"type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced",
                "lastTransitionTime": "2026-01-01T00:00:00Z"}],
            "refreshTime": null,
            "syncedResourceVersion": "1-abc",
        },
    }));
    let status = object.status.unwrap();
    assert_eq!(status.binding.unwrap().name, "db");
    assert_eq!(status.conditions[0].reason.as_deref(), Some("SecretSynced"));
    assert_eq!(status.refresh_time, None);
}
