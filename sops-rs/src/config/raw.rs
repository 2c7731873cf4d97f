//! The file as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ConfigError;
use super::path_regex::PathRegex;

pub(super) fn parse(text: &str) -> Result<Config, ConfigError> {
    if text.trim().is_empty() {
        return Ok(Config::default());
    }
    let config: Option<Config> = serde_saphyr::from_str(text).map_err(|error| {
        let whole = error.without_snippet().to_string();
        ConfigError::Syntax(whole.lines().next().unwrap_or_default().to_owned())
    })?;
    Ok(config.unwrap_or_default())
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Config {
    #[serde(deserialize_with = "nullable")]
    pub(super) creation_rules: Vec<Rule>,
    #[serde(deserialize_with = "nullable")]
    pub(super) destination_rules: Vec<Destination>,
    #[serde(deserialize_with = "nullable")]
    pub(super) stores: Stores,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Stores {
    #[serde(deserialize_with = "nullable")]
    pub(super) yaml: Indent,
    #[serde(deserialize_with = "nullable")]
    pub(super) json: Indent,
    #[serde(deserialize_with = "nullable")]
    pub(super) json_binary: Indent,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Indent {
    pub(super) indent: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Rule {
    pub(super) path_regex: PathRegex,
    pub(super) age: Option<Strings>,
    pub(super) kms: Option<Strings>,
    pub(super) aws_profile: Option<String>,
    pub(super) pgp: Option<Strings>,
    pub(super) gcp_kms: Option<Strings>,
    /// The original takes a list only.
    pub(super) hckms: Option<Vec<String>>,
    pub(super) azure_keyvault: Option<Strings>,
    pub(super) hc_vault_transit_uri: Option<Strings>,
    pub(super) key_groups: Option<Vec<Group>>,
    pub(super) shamir_threshold: Option<i64>,
    unencrypted_suffix: Option<String>,
    encrypted_suffix: Option<String>,
    unencrypted_regex: Option<String>,
    encrypted_regex: Option<String>,
    unencrypted_comment_regex: Option<String>,
    encrypted_comment_regex: Option<String>,
    pub(super) mac_only_encrypted: Option<bool>,
}

impl Rule {
    pub(super) fn selectors(&self) -> [(&'static str, Option<String>); 6] {
        [
            ("unencrypted_suffix", self.unencrypted_suffix.clone()),
            ("encrypted_suffix", self.encrypted_suffix.clone()),
            ("unencrypted_regex", self.unencrypted_regex.clone()),
            ("encrypted_regex", self.encrypted_regex.clone()),
            ("unencrypted_comment_regex", self.unencrypted_comment_regex.clone()),
            ("encrypted_comment_regex", self.encrypted_comment_regex.clone()),
        ]
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Group {
    pub(super) age: Option<Strings>,
    pub(super) kms: Option<Vec<Kms>>,
    pub(super) pgp: Option<Strings>,
    pub(super) gcp_kms: Option<Vec<GcpKms>>,
    pub(super) hckms: Option<Vec<HuaweiKms>>,
    pub(super) azure_keyvault: Option<Vec<AzureKeyVault>>,
    pub(super) hc_vault: Option<Strings>,
    pub(super) merge: Option<Vec<Group>>,
}

#[derive(Deserialize)]
pub(super) struct Kms {
    pub(super) arn: String,
    pub(super) role: Option<String>,
    pub(super) context: Option<BTreeMap<String, Option<String>>>,
    pub(super) aws_profile: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct GcpKms {
    pub(super) resource_id: String,
}

#[derive(Deserialize)]
pub(super) struct HuaweiKms {
    pub(super) key_id: String,
}

#[derive(Deserialize)]
pub(super) struct AzureKeyVault {
    #[serde(rename = "vaultUrl")]
    pub(super) vault_url: String,
    pub(super) key: String,
    pub(super) version: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Destination {
    pub(super) path_regex: PathRegex,
    pub(super) s3_bucket: Option<String>,
    pub(super) s3_prefix: Option<String>,
    pub(super) gcs_bucket: Option<String>,
    pub(super) gcs_prefix: Option<String>,
    pub(super) vault_path: Option<String>,
    pub(super) vault_address: Option<String>,
    pub(super) vault_kv_mount_name: Option<String>,
    pub(super) vault_kv_version: Option<i64>,
    pub(super) omit_extensions: Option<bool>,
    pub(super) recreation_rule: Option<Rule>,
}

/// A list, or one text with commas.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Strings {
    One(String),
    Many(Vec<String>),
    /// Said with the name of the field.
    Other(serde::de::IgnoredAny),
}

fn nullable<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(reader: D) -> Result<T, D::Error> {
    Option::deserialize(reader).map(Option::unwrap_or_default)
}
