//! Reading a block: numbers and booleans serve as text and the other way round, unknown fields and nulls do no harm.

use super::{KINDS, KeyGroup, MasterKey, Metadata, MetadataError};
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
    let flat = group(block, &KINDS)?;
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
    let mut kinds = KINDS.to_vec();
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
    if kind != "age" {
        return Ok(MasterKey::Other { kind: kind.to_owned(), fields: fields.clone() });
    }
    Ok(MasterKey::Age {
        recipient: text(fields, "recipient")?.unwrap_or_default(),
        enc: text(fields, "enc")?.unwrap_or_default(),
    })
}

fn others(block: &Branch) -> Branch {
    let known = |name: &str| FIELDS.contains(&name) || KINDS.contains(&name) || Selector::NAMES.contains(&name);
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
    Ok(Some(match block.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Str(text) | Value::Time(text)) => text.clone(),
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::Float(number)) => number.to_string(),
        Some(Value::Bool(flag)) => u8::from(*flag).to_string(),
        Some(Value::Bytes(_) | Value::Map(_) | Value::List(_)) => return Err(MetadataError::Field(name)),
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
