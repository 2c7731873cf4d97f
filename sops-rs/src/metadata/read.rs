//! Reading a block: numbers and booleans serve as text and the other way round, unknown fields and nulls do no harm.

use super::{KeyGroup, MasterKey, Metadata, MetadataError};
use crate::master_key::{AwsKmsKey, AzureKey, KeyId, VaultTransitKey};
use crate::rules::{Rules, Selector};
use crate::time;
use crate::tree::{Branch, Entry, Item, Value};

const FIELDS: [&str; 6] = ["key_groups", "lastmodified", "mac", "mac_only_encrypted", "shamir_threshold", "version"];

pub(super) fn metadata(block: &Value) -> Result<Metadata, MetadataError> {
    let Value::Map(block) = block else { return Err(MetadataError::NotAMapping) };
    let lastmodified = text(block, "lastmodified")?.ok_or(MetadataError::Missing("lastmodified"))?;
    if time::to_seconds(&lastmodified).is_none() {
        return Err(MetadataError::Field("lastmodified"));
    }
    let version =
        text(block, "version")?.filter(|version| !version.is_empty()).ok_or(MetadataError::Missing("version"))?;
    Ok(Metadata {
        groups: groups(block)?,
        shamir_threshold: integer(block, "shamir_threshold")?.filter(|threshold| *threshold != 0),
        selector: selector(block)?,
        mac_only_encrypted: flag(block, "mac_only_encrypted")?,
        lastmodified,
        mac: text(block, "mac")?.unwrap_or_default(),
        version,
        others: others(block),
    })
}

fn selector(block: &Branch) -> Result<Selector, MetadataError> {
    let mut candidates = Vec::new();
    for name in Selector::NAMES {
        candidates.push((name, text(block, name)?));
    }
    let selector = Selector::only(candidates)?.unwrap_or_default();
    Rules::new(&selector)?;
    Ok(selector)
}

fn groups(block: &Branch) -> Result<Vec<KeyGroup>, MetadataError> {
    let flat = group(block, &KeyId::KINDS)?;
    if !flat.0.is_empty() {
        return Ok(vec![flat]);
    }
    let mut groups = Vec::new();
    for value in list(block, "key_groups")? {
        let Value::Map(fields) = value else { return Err(MetadataError::Field("key_groups")) };
        let found = group(fields, &kinds_of(fields))?;
        if !found.0.is_empty() {
            groups.push(found);
        }
    }
    if groups.is_empty() { Err(MetadataError::NoKeys) } else { Ok(groups) }
}

/// The known kinds, then those of other builds that stand in this group.
fn kinds_of(fields: &Branch) -> Vec<&str> {
    let mut kinds = KeyId::KINDS.to_vec();
    for entry in &fields.0 {
        if let Entry::Pair(name, Value::List(_)) = entry
            && !kinds.contains(&name.as_str())
        {
            kinds.push(name);
        }
    }
    kinds
}

fn group(block: &Branch, kinds: &[&str]) -> Result<KeyGroup, MetadataError> {
    let mut keys = Vec::new();
    for kind in kinds {
        for value in list(block, kind)? {
            let Value::Map(fields) = value else { return Err(MetadataError::Field("master key")) };
            keys.push(master_key(kind, fields)?);
        }
    }
    Ok(KeyGroup(keys))
}

fn master_key(kind: &str, fields: &Branch) -> Result<MasterKey, MetadataError> {
    let field = |name| -> Result<String, MetadataError> { Ok(text(fields, name)?.unwrap_or_default()) };
    let id = match kind {
        "age" => KeyId::Age(field("recipient")?),
        "pgp" => KeyId::Pgp(field("fp")?),
        "kms" => KeyId::AwsKms(AwsKmsKey {
            arn: field("arn")?,
            role: field("role")?,
            context: context(fields)?,
            aws_profile: field("aws_profile")?,
        }),
        "gcp_kms" => KeyId::GcpKms(field("resource_id")?),
        "azure_kv" => KeyId::AzureKeyVault(AzureKey {
            vault_url: field("vault_url")?,
            name: field("name")?,
            version: field("version")?,
        }),
        "hc_vault" => KeyId::VaultTransit(VaultTransitKey {
            vault_address: field("vault_address")?,
            engine_path: field("engine_path")?,
            key_name: field("key_name")?,
        }),
        "hckms" => KeyId::HuaweiKms(field("key_id")?),
        _ => KeyId::Other { kind: kind.to_owned(), fields: fields.clone() },
    };
    let other = matches!(id, KeyId::Other { .. });
    let own = |name| if other { Ok(String::new()) } else { field(name) };
    let created_at = if kind == "age" { String::new() } else { own("created_at")? };
    Ok(MasterKey { id, enc: own("enc")?, created_at })
}

/// The encryption context, in the order of the file.
fn context(fields: &Branch) -> Result<Vec<(String, String)>, MetadataError> {
    let pairs = match fields.get("context") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Map(pairs)) => pairs,
        Some(_) => return Err(MetadataError::Field("context")),
    };
    let mut context = Vec::new();
    for entry in &pairs.0 {
        if let Entry::Pair(name, value) = entry {
            let value = scalar(value).map_err(|()| MetadataError::Field("context"))?;
            context.push((name.clone(), value.unwrap_or_default()));
        }
    }
    Ok(context)
}

fn others(block: &Branch) -> Branch {
    let known = |name: &str| FIELDS.contains(&name) || KeyId::KINDS.contains(&name) || Selector::NAMES.contains(&name);
    let kept = block.0.iter().filter(|entry| match entry {
        Entry::Pair(name, value) => !known(name) && *value != Value::Null,
        Entry::Comment(_) => false,
    });
    Branch(kept.cloned().collect())
}

fn list<'a>(block: &'a Branch, name: &str) -> Result<Vec<&'a Value>, MetadataError> {
    match block.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::List(items)) => Ok(items
            .iter()
            .filter_map(|item| match item {
                Item::Value(value) => Some(value),
                Item::Comment(_) => None,
            })
            .collect()),
        Some(_) => Err(MetadataError::Field("key list")),
    }
}

fn text(block: &Branch, name: &'static str) -> Result<Option<String>, MetadataError> {
    match block.get(name) {
        None => Ok(None),
        Some(value) => scalar(value).map_err(|()| MetadataError::Field(name)),
    }
}

/// A scalar as text; `None` for null.
fn scalar(value: &Value) -> Result<Option<String>, ()> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Str(text) | Value::Time(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(flag) => u8::from(*flag).to_string(),
        Value::Bytes(_) | Value::Map(_) | Value::List(_) => return Err(()),
    }))
}

fn integer(block: &Branch, name: &'static str) -> Result<Option<i64>, MetadataError> {
    match block.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Int(number)) => Ok(Some(*number)),
        Some(Value::Str(text)) if text.is_empty() => Ok(None),
        Some(Value::Str(text)) => text.parse().map(Some).map_err(|_| MetadataError::Field(name)),
        Some(_) => Err(MetadataError::Field(name)),
    }
}

fn flag(block: &Branch, name: &'static str) -> Result<bool, MetadataError> {
    match block.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(Value::Int(number)) => Ok(*number != 0),
        Some(Value::Str(text)) => match text.as_str() {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
            "" | "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
            _ => Err(MetadataError::Field(name)),
        },
        Some(_) => Err(MetadataError::Field(name)),
    }
}
