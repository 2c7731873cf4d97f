//! Section 3, row 5: which Secret is written, and whose it is.

use anyhow::Result;
use crds::ExternalSecret;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, PostParams};
use serde_json::{Value, json};

use super::place::{Place, entry, external, store_reads};
use crate::canary;
use crate::scene::{DEADLINE, values_of};

fn targeting(remote: &str, target: Value) -> Value {
    let mut spec = entry(remote);
    spec["target"] = target;
    spec
}

/// The value of the store beside what [`crate::scene::Scene::create_foreign`] has put there.
fn merged(secret: &Secret, value: &str) -> bool {
    values_of(secret) == [("password".to_owned(), canary::value(value)), ("theirs".to_owned(), "kept".to_owned())]
}

#[tokio::test]
async fn the_secret_has_the_name_of_the_target_and_belongs_to_the_object() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start().await?;
    let object = place.add("db", targeting("db", json!({ "name": "credentials", "creationPolicy": "Owner" }))).await?;
    let secret = place.holds("credentials", &[("password", "one")]).await?;
    let mut owner = json!({ "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": "db" });
    (owner["uid"], owner["controller"]) = (json!(object.metadata.uid), json!(true));
    assert_eq!(serde_json::to_value(&secret.metadata.owner_references)?, json!([owner]));
    let status = place.ready("db").await?.status.unwrap_or_default();
    assert_eq!(status.binding.map(|binding| binding.name).as_deref(), Some("credentials"));
    assert!(place.api::<Secret>().get_opt("db").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn an_orphan_is_written_and_owned_by_nobody() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start().await?;
    place.add("db", targeting("db", json!({ "creationPolicy": "Orphan" }))).await?;
    let secret = place.holds("db", &[("password", "one")]).await?;
    assert!(secret.metadata.owner_references.is_none());
    place.ready("db").await?;
    place.rotate(&[("db", "two")]).await?;
    place.force_sync("db", "1").await?;
    place.holds("db", &[("password", "two")]).await?;
    place.api::<ExternalSecret>().delete("db", &DeleteParams::default()).await?;
    rig::watch_until_gone(&place.api::<ExternalSecret>(), "db", DEADLINE).await?;
    assert!(place.api::<Secret>().get_opt("db").await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_merge_waits_for_its_secret_and_adds_to_it() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start().await?;
    place.add("db", targeting("db", json!({ "creationPolicy": "Merge" }))).await?;
    assert!(place.refused_as("db", "SecretMissing").await?.contains("`db`"));
    // Nothing is tried again by time before ten minutes are over: what heals is the event.
    place.create_foreign("db", json!({ "note": "theirs" })).await?;
    let secret = rig::watch_until(&place.api::<Secret>(), "db", DEADLINE, |secret| merged(secret, "one")).await?;
    assert!(secret.metadata.owner_references.is_none(), "a merge takes nothing over");
    assert_eq!(secret.metadata.annotations.unwrap_or_default().get("note").map(String::as_str), Some("theirs"));
    place.ready("db").await?;
    place.rotate(&[("db", "two")]).await?;
    place.force_sync("db", "1").await?;
    rig::watch_until(&place.api::<Secret>(), "db", DEADLINE, |secret| merged(secret, "two")).await?;
    Ok(())
}

#[tokio::test]
async fn create_or_merge_makes_what_is_missing_and_adds_to_what_is_there() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    place.create_foreign("there", json!({})).await?;
    let _operator = place.start().await?;
    for name in ["there", "missing"] {
        place.add(name, targeting("db", json!({ "creationPolicy": "CreateOrMerge" }))).await?;
    }
    rig::watch_until(&place.api::<Secret>(), "there", DEADLINE, |secret| merged(secret, "one")).await?;
    let made = place.holds("missing", &[("password", "one")]).await?;
    assert!(made.metadata.owner_references.is_none());
    for name in ["there", "missing"] {
        place.ready(name).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_secret_of_another_external_secret_is_refused_and_the_store_not_read() -> Result<()> {
    let place = Place::new(&[("db", "one"), ("other", "two")]).await?;
    let operator = place.start().await?;
    place.add("first", targeting("db", json!({ "name": "db" }))).await?;
    let secret = place.holds("db", &[("password", "one")]).await?;
    place.ready("first").await?;
    let reads = store_reads(&operator).await?;
    let object = place.add("second", targeting("other", json!({ "name": "db" }))).await?;
    let message = place.refused_as("second", "NotOwned").await?;
    assert!(message.contains("`db`") && message.contains("ExternalSecret"), "{message}");
    assert_eq!(store_reads(&operator).await?, reads, "read in vain");
    assert_eq!(place.api::<Secret>().get("db").await?, secret);
    assert_eq!(place.told(&object, 1).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_existing_secret_that_nobody_owns_is_adopted() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let foreign = place.create_foreign("db", json!({ "note": "theirs" })).await?;
    let _operator = place.start().await?;
    let object = place.add("db", entry("db")).await?;
    let secret = place.holds("db", &[("password", "one")]).await?;
    assert_eq!(secret.metadata.uid, foreign.metadata.uid, "it was changed, not made anew");
    assert_eq!(secret.metadata.owner_references.unwrap_or_default()[0].uid, object.metadata.uid.unwrap_or_default());
    assert_eq!(secret.metadata.annotations.unwrap_or_default().get("note").map(String::as_str), Some("theirs"));
    place.ready("db").await?;
    Ok(())
}

#[tokio::test]
async fn an_immutable_target_is_made_so_and_then_left_alone() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start().await?;
    place.add("db", targeting("db", json!({ "immutable": true }))).await?;
    let secret = place.holds("db", &[("password", "one")]).await?;
    assert_eq!(secret.immutable, Some(true));
    place.ready("db").await?;
    place.rotate(&[("db", "two")]).await?;
    place.force_sync("db", "1").await?;
    place.refused_as("db", "Immutable").await?;
    assert_eq!(place.api::<Secret>().get("db").await?, secret);
    Ok(())
}

/// What the original did before it had finalizers is still what happens: nothing keeps the object from going.
#[tokio::test]
async fn the_finalizer_of_the_original_is_removed_on_deletion_and_never_added() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start().await?;
    place.add("ours", entry("db")).await?;
    let object = place.ready("ours").await?;
    assert!(object.metadata.finalizers.unwrap_or_default().is_empty());
    let mut theirs = external("theirs", entry("db"));
    theirs["metadata"]["finalizers"] =
        json!(["externalsecrets.external-secrets.io/externalsecret-cleanup", "example.com/mine"]);
    let api = place.api::<ExternalSecret>();
    api.create(&PostParams::default(), &serde_json::from_value(theirs)?).await?;
    place.ready("theirs").await?;
    api.delete("theirs", &DeleteParams::default()).await?;
    let only_mine =
        |object: &ExternalSecret| object.metadata.finalizers.as_deref() == Some(&["example.com/mine".to_owned()]);
    rig::watch_until(&api, "theirs", DEADLINE, only_mine).await?;
    place.change::<ExternalSecret>("theirs", json!({ "metadata": { "finalizers": null } })).await?;
    rig::watch_until_gone(&api, "theirs", DEADLINE).await
}
