//! Every advisory about the original that still holds for release 0.36.6, shown on it: what the tests of this operator forbid
//! is really there to be found. And the one that was about keys of other namespaces.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use crds::SealedSecret;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::PostParams;
use kubeseal::{SEALING_KEY_ACTIVE, SEALING_KEY_LABEL, Scope, SealingKey};
use rig::{Operator, OperatorOptions};
use serde_json::{Value, json};

use crate::canary;
use crate::scene::{DEADLINE, KEYS, Scene, seal};
use crate::takeover::Original;

const PATHS: [&str; 2] = ["/v1/verify", "/v1/rotate"];
const UNLIMITED: [&str; 2] = ["--rate-limit=1000000", "--rate-limit-burst=1000000"];

/// A document whose template fails when the password begins with `guess`.
fn guessing(scene: &Scene<'_>, blob: &str, guess: &str) -> Value {
    let template = format!("{{{{ if hasPrefix {guess:?} .password }}}}{{{{ fail `yes` }}}}{{{{ end }}}}");
    let spec = json!({ "encryptedData": { "password": blob }, "template": { "data": { "t": template } } });
    let metadata = json!({ "name": "db", "namespace": scene.namespace });
    json!({ "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": metadata, "spec": spec })
}

async fn ask(url: &str, path: &str, body: String) -> Result<u16> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    Ok(http.post(format!("{url}{path}")).body(body).send().await?.status().as_u16())
}

/// The classes of answers to a right and to a wrong guess.
async fn answers(url: &str, path: &str, documents: [&Value; 2]) -> Result<BTreeSet<u16>> {
    let mut codes = BTreeSet::new();
    for document in documents {
        codes.insert(ask(url, path, document.to_string()).await?);
    }
    Ok(codes)
}

#[tokio::test]
async fn the_oracles_and_the_unbounded_body_of_the_original_are_not_here() -> Result<()> {
    let scene = Scene::new().await?;
    let blob = seal(&KEYS[1], Scope::Strict, &scene.namespace, "db", "one")?;
    let [right, wrong] = [canary::value("o"), canary::value("x")].map(|guess| guessing(&scene, &blob, &guess));
    let huge = format!("{}{wrong}", " ".repeat(10 * 1024 * 1024));
    let original = Original::start_with(&scene, &UNLIMITED)?;
    let up = async || ask(&original.url(), "/v1/verify", wrong.to_string()).await.ok().filter(|code| *code == 200);
    rig::eventually(DEADLINE, "the original", up).await?;
    assert_eq!(answers(&original.url(), "/v1/verify", [&right, &wrong]).await?, BTreeSet::from([200, 409]));
    assert_eq!(answers(&original.url(), "/v1/rotate", [&right, &wrong]).await?, BTreeSet::from([200, 500]));
    assert_eq!(ask(&original.url(), "/v1/verify", huge.clone()).await?, 200, "of any size");
    original.stop().await?;
    let options = UNLIMITED.iter().fold(scene.options()?, |options: OperatorOptions, flag| options.argument(flag));
    let operator = Operator::start_ready(&options).await?;
    let url = format!("http://{}", operator.address());
    for path in PATHS {
        assert_eq!(answers(&url, path, [&right, &wrong]).await?, BTreeSet::from([200]), "{path}");
        assert_eq!(ask(&url, path, huge.clone()).await?, 413, "{path}");
    }
    scene.nothing_leaked(&operator).await
}

#[tokio::test]
async fn the_key_secret_over_which_the_original_falls_is_one_line_in_a_log_here() -> Result<()> {
    let scene = Scene::new().await?;
    scene.add_key_secret(b"no certificate", b"no key").await?;
    let original = Original::start(&scene)?;
    let status = original.ended().await?;
    ensure!(!status.success(), "the original works with it");
    let operator = scene.start().await?;
    scene.create_sealed("db", "one").await?;
    scene.holds("db", &[("password", "one")]).await?;
    ensure!(operator.process().exit_status().is_none(), "{}", operator.last_words());
    Ok(())
}

/// Release 0.34.0 took its keys from every namespace: whoever may make Secrets anywhere became the one for whom all seal.
#[tokio::test]
async fn a_key_of_another_namespace_is_neither_served_nor_tried() -> Result<()> {
    let scene = Scene::new().await?;
    let day = "2026-01-01T00:00:00Z".parse()?;
    let theirs = SealingKey::generate(2048, "", day, Duration::from_hours(87_600))?;
    let plant = async |namespace: &str| {
        let private = theirs.private_key_pem()?;
        let data = json!({ "tls.crt": theirs.certificate_pem(), "tls.key": private.as_str() });
        let metadata =
            json!({ "generateName": "sealed-secrets-key", "labels": { SEALING_KEY_LABEL: SEALING_KEY_ACTIVE } });
        let secret = json!({ "metadata": metadata, "type": "kubernetes.io/tls", "stringData": data });
        let api: Api<Secret> = Api::namespaced(scene.plane.admin(), namespace);
        anyhow::Ok(api.create(&PostParams::default(), &serde_json::from_value(secret)?).await?)
    };
    plant(&scene.namespace).await?;
    let operator = scene.start().await?;
    // Nor when it comes later, or in a namespace that is not served at all.
    plant(&scene.namespace).await?;
    plant(&scene.plane.namespace().await?).await?;
    let blob = seal(&theirs, Scope::Strict, &scene.namespace, "db", "one")?;
    let spec = json!({ "encryptedData": { "password": blob } });
    scene.create::<SealedSecret>(json!({ "metadata": { "name": "db" }, "spec": spec })).await?;
    let failed = scene.failed("db").await?;
    assert_eq!(failed.message.as_deref(), Some("no key could decrypt secret (password)"));
    assert_eq!(operator.certificate().await?, KEYS[1].certificate_pem());
    let metrics = operator.metrics().await?;
    let keys = metrics.lines().find(|line| line.starts_with("strongroom_sealing_keys ")).context("no metric")?;
    assert_eq!(keys, "strongroom_sealing_keys 1");
    Ok(())
}
