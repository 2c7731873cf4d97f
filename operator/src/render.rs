//! The one place where plaintext meets a Kubernetes type.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use serde_json::Value;

use crate::claim::Mode;
use crate::plan::Desired;

/// The Secret as it will be written. An existing one keeps its uid and resourceVersion, which make the write conditional,
/// and everything that others have put there, unless it was handed over as it is.
pub fn render(desired: &Desired) -> Secret {
    let data = &desired.data;
    let mut secret = desired.existing.clone().unwrap_or_else(|| Secret {
        metadata: ObjectMeta {
            name: Some(desired.claim.target.name.clone()),
            namespace: Some(desired.claim.target.namespace.clone()),
            finalizers: (!data.finalizers.is_empty()).then(|| data.finalizers.clone()),
            ..ObjectMeta::default()
        },
        immutable: data.immutable,
        ..Secret::default()
    });
    describe(&mut secret.metadata, desired);
    let values = data.values.iter().map(|(key, value)| (key.clone(), ByteString(value.to_vec())));
    if desired.claim.mode.keeps_other_keys() {
        let once_ours = described_data(&secret.metadata, &desired.field_manager);
        let present = secret.data.get_or_insert_default();
        present.retain(|key, _| !once_ours.contains(key) || data.values.contains_key(key));
        present.extend(values);
    } else {
        let values: BTreeMap<_, _> = values.collect();
        secret.data = (!values.is_empty()).then_some(values);
    }
    if let Some(type_) = &data.type_ {
        secret.type_ = Some(type_.clone());
    } else if secret.type_.is_none() {
        secret.type_ = Some("Opaque".into());
    }
    if data.immutable == Some(true) {
        secret.immutable = Some(true);
    }
    secret
}

/// Labels, annotations and the owner.
fn describe(metadata: &mut ObjectMeta, desired: &Desired) {
    if desired.claim.mode == Mode::Overwrite {
        metadata.labels = None;
        metadata.annotations = None;
    }
    let once_ours = |map: &str| described_before(metadata, &desired.field_manager, map);
    let (labels, annotations) = (once_ours("f:labels"), once_ours("f:annotations"));
    overlay(&mut metadata.labels, &desired.data.labels, &labels);
    overlay(&mut metadata.annotations, &desired.data.annotations, &annotations);
    if let Some(owner) = &desired.owner {
        own(metadata, owner);
    }
}

/// Sets what is described and removes what we described before and no longer do.
fn overlay(
    map: &mut Option<BTreeMap<String, String>>,
    described: &BTreeMap<String, String>,
    before: &BTreeSet<String>,
) {
    let present = map.get_or_insert_default();
    present.retain(|key, _| !before.contains(key) || described.contains_key(key));
    present.extend(described.iter().map(|(key, value)| (key.clone(), value.clone())));
    if present.is_empty() {
        *map = None;
    }
}

/// The entries of a metadata map that our last write has set, as the API server has recorded it.
fn described_before(metadata: &ObjectMeta, manager: &str, map: &str) -> BTreeSet<String> {
    fields(metadata, manager, |fields| fields.get("f:metadata")?.get(map))
}

/// The keys that our last write has set.
fn described_data(metadata: &ObjectMeta, manager: &str) -> BTreeSet<String> {
    fields(metadata, manager, |fields| fields.get("f:data"))
}

fn fields(metadata: &ObjectMeta, manager: &str, pick: impl Fn(&Value) -> Option<&Value>) -> BTreeSet<String> {
    // The name under which the Sealed Secrets controller writes is that of any Go program called `controller`.
    if manager == "controller" {
        return BTreeSet::new();
    }
    let ours = metadata.managed_fields.iter().flatten().filter(|entry| entry.manager.as_deref() == Some(manager));
    let picked = ours.filter_map(|entry| pick(&entry.fields_v1.as_ref()?.0)?.as_object());
    picked.flat_map(|keys| keys.keys()).filter_map(|key| key.strip_prefix("f:").map(str::to_owned)).collect()
}

/// Makes `owner` the one controller; owners that control nothing stay.
fn own(metadata: &mut ObjectMeta, owner: &OwnerReference) {
    let owners = metadata.owner_references.get_or_insert_default();
    owners.retain(|other| other.uid == owner.uid || other.controller != Some(true));
    match owners.iter_mut().find(|other| other.uid == owner.uid) {
        // The version under which it was written says nothing about who it is.
        Some(present) if present.controller == Some(true) && present.kind == owner.kind => {}
        Some(present) => *present = owner.clone(),
        None => owners.push(owner.clone()),
    }
}
