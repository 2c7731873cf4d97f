//! Section 3, row 1: several sealing keys, in the layout of the original: loaded, generated when there is none, newest first.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use crds::SealedSecret;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams};
use kubeseal::{SEALING_KEY_ACTIVE, SEALING_KEY_LABEL, Scope, SealingKey};
use rig::Operator;
use serde_json::json;

use crate::scene::{DEADLINE, KEYS, Scene, metric, rsa_operations, seal};

#[tokio::test]
async fn values_sealed_with_an_old_and_a_new_key_open_in_one_object() -> Result<()> {
    let scene = Scene::new().await?;
    scene.add_key(&KEYS[0]).await?;
    let operator = scene.start().await?;
    let sealed = |key| seal(key, Scope::Strict, &scene.namespace, "db", "one");
    let data = json!({ "old": sealed(&KEYS[0])?, "new": sealed(&KEYS[1])? });
    scene.create::<SealedSecret>(json!({ "metadata": { "name": "db" }, "spec": { "encryptedData": data } })).await?;
    scene.holds("db", &[("new", "one"), ("old", "one")]).await?;
    assert_eq!(operator.certificate().await?, KEYS[1].certificate_pem(), "sealed is with the newest");
    Ok(())
}

#[tokio::test]
async fn a_key_that_comes_later_opens_what_waited_and_costs_one_failure_before() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    let data = json!({ "password": seal(&KEYS[0], Scope::Strict, &scene.namespace, "db", "one")? });
    let object: SealedSecret =
        scene.create(json!({ "metadata": { "name": "db" }, "spec": { "encryptedData": data } })).await?;
    scene.failed("db").await?;
    let tried = rsa_operations(&operator).await?;
    ensure!(tried == 1, "{tried} RSA operations for one value and one key");
    let key = scene.add_key(&KEYS[0]).await?;
    scene.synced("db").await?;
    let events = scene.told(&object, 2).await?;
    assert_eq!(
        events.iter().map(|event| event.reason.as_deref().unwrap_or_default()).collect::<Vec<_>>(),
        ["ErrUnsealFailed", "Unsealed"]
    );
    // A key that goes away takes no Secret with it.
    scene.keys().delete(&key.metadata.name.context("no name")?, &DeleteParams::default()).await?;
    scene.create_sealed("later", "two").await?;
    scene.synced("later").await?;
    scene.synced("db").await?;
    scene.holds("db", &[("password", "one")]).await?;
    Ok(())
}

/// Which key has opened an object is kept in its status: whatever it costs to find out, it costs once.
#[tokio::test]
async fn the_key_that_opened_an_object_is_remembered_and_tried_first() -> Result<()> {
    let scene = Scene::new().await?;
    scene.add_key(&KEYS[0]).await?;
    let mut operator = scene.start().await?;
    let spec = |value: &str| {
        let blob = seal(&KEYS[0], Scope::Strict, &scene.namespace, "db", value)?;
        anyhow::Ok(json!({ "encryptedData": { "password": blob } }))
    };
    scene.create::<SealedSecret>(json!({ "metadata": { "name": "db" }, "spec": spec("one")? })).await?;
    let object = scene.synced("db").await?;
    let remembered = object.status.and_then(|status| status.sealing_key);
    assert_eq!(remembered.as_deref(), Some(KEYS[0].fingerprint()));
    assert_eq!(rsa_operations(&operator).await?, 2, "the newest first");
    assert!(operator.terminate().await?.success());
    operator.restart()?;
    operator.wait_ready().await?;
    scene.change::<SealedSecret>("db", json!({ "spec": spec("two")? })).await?;
    scene.holds("db", &[("password", "two")]).await?;
    assert_eq!(rsa_operations(&operator).await?, 1);
    Ok(())
}

