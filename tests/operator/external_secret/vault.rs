//! Section 3, row 5: Vault's key-value engine of version 2, with a token.

use anyhow::Result;
use crds::ExternalSecret;
use rig::Vault;
use serde_json::json;

use super::place::{Place, entry};
use crate::canary::{self, value};
use crate::scene::{DEADLINE, values_of};

#[tokio::test]
async fn properties_maps_and_versions_are_read_from_vault() -> Result<()> {
    let vault = Vault::start().await?;
    let place = Place::on_vault(&vault, vault.address()).await?;
    vault.kv2_put("apps", "shop/db", &json!({ "password": value("one"), "user": value("admin") })).await?;
    vault
        .kv2_put(
            "apps",
            "shop/db",
            &json!({ "password": value("two"), "user": value("admin"), "net": { "host": value("deep") } }),
        )
        .await?;
    let operator = place.start().await?;
    assert_eq!(place.store_says("store", "True", "Valid").await?, "store validated");
    place
        .add(
            "db",
            json!({ "data": [
        { "secretKey": "now", "remoteRef": { "key": "shop/db", "property": "password" } },
        { "secretKey": "before", "remoteRef": { "key": "shop/db", "property": "password", "version": "1" } },
        { "secretKey": "host", "remoteRef": { "key": "shop/db", "property": "net.host" } },
    ] }),
        )
        .await?;
    place.holds("db", &[("before", "one"), ("host", "deep"), ("now", "two")]).await?;
    // `data` wins over `dataFrom`, a later part over an earlier one.
    place
        .add(
            "all",
            json!({
                "dataFrom": [{ "extract": { "key": "shop/db", "version": "1" } }],
                "data": [{ "secretKey": "user", "remoteRef": { "key": "shop/db", "property": "password" } }],
            }),
        )
        .await?;
    place.holds("all", &[("password", "one"), ("user", "two")]).await?;
    for (name, remote, reason) in [
        ("no-property", json!({ "key": "shop/db", "property": "none" }), "RemoteMissing"),
        ("no-version", json!({ "key": "shop/db", "version": "9" }), "RemoteMissing"),
        ("no-number", json!({ "key": "shop/db", "version": "latest" }), "InvalidSpec"),
        ("no-secret", json!({ "key": "shop/none" }), "RemoteMissing"),
        ("outside", json!({ "key": "../../sys/mounts" }), "InvalidSpec"),
    ] {
        place.add(name, json!({ "data": [{ "secretKey": "x", "remoteRef": remote }] })).await?;
        place.refused_as(name, reason).await?;
    }
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_rotated_value_arrives_with_the_interval_and_at_once_when_asked_for() -> Result<()> {
    let vault = Vault::start().await?;
    let place = Place::on_vault(&vault, vault.address()).await?;
    vault.kv2_put("apps", "db", &json!({ "password": value("one") })).await?;
    let operator = place.start().await?;
    let data = json!([{ "secretKey": "password", "remoteRef": { "key": "db", "property": "password" } }]);
    let spec = |interval: &str| json!({ "refreshInterval": interval, "data": data });
    place.add("often", spec("1s")).await?;
    place.add("seldom", spec("1h")).await?;
    for name in ["often", "seldom"] {
        place.holds(name, &[("password", "one")]).await?;
        place.ready(name).await?;
    }
    vault.kv2_put("apps", "db", &json!({ "password": value("two") })).await?;
    // Whoever asks for it wants the value as it is, not as it was read a moment ago.
    place.force_sync("seldom", "1").await?;
    place.holds("seldom", &[("password", "two")]).await?;
    place.holds("often", &[("password", "two")]).await?;
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_token_without_rights_or_without_a_secret_is_told_apart() -> Result<()> {
    let vault = Vault::start().await?;
    let place = Place::bare().await?;
    vault.mount_kv2("apps").await?;
    vault.kv2_put("apps", "shop/db", &json!({ "password": value("one") })).await?;
    vault.kv2_put("apps", "other/db", &json!({ "password": value("one") })).await?;
    place.add_store("store", &super::place::over_vault(vault.address())).await?;
    let operator = place.start().await?;
    let message = place.store_says("store", "False", "KeyMissing").await?;
    assert!(message.contains(&format!("{}/vault-token", place.namespace)), "{message}");
    place.add("db", entry("shop/db")).await?;
    place.refused_as("db", "KeyMissing").await?;
    place.add_token("hvs.not-a-token").await?;
    assert!(place.store_says("store", "False", "StoreDenied").await?.contains("denies access"));
    let policy = super::place::POLICY.replace("apps/data/*", "apps/data/shop/*");
    let token = vault.token_with_policy("shop", &policy).await?;
    place
        .change::<k8s_openapi::api::core::v1::Secret>("vault-token", json!({ "stringData": { "token": token } }))
        .await?;
    place.store_says("store", "True", "Valid").await?;
    place.ready("db").await?;
    let whole = |secret: &k8s_openapi::api::core::v1::Secret| {
        values_of(secret) == [("password".to_owned(), format!("{{\"password\":\"{}\"}}", value("one")))]
    };
    rig::watch_until(&place.api(), "db", DEADLINE, whole).await?;
    place.change::<ExternalSecret>("db", json!({ "spec": entry("other/db") })).await?;
    assert!(place.refused_as("db", "StoreDenied").await?.contains("`other/db`"));
    canary::search("the log", &operator.log()?.join("\n"))?;
    assert!(!operator.log()?.join("\n").contains(&token), "the token is in the log");
    place.nothing_leaked(&operator).await
}
