//! Master keys: what the data key of a file, or a share of it, is encrypted with.
//!
//! A module for each key type, each behind its own feature but for age. A key type this build does not know is kept as it
//! stands in the file, so that editing a file never loses a recipient.

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::tree::Branch;

pub mod age;
#[cfg(feature = "aws-kms")]
pub mod aws_kms;
#[cfg(feature = "azure-key-vault")]
pub mod azure_key_vault;
#[cfg(feature = "gcp-kms")]
pub mod gcp_kms;
#[cfg(feature = "pgp")]
pub mod pgp;
pub mod text;
#[cfg(feature = "vault-transit")]
pub mod vault_transit;

/// A master key by what identifies it: everything a file says about it but the wrapped data key and its date.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum KeyId {
    /// A recipient of age: `age1…`, `age1pq1…`, `age1<plugin>1…`, or an SSH public key with its comment.
    Age(String),
    /// Fingerprint of an OpenPGP key, without spaces; `!` at the end asks for exactly this subkey.
    Pgp(String),
    /// A key of AWS KMS.
    AwsKms(AwsKmsKey),
    /// The full resource path of a key of Google Cloud KMS.
    GcpKms(String),
    /// A key of Azure Key Vault.
    AzureKeyVault(AzureKey),
    /// A key of the transit engine of HashiCorp Vault.
    VaultTransit(VaultTransitKey),
    /// `region:key-uuid` of Huawei Cloud KMS.
    HuaweiKms(String),
    /// A key type of another version of SOPS.
    Other {
        /// Name of its list.
        kind: String,
        /// Its fields, the wrapped data key among them.
        fields: Branch,
    },
}

impl KeyId {
    /// The kinds of keys, in the order in which they stand in a group that was read.
    pub const KINDS: [&'static str; 7] = ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp", "age"];

    /// Name of the list it stands in.
    pub fn kind(&self) -> &str {
        match self {
            KeyId::Age(_) => "age",
            KeyId::Pgp(_) => "pgp",
            KeyId::AwsKms(_) => "kms",
            KeyId::GcpKms(_) => "gcp_kms",
            KeyId::AzureKeyVault(_) => "azure_kv",
            KeyId::VaultTransit(_) => "hc_vault",
            KeyId::HuaweiKms(_) => "hckms",
            KeyId::Other { kind, .. } => kind,
        }
    }

    /// What a person knows it by, and what tells two keys apart: recipient, fingerprint, resource or address. For AWS the
    /// ARN, then `+` and the role, `|` and the context, `|` and the profile, as far as there are any.
    pub fn name(&self) -> String {
        match self {
            KeyId::Age(name) | KeyId::Pgp(name) | KeyId::GcpKms(name) | KeyId::HuaweiKms(name) => name.clone(),
            KeyId::AwsKms(key) => key.name(),
            KeyId::AzureKeyVault(key) => format!("{}/keys/{}/{}", key.vault_url, key.name, key.version),
            KeyId::VaultTransit(key) => {
                format!("{}/v1/{}/keys/{}", key.vault_address, key.engine_path, key.key_name)
            }
            KeyId::Other { kind, .. } => kind.clone(),
        }
    }
}

impl AwsKmsKey {
    fn name(&self) -> String {
        let mut pairs: Vec<String> = self.context.iter().map(|(key, value)| format!("{key}:{value}")).collect();
        pairs.sort();
        let role = if self.role.is_empty() { String::new() } else { format!("+{}", self.role) };
        let mut name = format!("{}{role}", self.arn);
        if !pairs.is_empty() || !self.aws_profile.is_empty() {
            name = format!("{name}|{}", pairs.join(","));
        }
        if self.aws_profile.is_empty() { name } else { format!("{name}|{}", self.aws_profile) }
    }
}

/// A key of AWS KMS.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AwsKmsKey {
    /// ARN of the key or of an alias.
    pub arn: String,
    /// ARN of a role to assume first; empty for none.
    pub role: String,
    /// The encryption context, in the order of the file.
    pub context: Vec<(String, String)>,
    /// Profile of the AWS configuration; empty for the default chain.
    pub aws_profile: String,
}

/// A key of Azure Key Vault.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AzureKey {
    /// `https://NAME.vault.azure.net`.
    pub vault_url: String,
    /// Name of the key.
    pub name: String,
    /// Version of the key; empty until it was looked up.
    pub version: String,
}

/// A key of the transit engine of HashiCorp Vault.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct VaultTransitKey {
    /// `https://HOST:PORT`.
    pub vault_address: String,
    /// Mount of the engine.
    pub engine_path: String,
    /// Name of the key.
    pub key_name: String,
}

/// Why a master key did not wrap or unwrap. Holds no key material.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// This build, or this key service, does not have the key type.
    #[error("keys of type {0} are not supported")]
    Unsupported(String),
    /// The user has no identity that fits. Says which places were looked at.
    #[error("{0}")]
    NoIdentity(String),
    /// What names the key, or the wrapped data key, is not well formed.
    #[error("{0}")]
    Malformed(String),
    /// The remote side, or the program that holds the key, refused. Its own words.
    #[error("{0}")]
    Refused(String),
    /// The remote side could not be reached, or did not answer in time.
    #[error("{0}")]
    Unavailable(String),
}

/// Wraps and unwraps data keys, or shares of them, with master keys. One implementation for each key type, one that
/// hands on to them, and the client of a remote key service.
#[async_trait]
pub trait KeyService: Send + Sync {
    /// Encrypts `plaintext` (32 bytes of a data key, 33 of a share) to a master key: the text that is stored as `enc`.
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError>;

    /// Opens what is stored as `enc`.
    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError>;
}
