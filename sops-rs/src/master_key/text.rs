//! Master keys as text: how the command line and `.sops.yaml` write them.
//!
//! Errors say what is wrong with the name of a key; names of keys are public.

use std::collections::BTreeMap;

use super::{AwsKmsKey, AzureKey, KeyId, VaultTransitKey};

/// The types of keys that have a text form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// age.
    Age,
    /// `OpenPGP`.
    Pgp,
    /// Google Cloud KMS.
    GcpKms,
    /// Azure Key Vault.
    AzureKeyVault,
    /// The transit engine of HashiCorp Vault.
    VaultTransit,
    /// Huawei Cloud KMS.
    HuaweiKms,
}

/// A text that names no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyTextError {
    /// No recipient of age.
    #[error("`{0}` is not an age recipient")]
    Age(String),
    /// No URL of an Azure key.
    #[error("`{0}` is not a key of Azure Key Vault: https://NAME.vault.azure.net/keys/KEY/VERSION")]
    Azure(String),
    /// No URL of a transit key.
    #[error("`{0}` is not a transit key of Vault: https://HOST:8200/v1/transit/keys/KEY")]
    Vault(String),
    /// A transit key behind a path, which the original cannot reach.
    #[error("`{0}`: Vault below a path is not supported")]
    VaultPrefix(String),
    /// No key of Huawei Cloud KMS.
    #[error("`{0}` is not a key of Huawei Cloud KMS: REGION:UUID")]
    Huawei(String),
    /// No encryption context.
    #[error("the encryption context is not of the form NAME:VALUE,NAME:VALUE")]
    Context,
}

impl KeyId {
    /// Keys of one type, separated by commas. AWS keys come with more than a text: see [`AwsKmsKey::parse_list`].
    pub fn parse_list(kind: KeyType, text: &str) -> Result<Vec<KeyId>, KeyTextError> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| KeyId::parse(kind, part)).collect()
    }

    /// One key.
    pub fn parse(kind: KeyType, text: &str) -> Result<KeyId, KeyTextError> {
        let text = text.trim();
        Ok(match kind {
            KeyType::Age => KeyId::Age(recipient(text)?),
            KeyType::Pgp => KeyId::Pgp(text.replace(' ', "")),
            KeyType::GcpKms => KeyId::GcpKms(text.replace(' ', "")),
            KeyType::AzureKeyVault => KeyId::AzureKeyVault(azure(text)?),
            KeyType::VaultTransit => KeyId::VaultTransit(vault(text)?),
            KeyType::HuaweiKms => KeyId::HuaweiKms(huawei(text)?),
        })
    }
}

/// Whether the text begins as one of the kinds of recipients; a key type's own module looks at the rest.
fn recipient(text: &str) -> Result<String, KeyTextError> {
    if ["age1", "ssh-"].iter().any(|start| text.starts_with(start)) {
        Ok(text.to_owned())
    } else {
        Err(KeyTextError::Age(text.to_owned()))
    }
}

/// `https://HOST/keys/NAME` or `https://HOST/keys/NAME/VERSION`.
fn azure(text: &str) -> Result<AzureKey, KeyTextError> {
    let wrong = || KeyTextError::Azure(text.to_owned());
    let (host, path) = text.strip_prefix("https://").and_then(|rest| rest.split_once("/keys/")).ok_or_else(wrong)?;
    let mut parts = path.trim_end_matches('/').split('/');
    let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if host.is_empty() || host.contains('/') || name.is_empty() || parts.next().is_some() {
        return Err(wrong());
    }
    Ok(AzureKey { vault_url: format!("https://{host}"), name: name.to_owned(), version: version.to_owned() })
}

