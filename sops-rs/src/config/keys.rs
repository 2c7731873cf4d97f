//! The master keys of a rule: its own fields, or its key groups with those they merge.

use std::collections::HashSet;

use super::raw::{Group, Kms, Rule, Strings};
use super::{ConfigError, RuleName};
use crate::master_key::text::KeyType;
use crate::master_key::{AwsKmsKey, AzureKey, KeyId};

/// Group by group; none if the rule names no keys.
pub(super) fn groups(rule: &Rule, name: RuleName) -> Result<Vec<Vec<KeyId>>, ConfigError> {
    let groups = rule.key_groups.as_deref().unwrap_or_default();
    if groups.is_empty() {
        let keys = own(rule, name)?;
        return Ok(if keys.is_empty() { Vec::new() } else { vec![keys] });
    }
    groups.iter().map(|group| merged(group, name).map(unique)).collect()
}

/// Within a group no key stands twice. The keys of the rule itself are taken as they are, as in the original.
fn unique(mut keys: Vec<KeyId>) -> Vec<KeyId> {
    let mut seen = HashSet::new();
    keys.retain(|key| seen.insert((key.kind().to_owned(), key.name())));
    keys
}

/// The keys of the rule itself, as texts with commas or lists of such.
fn own(rule: &Rule, name: RuleName) -> Result<Vec<KeyId>, ConfigError> {
    let parsed = |kind, field, strings: &Option<Strings>| parse_all(kind, texts(strings.as_ref(), field, name)?, name);
    let mut keys = parsed(KeyType::Age, "age", &rule.age)?;
    keys.extend(parsed(KeyType::Pgp, "pgp", &rule.pgp)?);
    let profile = rule.aws_profile.as_deref().unwrap_or_default();
    for arns in texts(rule.kms.as_ref(), "kms", name)? {
        keys.extend(AwsKmsKey::parse_list(arns, &[], profile));
    }
    keys.extend(parsed(KeyType::GcpKms, "gcp_kms", &rule.gcp_kms)?);
    keys.extend(parse_all(KeyType::HuaweiKms, rule.hckms.as_deref().unwrap_or_default(), name)?);
    keys.extend(parsed(KeyType::AzureKeyVault, "azure_keyvault", &rule.azure_keyvault)?);
    keys.extend(parsed(KeyType::VaultTransit, "hc_vault_transit_uri", &rule.hc_vault_transit_uri)?);
    Ok(keys)
}

/// The keys of a group behind those it merges, as the original has them.
fn merged(group: &Group, name: RuleName) -> Result<Vec<KeyId>, ConfigError> {
    let mut keys = Vec::new();
    for other in group.merge.iter().flatten() {
        keys.extend(merged(other, name)?);
    }
    let parsed = |kind, field, strings: &Option<Strings>| parse_all(kind, texts(strings.as_ref(), field, name)?, name);
    keys.extend(parsed(KeyType::Age, "age", &group.age)?);
    keys.extend(parsed(KeyType::Pgp, "pgp", &group.pgp)?);
    keys.extend(group.kms.iter().flatten().map(aws));
    keys.extend(group.gcp_kms.iter().flatten().map(|key| KeyId::GcpKms(key.resource_id.clone())));
    keys.extend(group.hckms.iter().flatten().map(|key| KeyId::HuaweiKms(key.key_id.clone())));
    keys.extend(group.azure_keyvault.iter().flatten().map(|key| {
        KeyId::AzureKeyVault(AzureKey {
            vault_url: key.vault_url.clone(),
            name: key.key.clone(),
            version: key.version.clone().unwrap_or_default(),
        })
    }));
    keys.extend(parsed(KeyType::VaultTransit, "hc_vault", &group.hc_vault)?);
    Ok(keys)
}

fn aws(kms: &Kms) -> KeyId {
    let context = kms.context.iter().flatten();
    let context: Vec<(String, String)> =
        context.map(|(name, value)| (name.clone(), value.clone().unwrap_or_default())).collect();
    let mut key = AwsKmsKey::parse(&kms.arn, &context, kms.aws_profile.as_deref().unwrap_or_default());
    if let Some(role) = kms.role.as_ref().filter(|role| !role.is_empty()) {
        role.clone_into(&mut key.role);
    }
    KeyId::AwsKms(key)
}

fn parse_all(kind: KeyType, texts: &[String], rule: RuleName) -> Result<Vec<KeyId>, ConfigError> {
    let mut keys = Vec::new();
    for text in texts {
        keys.extend(KeyId::parse_list(kind, text).map_err(|cause| ConfigError::Key { rule, cause })?);
    }
    Ok(keys)
}

fn texts<'a>(strings: Option<&'a Strings>, field: &'static str, rule: RuleName) -> Result<&'a [String], ConfigError> {
    match strings {
        None => Ok(&[]),
        Some(Strings::One(text)) => Ok(std::slice::from_ref(text)),
        Some(Strings::Many(texts)) => Ok(texts),
        Some(Strings::Other(_)) => Err(ConfigError::Field { rule, field }),
    }
}
