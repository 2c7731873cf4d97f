//! Section 3, row 1: what a SealedSecret says about itself, and what its events say.

use anyhow::{Context as _, Result};
use crds::{Condition, SealedSecret};
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

use crate::scene::Scene;

fn conditions(object: &SealedSecret) -> &[Condition] {
    object.status.as_ref().map_or(&[], |status| &status.conditions)
}

#[tokio::test]
async fn success_is_synced_ready_and_one_event() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    scene.create_sealed("db", "one").await?;
    let object = scene.synced("db").await?;
    let [synced, ready] = conditions(&object) else { anyhow::bail!("{:?}", object.status) };
    assert_eq!(
        (synced.type_.as_str(), synced.status.as_str(), synced.message.as_deref(), synced.reason.as_deref()),
        ("Synced", "True", None, None)
    );
    assert!(synced.last_update_time.is_some());
    assert_eq!(synced.last_update_time, synced.last_transition_time);
    assert_eq!(
        (ready.type_.as_str(), ready.status.as_str(), ready.reason.as_deref()),
        ("Ready", "True", Some("Synced"))
    );
    assert_eq!(object.status.as_ref().and_then(|status| status.observed_generation), object.metadata.generation);
    let events = scene.told(&object, 1).await?;
    let event = &events[0];
    assert_eq!((event.type_.as_deref(), event.reason.as_deref()), (Some("Normal"), Some("Unsealed")));
    assert_eq!(event.message.as_deref(), Some("SealedSecret unsealed successfully"));
    let source = event.source.as_ref().context("the event has no source")?;
    assert_eq!(source.component.as_deref(), Some("sealed-secrets"));
    let about = &event.involved_object;
    assert_eq!(
        (about.kind.as_deref(), about.name.as_deref(), &about.uid),
        (Some("SealedSecret"), Some("db"), &object.metadata.uid)
    );
    assert_eq!(scene.events(&object).await?.len(), 1);
    scene.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_change_that_succeeds_moves_the_generation_and_the_update_time_alone() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    scene.create_sealed("db", "one").await?;
    let before = scene.synced("db").await?;
    // Times are written in seconds: let one pass, or nothing could be seen to move.
    scene.second_after(&conditions(&before)[0]).await?;
    scene.change::<SealedSecret>("db", json!({ "spec": scene.sealed("db", &[("password", "two")])?["spec"] })).await?;
    scene.holds("db", &[("password", "two")]).await?;
    let after = scene.synced("db").await?;
    assert_eq!((before.metadata.generation, after.metadata.generation), (Some(1), Some(2)));
    let [synced, ready] = conditions(&after) else { anyhow::bail!("{:?}", after.status) };
    assert!(synced.last_update_time > synced.last_transition_time, "{synced:?}");
    assert_eq!(synced.last_transition_time, conditions(&before)[0].last_transition_time);
    assert_eq!(*ready, conditions(&before)[1]);
    Ok(())
}

#[tokio::test]
async fn a_failure_keeps_the_last_good_secret_and_says_what_is_wrong() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    scene.create_sealed("db", "one").await?;
    let before = scene.synced("db").await?;
    let good = scene.api::<Secret>().get("db").await?;
    scene.second_after(&conditions(&before)[0]).await?;
    scene
        .change::<SealedSecret>(
            "db",
            json!({ "spec": { "encryptedData": { "password": "AQAAAA==", "token": "no base64" } } }),
        )
        .await?;
    let ready = scene.failed("db").await?;
    assert_eq!(ready.reason.as_deref(), Some("ErrUnsealFailed"));
    assert_eq!(
        ready.message.as_deref(),
        Some("no key could decrypt secret (password)\nthe value is not base64 text (token)")
    );
    let object = scene.api::<SealedSecret>().get("db").await?;
    assert_eq!(conditions(&object)[0].message, ready.message);
    assert_ne!(conditions(&object)[0].last_transition_time, conditions(&before)[0].last_transition_time);
    let events = scene.told(&object, 2).await?;
    assert_eq!((events[1].type_.as_deref(), events[1].reason.as_deref()), (Some("Warning"), Some("ErrUnsealFailed")));
    assert_eq!(events[1].source.as_ref().and_then(|source| source.component.as_deref()), Some("sealed-secrets"));
    assert_eq!(scene.api::<Secret>().get("db").await?, good);
    scene.nothing_leaked(&operator).await
}

#[tokio::test]
async fn another_failure_changes_the_message_and_no_transition_time() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let object = json!({ "metadata": { "name": "db" }, "spec": { "encryptedData": { "password": "AQAAAA==" } } });
    scene.create::<SealedSecret>(object).await?;
    scene.failed("db").await?;
    let before = scene.api::<SealedSecret>().get("db").await?;
    scene.second_after(&conditions(&before)[0]).await?;
    scene.change::<SealedSecret>("db", json!({ "spec": { "encryptedData": { "token": "AQAAAA==" } } })).await?;
    scene.failed("db").await?;
    let after = scene.api::<SealedSecret>().get("db").await?;
    for (before, after) in conditions(&before).iter().zip(conditions(&after)) {
        assert_eq!(after.message.as_deref(), Some("no key could decrypt secret (password, token)"));
        assert_ne!(before.message, after.message);
        assert_eq!(before.last_transition_time, after.last_transition_time, "{}", before.type_);
    }
    assert!(conditions(&after)[0].last_update_time > conditions(&before)[0].last_update_time);
    let events = scene.told(&after, 2).await?;
    assert_eq!(events.len(), 2, "each failure is told once");
    Ok(())
}
