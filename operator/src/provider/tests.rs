use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::credentials::Credentials;
use super::*;
use crate::name::ObjectName;

/// Entries of Secrets by `NAMESPACE/NAME/KEY`, and a record of what was asked for.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) entries: BTreeMap<String, String>,
    pub(super) asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Credentials for Entries {
    async fn secret_entry(&self, secret: &ObjectName, key: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let place = format!("{secret}/{key}");
        self.asked.lock().unwrap().push(place.clone());
        let entry = self.entries.get(&place).map(|entry| Zeroizing::new(entry.clone().into_bytes()));
        entry.ok_or_else(|| Failure::passing(Reason::KeyMissing, format!("Secret `{secret}` has no entry `{key}`")))
    }

    async fn account_token(&self, account: &ObjectName, audiences: &[String]) -> Result<Zeroizing<String>, Failure> {
        let asked = format!("token of {account} for {}", audiences.join(" "));
        self.asked.lock().unwrap().push(asked.clone());
        Ok(Zeroizing::new(asked))
    }
}

pub(super) fn around(entries: &[(&str, &str)]) -> (Arc<Entries>, Arc<Surroundings>) {
    let entries = entries.iter().map(|(place, value)| ((*place).to_owned(), (*value).to_owned())).collect();
    let credentials = Arc::new(Entries { entries, asked: Mutex::default() });
    let around = Surroundings {
        credentials: credentials.clone(),
        secrets_manager_endpoint: Some("http://127.0.0.1:1".into()),
        own_token: "/nonexistent".into(),
    };
    (credentials, Arc::new(around))
}

pub(super) fn spec(provider: impl Into<Value>) -> SecretStoreSpec {
    serde_json::from_value(json!({ "provider": provider.into() })).unwrap()
}

fn key(name: &str, version: Option<&str>) -> RemoteKey {
    RemoteKey { key: name.into(), version: version.map(str::to_owned) }
}

const SHOP: Tenant<'static> = Tenant::Namespace("shop");
const FOR_SHOP: Tenant<'static> = Tenant::Cluster { referent: Some("shop") };

async fn refusal(provider: Value, tenant: Tenant<'_>) -> (Reason, String) {
    let (_, around) = around(&[("shop/vault/token", "t")]);
    let failure = connect(&spec(provider), tenant, &around).await.err().unwrap();
    (failure.reason, failure.message)
}

