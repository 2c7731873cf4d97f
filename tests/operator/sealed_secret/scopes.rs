//! Section 3, row 1: the three scopes.

use anyhow::Result;
use crds::SealedSecret;
use kubeseal::{CLUSTER_WIDE, NAMESPACE_WIDE, Scope};
use serde_json::{Value, json};

use crate::scene::{KEYS, Scene, seal};

/// An object that carries a value sealed for `elsewhere`.
fn carrying(name: &str, annotation: Option<&str>, blob: &str) -> Value {
    let mut object = json!({ "metadata": { "name": name }, "spec": { "encryptedData": { "password": blob } } });
    if let Some(annotation) = annotation {
        object["metadata"]["annotations"] = json!({ annotation: "true" });
    }
    object
}

#[tokio::test]
async fn a_strict_value_arrives_under_its_own_name_only() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    let blob = seal(&KEYS[1], Scope::Strict, &scene.namespace, "db", "one")?;
    for name in ["db", "other"] {
        scene.create::<SealedSecret>(carrying(name, None, &blob)).await?;
    }
    scene.holds("db", &[("password", "one")]).await?;
    scene.synced("db").await?;
    let refused = scene.failed("other").await?;
    assert_eq!(refused.message.as_deref(), Some("no key could decrypt secret (password)"));
    // The annotation of a wider scope opens nothing that was sealed for a narrower one.
    scene.create::<SealedSecret>(carrying("wide", Some(CLUSTER_WIDE), &blob)).await?;
    scene.failed("wide").await?;
    scene.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_namespace_wide_value_arrives_under_any_name_in_its_namespace() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let blob = seal(&KEYS[1], Scope::NamespaceWide, &scene.namespace, "ignored", "one")?;
    scene.create::<SealedSecret>(carrying("any", Some(NAMESPACE_WIDE), &blob)).await?;
    scene.holds("any", &[("password", "one")]).await?;
    let blob = seal(&KEYS[1], Scope::NamespaceWide, "elsewhere", "ignored", "one")?;
    scene.create::<SealedSecret>(carrying("stolen", Some(NAMESPACE_WIDE), &blob)).await?;
    scene.failed("stolen").await?;
    Ok(())
}

#[tokio::test]
async fn a_cluster_wide_value_arrives_everywhere() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let blob = seal(&KEYS[1], Scope::ClusterWide, "ignored", "ignored", "one")?;
    scene.create::<SealedSecret>(carrying("any", Some(CLUSTER_WIDE), &blob)).await?;
    scene.holds("any", &[("password", "one")]).await?;
    // Without the annotation the object claims the strict scope.
    scene.create::<SealedSecret>(carrying("bare", None, &blob)).await?;
    scene.failed("bare").await?;
    // The wider scope wins, and the annotation alone, changed later, is news.
    scene
        .change::<SealedSecret>(
            "bare",
            json!({ "metadata": { "annotations": { NAMESPACE_WIDE: "true", CLUSTER_WIDE: "true" } } }),
        )
        .await?;
    scene.holds("bare", &[("password", "one")]).await?;
    Ok(())
}
