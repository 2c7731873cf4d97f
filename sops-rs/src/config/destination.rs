//! Where `publish` puts files.

use super::raw::Destination as Raw;
use super::{ConfigError, CreationRule, RuleName, creation_rule};

/// What the configuration says about publishing one file.
#[derive(Clone, PartialEq)]
pub struct DestinationRule {
    /// Where it goes.
    pub destination: Destination,
    /// Leave the ending of the name out.
    pub omit_extensions: bool,
    /// How the file is encrypted there, if not as it is.
    pub recreation: Option<CreationRule>,
}

/// A place for published files. Names of files are put behind prefix or path.
#[derive(Clone, PartialEq, Eq)]
pub enum Destination {
    /// A bucket of AWS S3.
    S3 {
        /// Name of the bucket.
        bucket: String,
        /// Put before the name.
        prefix: String,
    },
    /// A bucket of Google Cloud Storage.
    Gcs {
        /// Name of the bucket.
        bucket: String,
        /// Put before the name.
        prefix: String,
    },
    /// The key-value engine of HashiCorp Vault, which gets the decrypted values.
    Vault {
        /// Address of the server; empty for that of the environment.
        address: String,
        /// Path within the engine.
        path: String,
        /// Mount of the engine.
        mount: String,
        /// Version of the engine, 1 or 2.
        version: u8,
    },
}

pub(super) fn rule(raw: &Raw, name: RuleName) -> Result<DestinationRule, ConfigError> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (s3, gcs, vault) = (text(&raw.s3_bucket), text(&raw.gcs_bucket), text(&raw.vault_path));
    let destination = match (s3.is_empty(), gcs.is_empty(), vault.is_empty()) {
        (false, true, true) => Destination::S3 { bucket: s3, prefix: text(&raw.s3_prefix) },
        (true, false, true) => Destination::Gcs { bucket: gcs, prefix: text(&raw.gcs_prefix) },
        (true, true, false) => Destination::Vault {
            address: text(&raw.vault_address),
            path: vault,
            mount: raw
                .vault_kv_mount_name
                .clone()
                .filter(|mount| !mount.is_empty())
                .unwrap_or_else(|| "secret".to_owned()),
            version: if raw.vault_kv_version == Some(1) { 1 } else { 2 },
        },
        _ => return Err(ConfigError::Destination { rule: name }),
    };
    let recreation = raw.recreation_rule.as_ref().map(|rule| creation_rule(rule, name)).transpose()?;
    Ok(DestinationRule { destination, omit_extensions: raw.omit_extensions.unwrap_or(false), recreation })
}
