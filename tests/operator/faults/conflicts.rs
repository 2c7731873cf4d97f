//! Others write at the same moment: what they wrote survives, and a storm of conflicts ends without a storm of attempts.

use std::time::{Duration, Instant};

use anyhow::Result;
use crds::SealedSecret;
use k8s_openapi::api::core::v1::Secret;
use kube::api::DeleteParams;
use rig::{Action, FaultProxy, Matcher, Operator, Rule};
use serde_json::json;

use crate::scene::{DEADLINE, Scene};

#[tokio::test]
async fn a_foreign_secret_that_appears_while_our_create_is_on_its_way_survives() -> Result<()> {
    let scene = Scene::new().await?;
    let proxy = FaultProxy::start(scene.plane).await?;
    let _operator = Operator::start_ready(&scene.options_through(&proxy)?).await?;
    let rule = proxy.add(Rule::new(Matcher::call("create", "secrets").in_namespace(&scene.namespace), Action::Hold));
    scene.create_sealed("db", "one").await?;
    rule.wait_hit(DEADLINE).await?;
    let foreign = scene.create_foreign("db", json!({})).await?;
    rule.release(DEADLINE).await?;
    assert_eq!(scene.failed("db").await?.reason.as_deref(), Some("NotOwned"));
    assert_eq!(scene.api::<Secret>().get("db").await?, foreign);
    Ok(())
}

#[tokio::test]
async fn a_foreign_secret_that_takes_the_place_of_ours_while_we_change_it_survives() -> Result<()> {
    let scene = Scene::new().await?;
    let proxy = FaultProxy::start(scene.plane).await?;
    let _operator = Operator::start_ready(&scene.options_through(&proxy)?).await?;
    scene.create_sealed("db", "one").await?;
    scene.synced("db").await?;
    let rule = proxy.add(Rule::new(Matcher::call("update", "secrets").in_namespace(&scene.namespace), Action::Hold));
    scene.change::<SealedSecret>("db", json!({ "spec": scene.sealed("db", &[("password", "two")])?["spec"] })).await?;
    rule.wait_hit(DEADLINE).await?;
    scene.api::<Secret>().delete("db", &DeleteParams::default()).await?;
    let foreign = scene.create_foreign("db", json!({})).await?;
    rule.release(DEADLINE).await?;
    assert_eq!(scene.failed("db").await?.reason.as_deref(), Some("NotOwned"));
    assert_eq!(scene.api::<Secret>().get("db").await?, foreign);
    Ok(())
}

#[tokio::test]
async fn a_foreign_edit_while_our_change_is_on_its_way_is_seen_before_it_is_undone() -> Result<()> {
    let scene = Scene::new().await?;
    let proxy = FaultProxy::start(scene.plane).await?;
    let _operator = Operator::start_ready(&scene.options_through(&proxy)?).await?;
    scene.create_sealed("db", "one").await?;
    scene.synced("db").await?;
    let rule =
        proxy.add(Rule::new(Matcher::call("update", "secrets").in_namespace(&scene.namespace), Action::Hold).times(1));
    scene.change::<SealedSecret>("db", json!({ "spec": scene.sealed("db", &[("password", "two")])?["spec"] })).await?;
    rule.wait_hit(DEADLINE).await?;
    scene.change::<Secret>("db", json!({ "metadata": { "labels": { "backup": "yes" } } })).await?;
    rule.release(DEADLINE).await?;
    let secret = scene.holds("db", &[("password", "two")]).await?;
    assert_eq!(secret.metadata.labels.unwrap_or_default().get("backup").map(String::as_str), Some("yes"));
    Ok(())
}

#[tokio::test]
async fn a_storm_of_conflicts_ends_and_was_no_storm_of_attempts() -> Result<()> {
    let scene = Scene::new().await?;
    let proxy = FaultProxy::start(scene.plane).await?;
    let _operator = Operator::start_ready(&scene.options_through(&proxy)?).await?;
    scene.create_sealed("db", "one").await?;
    scene.synced("db").await?;
    proxy.forget_requests();
    let matcher = || Matcher::call("update", "secrets").in_namespace(&scene.namespace);
    let storm = proxy.add(Rule::new(matcher(), Action::Answer(409)).times(8));
    let started = Instant::now();
    scene.change::<SealedSecret>("db", json!({ "spec": scene.sealed("db", &[("password", "two")])?["spec"] })).await?;
    storm.wait_hits(8, DEADLINE).await?;
    // After the first few, each attempt waits twice as long as the one before.
    assert!(started.elapsed() > Duration::from_secs(1), "eight attempts in {:?}", started.elapsed());
    scene.holds("db", &[("password", "two")]).await?;
    scene.synced("db").await?;
    let attempts = proxy.requests().iter().filter(|seen| seen.is("update", "secrets")).count();
    assert_eq!(attempts, 9);
    Ok(())
}

#[tokio::test]
async fn a_status_written_by_somebody_else_meanwhile_costs_one_more_look() -> Result<()> {
    let scene = Scene::new().await?;
    let proxy = FaultProxy::start(scene.plane).await?;
    let _operator = Operator::start_ready(&scene.options_through(&proxy)?).await?;
    let matcher = Matcher::call("update", "sealedsecrets/status").in_namespace(&scene.namespace);
    let rule = proxy.add(Rule::new(matcher, Action::Hold).times(1));
    let object = scene.create_sealed("db", "one").await?;
    rule.wait_hit(DEADLINE).await?;
    scene.change::<SealedSecret>("db", json!({ "metadata": { "labels": { "team": "shop" } } })).await?;
    rule.release(DEADLINE).await?;
    let synced = scene.synced("db").await?;
    assert_eq!(synced.metadata.labels.unwrap_or_default().len(), 1);
    assert_eq!(scene.told(&object, 1).await?.len(), 1);
    Ok(())
}
