//! The messages of the key service, as its protocol numbers their fields (proto3, no package).

use std::collections::BTreeMap;

use prost::{Message, Oneof};

use crate::master_key::{AwsKmsKey, AzureKey, KeyId, VaultTransitKey};

/// A master key.
#[derive(Clone, PartialEq, Message)]
pub struct Key {
    /// The one that it is.
    #[prost(oneof = "KeyType", tags = "1, 2, 3, 4, 5, 6, 7")]
    pub key_type: Option<KeyType>,
}

/// The types of keys that the protocol has.
#[derive(Clone, PartialEq, Oneof)]
pub enum KeyType {
    /// AWS KMS.
    #[prost(message, tag = "1")]
    Kms(KmsKey),
    /// OpenPGP.
    #[prost(message, tag = "2")]
    Pgp(PgpKey),
    /// Google Cloud KMS.
    #[prost(message, tag = "3")]
    GcpKms(GcpKmsKey),
    /// Azure Key Vault.
    #[prost(message, tag = "4")]
    AzureKeyVault(AzureKeyVaultKey),
    /// The transit engine of Vault.
    #[prost(message, tag = "5")]
    Vault(VaultKey),
    /// age.
    #[prost(message, tag = "6")]
    Age(AgeKey),
    /// Huawei Cloud KMS.
    #[prost(message, tag = "7")]
    HuaweiKms(HuaweiKmsKey),
}

/// A key of AWS KMS.
#[derive(Clone, PartialEq, Message)]
pub struct KmsKey {
    /// ARN of the key.
    #[prost(string, tag = "1")]
    pub arn: String,
    /// ARN of a role to assume first.
    #[prost(string, tag = "2")]
    pub role: String,
    /// The encryption context.
    #[prost(btree_map = "string, string", tag = "3")]
    pub context: BTreeMap<String, String>,
    /// Profile of the AWS configuration.
    #[prost(string, tag = "4")]
    pub aws_profile: String,
}

/// An OpenPGP key.
#[derive(Clone, PartialEq, Message)]
pub struct PgpKey {
    /// Its fingerprint.
    #[prost(string, tag = "1")]
    pub fingerprint: String,
}

/// A key of Google Cloud KMS.
#[derive(Clone, PartialEq, Message)]
pub struct GcpKmsKey {
    /// Its resource path.
    #[prost(string, tag = "1")]
    pub resource_id: String,
}

/// A key of Azure Key Vault.
#[derive(Clone, PartialEq, Message)]
pub struct AzureKeyVaultKey {
    /// URL of the vault.
    #[prost(string, tag = "1")]
    pub vault_url: String,
    /// Name of the key.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Its version.
    #[prost(string, tag = "3")]
    pub version: String,
}

/// A key of the transit engine of Vault.
#[derive(Clone, PartialEq, Message)]
pub struct VaultKey {
    /// Address of the server.
    #[prost(string, tag = "1")]
    pub vault_address: String,
    /// Mount of the engine.
    #[prost(string, tag = "2")]
    pub engine_path: String,
    /// Name of the key.
    #[prost(string, tag = "3")]
    pub key_name: String,
}

/// A recipient of age.
#[derive(Clone, PartialEq, Message)]
pub struct AgeKey {
    /// As text.
    #[prost(string, tag = "1")]
    pub recipient: String,
}

/// A key of Huawei Cloud KMS.
#[derive(Clone, PartialEq, Message)]
pub struct HuaweiKmsKey {
    /// `region:key-uuid`.
    #[prost(string, tag = "1")]
    pub key_id: String,
}

/// Asks to wrap a data key.
#[derive(PartialEq, Message)]
#[prost(skip_debug)]
pub struct EncryptRequest {
    /// With which key.
    #[prost(message, optional, tag = "1")]
    pub key: Option<Key>,
    /// The data key, or a share of it.
    #[prost(bytes = "vec", tag = "2")]
    pub plaintext: Vec<u8>,
}

/// A wrapped data key.
#[derive(Clone, PartialEq, Message)]
pub struct EncryptResponse {
    /// What is stored as `enc`.
    #[prost(bytes = "vec", tag = "1")]
    pub ciphertext: Vec<u8>,
}

/// Asks to open a wrapped data key.
#[derive(Clone, PartialEq, Message)]
pub struct DecryptRequest {
    /// With which key.
    #[prost(message, optional, tag = "1")]
    pub key: Option<Key>,
    /// What is stored as `enc`.
    #[prost(bytes = "vec", tag = "2")]
    pub ciphertext: Vec<u8>,
}