/// Expiry keeps people from sealing with a forgotten key; what was sealed with it stays readable.
#[tokio::test]
async fn a_key_whose_certificate_has_expired_opens_and_its_expiry_is_told() -> Result<()> {
    let scene = Scene::without_key().await?;
    let day = Duration::from_hours(24);
    let expired = SealingKey::generate(2048, "", "2024-01-01T00:00:00Z".parse()?, day)?;
    scene.add_key(&expired).await?;
    let operator = scene.start().await?;
    let data = json!({ "password": seal(&expired, Scope::Strict, &scene.namespace, "db", "one")? });
    scene.create::<SealedSecret>(json!({ "metadata": { "name": "db" }, "spec": { "encryptedData": data } })).await?;
    scene.holds("db", &[("password", "one")]).await?;
    let expiry = "strongroom_sealing_certificate_expiry_timestamp_seconds";
    let not_after = u64::try_from(expired.certificate().not_after().as_second())?;
    assert_eq!(metric(&operator, expiry).await?, not_after);
    let told = operator.log()?.iter().filter(|line| line.contains("has expired") && line.contains("WARN")).count();
    assert_eq!(told, 1, "{}", operator.last_words());
    operator.process().prompt()?;
    let later = async || metric(&operator, expiry).await.ok().filter(|expiry| *expiry > not_after);
    rig::eventually(DEADLINE, "a new certificate", later).await.map(drop)
}

#[tokio::test]
async fn a_key_under_another_label_value_is_not_used() -> Result<()> {
    let scene = Scene::new().await?;
    let key = scene.add_key(&KEYS[0]).await?;
    let retired = json!({ "metadata": { "labels": { SEALING_KEY_LABEL: "compromised" } } });
    let params = kube::api::PatchParams::default();
    scene.keys().patch(&key.metadata.name.context("no name")?, &params, &kube::api::Patch::Merge(retired)).await?;
    let _operator = scene.start().await?;
    let data = json!({ "password": seal(&KEYS[0], Scope::Strict, &scene.namespace, "db", "one")? });
    scene.create::<SealedSecret>(json!({ "metadata": { "name": "db" }, "spec": { "encryptedData": data } })).await?;
    scene.failed("db").await?;
    Ok(())
}

#[tokio::test]
async fn without_a_key_one_is_generated_in_the_layout_of_the_original() -> Result<()> {
    let scene = Scene::without_key().await?;
    let operator = scene.start().await?;
    let labelled = ListParams::default().labels(&format!("{SEALING_KEY_LABEL}={SEALING_KEY_ACTIVE}"));
    let keys = scene.keys().list(&labelled).await?.items;
    assert_eq!(keys.len(), 1);
    let secret = &keys[0];
    let name = secret.metadata.name.as_deref().unwrap_or_default();
    assert!(name.strip_prefix("sealed-secrets-key").is_some_and(|suffix| suffix.len() == 5), "{name}");
    assert_eq!(secret.type_.as_deref(), Some("kubernetes.io/tls"));
    let entries = secret.data.clone().unwrap_or_default();
    assert_eq!(entries.keys().collect::<Vec<_>>(), ["tls.crt", "tls.key"]);
    ensure!(entries["tls.key"].0.starts_with(b"-----BEGIN RSA PRIVATE KEY-----"), "the original reads PKCS#1");
    let certificate = operator.certificate().await?;
    assert_eq!(entries["tls.crt"].0, certificate.as_bytes());
    arrives_when_sealed_with(&scene, &certificate).await?;
    // The next start uses it and makes no other.
    assert!(operator.terminate().await?.success());
    let again: Operator = scene.start().await?;
    assert_eq!(again.certificate().await?, certificate);
    assert_eq!(scene.keys().list(&labelled).await?.items.len(), 1);
    Ok(())
}

async fn arrives_when_sealed_with(scene: &Scene<'_>, certificate: &str) -> Result<()> {
    let certificate = kubeseal::Certificate::from_pem(certificate.as_bytes())?;
    let label = Scope::Strict.label(&scene.namespace, "db");
    let blob = kubeseal::encode_base64(&kubeseal::seal(&certificate, &label, b"value")?);
    scene
        .create::<SealedSecret>(json!({ "metadata": { "name": "db" }, "spec": { "encryptedData": { "key": blob } } }))
        .await?;
    rig::watch_until(&scene.api::<Secret>(), "db", DEADLINE, |secret| {
        secret.data.as_ref().is_some_and(|data| data.get("key").is_some_and(|value| value.0 == b"value"))
    })
    .await
    .map(drop)
}
