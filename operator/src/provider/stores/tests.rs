use serde_json::{Value, json};

use super::super::RemoteKey;
use super::super::tests::{around, spec};
use super::*;

fn id(name: &str, generation: i64) -> StoreId {
    let name = name.parse().unwrap_or_else(|_| ObjectName::new("", name));
    StoreId { uid: format!("uid of {name}"), name, generation }
}

fn fake(value: &str) -> SecretStoreSpec {
    spec(json!({"fake": {"data": [{"key": "a", "value": value}]}}))
}

fn vault(namespace: impl Into<Value>) -> SecretStoreSpec {
    let token = json!({"name": "vault", "key": "token", "namespace": namespace.into()});
    spec(json!({"vault": {"server": "http://127.0.0.1:1", "auth": {"tokenSecretRef": token}}}))
}

async fn read(store: &Store) -> Vec<u8> {
    store.read(&RemoteKey { key: "a".into(), version: None }).await.unwrap().to_vec()
}

#[tokio::test]
async fn a_changed_store_is_another_store() {
    let (_, around) = around(&[]);
    let stores = Stores::new(around);
    let open =
        async |generation, value| stores.open(&id("shop/main", generation), &fake(value), Some("shop")).await.unwrap();
    let first = open(1, "one").await;
    assert_eq!(read(&first).await, b"one");
    assert_eq!(read(&open(1, "ignored").await).await, b"one", "the same generation is the same store");
    assert_eq!(read(&open(2, "two").await).await, b"two");
    stores.forget(&"shop/main".parse().unwrap());
    assert_eq!(read(&open(2, "three").await).await, b"three");
}

#[cfg(feature = "vault")]
#[tokio::test]
async fn credentials_are_fetched_once_a_store_and_never_shared_between_namespaces() {
    let (credentials, around) = around(&[("a/vault/token", "t"), ("b/vault/token", "t"), ("infra/vault/token", "t")]);
    let stores = Stores::new(around);
    for _ in 0..3 {
        for namespace in ["a", "b"] {
            stores.open(&id("referent", 1), &vault(json!(null)), Some(namespace)).await.unwrap();
            stores.open(&id("central", 1), &vault(json!("infra")), Some(namespace)).await.unwrap();
        }
    }
    let asked = ["a/vault/token", "infra/vault/token", "b/vault/token"];
    assert_eq!(*credentials.asked.lock().unwrap(), asked);
}

#[cfg(feature = "vault")]
#[tokio::test]
async fn a_store_without_its_credentials_is_tried_again() {
    let (_, nothing) = around(&[]);
    let stores = Stores::new(nothing);
    let open = async |user| stores.open(&id("shop/main", 1), &vault(json!(null)), user).await;
    for _ in 0..2 {
        assert_eq!(open(Some("shop")).await.err().unwrap().reason, crate::reason::Reason::KeyMissing);
    }
    let unused = stores.open(&id("referent", 1), &vault(json!(null)), None).await;
    assert_eq!(unused.err().unwrap().reason, crate::reason::Reason::InvalidSpec);
}
