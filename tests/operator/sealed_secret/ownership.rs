//! Section 3, row 1: whose Secret it is. One that is not ours is refused before anything is opened; `managed` hands a Secret
//! over, `patch` opens it to additions.

use anyhow::Result;
use crds::SealedSecret;
use k8s_openapi::api::core::v1::Secret;
use kube::api::DeleteParams;
use kubeseal::{MANAGED, PATCH, SKIP_SET_OWNER_REFERENCES};
use serde_json::json;

use crate::canary;
use crate::scene::{DEADLINE, Scene, rsa_operations, values_of};

#[tokio::test]
async fn a_secret_of_somebody_else_is_refused_before_anything_is_opened() -> Result<()> {
    let scene = Scene::new().await?;
    let foreign = scene.create_foreign("db", json!({})).await?;
    let operator = scene.start().await?;
    let object = scene.create_sealed("db", "one").await?;
    let condition = scene.failed("db").await?;
    assert_eq!(condition.reason.as_deref(), Some("NotOwned"));
    let message = "failed update: Resource \"db\" already exists and is not managed by SealedSecret";
    assert_eq!(condition.message.as_deref(), Some(message));
    let events = scene.told(&object, 1).await?;
    assert_eq!((events.len(), events[0].type_.as_deref()), (1, Some("Warning")));
    assert_eq!(rsa_operations(&operator).await?, 0, "opened in vain");
    assert_eq!(scene.api::<Secret>().get("db").await?, foreign, "touched");
    // The name is free once its owner gives it up.
    scene.api::<Secret>().delete("db", &DeleteParams::default()).await?;
    scene.holds("db", &[("password", "one")]).await?;
    scene.synced("db").await?;
    Ok(())
}

#[tokio::test]
async fn a_secret_of_another_sealed_secret_of_the_same_name_is_refused() -> Result<()> {
    let scene = Scene::new().await?;
    let stale = json!([{ "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": "db", "uid": "an-earlier-one", "controller": true }]);
    let metadata = json!({ "name": "db", "ownerReferences": stale });
    let foreign: Secret = scene.create(json!({ "metadata": metadata, "stringData": { "theirs": "kept" } })).await?;
    let _operator = scene.start().await?;
    scene.create_sealed("db", "one").await?;
    assert_eq!(scene.failed("db").await?.reason.as_deref(), Some("NotOwned"));
    assert_eq!(scene.api::<Secret>().get("db").await?, foreign);
    Ok(())
}

#[tokio::test]
async fn a_managed_secret_is_taken_over() -> Result<()> {
    let scene = Scene::new().await?;
    let metadata = json!({ "name": "db", "annotations": { MANAGED: "true", "note": "theirs" }, "labels": { "app": "shop", "old": "yes" } });
    scene
        .create::<Secret>(json!({ "metadata": metadata, "stringData": { "theirs": "gone", "password": "gone" } }))
        .await?;
    scene.create_foreign("almost", json!({ MANAGED: "True" })).await?;
    let _operator = scene.start().await?;
    let mut object = scene.sealed("db", &[("password", "one")])?;
    object["spec"]["template"] = json!({ "metadata": { "labels": { "app": "store" } } });
    let object: SealedSecret = scene.create(object).await?;
    let secret = scene.holds("db", &[("password", "one")]).await?;
    let owners = secret.metadata.owner_references.unwrap_or_default();
    assert_eq!((owners.len(), Some(&owners[0].uid)), (1, object.metadata.uid.as_ref()));
    // It is handed over as it is, with all that is written on it.
    assert_eq!(serde_json::to_value(&secret.metadata.labels)?, json!({ "app": "store" }));
    assert!(secret.metadata.annotations.is_none(), "{:?}", secret.metadata.annotations);
    scene.synced("db").await?;
    // What others write on it later stays.
    scene
        .change::<Secret>(
            "db",
            json!({ "metadata": { "labels": { "backup": "yes" } }, "data": { "password": "eA==" } }),
        )
        .await?;
    let healed = scene.holds("db", &[("password", "one")]).await?;
    assert_eq!(serde_json::to_value(&healed.metadata.labels)?, json!({ "app": "store", "backup": "yes" }));
    scene.create_sealed("almost", "one").await?;
    assert_eq!(scene.failed("almost").await?.reason.as_deref(), Some("NotOwned"));
    Ok(())
}

#[tokio::test]
async fn a_patched_secret_keeps_what_it_had_and_its_owner() -> Result<()> {
    let scene = Scene::new().await?;
    scene.create_foreign("db", json!({ PATCH: "true", "note": "theirs" })).await?;
    let _operator = scene.start().await?;
    let mut object = scene.sealed("db", &[("password", "one")])?;
    object["spec"]["template"] = json!({ "metadata": { "labels": { "app": "shop" } } });
    scene.create::<SealedSecret>(object).await?;
    let merged = |secret: &Secret, password: &str| {
        let both = [("password".to_owned(), canary::value(password)), ("theirs".to_owned(), "kept".to_owned())];
        values_of(secret) == both
    };
    let secret = rig::watch_until(&scene.api::<Secret>(), "db", DEADLINE, |secret| merged(secret, "one")).await?;
    assert!(secret.metadata.owner_references.is_none(), "a merge takes nothing over");
    assert_eq!(secret.metadata.labels.unwrap_or_default().get("app").map(String::as_str), Some("shop"));
    let annotations = secret.metadata.annotations.unwrap_or_default();
    assert_eq!((annotations[PATCH].as_str(), annotations["note"].as_str()), ("true", "theirs"));
    scene.synced("db").await?;
    scene.change::<SealedSecret>("db", json!({ "spec": scene.sealed("db", &[("password", "two")])?["spec"] })).await?;
    rig::watch_until(&scene.api::<Secret>(), "db", DEADLINE, |secret| merged(secret, "two")).await?;
    Ok(())
}

#[tokio::test]
async fn the_owner_reference_is_that_of_the_original() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let object = scene.create_sealed("db", "one").await?;
    let secret = scene.holds("db", &[("password", "one")]).await?;
    let owner = json!({ "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": "db", "uid": object.metadata.uid, "controller": true });
    assert_eq!(serde_json::to_value(&secret.metadata.owner_references)?, json!([owner]));
    let managers = secret.metadata.managed_fields.unwrap_or_default();
    assert_eq!(managers.iter().map(|entry| entry.manager.as_deref()).collect::<Vec<_>>(), [Some("controller")]);
    Ok(())
}

#[tokio::test]
async fn without_an_owner_reference_the_secret_still_follows_its_object() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let mut object = scene.sealed("db", &[("password", "one")])?;
    object["spec"]["template"] = json!({ "metadata": { "annotations": { SKIP_SET_OWNER_REFERENCES: "true" } } });
    scene.create::<SealedSecret>(object).await?;
    let secret = scene.holds("db", &[("password", "one")]).await?;
    assert!(secret.metadata.owner_references.is_none());
    scene.synced("db").await?;
    scene.change::<SealedSecret>("db", json!({ "spec": scene.sealed("db", &[("password", "two")])?["spec"] })).await?;
    scene.holds("db", &[("password", "two")]).await?;
    Ok(())
}
