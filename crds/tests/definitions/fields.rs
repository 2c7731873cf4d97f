//! The fields of the originals, as their reference lists them.

use std::collections::BTreeSet;

use super::{EXTERNAL_SECRET, STORES, keyword, nodes, schema};

const REFERENCE: &str = "key property version metadataPolicy conversionStrategy decodingStrategy nullBytePolicy";

const EXTERNAL_SECRET_FIELDS: &[(&str, &str)] = &[
    ("spec", "secretStoreRef target refreshPolicy refreshInterval syncWindows data dataFrom"),
    ("spec.secretStoreRef", "name kind"),
    ("spec.syncWindows", "kind windows"),
    ("spec.syncWindows.windows[]", "schedule duration"),
    ("spec.target", "name creationPolicy deletionPolicy immutable template manifest"),
    ("spec.target.manifest", "apiVersion kind"),
    ("spec.target.template", "type engineVersion mergePolicy metadata data templateFrom"),
    ("spec.target.template.metadata", "labels annotations finalizers"),
    ("spec.target.template.templateFrom[]", "configMap secret literal target valuesDecodingStrategy"),
    ("spec.target.template.templateFrom[].configMap", "name items"),
    ("spec.target.template.templateFrom[].configMap.items[]", "key templateAs"),
    ("spec.target.template.templateFrom[].secret", "name items"),
    ("spec.target.template.templateFrom[].secret.items[]", "key templateAs"),
    ("spec.data[]", "secretKey remoteRef sourceRef"),
    ("spec.data[].remoteRef", REFERENCE),
    ("spec.data[].sourceRef", "storeRef generatorRef"),
    ("spec.data[].sourceRef.storeRef", "name kind"),
    ("spec.data[].sourceRef.generatorRef", "apiVersion kind name"),
    ("spec.dataFrom[]", "extract find rewrite sourceRef"),
    ("spec.dataFrom[].extract", REFERENCE),
    ("spec.dataFrom[].find", "path name tags conversionStrategy decodingStrategy nullBytePolicy"),
    ("spec.dataFrom[].find.name", "regexp"),
    ("spec.dataFrom[].rewrite[]", "regexp transform merge"),
    ("spec.dataFrom[].rewrite[].regexp", "source target"),
    ("spec.dataFrom[].rewrite[].transform", "template"),
    ("spec.dataFrom[].rewrite[].merge", "into priority priorityPolicy conflictPolicy strategy"),
    ("spec.dataFrom[].sourceRef", "storeRef generatorRef"),
    ("spec.dataFrom[].sourceRef.storeRef", "name kind"),
    ("spec.dataFrom[].sourceRef.generatorRef", "apiVersion kind name"),
    // The last two are ours.
    ("status", "refreshTime syncedResourceVersion conditions binding observedGeneration proof"),
];

const STORE_FIELDS: &[(&str, &str)] = &[
    ("spec", "controller provider retrySettings refreshInterval conditions"),
    ("spec.retrySettings", "maxRetries retryInterval"),
    ("spec.conditions[]", "namespaceSelector namespaces namespaceRegexes"),
    ("spec.conditions[].namespaceSelector", "matchLabels matchExpressions"),
    ("spec.provider", "aws vault fake"),
    ("spec.provider.aws", "service region auth role externalID prefix"),
    ("spec.provider.aws.auth", "secretRef jwt"),
    ("spec.provider.aws.auth.secretRef", "accessKeyIDSecretRef secretAccessKeySecretRef sessionTokenSecretRef"),
    ("spec.provider.aws.auth.secretRef.accessKeyIDSecretRef", "name namespace key"),
    ("spec.provider.aws.auth.jwt.serviceAccountRef", "name namespace audiences"),
    (
        "spec.provider.vault",
        "server path version namespace caBundle caProvider auth headers readYourWrites forwardInconsistent",
    ),
    ("spec.provider.vault.caProvider", "type name key namespace"),
    ("spec.provider.vault.auth", "tokenSecretRef kubernetes namespace"),
    ("spec.provider.vault.auth.kubernetes", "mountPath role serviceAccountRef secretRef"),
    ("spec.provider.fake", "data"),
    ("spec.provider.fake.data[]", "key value valueMap version"),
    // The last is ours.
    ("status", "conditions capabilities observedGeneration"),
];

/// Where fields stay that have no type here.
const OPEN_IN_EXTERNAL_SECRET: &[&str] = &[
    "spec.syncWindows",
    "spec.syncWindows.windows[]",
    "spec.target.template",
    "spec.target.template.metadata",
    "spec.target.template.templateFrom[]",
    "spec.target.template.templateFrom[].configMap",
    "spec.target.template.templateFrom[].configMap.items[]",
    "spec.target.template.templateFrom[].secret",
    "spec.target.template.templateFrom[].secret.items[]",
    "spec.target.manifest",
    "spec.data[].sourceRef",
    "spec.data[].sourceRef.generatorRef",
    "spec.dataFrom[].find",
    "spec.dataFrom[].find.name",
    "spec.dataFrom[].rewrite[]",
    "spec.dataFrom[].rewrite[].merge",
    "spec.dataFrom[].rewrite[].regexp",
    "spec.dataFrom[].rewrite[].transform",
    "spec.dataFrom[].sourceRef",
    "spec.dataFrom[].sourceRef.generatorRef",
];

const OPEN_IN_STORE: &[&str] = &[
    "spec.provider",
    "spec.provider.aws",
    "spec.provider.aws.auth",
    "spec.provider.vault",
    "spec.provider.vault.auth",
    "spec.provider.fake",
];

fn assert_fields(name: &str, expected: &[(&str, &str)]) {
    let nodes = nodes(&schema(name, "v1"));
    for (path, expected) in expected {
        let node = nodes.get(*path).unwrap_or_else(|| panic!("{name} has no {path}"));
        let found: BTreeSet<&str> = node["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(found, expected.split(' ').collect(), "{name} {path}");
    }
}

fn assert_open(name: &str, version: &str, expected: &[&str]) {
    let found = keyword(&schema(name, version), "x-kubernetes-preserve-unknown-fields");
    let found: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(found, expected.iter().copied().collect(), "{name}");
}

#[test]
fn an_external_secret_has_every_field_of_the_original() {
    assert_fields(EXTERNAL_SECRET, EXTERNAL_SECRET_FIELDS);
}

#[test]
fn a_store_has_every_field_of_the_original() {
    for name in STORES {
        assert_fields(name, STORE_FIELDS);
    }
}

#[test]
fn subtrees_without_a_type_prune_nothing() {
    assert_open(EXTERNAL_SECRET, "v1", OPEN_IN_EXTERNAL_SECRET);
    for name in STORES {
        assert_open(name, "v1", OPEN_IN_STORE);
    }
    let sealed = ["spec.encryptedData", "spec.template.metadata"];
    assert_open("sealedsecrets.bitnami.com", "v1alpha1", &sealed);
}
