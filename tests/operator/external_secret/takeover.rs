//! A Secret that the original has written and that is as it should be: whoever takes over reads no store and writes no Secret.

use anyhow::Result;
use crds::ExternalSecret;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::markers::{data_hash, digest};
use super::place::{Place, condition, entry, external, store_reads};
use crate::canary;
use crate::scene::{DEADLINE, planted, values_of};

/// An ExternalSecret and its Secret as the original leaves them after a sync at `time`.
async fn left_by_the_original(place: &Place, name: &str, version: &str, time: &str) -> Result<Secret> {
    let mut object = external(name, entry("db"));
    object["metadata"]["finalizers"] = json!(["externalsecrets.external-secrets.io/externalsecret-cleanup"]);
    let object: ExternalSecret = place.create(object).await?;
    let value = canary::value("one");
    let secret = json!({
        "metadata": {
            "name": name,
            "labels": {
                "reconcile.external-secrets.io/managed": "true",
                "reconcile.external-secrets.io/created-by": digest(&format!("{}/{name}", place.namespace)),
            },
            "annotations": { "reconcile.external-secrets.io/data-hash": data_hash(&[("password", &value)]) },
            "ownerReferences": [{
                "apiVersion": format!("external-secrets.io/{version}"), "kind": "ExternalSecret", "name": name,
                "uid": object.metadata.uid, "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "type": "Opaque",
        "stringData": { "password": value },
    });
    let secret = place.create(secret).await?;
    let mut condition =
        json!({ "type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced" });
    condition["lastTransitionTime"] = json!(time);
    let status = json!({ "status": {
        "refreshTime": time,
        "syncedResourceVersion": format!("1-{}", digest("{annotations:map[] labels:map[]}")),
        "conditions": [condition],
        "binding": { "name": name },
    } });
    place.api::<ExternalSecret>().patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await?;
    Ok(secret)
}

/// The API server's time, as a status has it.
async fn now(place: &Place) -> Result<String> {
    let probe: k8s_openapi::api::core::v1::ConfigMap =
        place.create(json!({ "metadata": { "generateName": "clock-" } })).await?;
    let time: Value = serde_json::to_value(probe.metadata.creation_timestamp)?;
    Ok(time.as_str().unwrap_or_default().to_owned())
}

fn is_proven(object: &ExternalSecret) -> bool {
    object.status.as_ref().is_some_and(|status| status.proof.is_some())
}

#[tokio::test]
async fn a_takeover_reads_no_store_and_writes_no_secret() -> Result<()> {
    // What the store holds now would show, were it read.
    let place = Place::new(&[("db", "rotated meanwhile")]).await?;
    let time = now(&place).await?;
    let mut secrets = Vec::new();
    for version in ["v1", "v1beta1"] {
        secrets.push(left_by_the_original(&place, &format!("db-{version}"), version, &time).await?);
    }
    let mark = place.mark().await?;
    let operator = place.start().await?;
    for (version, secret) in ["v1", "v1beta1"].into_iter().zip(&secrets) {
        let name = format!("db-{version}");
        let object = rig::watch_until(&place.api::<ExternalSecret>(), &name, DEADLINE, is_proven).await?;
        let ready = serde_json::to_value(condition(&object))?;
        assert_eq!((&ready["reason"], &ready["lastTransitionTime"]), (&json!("SecretSynced"), &json!(time)));
        assert_eq!(
            serde_json::to_value(object.status.unwrap_or_default().refresh_time)?,
            json!(time),
            "it was not read"
        );
        assert_eq!(place.api::<Secret>().get(&name).await?, *secret);
        let object = place.api::<ExternalSecret>().get(&name).await?;
        assert!(place.events(&object).await?.is_empty(), "there is no news");
    }
    assert_eq!(store_reads(&operator).await?, 0);
    let calls = place.calls(mark).await?;
    // The store tells its own status and event.
    let written = calls.iter().filter(|call| call.namespace == place.namespace && call.writes());
    let written: Vec<_> =
        written.filter(|call| call.resource != "secretstores/status" && call.resource != "events").collect();
    assert!(written.iter().all(|call| call.is("update", "externalsecrets/status")), "{written:?}");
    assert_eq!(written.len(), 2, "{written:?}");
    // From here on it is ours: what somebody edits is healed, from the store as it is.
    place.change::<Secret>("db-v1", json!({ "data": { "password": "eA==" } })).await?;
    place.holds("db-v1", &[("password", "rotated meanwhile")]).await?;
    Ok(())
}

#[tokio::test]
async fn a_takeover_of_an_edited_secret_or_of_a_due_one_reads_the_store() -> Result<()> {
    let place = Place::new(&[("db", "two")]).await?;
    left_by_the_original(&place, "edited", "v1", &now(&place).await?).await?;
    place.change::<Secret>("edited", json!({ "data": { "password": "eA==" } })).await?;
    left_by_the_original(&place, "due", "v1", "2026-01-01T00:00:00Z").await?;
    let _operator = place.start().await?;
    for name in ["edited", "due"] {
        let secret = place.holds(name, &[("password", "two")]).await?;
        assert_eq!(values_of(&secret), planted(&[("password", "two")]));
        place.ready(name).await?;
    }
    Ok(())
}