/// An opened data key.
#[derive(PartialEq, Message)]
#[prost(skip_debug)]
pub struct DecryptResponse {
    /// The data key, or a share of it.
    #[prost(bytes = "vec", tag = "1")]
    pub plaintext: Vec<u8>,
}

impl std::fmt::Debug for EncryptRequest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("EncryptRequest")
    }
}

impl std::fmt::Debug for DecryptResponse {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("DecryptResponse")
    }
}

/// A key as the protocol says it; `None` for a key that it has no type for.
pub(super) fn key(id: &KeyId) -> Option<Key> {
    let key_type = match id {
        KeyId::AwsKms(key) => KeyType::Kms(KmsKey {
            arn: key.arn.clone(),
            role: key.role.clone(),
            context: key.context.iter().cloned().collect(),
            aws_profile: key.aws_profile.clone(),
        }),
        KeyId::Pgp(fingerprint) => KeyType::Pgp(PgpKey { fingerprint: fingerprint.clone() }),
        KeyId::GcpKms(path) => KeyType::GcpKms(GcpKmsKey { resource_id: path.clone() }),
        KeyId::AzureKeyVault(key) => KeyType::AzureKeyVault(AzureKeyVaultKey {
            vault_url: key.vault_url.clone(),
            name: key.name.clone(),
            version: key.version.clone(),
        }),
        KeyId::VaultTransit(key) => KeyType::Vault(VaultKey {
            vault_address: key.vault_address.clone(),
            engine_path: key.engine_path.clone(),
            key_name: key.key_name.clone(),
        }),
        KeyId::Age(recipient) => KeyType::Age(AgeKey { recipient: recipient.clone() }),
        KeyId::HuaweiKms(id) => KeyType::HuaweiKms(HuaweiKmsKey { key_id: id.clone() }),
        KeyId::Other { .. } => return None,
    };
    Some(Key { key_type: Some(key_type) })
}

/// The key that a message means; `None` if it says none, or one of a type that is not known.
pub(super) fn id(key: Option<&Key>) -> Option<KeyId> {
    Some(match key?.key_type.clone()? {
        KeyType::Kms(key) => KeyId::AwsKms(AwsKmsKey {
            arn: key.arn,
            role: key.role,
            context: key.context.into_iter().collect(),
            aws_profile: key.aws_profile,
        }),
        KeyType::Pgp(key) => KeyId::Pgp(key.fingerprint),
        KeyType::GcpKms(key) => KeyId::GcpKms(key.resource_id),
        KeyType::AzureKeyVault(key) => {
            KeyId::AzureKeyVault(AzureKey { vault_url: key.vault_url, name: key.name, version: key.version })
        }
        KeyType::Vault(key) => KeyId::VaultTransit(VaultTransitKey {
            vault_address: key.vault_address,
            engine_path: key.engine_path,
            key_name: key.key_name,
        }),
        KeyType::Age(key) => KeyId::Age(key.recipient),
        KeyType::HuaweiKms(key) => KeyId::HuaweiKms(key.key_id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_the_wire() {
        let aws = AwsKmsKey {
            arn: "arn:aws:kms:us-east-1:1:key/x".to_owned(),
            role: "r".to_owned(),
            context: vec![("a".to_owned(), "b".to_owned())],
            aws_profile: "p".to_owned(),
        };
        let azure = AzureKey { vault_url: "https://v".to_owned(), name: "n".to_owned(), version: "1".to_owned() };
        let vault = VaultTransitKey {
            vault_address: "https://v".to_owned(),
            engine_path: "transit".to_owned(),
            key_name: "k".to_owned(),
        };
        for sent in [
            KeyId::AwsKms(aws),
            KeyId::Pgp("F".to_owned()),
            KeyId::GcpKms("projects/p".to_owned()),
            KeyId::AzureKeyVault(azure),
            KeyId::VaultTransit(vault),
            KeyId::Age("age1x".to_owned()),
            KeyId::HuaweiKms("r:u".to_owned()),
        ] {
            let bytes = key(&sent).unwrap().encode_to_vec();
            assert!(id(Some(&Key::decode(&*bytes).unwrap())) == Some(sent));
        }
        // The type of another version of the protocol.
        assert!(id(Some(&Key::decode(&[0x42, 0x00][..]).unwrap())).is_none());
    }

    #[test]
    fn data_keys_are_not_shown() {
        let request = EncryptRequest { key: None, plaintext: b"hunter2".to_vec() };
        let response = DecryptResponse { plaintext: b"hunter2".to_vec() };
        assert_eq!(format!("{request:?} {response:?}"), "EncryptRequest DecryptResponse");
    }
}
