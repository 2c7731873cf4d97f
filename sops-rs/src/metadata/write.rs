//! Writing a block: all keys in alphabetical order, empty fields left out.

use super::{KeyGroup, MasterKey, Metadata};
use crate::master_key::KeyId;
use crate::tree::{Branch, Entry, Item, Value};

/// The lists that a group of several has even when they are empty.
const ALWAYS_IN_GROUPS: [&str; 2] = ["age", "hc_vault"];

pub(super) fn metadata(metadata: &Metadata) -> Branch {
    let mut block = metadata.others.clone();
    match metadata.groups.as_slice() {
        [group] if !has_other_kinds(group) => block.0.extend(lists(group)),
        groups => push(&mut block, "key_groups", Value::List(groups.iter().map(several).collect())),
    }
    if !metadata.selector.text().is_empty() {
        push(&mut block, metadata.selector.name(), Value::Str(metadata.selector.text().to_owned()));
    }
    push(&mut block, "lastmodified", Value::Str(metadata.lastmodified.clone()));
    push(&mut block, "mac", Value::Str(metadata.mac.clone()));
    if metadata.mac_only_encrypted {
        push(&mut block, "mac_only_encrypted", Value::Bool(true));
    }
    if let Some(threshold) = metadata.shamir_threshold {
        push(&mut block, "shamir_threshold", Value::Int(threshold));
    }
    push(&mut block, "version", Value::Str(metadata.version.clone()));
    sort(&mut block);
    block
}

/// Kinds of other builds are known as lists of keys by where they stand: in a group.
fn has_other_kinds(group: &KeyGroup) -> bool {
    group.0.iter().any(|key| matches!(key.id, KeyId::Other { .. }))
}

fn push(block: &mut Branch, name: &str, value: Value) {
    block.0.push(Entry::Pair(name.to_owned(), value));
}

fn several(group: &KeyGroup) -> Item {
    let mut block = Branch(lists(group));
    for name in ALWAYS_IN_GROUPS {
        if block.get(name).is_none() {
            push(&mut block, name, Value::List(Vec::new()));
        }
    }
    Item::Value(Value::Map(block))
}

fn lists(group: &KeyGroup) -> Vec<Entry> {
    let mut lists: Vec<(&str, Vec<Item>)> = Vec::new();
    for key in &group.0 {
        let item = Item::Value(Value::Map(fields(key)));
        match lists.iter_mut().find(|(kind, _)| *kind == key.kind()) {
            Some((_, items)) => items.push(item),
            None => lists.push((key.kind(), vec![item])),
        }
    }
    lists.into_iter().map(|(kind, items)| Entry::Pair(kind.to_owned(), Value::List(items))).collect()
}

fn fields(key: &MasterKey) -> Branch {
    let mut block = Branch::default();
    let mut text = |name: &str, value: &str| push(&mut block, name, Value::Str(value.to_owned()));
    match &key.id {
        KeyId::Other { fields, .. } => return fields.clone(),
        KeyId::Age(recipient) => text("recipient", recipient),
        KeyId::Pgp(fingerprint) => text("fp", fingerprint),
        KeyId::GcpKms(resource) => text("resource_id", resource),
        KeyId::HuaweiKms(id) => text("key_id", id),
        KeyId::AwsKms(kms) => {
            text("arn", &kms.arn);
            text("aws_profile", &kms.aws_profile);
            if !kms.role.is_empty() {
                text("role", &kms.role);
            }
        }
        KeyId::AzureKeyVault(azure) => {
            text("vault_url", &azure.vault_url);
            text("name", &azure.name);
            text("version", &azure.version);
        }
        KeyId::VaultTransit(vault) => {
            text("vault_address", &vault.vault_address);
            text("engine_path", &vault.engine_path);
            text("key_name", &vault.key_name);
        }
    }
    text("enc", &key.enc);
    if !matches!(key.id, KeyId::Age(_)) {
        text("created_at", &key.created_at);
    }
    if let KeyId::AwsKms(kms) = &key.id
        && !kms.context.is_empty()
    {
        let pairs = kms.context.iter().map(|(name, value)| Entry::Pair(name.clone(), Value::Str(value.clone())));
        push(&mut block, "context", Value::Map(Branch(pairs.collect())));
    }
    block
}

fn sort(block: &mut Branch) {
    block.0.retain(|entry| matches!(entry, Entry::Pair(..)));
    block.0.sort_by(|one, other| name(one).cmp(name(other)));
    for entry in &mut block.0 {
        if let Entry::Pair(_, value) = entry {
            sort_value(value);
        }
    }
}

fn sort_value(value: &mut Value) {
    match value {
        Value::Map(block) => sort(block),
        Value::List(items) => {
            for item in items {
                if let Item::Value(value) = item {
                    sort_value(value);
                }
            }
        }
        _ => {}
    }
}

fn name(entry: &Entry) -> &str {
    match entry {
        Entry::Pair(name, _) => name,
        Entry::Comment(_) => "",
    }
}
