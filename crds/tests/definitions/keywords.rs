//! Defaults, required fields and lists of words, which decide what the API server accepts and fills in.

use serde_json::{Value, json};

use super::{EXTERNAL_SECRET, STORES, keyword, schema};

fn assert_keyword(name: &str, version: &str, word: &str, expected: &Value) {
    let mut found = keyword(&schema(name, version), word);
    found.retain(|path, _| !path.starts_with("status"));
    assert_eq!(&serde_json::to_value(found).unwrap(), expected, "{word} in {name}");
}

#[test]
fn defaults_of_an_external_secret_are_those_of_the_original() {
    let generators = "generators.external-secrets.io/v1alpha1";
    let expected = json!({
        "spec.refreshInterval": "1h0m0s",
        "spec.target": {"creationPolicy": "Owner", "deletionPolicy": "Retain"},
        "spec.target.creationPolicy": "Owner",
        "spec.target.deletionPolicy": "Retain",
        "spec.target.template.engineVersion": "v2",
        "spec.target.template.mergePolicy": "Replace",
        "spec.target.template.templateFrom[].target": "Data",
        "spec.target.template.templateFrom[].configMap.items[].templateAs": "Values",
        "spec.target.template.templateFrom[].secret.items[].templateAs": "Values",
        "spec.data[].sourceRef.generatorRef.apiVersion": generators,
        "spec.dataFrom[].sourceRef.generatorRef.apiVersion": generators,
        "spec.dataFrom[].rewrite[].merge.into": "",
        "spec.dataFrom[].rewrite[].merge.priorityPolicy": "Strict",
        "spec.dataFrom[].rewrite[].merge.conflictPolicy": "Error",
        "spec.dataFrom[].rewrite[].merge.strategy": "Extract",
    });
    assert_keyword(EXTERNAL_SECRET, "v1", "default", &expected);
}

#[test]
fn defaults_of_the_other_kinds_are_those_of_the_originals() {
    let expected = json!({
        "spec.provider.vault.version": "v2",
        "spec.provider.vault.auth.kubernetes.mountPath": "kubernetes",
    });
    for store in STORES {
        assert_keyword(store, "v1", "default", &expected);
    }
    assert_keyword("sealedsecrets.bitnami.com", "v1alpha1", "default", &json!({}));
    let scope = json!({"spec.scope": "strict"});
    assert_keyword("sopssecrets.strongroom.dev", "v1alpha1", "default", &scope);
}

#[test]
fn an_external_secret_requires_what_the_original_requires() {
    let generator = json!(["kind", "name"]);
    let expected = json!({
        "spec.data[]": ["remoteRef", "secretKey"],
        "spec.data[].remoteRef": ["key"],
        "spec.data[].sourceRef.generatorRef": generator,
        "spec.dataFrom[].extract": ["key"],
        "spec.dataFrom[].rewrite[].regexp": ["source", "target"],
        "spec.dataFrom[].rewrite[].transform": ["template"],
        "spec.dataFrom[].sourceRef.generatorRef": generator,
        "spec.syncWindows.windows[]": ["duration", "schedule"],
        "spec.target.manifest": ["apiVersion", "kind"],
        "spec.target.template.templateFrom[].configMap": ["items", "name"],
        "spec.target.template.templateFrom[].configMap.items[]": ["key"],
        "spec.target.template.templateFrom[].secret": ["items", "name"],
        "spec.target.template.templateFrom[].secret.items[]": ["key"],
    });
    assert_keyword(EXTERNAL_SECRET, "v1", "required", &expected);
}

