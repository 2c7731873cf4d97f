//! Section 9: what is not supported is refused by its name, for leaving it out would make another Secret than was asked for.

use anyhow::Result;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::place::{Place, entry, store_reads};

fn with(field: &str, value: Value) -> Value {
    let mut spec = entry("db");
    spec[field] = value;
    spec
}

#[tokio::test]
async fn a_field_that_is_not_supported_is_named_and_no_store_is_read() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let operator = place.start().await?;
    let template = json!({ "template": { "data": { "url": "{{ .password }}" } } });
    let windows = json!({ "kind": "allow", "windows": [{ "schedule": "0 0 * * *", "duration": "1h" }] });
    let cases = [
        ("template", with("target", template), "spec.target.template"),
        ("none", with("target", json!({ "creationPolicy": "None" })), "creationPolicy: None"),
        ("find", with("dataFrom", json!([{ "find": { "name": { "regexp": ".*" } } }])), "spec.dataFrom[0].find"),
        (
            "rewrite",
            with(
                "dataFrom",
                json!([{ "extract": { "key": "db" }, "rewrite": [{ "regexp": { "source": "a", "target": "b" } }] }]),
            ),
            "spec.dataFrom[0].rewrite",
        ),
        ("windows", with("syncWindows", windows), "spec.syncWindows"),
        (
            "fetch",
            with("data", json!([{ "secretKey": "x", "remoteRef": { "key": "db", "metadataPolicy": "Fetch" } }])),
            "metadataPolicy: Fetch",
        ),
    ];
    for (name, spec, field) in cases {
        let object = place.add(name, spec).await?;
        let message = place.refused_as(name, "Unsupported").await?;
        assert!(message.contains(field), "{name}: {message}");
        assert!(place.api::<Secret>().get_opt(name).await?.is_none(), "{name}");
        let events = place.told(&object, 1).await?;
        assert_eq!((events.len(), events[0].reason.as_deref()), (1, Some("Unsupported")), "{name}");
    }
    assert_eq!(store_reads(&operator).await?, 0);
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn what_means_nothing_is_refused_and_stops_nobody_else() -> Result<()> {
    let place = Place::new(&[("db", "one")]).await?;
    let operator = place.start().await?;
    let cases = [
        ("empty", json!({ "refreshInterval": "1h" }), "neither spec.data nor spec.dataFrom"),
        ("interval", with("refreshInterval", json!("soon")), "spec.refreshInterval"),
        ("no-store", with("secretStoreRef", json!({})), "names no store"),
        ("both", with("dataFrom", json!([{ "extract": { "key": "db" }, "find": {} }])), "exactly one"),
        ("neither", with("dataFrom", json!([{}])), "exactly one"),
    ];
    for (name, spec, words) in cases {
        place.add(name, spec).await?;
        let message = place.refused_as(name, "InvalidSpec").await?;
        assert!(message.contains(words), "{name}: {message}");
    }
    place.add("db", entry("db")).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_value_that_does_not_fit_into_a_secret_is_refused() -> Result<()> {
    let place = Place::new(&[("db", "one"), ("large", &"x".repeat(600 * 1024))]).await?;
    let operator = place.start().await?;
    let large = |key: &str| json!({ "secretKey": key, "remoteRef": { "key": "large" } });
    place.add("large", json!({ "data": [large("a"), large("b")] })).await?;
    place.refused_as("large", "TooLarge").await?;
    // The store's value is no map, and no base64.
    place.add("map", json!({ "dataFrom": [{ "extract": { "key": "db" } }] })).await?;
    place.refused_as("map", "RemoteInvalid").await?;
    let decoded = json!([{ "secretKey": "x", "remoteRef": { "key": "db", "decodingStrategy": "Base64" } }]);
    place.add("decoded", json!({ "data": decoded })).await?;
    place.refused_as("decoded", "RemoteInvalid").await?;
    place.nothing_leaked(&operator).await
}
