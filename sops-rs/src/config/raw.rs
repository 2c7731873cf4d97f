//! The file as it is written.

use serde::Deserialize;

use super::ConfigError;

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
    pub(super) stores: Stores,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Stores {
    #[serde(deserialize_with = "nullable")]
    pub(super) yaml: Yaml,
    #[serde(deserialize_with = "nullable")]
    pub(super) json: Json,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Yaml {
    pub(super) indent: i64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Json {
    pub(super) indent: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Rule {
    pub(super) path_regex: Option<String>,
    age: Option<Strings>,
    kms: Any,
    pgp: Any,
    gcp_kms: Any,
    hckms: Any,
    azure_keyvault: Any,
    hc_vault_transit_uri: Any,
    key_groups: Option<Vec<Group>>,
    unencrypted_suffix: Option<String>,
    encrypted_suffix: Option<String>,
    unencrypted_regex: Option<String>,
    encrypted_regex: Option<String>,
    unencrypted_comment_regex: Option<String>,
    encrypted_comment_regex: Option<String>,
    pub(super) mac_only_encrypted: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Group {
    age: Option<Strings>,
    kms: Any,
    pgp: Any,
    gcp_kms: Any,
    hckms: Any,
    azure_keyvault: Any,
    hc_vault: Any,
    merge: Any,
}

/// A list, or one text with commas.
#[derive(Deserialize)]
#[serde(untagged)]
enum Strings {
    One(String),
    Many(Vec<String>),
}

impl Strings {
    fn texts(&self) -> &[String] {
        match self {
            Strings::One(text) => std::slice::from_ref(text),
            Strings::Many(texts) => texts,
        }
    }
}

/// A field of which only matters whether it says anything.
#[derive(Deserialize, Default)]
#[serde(transparent)]
struct Any(serde_json::Value);

impl Any {
    fn is_set(&self) -> bool {
        match &self.0 {
            serde_json::Value::Null => false,
            serde_json::Value::String(text) => !text.trim().is_empty(),
            serde_json::Value::Array(items) => !items.is_empty(),
            _ => true,
        }
    }
}

impl Rule {
    /// The first field that names keys this build does not have.
    pub(super) fn unsupported(&self) -> Option<&'static str> {
        let own = [
            ("kms", &self.kms),
            ("pgp", &self.pgp),
            ("gcp_kms", &self.gcp_kms),
            ("hckms", &self.hckms),
            ("azure_keyvault", &self.azure_keyvault),
            ("hc_vault_transit_uri", &self.hc_vault_transit_uri),
        ];
        if let Some((name, _)) = own.into_iter().find(|(_, field)| field.is_set()) {
            return Some(name);
        }
        match self.key_groups.as_deref().unwrap_or_default() {
            [] => None,
            [only] => only.unsupported(),
            _ => Some("more than one key group"),
        }
    }

    /// The entries of `age`; those of the key group if there is one.
    pub(super) fn age(&self) -> impl Iterator<Item = &String> {
        let group = self.key_groups.as_deref().unwrap_or_default().first();
        let strings = match group {
            Some(group) => group.age.as_ref(),
            None => self.age.as_ref(),
        };
        strings.map(Strings::texts).unwrap_or_default().iter()
    }

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

impl Group {
    fn unsupported(&self) -> Option<&'static str> {
        let fields = [
            ("kms", &self.kms),
            ("pgp", &self.pgp),
            ("gcp_kms", &self.gcp_kms),
            ("hckms", &self.hckms),
            ("azure_keyvault", &self.azure_keyvault),
            ("hc_vault", &self.hc_vault),
            ("merge", &self.merge),
        ];
        fields.into_iter().find(|(_, field)| field.is_set()).map(|(name, _)| name)
    }
}

fn nullable<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(reader: D) -> Result<T, D::Error> {
    Option::deserialize(reader).map(Option::unwrap_or_default)
}
