//! Vault's own core: both engines, policies, and what reads cost.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use crds::SecretStoreSpec;
use futures::future::try_join_all;
use reqwest::Method;
use rig::Vault;
use serde_json::{Value, json};
use strongroom::name::ObjectName;
use strongroom::provider::ProviderError;
use strongroom::provider::credentials::Surroundings;
use strongroom::provider::stores::{StoreId, Stores};

use crate::conformance::{Secrets, World, conforms, connect_with, failure, key, value};

const READ_TEAM: &str = r#"path "apps/data/team/*" { capabilities = ["read"] }"#;

struct KeyValue {
    vault: Vault,
}

impl World for KeyValue {
    fn spec(&self) -> SecretStoreSpec {
        spec(&self.vault, &json!({"path": "apps"}))
    }

    fn credentials(&self) -> Secrets {
        token(self.vault.root_token())
    }

    async fn put(&mut self, key: &str, value: &Value) -> Result<String> {
        self.vault.kv2_put("apps", key, value).await?;
        let found = self.vault.call(Method::GET, &format!("apps/data/{key}"), None).await?;
        Ok(found["data"]["metadata"]["version"].to_string())
    }

    async fn delete(&mut self, key: &str) -> Result<()> {
        self.vault.call(Method::DELETE, &format!("apps/data/{key}"), None).await.map(drop)
    }
}

fn spec(vault: &Vault, more: &Value) -> SecretStoreSpec {
    let mut block = json!({"server": vault.address(), "auth": {"tokenSecretRef": {"name": "store", "key": "token"}}});
    if let (Some(all), Some(more)) = (block.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    serde_json::from_value(json!({"provider": {"vault": block}})).expect("it is a store")
}

fn token(token: &str) -> Secrets {
    Secrets(vec![("token", format!("{token}\n"))])
}

async fn vault() -> Result<Vault> {
    let vault = Vault::start().await?;
    vault.mount_kv2("apps").await?;
    Ok(vault)
}

#[tokio::test]
async fn the_second_engine_conforms() -> Result<()> {
    conforms(&mut KeyValue { vault: vault().await? }, None).await
}

#[tokio::test]
async fn the_first_engine_and_every_spelling_of_a_path_work() -> Result<()> {
    let vault = vault().await?;
    vault.mount("old", &json!({"type": "kv", "options": {"version": "1"}})).await?;
    vault.call(Method::POST, "old/team/db", Some(&json!({"word": "v1"}))).await?;
    vault.kv2_put("apps", "team/a%20b%23%3F%2541", &json!({"word": "v2"})).await?;
    for (more, name, expected) in [
        (json!({"version": "v1", "path": "old"}), "team/db", "v1"),
        (json!({"version": "v1"}), "old/team/db", "v1"),
        (json!({"path": "apps"}), "team/a b#?%41", "v2"),
        (json!({"path": "apps"}), "apps/team/a b#?%41", "v2"),
        (json!({"path": "apps"}), "apps/data/team/a b#?%41", "v2"),
        (json!({}), "apps/team/a b#?%41", "v2"),
        (json!({}), "apps/data/team/a b#?%41", "v2"),
    ] {
        let store = connect_with(&spec(&vault, &more), token(vault.root_token()), None).await?;
        let (read, _) = value(&store, &key(name, None), None).await.with_context(|| format!("{more} {name}"))?;
        ensure!(read["word"] == expected, "{more} {name}: {read}");
    }
    Ok(())
}

#[tokio::test]
async fn a_policy_is_a_denial_and_so_is_a_token_that_is_gone() -> Result<()> {
    let vault = vault().await?;
    vault.kv2_put("apps", "team/db", &json!({"word": "one"})).await?;
    vault.kv2_put("apps", "other/db", &json!({"word": "hidden"})).await?;
    let narrow = vault.token_with_policy("team", READ_TEAM).await?;
    let store = connect_with(&spec(&vault, &json!({"path": "apps"})), token(&narrow), None).await?;
    ensure!(value(&store, &key("team/db", None), None).await?.0["word"] == "one");
    ensure!(failure(&store, &key("other/db", None)).await? == ProviderError::Denied);
    vault.call(Method::POST, "auth/token/revoke", Some(&json!({"token": narrow}))).await?;
    ensure!(failure(&store, &key("team/db", None)).await? == ProviderError::Denied);
    ensure!(store.validate().await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_thousand_objects_with_a_hundred_secrets_cost_a_hundred_reads() -> Result<()> {
    let vault = vault().await?;
    for index in 0..100 {
        vault.kv2_put("apps", &format!("team/{index}"), &json!({"a": "1", "b": "2", "c": "3"})).await?;
    }
    let around = Surroundings {
        credentials: Arc::new(token(vault.root_token())),
        secrets_manager_endpoint: None,
        own_token: "/nonexistent".into(),
    };
    let stores = Stores::new(Arc::new(around));
    let id = StoreId { name: ObjectName::new("shop", "main"), uid: "u".into(), generation: 1 };
    let spec = spec(&vault, &json!({"path": "apps"}));
    vault.forget_requests().await?;
    try_join_all((0..1000).map(async |object| {
        let store = stores.open(&id, &spec, Some("shop")).await.map_err(|failure| anyhow::anyhow!(failure.message))?;
        for _ in 0..3 {
            store.read(&key(&format!("team/{}", object % 100), None)).await?;
        }
        anyhow::Ok(())
    }))
    .await?;
    let requests = vault.requests().await?;
    let asked: u64 =
        requests.iter().filter(|(request, _)| request.starts_with("GET /v1/")).map(|(_, count)| count).sum();
    ensure!(asked == 100, "{asked} requests: {requests:?}");
    Ok(())
}
