//! Section 3, row 1: a Secret that is deleted or edited comes back as it was described, and foreign labels are no edit.

use anyhow::Result;
use k8s_openapi::api::core::v1::Secret;
use kube::api::DeleteParams;
use serde_json::json;

use crate::scene::{DEADLINE, Scene, planted, rsa_operations, values_of};

#[tokio::test]
async fn a_deleted_secret_is_made_again() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    scene.create_sealed("db", "one").await?;
    let first = scene.holds("db", &[("password", "one")]).await?;
    scene.synced("db").await?;
    scene.api::<Secret>().delete("db", &DeleteParams::default()).await?;
    let again =
        rig::watch_until(&scene.api::<Secret>(), "db", DEADLINE, |secret| secret.metadata.uid != first.metadata.uid)
            .await?;
    assert_eq!(values_of(&again), planted(&[("password", "one")]));
    assert_eq!(again.metadata.owner_references, first.metadata.owner_references);
    scene.nothing_leaked(&operator).await
}

#[tokio::test]
async fn an_edited_secret_is_healed() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let mut object = scene.sealed("db", &[("password", "one")])?;
    object["spec"]["template"] =
        json!({ "metadata": { "labels": { "app": "shop" }, "annotations": { "note": "ours" } } });
    scene.create::<crds::SealedSecret>(object).await?;
    let whole = scene.holds("db", &[("password", "one")]).await?;
    let edits = [
        json!({ "data": { "password": "eA==" } }),
        json!({ "data": { "password": null } }),
        json!({ "stringData": { "added": "by hand" } }),
        json!({ "metadata": { "labels": { "app": "other" } } }),
        json!({ "metadata": { "annotations": { "note": null } } }),
        json!({ "metadata": { "ownerReferences": null } }),
    ];
    // Fewer than what counts as a contest, so that every edit is undone at once.
    for edits in edits.chunks(2) {
        for edit in edits {
            scene.change::<Secret>("db", edit.clone()).await?;
        }
        rig::watch_until(&scene.api::<Secret>(), "db", DEADLINE, |secret| as_described(secret, &whole)).await?;
    }
    Ok(())
}

fn as_described(secret: &Secret, whole: &Secret) -> bool {
    secret.data == whole.data
        && secret.type_ == whole.type_
        && secret.metadata.labels == whole.metadata.labels
        && secret.metadata.annotations == whole.metadata.annotations
        && secret.metadata.owner_references == whole.metadata.owner_references
}

#[tokio::test]
async fn who_keeps_changing_a_secret_is_told_so_and_gets_no_hot_loop() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let object = scene.create_sealed("db", "one").await?;
    scene.synced("db").await?;
    // An opponent who undoes each of our writes, until we give in.
    let fight = async {
        loop {
            if let Err(error) = fight_once(&scene).await {
                return error;
            }
        }
    };
    let condition = tokio::select! {
        broken = fight => return Err(broken),
        condition = scene.failed("db") => condition?,
    };
    assert_eq!(condition.reason.as_deref(), Some("Contested"));
    let events = scene.told(&object, 2).await?;
    assert!(events.iter().any(|event| event.reason.as_deref() == Some("Contested")));
    // Once the opponent rests, the Secret is set right again after the delay.
    scene.holds("db", &[("password", "one")]).await?;
    scene.synced("db").await?;
    Ok(())
}

async fn fight_once(scene: &Scene<'_>) -> Result<()> {
    scene.holds("db", &[("password", "one")]).await?;
    scene.change::<Secret>("db", json!({ "data": { "password": "eA==" } })).await?;
    Ok(())
}

#[tokio::test]
async fn a_foreign_label_stays_and_causes_no_write() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    scene.create_sealed("db", "one").await?;
    scene.synced("db").await?;
    let (mark, opened) = (scene.mark().await?, rsa_operations(&operator).await?);
    let foreign = json!({ "metadata": { "labels": { "backup": "yes" }, "annotations": { "seen-by": "scanner" } } });
    scene.change::<Secret>("db", foreign).await?;
    // The watch has brought the change once the status names the version that carries it.
    let changed = scene.api::<Secret>().get("db").await?;
    let version = changed.metadata.resource_version.clone().unwrap_or_default();
    rig::watch_until(&scene.api::<crds::SealedSecret>(), "db", DEADLINE, |object| {
        object
            .status
            .as_ref()
            .and_then(|status| status.proof.as_ref())
            .is_some_and(|proof| proof.resource_version == version)
    })
    .await?;
    let calls = scene.calls(mark).await?;
    assert!(!calls.iter().any(|call| call.resource == "secrets" && call.writes()), "{calls:?}");
    assert!(!calls.iter().any(|call| call.is("create", "events")), "{calls:?}");
    assert_eq!(rsa_operations(&operator).await?, opened, "nothing had to be opened");
    // Healing what is ours leaves what is not.
    scene.change::<Secret>("db", json!({ "data": { "password": "eA==" } })).await?;
    let healed = scene.holds("db", &[("password", "one")]).await?;
    assert_eq!(
        (healed.metadata.labels, healed.metadata.annotations),
        (changed.metadata.labels, changed.metadata.annotations)
    );
    Ok(())
}
