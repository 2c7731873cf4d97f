//! Section 3, row 1: metadata and type are copied from the template.

use anyhow::Result;
use crds::SealedSecret;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

use crate::scene::{DEADLINE, Scene};

#[tokio::test]
async fn type_labels_and_annotations_come_from_the_template() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let mut object = scene.sealed("login", &[("username", "one"), ("password", "two")])?;
    object["metadata"]["labels"] = json!({ "of-the-object": "stays-there" });
    let metadata = json!({ "name": "ignored", "namespace": "ignored", "labels": { "app": "shop" }, "annotations": { "note": "ours" } });
    object["spec"]["template"] = json!({ "type": "kubernetes.io/basic-auth", "metadata": metadata });
    scene.create::<SealedSecret>(object).await?;
    let secret = scene.holds("login", &[("password", "two"), ("username", "one")]).await?;
    assert_eq!(secret.type_.as_deref(), Some("kubernetes.io/basic-auth"));
    assert_eq!(serde_json::to_value(&secret.metadata.labels)?, json!({ "app": "shop" }));
    assert_eq!(serde_json::to_value(&secret.metadata.annotations)?, json!({ "note": "ours" }));
    Ok(())
}

#[tokio::test]
async fn a_changed_template_changes_the_secret_and_nothing_that_others_put_there() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let mut object = scene.sealed("db", &[("password", "one")])?;
    object["spec"]["template"] = json!({ "metadata": { "labels": { "app": "shop" } } });
    scene.create::<SealedSecret>(object).await?;
    scene.holds("db", &[("password", "one")]).await?;
    scene.synced("db").await?;
    scene.change::<Secret>("db", json!({ "metadata": { "labels": { "backup": "yes" } } })).await?;
    let change = json!({ "spec": { "template": { "metadata": { "labels": { "app": "store", "tier": "back" } } } } });
    scene.change::<SealedSecret>("db", change).await?;
    let expected = json!({ "app": "store", "tier": "back", "backup": "yes" });
    let labels = |secret: &Secret| serde_json::to_value(&secret.metadata.labels).is_ok_and(|labels| labels == expected);
    rig::watch_until(&scene.api::<Secret>(), "db", DEADLINE, labels).await?;
    Ok(())
}

#[tokio::test]
async fn an_immutable_secret_is_made_so_and_then_left_alone() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let mut object = scene.sealed("db", &[("password", "one")])?;
    object["spec"]["template"] = json!({ "immutable": true });
    scene.create::<SealedSecret>(object).await?;
    let secret = scene.holds("db", &[("password", "one")]).await?;
    assert_eq!(secret.immutable, Some(true));
    scene.synced("db").await?;
    scene.change::<SealedSecret>("db", json!({ "spec": { "encryptedData": scene.sealed("db", &[("password", "two")])?["spec"]["encryptedData"] } })).await?;
    let refused = scene.failed("db").await?;
    assert_eq!(refused.reason.as_deref(), Some("Immutable"));
    assert_eq!(scene.api::<Secret>().get("db").await?, secret);
    Ok(())
}
