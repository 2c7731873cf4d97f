//! `strongroom.dev/v1alpha1` SopsSecret: a SOPS document that a reconciler moves without being able to read it.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::open::null_as_default;
use crate::status::{ChildStatus, Condition};

/// A verbatim SOPS document that holds one or more `v1/Secret` manifests.
///
/// The document is one opaque string, so that no reconciler, defaulting or pruning can touch what its MAC covers.
#[derive(Clone, Debug, CustomResource, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "strongroom.dev",
    version = "v1alpha1",
    kind = "SopsSecret",
    plural = "sopssecrets",
    singular = "sopssecret",
    namespaced,
    status = "SopsSecretStatus",
    doc = "A verbatim SOPS document that holds one or more `v1/Secret` manifests.",
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[0].status"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".status.conditions[0].reason"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct SopsSecretSpec {
    /// What `sops --encrypt` wrote for one or more `v1/Secret` manifests, in YAML or JSON.
    pub document: String,
    /// What the document has to prove about where it may be opened.
    #[serde(default)]
    pub scope: SopsScope,
    /// Where the keys are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decryption: Option<DecryptionSpec>,
}

/// What a document has to prove, from encrypted leaves, before any other value is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SopsScope {
    /// Encrypted `metadata.name` and `metadata.namespace` leaves must agree with this object.
    #[default]
    Strict,
    /// Nothing is proven: whoever can copy the document into a namespace can have it opened there.
    Unproven,
}

/// Where the keys of a document are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecryptionSpec {
    /// A Secret in the namespace of this object with age identities in entries named `*.agekey`, the layout that
    /// Flux reads. Absent: the operator's own default key Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,
}

/// The name of a Secret in the namespace of the object that names it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SecretReference {
    /// The name of the Secret.
    pub name: String,
}

/// What the operator answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SopsSecretStatus {
    /// The generation that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, and `Stalled` when only a change of the object or its keys can help.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The Secrets that the document describes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<ChildStatus>,
}
