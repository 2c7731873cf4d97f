//! Section 3, row 5: what stores say about themselves, and who may use them.

use anyhow::Result;
use crds::{ClusterSecretStore, ExternalSecret, SecretStore};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::place::{Place, entry, fake, over_vault};

#[tokio::test]
async fn a_store_says_precisely_what_is_wrong_with_it() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let operator = place.start().await?;
    place.store_says("store", "True", "Valid").await?;
    let store = place.api::<SecretStore>().get("store").await?;
    assert_eq!(store.status.unwrap_or_default().capabilities.as_deref(), Some("ReadOnly"));
    let cases: [(&str, Value, &str, &str); 6] = [
        ("unknown", json!({ "gcpsm": { "projectID": "shop" } }), "Unsupported", "provider `gcpsm` is not supported"),
        (
            "field",
            json!({ "vault": { "server": "http://127.0.0.1:1", "auth": { "appRole": { "path": "x" } } } }),
            "Unsupported",
            "appRole",
        ),
        ("nobody", over_vault("http://127.0.0.1:1"), "StoreUnavailable", "no connection can be made"),
        ("metadata", over_vault("http://169.254.169.254"), "StoreInvalid", "address"),
        ("no-url", over_vault("vault"), "StoreInvalid", "address"),
        (
            "not-ready",
            json!({ "fake": { "data": [{ "key": "x", "value": "x" }], "validationResult": 1 } }),
            "StoreUnavailable",
            "validationResult",
        ),
    ];
    place.add_token("hvs.none").await?;
    for (name, provider, reason, words) in cases {
        let store = place.add_store(name, &provider).await?;
        let message = place.store_says(name, "False", reason).await?;
        assert!(message.contains(words), "{name}: {message}");
        let events = place.told(&store, 1).await?;
        assert_eq!((events[0].type_.as_deref(), events[0].reason.as_deref()), (Some("Warning"), Some(reason)));
    }
    // Repaired, it says so.
    place
        .change::<SecretStore>(
            "unknown",
            json!({ "spec": { "provider": { "gcpsm": null, "fake": { "data": [{ "key": "x", "value": "x" }] } } } }),
        )
        .await?;
    place.store_says("unknown", "True", "Valid").await?;
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_missing_store_is_named_and_its_arrival_heals_at_once() -> Result<()> {
    let place = Place::bare().await?;
    let _operator = place.start().await?;
    let object = place.add("db", entry("db")).await?;
    let message = place.refused_as("db", "StoreMissing").await?;
    assert_eq!(message, format!("the SecretStore `{}/store` does not exist", place.namespace));
    // Nothing is tried again by time before ten minutes are over: what heals is the event.
    place.add_store("store", &fake(&[("db", "one")])).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    let events = place.told(&object, 2).await?;
    assert_eq!(
        events.iter().map(|event| event.reason.as_deref()).collect::<Vec<_>>(),
        [Some("StoreMissing"), Some("Updated")]
    );
    // It goes again: the Secret stays.
    place.api::<SecretStore>().delete("store", &DeleteParams::default()).await?;
    place.force_sync("db", "1").await?;
    place.refused_as("db", "StoreMissing").await?;
    place.holds("db", &[("password", "one")]).await?;
    Ok(())
}

#[tokio::test]
async fn a_store_of_another_class_is_left_alone_with_its_objects() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start_single().await?;
    let spec = json!({ "controller": "somebody-else", "provider": fake(&[("db", "one")]) });
    place.create::<SecretStore>(json!({ "metadata": { "name": "theirs" }, "spec": spec })).await?;
    let mut of_theirs = entry("db");
    of_theirs["secretStoreRef"] = json!({ "name": "theirs" });
    let untouched = place.add("theirs", of_theirs).await?;
    place.add("ours", entry("db")).await?;
    place.ready("ours").await?;
    place.store_says("store", "True", "Valid").await?;
    let now = place.api::<ExternalSecret>().get("theirs").await?;
    assert_eq!(now.metadata.resource_version, untouched.metadata.resource_version, "it was written to");
    assert!(place.api::<SecretStore>().get("theirs").await?.status.is_none());
    assert!(place.events(&untouched).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_entry_may_come_from_a_store_of_its_own() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let _operator = place.start().await?;
    let mut spec = entry("db");
    let own = json!({ "storeRef": { "name": "second", "kind": "SecretStore" } });
    let first = spec["data"][0].take();
    spec["data"] = json!([first, { "secretKey": "second", "remoteRef": { "key": "db" }, "sourceRef": own }]);
    place.add("db", spec).await?;
    assert!(place.refused_as("db", "StoreMissing").await?.contains("/second`"));
    place.add_store("second", &fake(&[("db", "two")])).await?;
    place.holds("db", &[("password", "one"), ("second", "two")]).await?;
    place.ready("db").await?;
    Ok(())
}

