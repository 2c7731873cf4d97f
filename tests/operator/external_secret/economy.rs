//! Section 8, bar 4, and section 2: what a sync costs, counted by the API server and by Vault.

use anyhow::Result;
use rig::Vault;
use serde_json::json;

use super::place::{Place, entry};
use crate::canary::value;

#[tokio::test]
async fn a_first_sync_costs_four_calls_and_a_restart_none() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let mut operator = place.start().await?;
    place.store_says("store", "True", "Valid").await?;
    let mark = place.mark().await?;
    let object = place.add("db", entry("db")).await?;
    place.ready("db").await?;
    place.told(&object, 1).await?;
    let calls = place.calls(mark).await?;
    let calls: Vec<_> = calls.iter().filter(|call| call.namespace == place.namespace).collect();
    let told: Vec<_> = calls.iter().map(|call| (call.verb.as_str(), call.resource.as_str())).collect();
    let expected =
        [("get", "externalsecrets"), ("create", "secrets"), ("update", "externalsecrets/status"), ("create", "events")];
    assert_eq!(told, expected, "{calls:?}");
    operator.terminate().await?;
    let mark = place.mark().await?;
    operator.restart()?;
    operator.wait_ready().await?;
    // Made after the restart, by an operator that is ready once every object has been judged.
    let later = place.add("later", entry("db")).await?;
    place.ready("later").await?;
    place.told(&later, 1).await?;
    let calls = place.calls(mark).await?;
    let written = calls.iter().filter(|call| call.writes() && call.namespace == place.namespace);
    let written: Vec<_> = written.filter(|call| !call.resource.starts_with("secretstores")).collect();
    let told: Vec<_> = written.iter().map(|call| (call.verb.as_str(), call.resource.as_str())).collect();
    assert_eq!(told, expected[1..], "{written:?}");
    assert!(!calls.iter().any(|call| call.name == "db"), "{calls:?}");
    Ok(())
}

#[tokio::test]
async fn a_burst_over_the_same_keys_reads_each_of_them_once() -> Result<()> {
    const OBJECTS: usize = 40;
    let vault = Vault::start().await?;
    let place = Place::on_vault(&vault, vault.address()).await?;
    for key in ["db", "cache"] {
        vault.kv2_put("apps", key, &json!({ "password": value(key), "user": value("admin") })).await?;
    }
    let remote = |entry: &str, key: &str, property: &str| json!({ "secretKey": entry, "remoteRef": { "key": key, "property": property } });
    let data = json!([remote("a", "db", "password"), remote("b", "cache", "password"), remote("c", "cache", "user")]);
    for at in 0..OBJECTS {
        place.add(&format!("db-{at}"), json!({ "refreshInterval": "1h", "data": data })).await?;
    }
    vault.forget_requests().await?;
    let mark = place.mark().await?;
    let operator = place.start().await?;
    let mut last = None;
    for at in 0..OBJECTS {
        place.holds(&format!("db-{at}"), &[("a", "db"), ("b", "cache"), ("c", "admin")]).await?;
        last = Some(place.ready(&format!("db-{at}")).await?);
    }
    if let Some(last) = last {
        place.told(&last, 1).await?;
    }
    let requests = vault.requests().await?;
    for key in ["db", "cache"] {
        assert_eq!(requests.get(&format!("GET /v1/apps/data/{key}")), Some(&1), "{requests:?}");
    }
    let calls = place.calls(mark).await?;
    let of_objects = calls.iter().filter(|call| {
        let counted =
            ["externalsecrets", "externalsecrets/status", "secrets", "events"].contains(&call.resource.as_str());
        counted
            && call.namespace == place.namespace
            && !matches!(call.verb.as_str(), "list" | "watch")
            && call.name != "vault-token"
    });
    let count = of_objects.count();
    assert!(count <= 4 * OBJECTS + 1, "{count} calls for {OBJECTS} objects: {calls:?}");
    place.nothing_leaked(&operator).await
}
