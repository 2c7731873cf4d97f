//! Section 5, peers in both directions: the original controller leaves and the operator goes on where it stopped, or the
//! other way round. Not one Secret is written for that.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use crds::SealedSecret;
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::ListParams;
use kubeseal::{SEALING_KEY_ACTIVE, SEALING_KEY_LABEL, Scope, SealingKey};
use rig::{Peers, Process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scene::{DEADLINE, Scene, planted, rsa_operations, seal, values_of};

/// The controller of Sealed Secrets, serving the same namespace with the same keys.
pub(crate) struct Original {
    process: Process,
    /// Where `/v1` is, and where `/metrics` is.
    ports: [u16; 2],
    _service_account: TempDir,
}

impl Original {
    pub(crate) fn start(scene: &Scene<'_>) -> Result<Original> {
        Original::start_with(scene, &[])
    }

    /// The same with more flags; of a flag that is given twice the last counts.
    pub(crate) fn start_with(scene: &Scene<'_>, flags: &[&str]) -> Result<Original> {
        let service_account = TempDir::with_prefix("strongroom-original-")?;
        fs::write(service_account.path().join("token"), scene.plane.admin_token())?;
        fs::write(service_account.path().join("ca.crt"), scene.plane.certificate_authority())?;
        let address = scene.plane.url().trim_start_matches("https://");
        let (host, port) = address.rsplit_once(':').context("the API server's address has no port")?;
        let mut command = Command::new(Peers::locate()?.path("sealed-secrets-controller")?);
        command.env("SERVICE_ACCOUNT_DIRECTORY", service_account.path());
        command.env("KUBERNETES_SERVICE_HOST", host).env("KUBERNETES_SERVICE_PORT", port);
        command.env("POD_NAMESPACE", &scene.installation.namespace);
        command.args(["--all-namespaces=false", "--additional-namespaces", &scene.namespace, "--key-size", "2048"]);
        let ports = rig::free_ports::<2>()?;
        for (flag, port) in ["--listen-addr", "--listen-metrics-addr"].into_iter().zip(ports) {
            command.args([flag, &format!("127.0.0.1:{port}")]);
        }
        command.args(flags);
        Ok(Original { process: Process::spawn(&command)?, ports, _service_account: service_account })
    }

    /// The address of its `/v1`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    /// Waits until it has begun so many passes over objects.
    pub(crate) async fn passed(&self, count: usize) -> Result<()> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("http://127.0.0.1:{}/metrics", self.ports[1]);
        let passed = async || {
            let text = http.get(&url).send().await.ok()?.text().await.ok()?;
            let line =
                text.lines().find_map(|line| line.strip_prefix("sealed_secrets_controller_unseal_requests_total "));
            line.and_then(|number| number.parse::<usize>().ok()).filter(|passes| *passes >= count)
        };
        rig::eventually(DEADLINE, "the original's passes", passed).await.map(drop)
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&self) -> Result<std::process::ExitStatus> {
        self.process.wait(DEADLINE).await
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.process.kill()?;
        self.process.wait(DEADLINE).await.map(drop)
    }
}

/// The one sealing key of the installation, once there is one.
pub(crate) async fn key(scene: &Scene<'_>) -> Result<SealingKey> {
    let labelled = ListParams::default().labels(&format!("{SEALING_KEY_LABEL}={SEALING_KEY_ACTIVE}"));
    let first = async || scene.keys().list(&labelled).await.ok()?.items.into_iter().next();
    let secret = rig::eventually(DEADLINE, "a sealing key", first).await?;
    let data = secret.data.unwrap_or_default();
    Ok(SealingKey::from_pem(&data["tls.key"].0, &data["tls.crt"].0)?)
}