/// `https://HOST/v1/ENGINE/keys/NAME`; the engine may have several parts.
fn vault(text: &str) -> Result<VaultTransitKey, KeyTextError> {
    let wrong = || KeyTextError::Vault(text.to_owned());
    let (scheme, rest) = text.split_once("://").filter(|(scheme, _)| !scheme.is_empty()).ok_or_else(wrong)?;
    let (host, path) = rest.split_once('/').ok_or_else(wrong)?;
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let is_version = |part: &str| {
        part.strip_prefix('v')
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match parts.as_slice() {
        [version, engine @ .., _, name] if is_version(version) && !engine.is_empty() && !name.is_empty() => {
            Ok(VaultTransitKey {
                vault_address: format!("{scheme}://{host}"),
                engine_path: engine.join("/"),
                key_name: (*name).to_owned(),
            })
        }
        [_, version, ..] if is_version(version) => Err(KeyTextError::VaultPrefix(text.to_owned())),
        _ => Err(wrong()),
    }
}

fn huawei(text: &str) -> Result<String, KeyTextError> {
    match text.split_once(':') {
        Some((region, id)) if !region.trim().is_empty() && !id.trim().is_empty() => Ok(text.to_owned()),
        _ => Err(KeyTextError::Huawei(text.to_owned())),
    }
}

impl AwsKmsKey {
    /// Keys by ARN, separated by commas, each as `ARN` or `ARN+ROLE`.
    pub fn parse_list(arns: &str, context: &[(String, String)], aws_profile: &str) -> Vec<KeyId> {
        let arns = arns.split(',').map(str::trim).filter(|arn| !arn.is_empty());
        arns.map(|arn| KeyId::AwsKms(AwsKmsKey::parse(arn, context, aws_profile))).collect()
    }

    /// A key by `ARN` or `ARN+ROLE`, where the role is an ARN too.
    pub fn parse(arn: &str, context: &[(String, String)], aws_profile: &str) -> AwsKmsKey {
        let arn = arn.replace(' ', "");
        let (arn, role) = match arn.find("+arn:") {
            Some(plus) if plus > 0 => (arn[..plus].to_owned(), arn[plus + 1..].to_owned()),
            _ => (arn, String::new()),
        };
        AwsKmsKey { arn, role, context: context.to_vec(), aws_profile: aws_profile.to_owned() }
    }
}

/// An encryption context as `NAME:VALUE,NAME:VALUE`, sorted by name; of a name that stands twice the last counts.
pub fn parse_context(text: &str) -> Result<Vec<(String, String)>, KeyTextError> {
    let mut pairs = BTreeMap::new();
    for pair in text.split(',').filter(|_| !text.is_empty()) {
        match pair.split_once(':') {
            Some((name, value)) if !value.contains(':') => pairs.insert(name.to_owned(), value.to_owned()),
            _ => return Err(KeyTextError::Context),
        };
    }
    Ok(pairs.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::{AwsKmsKey, KeyId, KeyType, parse_context};

    #[test]
    fn keys_are_shown_as_they_are_written() {
        for (kind, text) in [
            (KeyType::Age, "age1xyz"),
            (KeyType::Age, "ssh-ed25519 AAAA me@host"),
            (KeyType::Pgp, "85D77543B3D624B63CEA9E6DBC17301B491B3F21!"),
            (KeyType::GcpKms, "projects/p/locations/global/keyRings/r/cryptoKeys/k"),
            (KeyType::AzureKeyVault, "https://v.vault.azure.net/keys/k/0123"),
            (KeyType::VaultTransit, "https://vault:8200/v1/transit/keys/k"),
            (KeyType::VaultTransit, "http://127.0.0.1:8200/v1/a/b/keys/k"),
            (KeyType::HuaweiKms, "eu-west:uuid"),
        ] {
            assert_eq!(KeyId::parse(kind, text).unwrap().name(), text);
        }
        assert_eq!(KeyId::parse(KeyType::AzureKeyVault, "https://v/keys/k").unwrap().name(), "https://v/keys/k/");
        assert_eq!(KeyId::parse(KeyType::Pgp, " 85D7 7543 ").unwrap().name(), "85D77543");
        assert_eq!(KeyId::parse_list(KeyType::Age, "age1a, age1b,").unwrap().len(), 2);
        let context = parse_context("b:2,a:1").unwrap();
        let key = AwsKmsKey::parse("arn:aws:kms:x+arn:aws:iam:y", &context, "dev");
        assert_eq!(key.name(), "arn:aws:kms:x+arn:aws:iam:y|a:1,b:2|dev");
        assert_eq!(AwsKmsKey::parse("arn:x", &context, "").name(), "arn:x|a:1,b:2");
        assert_eq!(AwsKmsKey::parse("arn:x", &[], "dev").name(), "arn:x||dev");
    }

    #[test]
    fn other_texts_are_no_keys() {
        for (kind, text) in [
            (KeyType::Age, "AGE-SECRET-KEY"),
            (KeyType::AzureKeyVault, "https://v/secrets/k"),
            (KeyType::AzureKeyVault, "http://v/keys/k"),
            (KeyType::VaultTransit, "vault:8200/v1/transit/keys/k"),
            (KeyType::VaultTransit, "https://vault/transit/keys/k"),
            (KeyType::VaultTransit, "https://vault/prefix/v1/transit/keys/k"),
            (KeyType::VaultTransit, "https://vault/v1/keys/k"),
            (KeyType::HuaweiKms, "uuid"),
        ] {
            assert!(KeyId::parse(kind, text).is_err(), "{text}");
        }
        assert!(parse_context("a").is_err() && parse_context("a:b:c").is_err());
        assert_eq!(parse_context("").unwrap(), []);
    }
}
