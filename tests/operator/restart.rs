//! Section 8, bar 2, as a test: whoever starts over a world that is as it should be reads, and does nothing.

use anyhow::{Context as _, Result};
use crds::SealedSecret;
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::ListParams;
use rig::{Call, Operator};
use serde_json::json;

use crate::scene::{KEYS, Scene, metric, rsa_operations};

const OBJECTS: usize = 30;

#[tokio::test]
async fn a_warm_restart_opens_nothing_and_writes_nothing() -> Result<()> {
    let scene = Scene::new().await?;
    let mut operator = scene.start().await?;
    fill(&scene).await?;
    let before = versions(&scene).await?;
    assert!(operator.terminate().await?.success());
    let mark = scene.mark().await?;
    operator.restart()?;
    operator.wait_ready().await?;
    assert_eq!(rsa_operations(&operator).await?, 0, "opened in vain");
    let calls = scene.calls(mark).await?;
    let written: Vec<&Call> = calls.iter().filter(|call| call.writes() && call.resource != "leases").collect();
    assert!(written.is_empty(), "{written:?}");
    assert_eq!(metric(&operator, "strongroom_status_writes_total").await?, 0);
    // Not even read: only the object that waits for somebody else's Secret is looked at.
    let read: Vec<&str> =
        calls.iter().filter(|call| call.is("get", "sealedsecrets")).map(|call| call.name.as_str()).collect();
    assert!(read.iter().all(|name| *name == "refused"), "{read:?}");
    assert_eq!(versions(&scene).await?, before);
    works_on(&scene, &operator).await
}

/// Good objects, some that no key opens, and one that wants a Secret of somebody else.
async fn fill(scene: &Scene<'_>) -> Result<()> {
    let good: Vec<String> = (0..OBJECTS).map(|number| format!("good-{number}")).collect();
    let bad: Vec<String> = (0..3).map(|number| format!("bad-{number}")).collect();
    try_join_all(good.iter().map(|name| scene.create_sealed(name, "one"))).await?;
    try_join_all(bad.iter().map(async |name| {
        let mut object = scene.sealed("somebody-else", &[("password", "one")])?;
        object["metadata"]["name"] = json!(name);
        scene.create::<SealedSecret>(object).await
    }))
    .await?;
    scene.create_foreign("refused", json!({})).await?;
    scene.create_sealed("refused", "one").await?;
    try_join_all(good.iter().map(|name| scene.synced(name))).await?;
    try_join_all(bad.iter().map(|name| scene.failed(name))).await?;
    scene.failed("refused").await?;
    Ok(())
}

/// Every object and every Secret with its version.
async fn versions(scene: &Scene<'_>) -> Result<Vec<(String, Option<String>)>> {
    let objects = scene.api::<SealedSecret>().list(&ListParams::default()).await?;
    let secrets = scene.api::<Secret>().list(&ListParams::default()).await?;
    let objects = objects.iter().map(|object| (object.name_any(), object.resource_version()));
    Ok(objects.chain(secrets.iter().map(|secret| (secret.name_any(), secret.resource_version()))).collect())
}

/// The operator is not merely quiet.
async fn works_on(scene: &Scene<'_>, operator: &Operator) -> Result<()> {
    scene.create_sealed("later", "two").await?;
    scene.synced("later").await?;
    assert_eq!(rsa_operations(operator).await?, 1);
    scene.nothing_leaked(operator).await
}

#[tokio::test]
async fn what_changed_during_the_absence_is_found() -> Result<()> {
    let scene = Scene::new().await?;
    let mut operator = scene.start().await?;
    for name in ["edited", "deleted", "changed", "kept"] {
        scene.create_sealed(name, "one").await?;
        scene.synced(name).await?;
    }
    let kept = scene.api::<Secret>().get("kept").await?;
    assert!(operator.terminate().await?.success());
    scene.change::<Secret>("edited", json!({ "data": { "password": "eA==" } })).await?;
    scene.api::<Secret>().delete("deleted", &kube::api::DeleteParams::default()).await?;
    scene
        .change::<SealedSecret>("changed", json!({ "spec": scene.sealed("changed", &[("password", "two")])?["spec"] }))
        .await?;
    operator.restart()?;
    operator.wait_ready().await?;
    // Ready means that all of it has been judged: nothing is waited for here.
    for (name, password) in [("edited", "one"), ("deleted", "one"), ("changed", "two")] {
        let secret = scene.api::<Secret>().get(name).await?;
        assert_eq!(crate::scene::values_of(&secret), crate::scene::planted(&[("password", password)]), "{name}");
    }
    assert_eq!(scene.api::<Secret>().get("kept").await?, kept);
    assert_eq!(rsa_operations(&operator).await?, 3);
    Ok(())
}

#[tokio::test]
async fn without_its_proofs_it_opens_everything_once_and_writes_no_secret() -> Result<()> {
    let scene = Scene::new().await?;
    let mut operator = scene.start().await?;
    scene.create_sealed("db", "one").await?;
    scene.synced("db").await?;
    let before = scene.api::<Secret>().get("db").await?;
    assert!(operator.terminate().await?.success());
    scene.keys().delete("strongroom-proof-key", &kube::api::DeleteParams::default()).await.context("no proof key")?;
    let mark = scene.mark().await?;
    operator.restart()?;
    operator.wait_ready().await?;
    assert_eq!(rsa_operations(&operator).await?, 1);
    assert_eq!(scene.api::<Secret>().get("db").await?, before);
    let calls = scene.calls(mark).await?;
    assert!(
        !calls.iter().any(|call| call.namespace == scene.namespace && call.resource == "secrets" && call.writes()),
        "{calls:?}"
    );
    assert!(!calls.iter().any(|call| call.is("create", "events")), "{calls:?}");
    assert_eq!(operator.certificate().await?, KEYS[1].certificate_pem());
    Ok(())
}