/// One object of each scope, and one with everything a template may copy.
fn objects(scene: &Scene<'_>, key: &SealingKey) -> Result<Vec<Value>> {
    let mut objects = Vec::new();
    for scope in [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide] {
        let sealed = seal(key, scope, &scene.namespace, scope.as_str(), "one")?;
        let annotations: serde_json::Map<_, _> =
            scope.annotation().map(|name| (name.to_owned(), json!("true"))).into_iter().collect();
        let metadata = json!({ "name": scope.as_str(), "annotations": annotations });
        objects.push(json!({ "metadata": metadata, "spec": { "encryptedData": { "password": sealed } } }));
    }
    let sealed = seal(key, Scope::Strict, &scene.namespace, "template", "one")?;
    let template = json!({ "type": "example.com/login", "metadata": { "labels": { "app": "shop" }, "annotations": { "note": "ours" } } });
    objects.push(json!({ "metadata": { "name": "template" }, "spec": { "encryptedData": { "password": sealed }, "template": template } }));
    Ok(objects)
}

const NAMES: [&str; 4] = ["strict", "namespace-wide", "cluster-wide", "template"];

async fn secrets(scene: &Scene<'_>) -> Result<Vec<Secret>> {
    let secrets = scene.api::<Secret>().list(&ListParams::default()).await?.items;
    assert_eq!(secrets.len(), NAMES.len());
    for secret in &secrets {
        assert_eq!(values_of(secret), planted(&[("password", "one")]), "{}", secret.name_any());
    }
    Ok(secrets)
}

#[tokio::test]
async fn we_go_on_where_the_original_stopped_and_write_no_secret() -> Result<()> {
    let scene = Scene::without_key().await?;
    let original = Original::start(&scene)?;
    let key = key(&scene).await?;
    try_join_all(objects(&scene, &key)?.into_iter().map(|object| scene.create::<SealedSecret>(object))).await?;
    try_join_all(NAMES.iter().map(|name| scene.synced(name))).await?;
    let before = secrets(&scene).await?;
    original.stop().await?;
    let mark = scene.mark().await?;
    let operator = scene.start().await?;
    assert_eq!(secrets(&scene).await?, before, "a Secret was written");
    assert_eq!(operator.certificate().await?, key.certificate_pem(), "another key was made");
    assert_eq!(rsa_operations(&operator).await?, NAMES.len() as u64);
    for name in NAMES {
        let status = scene.synced(name).await?.status.unwrap_or_default();
        assert!(
            status.conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"),
            "{status:?}"
        );
    }
    let calls = scene.calls(mark).await?;
    assert_eq!(calls.iter().filter(|call| call.is("update", "sealedsecrets/status")).count(), NAMES.len(), "{calls:?}");
    assert!(!calls.iter().any(|call| call.is("create", "events")), "{calls:?}");
    // They are ours now.
    scene.change::<Secret>("strict", json!({ "data": { "password": "eA==" } })).await?;
    scene.holds("strict", &[("password", "one")]).await?;
    scene.nothing_leaked(&operator).await
}

#[tokio::test]
async fn the_original_goes_on_where_we_stopped_and_writes_no_secret() -> Result<()> {
    let scene = Scene::without_key().await?;
    let operator = scene.start().await?;
    let key = key(&scene).await?;
    try_join_all(objects(&scene, &key)?.into_iter().map(|object| scene.create::<SealedSecret>(object))).await?;
    try_join_all(NAMES.iter().map(|name| scene.synced(name))).await?;
    let before = secrets(&scene).await?;
    assert!(operator.terminate().await?.success());
    let _original = Original::start(&scene)?;
    // It works one object after the other: once it has opened a new one, sealed with our key, it has seen the others.
    let sealed = seal(&key, Scope::Strict, &scene.namespace, "zz", "two")?;
    scene
        .create::<SealedSecret>(
            json!({ "metadata": { "name": "zz" }, "spec": { "encryptedData": { "password": sealed } } }),
        )
        .await?;
    scene.holds("zz", &[("password", "two")]).await?;
    scene.api::<Secret>().delete("zz", &kube::api::DeleteParams::default()).await?;
    scene.holds("zz", &[("password", "two")]).await?;
    let after: Vec<Secret> = scene.api::<Secret>().list(&ListParams::default()).await?.items;
    let data = |secrets: &[Secret]| -> Vec<_> {
        secrets.iter().map(|one| (one.name_any(), one.uid(), one.data.clone(), one.labels().clone())).collect()
    };
    assert_eq!(data(&after[..NAMES.len()]), data(&before));
    Ok(())
}
