//! Decision 11: what the operator does about sealing keys that are missing or broken. It never makes a new key where an old
//! one must be.

use anyhow::Result;
use crds::SealedSecret;
use k8s_openapi::api::core::v1::Secret;
use kube::api::ListParams;
use kubeseal::{SEALING_KEY_ACTIVE, SEALING_KEY_LABEL};
use rig::{Action, FaultProxy, Matcher, Operator, Rule};
use serde_json::json;

use crate::scene::{DEADLINE, KEYS, Scene};

async fn keys(scene: &Scene<'_>) -> Result<Vec<Secret>> {
    let labelled = ListParams::default().labels(&format!("{SEALING_KEY_LABEL}={SEALING_KEY_ACTIVE}"));
    Ok(scene.keys().list(&labelled).await?.items)
}

/// Waits until the operator says why it is not ready.
async fn complaint(operator: &Operator, word: &str) -> Result<String> {
    let refusal =
        async || operator.get("/readyz").await.err().map(|error| error.to_string()).filter(|text| text.contains(word));
    rig::eventually(DEADLINE, word, refusal).await
}

#[tokio::test]
async fn sealed_secrets_without_a_key_are_a_fault_and_no_reason_to_make_one() -> Result<()> {
    let scene = Scene::without_key().await?;
    let object = scene.create_sealed("db", "one").await?;
    let operator = Operator::start(&scene.options()?)?;
    let complaint = complaint(&operator, "--operator-namespace").await?;
    assert!(complaint.contains("--allow-new-key") && complaint.contains(&scene.installation.namespace), "{complaint}");
    assert!(operator.log()?.iter().any(|line| line.contains("--allow-new-key")), "{}", operator.last_words());
    operator.get("/healthz").await?;
    assert_eq!(scene.failed("db").await?.reason.as_deref(), Some("KeyMissing"));
    assert!(keys(&scene).await?.is_empty(), "a key was made");
    assert!(operator.certificate().await.is_err());
    // The lost key comes back.
    scene.add_key(&KEYS[1]).await?;
    operator.wait_ready().await?;
    scene.holds("db", &[("password", "one")]).await?;
    scene.synced("db").await?;
    let reasons: Vec<_> = scene.told(&object, 2).await?.into_iter().filter_map(|event| event.reason).collect();
    assert_eq!(reasons, ["KeyMissing", "Unsealed"]);
    assert_eq!(keys(&scene).await?.len(), 1);
    scene.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_new_key_is_made_beside_sealed_secrets_when_that_is_asked_for() -> Result<()> {
    let scene = Scene::without_key().await?;
    scene.create_sealed("db", "one").await?;
    let operator = Operator::start_ready(&scene.options()?.argument("--allow-new-key")).await?;
    assert_eq!(keys(&scene).await?.len(), 1);
    assert_eq!(scene.failed("db").await?.reason.as_deref(), Some("ErrUnsealFailed"));
    operator.certificate().await?;
    Ok(())
}

#[tokio::test]
async fn no_key_is_made_while_the_keys_cannot_be_listed() -> Result<()> {
    let scene = Scene::without_key().await?;
    let proxy = FaultProxy::start(scene.plane).await?;
    let list = Matcher::call("list", "secrets").in_namespace(&scene.installation.namespace);
    let rule = proxy.add(Rule::new(list, Action::Answer(500)));
    let operator = Operator::start(&scene.options_through(&proxy)?)?;
    rule.wait_hits(3, DEADLINE).await?;
    complaint(&operator, "listed").await?;
    assert!(keys(&scene).await?.is_empty(), "a key was made");
    drop(rule);
    operator.wait_ready().await?;
    assert_eq!(keys(&scene).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_broken_key_is_named_and_the_others_work() -> Result<()> {
    let scene = Scene::new().await?;
    let private = KEYS[0].private_key_pem()?;
    let broken = [
        scene.add_key_secret(b"no certificate", b"no key").await?,
        scene.add_key_secret(KEYS[1].certificate_pem().as_bytes(), private.as_bytes()).await?,
        scene.add_key_secret(KEYS[0].certificate_pem().as_bytes(), &private.as_bytes()[..600]).await?,
        scene.add_key_secret(b"", b"").await?,
    ];
    let operator = scene.start().await?;
    scene.create_sealed("db", "one").await?;
    scene.holds("db", &[("password", "one")]).await?;
    let log = operator.log()?;
    for secret in broken {
        let name = format!("\"{}\"", secret.metadata.name.unwrap_or_default());
        let told = log.iter().filter(|line| line.contains(&name) && line.contains("ERROR")).count();
        assert_eq!(told, 1, "{name}: {}", operator.last_words());
    }
    assert!(!log.iter().any(|line| line.contains("BEGIN") || line.contains("no key")), "a key is in the log");
    Ok(())
}

#[tokio::test]
async fn a_broken_key_alone_is_a_fault_and_no_reason_to_make_one() -> Result<()> {
    let scene = Scene::without_key().await?;
    scene.add_key_secret(b"no certificate", b"no key").await?;
    let operator = Operator::start(&scene.options()?)?;
    complaint(&operator, "no sealing key").await?;
    scene.create_sealed("db", "one").await?;
    assert_eq!(scene.failed("db").await?.reason.as_deref(), Some("KeyMissing"));
    assert_eq!(keys(&scene).await?.len(), 1);
    let object: SealedSecret = scene.change("db", json!({ "metadata": { "labels": { "kept": "yes" } } })).await?;
    assert!(object.status.is_some());
    Ok(())
}
