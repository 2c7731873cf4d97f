//! Section 9: documents that are none.

use anyhow::Result;
use k8s_openapi::api::core::v1::Secret;

use super::documents::{line, manifest};
use super::place::Place;
use crate::canary;

#[tokio::test]
async fn a_document_that_is_none_is_refused_and_stops_nobody_else() -> Result<()> {
    let place = Place::new().await?;
    let operator = place.start().await?;
    let document = place.document("db", &[("password", "one")])?;
    let levels = (1..30)
        .map(|level| format!("k{level}: &a{level} [*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0}]\n", level - 1));
    let bomb = format!("k0: &a0 [x,x,x,x,x,x,x,x]\n{}{document}", levels.collect::<String>());
    let of = |name: &str| place.document(name, &[("password", "one")]);
    let (no_data_key, no_mac, zero) = (of("no-data-key")?, of("no-mac")?, of("zero")?);
    let cases = [
        ("empty", String::new()),
        ("text", "no document".to_owned()),
        ("truncated", document[..document.len() / 2].to_owned()),
        ("cut-in-a-value", document[..document.find("namespace: ENC[").unwrap_or_default() + 30].to_owned()),
        ("plain", manifest(&place.namespace, "plain", &[("password", "one")])),
        ("bomb", bomb),
        ("deep", format!("{}{}", "[".repeat(20_000), "]".repeat(20_000))),
        ("list", "- a\n- b\n".to_owned()),
        ("zero", format!("{zero}\0")),
        ("no-json", "{ \"apiVersion\": \"v1\", ".to_owned()),
        ("no-data-key", no_data_key.replace("-----BEGIN AGE ENCRYPTED FILE-----", "-----BEGIN NOTHING-----")),
        ("no-mac", no_mac.replace(line(&no_mac, "mac: "), "    mac: ENC[AES256_GCM,data:,iv:,tag:,type:str]")),
    ];
    for (name, text) in &cases {
        let object = place.create_sops(name, text).await?;
        place.refused_for_good(name, "DecryptFailed").await?;
        let events = place.told(&object, 1).await?;
        assert_eq!((events.len(), events[0].type_.as_deref()), (1, Some("Warning")), "{name}");
    }
    place.create_sops("db", &document).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_secret_that_would_be_too_large_is_refused() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    // Just over the limit of a Secret, and as ciphertext just under that of an object.
    let text = format!("{}    large: {}\n", manifest(&place.namespace, "db", &[]), "x".repeat(1024 * 1024 + 1));
    place.create_sops("db", &place.encrypt(&text, &[])?).await?;
    let message = place.refused_for_good("db", "TooLarge").await?;
    assert!(message.contains("1048577 bytes") && message.contains("the limit is 1048576"), "{message}");
    Ok(())
}

#[tokio::test]
async fn values_that_are_no_text_are_refused_without_being_quoted() -> Result<()> {
    let place = Place::new().await?;
    let operator = place.start().await?;
    let bad = canary::value("bad");
    for (name, section) in [
        ("number", "stringData:\n    port: 5432\n".to_owned()),
        ("nested", format!("stringData:\n    deep:\n        password: {bad}\n")),
        ("list", format!("stringData:\n    list: [{bad}]\n")),
        ("base64", format!("data:\n    password: {bad}\n")),
    ] {
        let text = manifest(&place.namespace, name, &[]).replace("stringData:\n", &section);
        place.create_sops(name, &place.encrypt(&text, &[])?).await?;
        place.refused_for_good(name, "InvalidSpec").await?;
    }
    assert!(
        place.api::<Secret>().list(&kube::api::ListParams::default()).await?.items.len() == 1,
        "only the key Secret"
    );
    place.nothing_leaked(&operator).await
}