/// A ClusterSecretStore is everybody's: each test has one of its own name, and takes it away.
async fn cluster_store(place: &Place, spec: Value) -> Result<(Api<ClusterSecretStore>, String)> {
    let api: Api<ClusterSecretStore> = Api::all(place.plane.admin());
    let name = format!("store-{}", place.namespace);
    let store = json!({ "metadata": { "name": name }, "spec": spec });
    api.create(&PostParams::default(), &serde_json::from_value(store)?).await?;
    Ok((api, name))
}

fn of_cluster(store: &str) -> Value {
    let mut spec = entry("db");
    spec["secretStoreRef"] = json!({ "name": store, "kind": "ClusterSecretStore" });
    spec
}

#[tokio::test]
async fn a_cluster_store_serves_the_namespaces_that_its_conditions_admit() -> Result<()> {
    let place = Place::bare().await?;
    let _operator = place.start().await?;
    let provider = fake(&[("db", "one")]);
    let (api, store) =
        cluster_store(&place, json!({ "provider": provider, "conditions": [{ "namespaces": ["elsewhere"] }] })).await?;
    place.add("db", of_cluster(&store)).await?;
    let message = place.refused_as("db", "StoreMissing").await?;
    assert!(message.contains("does not admit") && message.contains(&place.namespace), "{message}");
    let selector = json!({ "matchLabels": { "kubernetes.io/metadata.name": place.namespace } });
    let admitted = [
        json!([{ "namespaces": ["elsewhere"] }, { "namespaces": [place.namespace] }]),
        json!([{ "namespaceRegexes": ["^test-[0-9]+$"] }]),
        json!([{ "namespaceSelector": selector }]),
    ];
    for (at, conditions) in admitted.into_iter().enumerate() {
        api.patch(&store, &PatchParams::default(), &Patch::Merge(json!({ "spec": { "conditions": conditions } })))
            .await?;
        place.add(&format!("db-{at}"), of_cluster(&store)).await?;
        place.holds(&format!("db-{at}"), &[("password", "one")]).await?;
    }
    place.ready("db").await?;
    api.delete(&store, &DeleteParams::default()).await?;
    Ok(())
}

#[tokio::test]
async fn a_namespaced_store_reaches_no_secret_of_another_namespace() -> Result<()> {
    let (place, other) = (Place::bare().await?, Place::bare().await?);
    other.add_token("hvs.of-somebody-else").await?;
    let operator = place.start().await?;
    let mut provider = over_vault("http://127.0.0.1:1");
    provider["vault"]["auth"]["tokenSecretRef"]["namespace"] = json!(other.namespace);
    place.add_store("store", &provider).await?;
    let mark = place.mark().await?;
    place.add("db", entry("db")).await?;
    let message = place.refused_as("db", "InvalidSpec").await?;
    assert!(message.contains(&format!("{}/vault-token", other.namespace)), "{message}");
    place.store_says("store", "False", "InvalidSpec").await?;
    let calls = place.calls(mark).await?;
    assert!(!calls.iter().any(|call| call.namespace == other.namespace), "{calls:?}");
    assert!(!operator.log()?.join("\n").contains("of-somebody-else"));
    Ok(())
}

/// Without a namespace, a selector of a ClusterSecretStore means that of whoever uses the store.
#[tokio::test]
async fn a_cluster_store_may_take_its_credentials_from_its_user() -> Result<()> {
    let vault = rig::Vault::start().await?;
    vault.mount_kv2("apps").await?;
    vault.kv2_put("apps", "db", &json!({ "password": crate::canary::value("one") })).await?;
    let place = Place::bare().await?;
    let operator = place.start().await?;
    let (api, store) = cluster_store(&place, json!({ "provider": over_vault(vault.address()) })).await?;
    let mut spec = of_cluster(&store);
    spec["data"][0]["remoteRef"]["property"] = json!("password");
    place.add("db", spec).await?;
    let message = place.refused_as("db", "KeyMissing").await?;
    assert!(message.contains(&format!("{}/vault-token", place.namespace)), "{message}");
    place.add_token(&vault.token_with_policy("apps", super::place::POLICY).await?).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    api.delete(&store, &DeleteParams::default()).await?;
    place.nothing_leaked(&operator).await
}
