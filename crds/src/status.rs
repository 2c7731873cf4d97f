//! What every kind reports about itself. Nothing here may carry a value or a digest of a value without a key.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One aspect of the state of an object, in the union of the shapes that the originals write.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// The aspect: `Ready`, `Synced`, `Stalled` or `Deleted`.
    #[serde(rename = "type")]
    pub type_: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// When the condition was last written (Sealed Secrets only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update_time: Option<Time>,
    /// When `status` last changed its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
    /// The cause in one word, from a fixed list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The cause in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What lets a restarted operator know that a Secret needs no work, without reading or opening anything.
///
/// The digests are keyed with a key that only the operator reads: they tell a reader nothing about the content, and nobody
/// else can make them. Without `uid` and `resourceVersion` the proof says that these keys do not open the specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// HMAC-SHA-256 over the specification and the two fields below; base64.
    pub source: String,
    /// HMAC-SHA-256 over everything the specification describes in the Secret; base64.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// The uid of the Secret that was written or found right.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// The version in which it was found right.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
}

/// The state of one Secret of an object that describes several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChildStatus {
    /// The name of the Secret, in the namespace of the object.
    pub name: String,
    /// Whether the Secret holds what the object describes.
    pub ready: bool,
    /// The cause in one word when it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The cause in one sentence when it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why nothing is to do for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}
