//! Section 3, row 5: when a store is read again, by the rules of the original.

use anyhow::Result;
use crds::ExternalSecret;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::place::{Place, entry, store_reads};
use crate::scene::{DEADLINE, planted, values_of};

fn with(mut spec: Value, fields: Value) -> Value {
    if let (Some(spec), Value::Object(fields)) = (spec.as_object_mut(), fields) {
        spec.extend(fields);
    }
    spec
}

#[tokio::test]
async fn a_short_interval_brings_what_was_rotated() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start().await?;
    place.add("db", with(entry("db"), json!({ "refreshInterval": "1s" }))).await?;
    place.holds("db", &[("password", "one")]).await?;
    let first = place.ready("db").await?.status.unwrap_or_default().refresh_time;
    place.rotate(&[("db", "two")]).await?;
    place.holds("db", &[("password", "two")]).await?;
    rig::watch_until(&place.api::<ExternalSecret>(), "db", DEADLINE, |object| {
        object.status.as_ref().is_some_and(|status| status.refresh_time > first)
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn an_unchanged_store_costs_a_status_at_each_interval_and_no_secret_write() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let operator = place.start().await?;
    let object = place.add("db", with(entry("db"), json!({ "refreshInterval": "1s" }))).await?;
    place.ready("db").await?;
    let (secret, mark) = (place.api::<Secret>().get("db").await?, place.mark().await?);
    let reads = store_reads(&operator).await?;
    let enough = async || store_reads(&operator).await.ok().filter(|now| *now >= reads + 3);
    rig::eventually(DEADLINE, "three refreshes", enough).await?;
    let calls = place.calls(mark).await?;
    assert!(!calls.iter().any(|call| call.resource == "secrets" && call.writes()), "{calls:?}");
    assert_eq!(place.api::<Secret>().get("db").await?, secret);
    assert_eq!(place.events(&object).await?.len(), 1, "a refresh without news is no news");
    Ok(())
}

#[tokio::test]
async fn an_interval_of_zero_and_the_other_policies_read_when_they_say() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start_single().await?;
    place.add("zero", with(entry("db"), json!({ "refreshInterval": "0" }))).await?;
    place.add("once", with(entry("db"), json!({ "refreshPolicy": "CreatedOnce", "refreshInterval": "1s" }))).await?;
    place.add("on-change", with(entry("db"), json!({ "refreshPolicy": "OnChange", "refreshInterval": "1s" }))).await?;
    for name in ["zero", "once", "on-change"] {
        place.holds(name, &[("password", "one")]).await?;
        place.ready(name).await?;
    }
    place.rotate(&[("db", "two")]).await?;
    for name in ["zero", "once", "on-change"] {
        place.force_sync(name, "1").await?;
    }
    // A change is what that policy waits for; it came last, so the others have been looked at.
    place.holds("on-change", &[("password", "two")]).await?;
    for name in ["zero", "once"] {
        assert_eq!(values_of(&place.api::<Secret>().get(name).await?), planted(&[("password", "one")]), "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_long_interval_waits_unless_the_object_is_touched() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start_single().await?;
    place.add("db", entry("db")).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    place.rotate(&[("db", "two")]).await?;
    // Made after the rotation, and looked at after whatever that has caused.
    place.add("later", entry("db")).await?;
    place.holds("later", &[("password", "two")]).await?;
    assert_eq!(values_of(&place.api::<Secret>().get("db").await?), planted(&[("password", "one")]));
    place.force_sync("db", "1").await?;
    place.holds("db", &[("password", "two")]).await?;
    Ok(())
}

#[tokio::test]
async fn an_edited_or_deleted_secret_is_healed_before_it_is_due() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start().await?;
    place.add("db", entry("db")).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    place.change::<Secret>("db", json!({ "data": { "password": "eA==", "more": "eA==" } })).await?;
    let first = place.holds("db", &[("password", "one")]).await?;
    place.api::<Secret>().delete("db", &kube::api::DeleteParams::default()).await?;
    let is_new = |secret: &Secret| {
        secret.metadata.uid != first.metadata.uid && values_of(secret) == planted(&[("password", "one")])
    };
    rig::watch_until(&place.api::<Secret>(), "db", DEADLINE, is_new).await?;
    Ok(())
}

#[tokio::test]
async fn a_secret_that_is_read_once_is_made_again_when_somebody_deletes_it() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start().await?;
    place.add("db", with(entry("db"), json!({ "refreshPolicy": "CreatedOnce" }))).await?;
    let first = place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    place.rotate(&[("db", "two")]).await?;
    place.api::<Secret>().delete("db", &kube::api::DeleteParams::default()).await?;
    let again = place.holds("db", &[("password", "two")]).await?;
    assert_ne!(again.metadata.uid, first.metadata.uid);
    Ok(())
}