#[test]
fn the_other_kinds_require_no_more_than_the_originals() {
    let expected = json!({
        "spec": ["provider"],
        "spec.conditions[].namespaceSelector.matchExpressions[]": ["key", "operator"],
        "spec.provider.aws": ["region", "service"],
        "spec.provider.aws.auth.jwt.serviceAccountRef": ["name"],
        "spec.provider.fake": ["data"],
        // The original requires `value` too; its older versions, which knew `valueMap`, did not.
        "spec.provider.fake.data[]": ["key"],
        "spec.provider.vault": ["server"],
        "spec.provider.vault.auth.kubernetes": ["mountPath", "role"],
        "spec.provider.vault.auth.kubernetes.serviceAccountRef": ["name"],
        "spec.provider.vault.caProvider": ["name", "type"],
    });
    for store in STORES {
        assert_keyword(store, "v1", "required", &expected);
    }
    assert_keyword("sealedsecrets.bitnami.com", "v1alpha1", "required", &json!({"": ["spec"]}));
}

#[test]
fn words_of_an_external_secret_are_those_of_the_original() {
    let kinds = json!(["SecretStore", "ClusterSecretStore"]);
    let conversion = json!(["Default", "Unicode"]);
    let decoding = json!(["Auto", "Base64", "Base64URL", "None"]);
    let null_bytes = json!(["Ignore", "Fail"]);
    let metadata = json!(["None", "Fetch"]);
    let template_as = json!(["Values", "KeysAndValues"]);
    let expected = json!({
        "spec.refreshPolicy": ["CreatedOnce", "Periodic", "OnChange"],
        "spec.secretStoreRef.kind": kinds,
        "spec.syncWindows.kind": ["allow", "deny"],
        "spec.target.creationPolicy": ["Owner", "Orphan", "Merge", "None", "CreateOrMerge"],
        "spec.target.deletionPolicy": ["Delete", "Merge", "Retain"],
        "spec.target.template.engineVersion": ["v2"],
        "spec.target.template.mergePolicy": ["Replace", "Merge"],
        "spec.target.template.templateFrom[].configMap.items[].templateAs": template_as,
        "spec.target.template.templateFrom[].secret.items[].templateAs": template_as,
        "spec.data[].remoteRef.metadataPolicy": metadata,
        "spec.data[].remoteRef.conversionStrategy": conversion,
        "spec.data[].remoteRef.decodingStrategy": decoding,
        "spec.data[].remoteRef.nullBytePolicy": null_bytes,
        "spec.data[].sourceRef.storeRef.kind": kinds,
        "spec.dataFrom[].extract.metadataPolicy": metadata,
        "spec.dataFrom[].extract.conversionStrategy": conversion,
        "spec.dataFrom[].extract.decodingStrategy": decoding,
        "spec.dataFrom[].extract.nullBytePolicy": null_bytes,
        "spec.dataFrom[].find.conversionStrategy": conversion,
        "spec.dataFrom[].find.decodingStrategy": decoding,
        "spec.dataFrom[].find.nullBytePolicy": null_bytes,
        "spec.dataFrom[].rewrite[].merge.priorityPolicy": ["IgnoreNotFound", "Strict"],
        "spec.dataFrom[].rewrite[].merge.conflictPolicy": ["Ignore", "Error"],
        "spec.dataFrom[].rewrite[].merge.strategy": ["Extract", "JSON"],
        "spec.dataFrom[].sourceRef.storeRef.kind": kinds,
    });
    assert_keyword(EXTERNAL_SECRET, "v1", "enum", &expected);
}

#[test]
fn words_of_a_store_are_those_of_the_original() {
    let expected = json!({
        "spec.provider.aws.service": ["SecretsManager", "ParameterStore", "CertificateManager"],
        "spec.provider.vault.version": ["v1", "v2"],
        "spec.provider.vault.caProvider.type": ["Secret", "ConfigMap"],
    });
    for store in STORES {
        assert_keyword(store, "v1", "enum", &expected);
    }
}

#[test]
fn a_store_has_exactly_one_provider() {
    for store in STORES {
        let expected = json!({"spec.provider": 1});
        assert_keyword(store, "v1", "minProperties", &expected);
        assert_keyword(store, "v1", "maxProperties", &expected);
    }
}