#[tokio::test]
async fn the_fake_store_holds_what_it_is_given() {
    let (_, around) = around(&[]);
    let data = json!([
        {"key": "a", "value": "old"}, {"key": "a", "value": "now"}, {"key": "a", "value": "one", "version": "1"},
        {"key": "map", "valueMap": {"y": "2", "x": "1"}},
    ]);
    let store = connect(&spec(json!({"fake": {"data": data}})), SHOP, &around).await.unwrap();
    assert_eq!(store.read(&key("a", None)).await.unwrap().as_slice(), b"now");
    assert_eq!(store.read(&key("a", Some("1"))).await.unwrap().as_slice(), b"one");
    assert_eq!(store.read(&key("map", None)).await.unwrap().as_slice(), br#"{"x":"1","y":"2"}"#);
    assert_eq!(store.read(&key("a", Some("2"))).await.map(drop), Err(ProviderError::NotFound));
    assert_eq!(store.validate().await, Ok(()));
    let failing = connect(&spec(json!({"fake": {"data": [], "validationResult": 2}})), SHOP, &around).await.unwrap();
    assert_eq!(failing.validate().await.unwrap_err().reason, Reason::StoreUnavailable);
}

#[tokio::test]
async fn a_store_has_one_provider_and_one_that_we_know() {
    assert_eq!(refusal(json!({}), SHOP).await.0, Reason::StoreInvalid);
    let (reason, message) = refusal(json!({"gcpsm": {"projectID": "p"}}), SHOP).await;
    assert_eq!((reason, message.as_str()), (Reason::Unsupported, "provider `gcpsm` is not supported"));
    let two = json!({"fake": {"data": []}, "vault": {"server": "http://127.0.0.1"}});
    assert_eq!(refusal(two, SHOP).await.0, Reason::StoreInvalid);
    assert_eq!(refusal(json!({"fake": {"data": [{"key": "a"}]}}), SHOP).await.0, Reason::StoreInvalid);
}

#[cfg(feature = "vault")]
#[tokio::test]
async fn a_store_uses_the_secrets_of_its_own_namespace_only() {
    let vault = |namespace: Value| {
        let token = json!({"name": "vault", "key": "token", "namespace": namespace});
        json!({"vault": {"server": "http://127.0.0.1:1", "auth": {"tokenSecretRef": token}}})
    };
    let (credentials, around) = around(&[("shop/vault/token", "t\n"), ("infra/vault/token", "t")]);
    for (namespace, tenant) in
        [(json!(null), SHOP), (json!("shop"), SHOP), (json!(null), FOR_SHOP), (json!("infra"), FOR_SHOP)]
    {
        assert!(connect(&spec(vault(namespace)), tenant, &around).await.is_ok());
    }
    let asked = ["shop/vault/token", "shop/vault/token", "shop/vault/token", "infra/vault/token"];
    assert_eq!(*credentials.asked.lock().unwrap(), asked);
    assert_eq!(connect(&spec(vault(json!("infra"))), SHOP, &around).await.err().unwrap().reason, Reason::InvalidSpec);
    assert_eq!(credentials.asked.lock().unwrap().len(), 4, "nothing was read");
}

#[cfg(feature = "vault")]
#[tokio::test]
async fn a_tenant_never_gets_the_token_of_the_operator() {
    let vault = json!({"vault": {"server": "http://evil", "auth": {"kubernetes": {"role": "r"}}}});
    let (reason, message) = refusal(vault.clone(), SHOP).await;
    assert_eq!(reason, Reason::StoreInvalid);
    assert!(message.contains("serviceAccountRef"), "{message}");
    let (_, around) = around(&[]);
    assert!(connect(&spec(vault), FOR_SHOP, &around).await.is_ok(), "an administrator may");
}

#[cfg(feature = "vault")]
#[tokio::test]
async fn what_a_vault_block_says_and_we_do_not_do_is_named() {
    let with = |field: &str, value: Value| {
        let mut vault =
            json!({"server": "http://127.0.0.1:1", "auth": {"tokenSecretRef": {"name": "vault", "key": "token"}}});
        vault[field] = value;
        json!({ "vault": vault })
    };
    for (field, value, expected) in [
        ("tls", json!({"certSecretRef": {}, "x": 1}), Reason::Unsupported),
        ("auth", json!({"appRole": {"path": "approle"}}), Reason::Unsupported),
        ("auth", json!({}), Reason::StoreInvalid),
        ("caProvider", json!({"type": "ConfigMap", "name": "ca"}), Reason::Unsupported),
        ("caBundle", json!("bm90IGEgY2VydGlmaWNhdGU="), Reason::StoreInvalid),
        ("caBundle", json!("!"), Reason::StoreInvalid),
        ("version", json!("v3"), Reason::StoreInvalid),
        ("server", json!("http://169.254.169.254"), Reason::StoreInvalid),
        ("headers", json!({"bad name": "x"}), Reason::StoreInvalid),
        ("headers", json!({"X-Good": "bad\nvalue"}), Reason::StoreInvalid),
    ] {
        let (reason, message) = refusal(with(field, value), SHOP).await;
        assert_eq!(reason, expected, "{field}: {message}");
        assert!(!message.contains("bad\nvalue"), "{message}");
    }
    let (_, around) = around(&[("shop/vault/token", "t")]);
    for (field, value) in
        [("checkAndSet", json!({"required": true})), ("readYourWrites", json!(true)), ("tls", json!({}))]
    {
        assert!(connect(&spec(with(field, value)), SHOP, &around).await.is_ok(), "{field} has no influence on reading");
    }
}

#[test]
fn a_store_whose_credentials_have_no_namespace_is_another_in_each() {
    let vault = |auth: Value| spec(json!({"vault": {"server": "x", "auth": auth}}));
    let aws = |namespace: Value| {
        let selector = json!({"name": "k", "key": "k", "namespace": namespace});
        let keys = json!({"accessKeyIDSecretRef": selector, "secretAccessKeySecretRef": selector});
        spec(json!({"aws": {"service": "SecretsManager", "region": "r", "auth": {"secretRef": keys}}}))
    };
    assert!(is_referent(&vault(json!({"tokenSecretRef": {"name": "t", "key": "k"}}))));
    assert!(!is_referent(&vault(json!({"tokenSecretRef": {"name": "t", "key": "k", "namespace": "n"}}))));
    assert!(is_referent(&vault(json!({"kubernetes": {"role": "r", "serviceAccountRef": {"name": "s"}}}))));
    assert!(!is_referent(&vault(json!({"kubernetes": {"role": "r"}}))));
    assert!(is_referent(&aws(json!(null))));
    assert!(!is_referent(&aws(json!("n"))));
    assert!(!is_referent(&spec(json!({"aws": {"service": "SecretsManager", "region": "r"}}))));
    assert!(!is_referent(&spec(json!({"fake": {"data": []}}))));
}
