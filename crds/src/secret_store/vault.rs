//! The `vault` block of a store.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::reference::{CaProvider, SecretKeySelector, ServiceAccountSelector};
use crate::open::{Open, null_as_default};

/// The key-value engines of HashiCorp Vault and of OpenBao.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["server"]))]
pub struct VaultProvider {
    /// The address of the server, with its scheme.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// Where the engine is mounted; taken from the key when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The version of the engine: `v2` (the default) or `v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "v2", "enum" = ["v1", "v2"]))]
    pub version: Option<String>,
    /// The namespace inside Vault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Certificates to trust: base64 of PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "byte_string")]
    pub ca_bundle: Option<String>,
    /// Where certificates to trust are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_provider: Option<CaProvider>,
    /// How to log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<VaultAuth>,
    /// Headers of every request.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Whether reads wait for earlier writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_your_writes: Option<bool>,
    /// Whether reads that a standby cannot answer go to the active server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_inconsistent: Option<bool>,
    /// Fields without a type here, by name: kept, and reported as not supported.
    #[serde(flatten)]
    pub other: Open,
}

/// A header may hold a token: headers are shown by name.
impl fmt::Debug for VaultProvider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VaultProvider")
            .field("server", &self.server)
            .field("path", &self.path)
            .field("version", &self.version)
            .field("namespace", &self.namespace)
            .field("auth", &self.auth)
            .field("headers", &self.headers.keys())
            .field("other", &self.other)
            .finish_non_exhaustive()
    }
}

/// How to log in to Vault. Of several ways the first counts, in the order of the original: token, `appRole`, kubernetes, …
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultAuth {
    /// Where a token is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_secret_ref: Option<SecretKeySelector>,
    /// A token of a ServiceAccount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<VaultKubernetesAuth>,
    /// The namespace inside Vault to log in to, when not that of the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Ways without a type here, by name: kept, and reported as not supported.
    #[serde(flatten)]
    pub other: Open,
}

/// A token of a ServiceAccount. Without a reference: that of the operator itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["mountPath", "role"]))]
pub struct VaultKubernetesAuth {
    /// Where the method is mounted; `kubernetes` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "kubernetes"))]
    pub mount_path: Option<String>,
    /// The role to log in as.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// The ServiceAccount to request a token for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountSelector>,
    /// Where a token of a ServiceAccount is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeySelector>,
}

fn byte_string(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "byte"})
}
