//! Section 3, row 5: the marks by which tools of the original recognise its Secrets, computed here anew from its description.

use std::fmt::Write as _;

use anyhow::Result;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;
use sha3::{Digest as _, Sha3_224};

use super::place::{Place, entry, external};
use crate::canary;
use crate::scene::DEADLINE;

/// The digest that the original uses everywhere.
pub(super) fn digest(text: &str) -> String {
    Sha3_224::digest(text).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String does not fail.
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}

/// The value of `data-hash`: the digest of how Go prints a map of byte slices.
pub(super) fn data_hash(values: &[(&str, &str)]) -> String {
    let entries = values.iter().map(|(key, value)| {
        let bytes: Vec<String> = value.bytes().map(|byte| byte.to_string()).collect();
        format!("{key}:[{}]", bytes.join(" "))
    });
    digest(&format!("map[{}]", entries.collect::<Vec<_>>().join(" ")))
}

#[tokio::test]
async fn labels_annotations_and_the_field_manager_are_those_of_the_original() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start().await?;
    let mut object = external("db", entry("db"));
    object["metadata"]["labels"] = json!({ "app": "shop" });
    object["metadata"]["annotations"] = json!({ "note": "ours" });
    place.create::<crds::ExternalSecret>(object).await?;
    let secret = place.holds("db", &[("password", "one")]).await?;
    assert_eq!(secret.type_.as_deref(), Some("Opaque"));
    assert_eq!(
        serde_json::to_value(&secret.metadata.labels)?,
        json!({
            "app": "shop",
            "reconcile.external-secrets.io/managed": "true",
            "reconcile.external-secrets.io/created-by": digest(&format!("{}/db", place.namespace)),
        })
    );
    let hash = data_hash(&[("password", &canary::value("one"))]);
    let annotations = json!({ "note": "ours", "reconcile.external-secrets.io/data-hash": hash });
    assert_eq!(serde_json::to_value(&secret.metadata.annotations)?, annotations);
    let managers = secret.metadata.managed_fields.unwrap_or_default();
    let managers: Vec<_> =
        managers.iter().map(|entry| (entry.manager.as_deref(), entry.operation.as_deref())).collect();
    assert_eq!(managers, [(Some("externalsecrets.external-secrets.io/db"), Some("Update"))]);
    let object = place.ready("db").await?;
    let version = object.status.unwrap_or_default().synced_resource_version;
    let described = digest("{annotations:map[note:ours] labels:map[app:shop]}");
    assert_eq!(version, Some(format!("{}-{described}", object.metadata.generation.unwrap_or_default())));
    Ok(())
}

#[tokio::test]
async fn only_the_owner_leaves_its_name_and_the_hash_follows_the_values() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start().await?;
    let mut spec = entry("db");
    spec["target"] = json!({ "creationPolicy": "Orphan" });
    place.add("db", spec).await?;
    let secret = place.holds("db", &[("password", "one")]).await?;
    assert_eq!(
        serde_json::to_value(&secret.metadata.labels)?,
        json!({ "reconcile.external-secrets.io/managed": "true" })
    );
    place.ready("db").await?;
    place.rotate(&[("db", "two")]).await?;
    place.force_sync("db", "1").await?;
    place.holds("db", &[("password", "two")]).await?;
    let secret = place.api::<Secret>().get("db").await?;
    let annotations = secret.metadata.annotations.unwrap_or_default();
    assert_eq!(
        annotations["reconcile.external-secrets.io/data-hash"],
        data_hash(&[("password", &canary::value("two"))])
    );
    Ok(())
}

#[tokio::test]
async fn a_label_that_goes_from_the_object_goes_from_the_secret_and_no_other_does() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start().await?;
    let mut object = external("db", entry("db"));
    object["metadata"]["labels"] = json!({ "app": "shop", "tier": "back" });
    place.create::<crds::ExternalSecret>(object).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    place.change::<Secret>("db", json!({ "metadata": { "labels": { "backup": "yes" } } })).await?;
    place.change::<crds::ExternalSecret>("db", json!({ "metadata": { "labels": { "tier": null } } })).await?;
    let kept = |secret: &Secret| {
        let labels = secret.metadata.labels.iter().flatten();
        let own = labels.filter(|(key, _)| !key.starts_with("reconcile.")).map(|(key, _)| key.as_str());
        own.collect::<Vec<_>>() == ["app", "backup"]
    };
    rig::watch_until(&place.api::<Secret>(), "db", DEADLINE, kept).await?;
    // What is ours there is healed, though nothing is due.
    place.ready("db").await?;
    let edit = json!({ "metadata": { "labels": { "app": "other", "reconcile.external-secrets.io/managed": null } } });
    place.change::<Secret>("db", edit).await?;
    let healed = |secret: &Secret| {
        let labels = secret.metadata.labels.clone().unwrap_or_default();
        labels.get("app").is_some_and(|app| app == "shop")
            && labels.contains_key("reconcile.external-secrets.io/managed")
    };
    rig::watch_until(&place.api::<Secret>(), "db", DEADLINE, healed).await?;
    Ok(())
}
