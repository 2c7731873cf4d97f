//! Section 9: a store that hangs, refuses or falls over takes nobody's Secret away, and holds up nobody else.

use anyhow::Result;
use http::Method;
use k8s_openapi::api::core::v1::Secret;
use rig::{Action, FaultProxy, Matcher, Rule, Vault};
use serde_json::{Value, json};

use super::place::{Place, entry, fake};
use crate::canary::value;
use crate::scene::DEADLINE;

fn from_vault() -> Value {
    let remote = json!({ "key": "db", "property": "password" });
    json!({ "refreshInterval": "1s", "data": [{ "secretKey": "password", "remoteRef": remote }] })
}

#[tokio::test]
async fn a_store_that_hangs_keeps_the_last_good_secret_and_holds_up_nobody() -> Result<()> {
    let vault = Vault::start().await?;
    let proxy = FaultProxy::in_front_of(vault.address()).await?;
    let place = Place::on_vault(&vault, proxy.address()).await?;
    vault.kv2_put("apps", "db", &json!({ "password": value("one") })).await?;
    let operator = place.start().await?;
    place.add("db", from_vault()).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    let good = place.api::<Secret>().get("db").await?;
    let hold = proxy.add(Rule::new(Matcher::request(Method::GET, "^/v1/apps/data/"), Action::Hold));
    hold.wait_hit(DEADLINE).await?;
    // While the store hangs, another store and its objects are served.
    place.add_store("lively", &fake(&[("db", "two")])).await?;
    let mut spec = entry("db");
    spec["secretStoreRef"] = json!({ "name": "lively" });
    place.add("other", spec).await?;
    place.holds("other", &[("password", "two")]).await?;
    let message = place.refused_as("db", "StoreUnavailable").await?;
    assert!(message.contains("did not answer in time"), "{message}");
    assert_eq!(place.api::<Secret>().get("db").await?, good);
    vault.kv2_put("apps", "db", &json!({ "password": value("three") })).await?;
    drop(hold);
    place.holds("db", &[("password", "three")]).await?;
    place.ready("db").await?;
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_store_that_fails_or_wants_fewer_requests_keeps_the_last_good_secret() -> Result<()> {
    let vault = Vault::start().await?;
    let proxy = FaultProxy::in_front_of(vault.address()).await?;
    let place = Place::on_vault(&vault, proxy.address()).await?;
    vault.kv2_put("apps", "db", &json!({ "password": value("one") })).await?;
    let operator = place.start().await?;
    let object = place.add("db", from_vault()).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    let good = place.api::<Secret>().get("db").await?;
    let words = json!({ "errors": [value("told by the store")] }).to_string();
    let faults = [
        (Action::AnswerWith(500, words.clone()), "StoreUnavailable"),
        (Action::AnswerWith(429, words.clone()), "StoreUnavailable"),
        (Action::AnswerWith(403, words.clone()), "StoreDenied"),
        (Action::AnswerWith(200, format!("<html>{words}")), "StoreUnavailable"),
        (Action::Drop, "StoreUnavailable"),
    ];
    for (at, (action, reason)) in faults.into_iter().enumerate() {
        let rule = proxy.add(Rule::new(Matcher::request(Method::GET, "^/v1/apps/data/"), action));
        place.force_sync("db", &at.to_string()).await?;
        place.refused_as("db", reason).await?;
        assert_eq!(place.api::<Secret>().get("db").await?.data, good.data);
        drop(rule);
        place.force_sync("db", &format!("{at}, over")).await?;
        place.ready("db").await?;
    }
    let last = place.api::<Secret>().get("db").await?;
    assert_eq!((last.metadata.uid, last.data), (good.metadata.uid, good.data));
    // One event for the Secret and one for each failure: nobody is told the same thing twice.
    assert!(place.events(&object).await?.len() <= 12, "{:?}", place.events(&object).await?);
    place.nothing_leaked(&operator).await
}
