//! Rows 1, 2, 3, 4 and 6: the operator on a real control plane.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crds::{ExternalSecret, SealedSecret, SecretStore};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, Resource};
use kubeseal::{SEALING_KEY_LABEL, Scope, SealingKey};
use rig::{Call, ControlPlane, Installation, Mark, Operator, OperatorOptions, Options, Vault};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::original::Original;
use crate::say;
use crate::table::Row;

/// How long one measured thing may take.
const PATIENCE: Duration = Duration::from_mins(15);
/// Objects made at once.
const AT_ONCE: usize = 32;

/// A control plane with a sealing key and a namespace to serve.
struct Stage {
    plane: ControlPlane,
    installation: Installation,
    namespace: String,
    key: SealingKey,
}

impl Stage {
    async fn new() -> Result<Stage> {
        say("starting a control plane");
        let plane = ControlPlane::start(Options::default()).await?;
        let installation = plane.install().await?;
        let namespace = plane.namespace().await?;
        let now = "2026-01-01T00:00:00Z".parse()?;
        let key = SealingKey::generate(4096, "", now, Duration::from_hours(87_600))?;
        let stage = Stage { plane, installation, namespace, key };
        stage.store_key().await?;
        Ok(stage)
    }

    async fn store_key(&self) -> Result<()> {
        let private = self.key.private_key_pem()?;
        let mut secret: Secret = serde_json::from_value(json!({
            "metadata": { "generateName": "sealed-secrets-key", "labels": { SEALING_KEY_LABEL: "active" } },
            "type": "kubernetes.io/tls",
        }))?;
        let entries = [("tls.key", private.as_bytes()), ("tls.crt", self.key.certificate_pem().as_bytes())];
        secret.data =
            Some(entries.into_iter().map(|(name, value)| (name.to_owned(), ByteString(value.to_vec()))).collect());
        let api: Api<Secret> = Api::namespaced(self.plane.admin(), &self.installation.namespace);
        api.create(&PostParams::default(), &secret).await?;
        Ok(())
    }

    fn options(&self) -> Result<OperatorOptions> {
        let kubeconfig = self.plane.kubeconfig_file(&self.installation.token, &self.installation.namespace)?;
        Ok(OperatorOptions::new(kubeconfig, &self.installation.namespace))
    }

    fn sealed(&self, namespace: &str, number: usize) -> Result<Value> {
        let name = format!("sealed-{number}");
        let label = Scope::Strict.label(namespace, &name);
        let mut data = BTreeMap::new();
        for key in ["user", "password", "token"] {
            let blob = kubeseal::seal(self.key.certificate(), &label, format!("{key}-{number}").as_bytes())?;
            data.insert(key, STANDARD.encode(blob));
        }
        Ok(json!({ "metadata": { "name": name }, "spec": { "encryptedData": data } }))
    }

    /// Creates so many SealedSecrets and waits until each has its Secret. Answers the seconds from the first creation on.
    async fn unseal(&self, namespace: &str, count: usize) -> Result<f64> {
        let objects = (0..count).map(|number| self.sealed(namespace, number)).collect::<Result<Vec<_>>>()?;
        let started = Instant::now();
        create_all::<SealedSecret>(&self.plane.admin(), namespace, objects).await?;
        all_there(&self.plane.admin(), namespace, count).await?;
        Ok(started.elapsed().as_secs_f64())
    }

    async fn calls(&self, mark: Mark) -> Result<Vec<Call>> {
        let calls = self.plane.audit()?.since(mark).await?;
        Ok(calls.into_iter().filter(|call| call.user == self.installation.user).collect())
    }
}

async fn create_all<K>(client: &Client, namespace: &str, objects: Vec<Value>) -> Result<()>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + Serialize
        + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let kind = (K::api_version(&()).into_owned(), K::kind(&()).into_owned());
    let made = stream::iter(objects).map(|mut object| {
        let (api, kind) = (api.clone(), kind.clone());
        async move {
            (object["apiVersion"], object["kind"]) = (json!(kind.0), json!(kind.1));
            let object: K = serde_json::from_value(object)?;
            api.create(&PostParams::default(), &object).await?;
            anyhow::Ok(())
        }
    });
    made.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    Ok(())
}

/// Waits until the namespace holds so many Secrets.
async fn all_there(client: &Client, namespace: &str, count: usize) -> Result<()> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let there = async || {
        let listed = api.list_metadata(&ListParams::default()).await.ok()?;
        (listed.items.len() >= count).then_some(())
    };
    rig::eventually(PATIENCE, "all Secrets", there).await
}

/// Rows 1 and 2.
pub(crate) async fn idle_and_restart() -> Result<Vec<Row>> {
    let stage = Stage::new().await?;
    say("making 10,000 unrelated Secrets of 4 KiB");
    let unrelated = stage.plane.namespace().await?;
    let value = "x".repeat(4096);
    let secrets = (0..10_000).map(
        |number| json!({ "metadata": { "name": format!("unrelated-{number}") }, "stringData": { "value": value } }),
    );
    create_all::<Secret>(&stage.plane.admin(), &unrelated, secrets.collect()).await?;
    let mut operator = Operator::start_ready(&stage.options()?).await?;
    say("1,000 SealedSecrets of 3 values");
    stage.unseal(&stage.namespace, 1000).await?;
    all_ready(&stage, 1000).await?;
    say("one minute of peace");
    tokio::time::sleep(Duration::from_mins(1)).await;
    let resident = mebibytes(operator.process().resident_bytes()?);
    let peak = mebibytes(operator.process().peak_resident_bytes()?);
    let idle = Row {
        number: 1,
        what: "idle: 1,000 SealedSecrets, 10,000 unrelated Secrets",
        ours: format!("{resident:.0} MiB (peak {peak:.0})"),
        peer: "–".into(),
        ratio: "–".into(),
        bar: "RSS ≤ 40 MiB",
        met: resident <= 40.0,
    };
    say("a restart with nothing changed");
    operator.terminate().await?;
    let mark = stage.plane.audit()?.mark().await?;
    let started = Instant::now();
    operator.restart()?;
    operator.wait_ready().await?;
    let seconds = started.elapsed().as_secs_f64();
    let after = mebibytes(operator.process().resident_bytes()?);
    let calls = stage.calls(mark).await?;
    let writes = |resource: &str| calls.iter().filter(|call| call.writes() && call.resource == resource).count();
    let (secrets, statuses) = (writes("secrets"), writes("sealedsecrets/status"));
    let rsa = rsa_operations(&operator).await?;
    let restart = Row {
        number: 2,
        what: "the same, restart with nothing changed",
        ours: format!(
            "{rsa} RSA operations, {secrets} Secret writes, {statuses} status writes, ready after {seconds:.1} s ({after:.0} MiB)"
        ),
        peer: "3,000 RSA operations by construction".into(),
        ratio: "–".into(),
        bar: "0, 0, 0, < 5 s",
        met: rsa == 0 && secrets == 0 && statuses == 0 && seconds < 5.0,
    };
    Ok(vec![idle, restart])
}

async fn all_ready(stage: &Stage, count: usize) -> Result<()> {
    let api: Api<SealedSecret> = Api::namespaced(stage.plane.admin(), &stage.namespace);
    let ready = async || {
        let listed = api.list(&ListParams::default()).await.ok()?;
        let statuses = listed.items.iter().filter_map(|object| object.status.as_ref());
        let ready =
            statuses.filter(|status| status.conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True"));
        (ready.count() >= count).then_some(())
    };
    rig::eventually(PATIENCE, "every object being ready", ready).await
}

/// Rows 3 and 6.
pub(crate) async fn unseal_rates() -> Result<Vec<Row>> {
    let stage = Stage::new().await?;
    let operator = Operator::start_ready(&stage.options()?).await?;
    say("ours: 1,000 SealedSecrets of 3 values, then 2,000");
    let (one, two) = (stage.plane.namespace().await?, stage.plane.namespace().await?);
    let thousand = stage.unseal(&one, 1000).await?;
    let two_thousand = stage.unseal(&two, 2000).await?;
    operator.terminate().await?;
    say("the original: 1,000 SealedSecrets of 3 values");
    let theirs = stage.plane.namespace().await?;
    let original = Original::start(&stage.plane, &stage.installation.namespace, &theirs)?;
    stage.unseal(&theirs, 1).await?;
    let fresh = stage.plane.namespace().await?;
    drop(original);
    let _original = Original::start(&stage.plane, &stage.installation.namespace, &fresh)?;
    let peer = stage.unseal(&fresh, 1000).await?;
    let (our_rate, peer_rate) = (1000.0 / thousand, 1000.0 / peer);
    Ok(vec![
        Row {
            number: 3,
            what: "K3: 1,000 SealedSecrets of 3 values, RSA-4096, client limits off",
            ours: format!("{our_rate:.0} objects/s"),
            peer: format!("{peer_rate:.0} objects/s"),
            ratio: format!("{:.1} times", our_rate / peer_rate),
            bar: "≥ 3 times",
            met: our_rate >= 3.0 * peer_rate,
        },
        Row {
            number: 6,
            what: "time for 2,000 against 1,000",
            ours: format!("{two_thousand:.1} s against {thousand:.1} s"),
            peer: "–".into(),
            ratio: format!("{:.2} times", two_thousand / thousand),
            bar: "≤ 2.2 times",
            met: two_thousand <= 2.2 * thousand,
        },
    ])
}

/// Row 4. The External Secrets Operator is not among the peers: its module does not build from the registry.
pub(crate) async fn vault() -> Result<Vec<Row>> {
    const OBJECTS: usize = 1000;
    let stage = Stage::new().await?;
    let vault = Vault::start().await?;
    vault.mount_kv2("apps").await?;
    for number in 0..100 {
        vault.kv2_put("apps", &format!("secret-{number}"), &json!({ "value": format!("value-{number}") })).await?;
    }
    let token = vault.token_with_policy("reader", r#"path "apps/data/*" { capabilities = ["read"] }"#).await?;
    let client = stage.plane.admin();
    let credential = json!({ "metadata": { "name": "vault-token" }, "stringData": { "token": token } });
    create_all::<Secret>(&client, &stage.namespace, vec![credential]).await?;
    let auth = json!({ "tokenSecretRef": { "name": "vault-token", "key": "token" } });
    let provider = json!({ "vault": { "server": vault.address(), "path": "apps", "version": "v2", "auth": auth } });
    create_all::<SecretStore>(
        &client,
        &stage.namespace,
        vec![json!({ "metadata": { "name": "vault" }, "spec": { "provider": provider } })],
    )
    .await?;
    let _operator = Operator::start_ready(&stage.options()?).await?;
    vault.forget_requests().await?;
    let mark = stage.plane.audit()?.mark().await?;
    say("1,000 ExternalSecrets of 3 keys on Vault");
    let objects = (0..OBJECTS).map(|number| {
        let data: Vec<Value> = (0..3)
            .map(|at| json!({ "secretKey": format!("key{at}"), "remoteRef": { "key": format!("secret-{}", (number * 3 + at) % 100), "property": "value" } }))
            .collect();
        json!({ "metadata": { "name": format!("external-{number}") }, "spec": { "secretStoreRef": { "name": "vault" }, "refreshInterval": "1h", "data": data } })
    });
    let started = Instant::now();
    create_all::<ExternalSecret>(&client, &stage.namespace, objects.collect()).await?;
    all_there(&client, &stage.namespace, OBJECTS + 1).await?;
    let seconds = started.elapsed().as_secs_f64();
    let api: Api<ExternalSecret> = Api::namespaced(client.clone(), &stage.namespace);
    let reported = async || {
        let listed = api.list(&ListParams::default()).await.ok()?;
        let done = listed
            .items
            .iter()
            .filter(|object| object.status.as_ref().is_some_and(|status| !status.conditions.is_empty()));
        (done.count() == OBJECTS).then_some(())
    };
    rig::eventually(PATIENCE, "every status", reported).await?;
    let resources = ["externalsecrets", "externalsecrets/status", "secrets", "events"];
    let calls = stage
        .calls(mark)
        .await?
        .into_iter()
        .filter(|call| resources.contains(&call.resource.as_str()) && !matches!(call.verb.as_str(), "list" | "watch"))
        // The store's credential is read for the store, not for an object.
        .filter(|call| call.name != "vault-token")
        .count();
    let reads: u64 =
        vault.requests().await?.iter().filter(|(request, _)| request.contains("/data/")).map(|(_, count)| count).sum();
    ensure!(calls > 0, "the audit log shows no call");
    let per_object = f64::from(u32::try_from(calls)?) / 1000.0;
    Ok(vec![Row {
        number: 4,
        what: "E2: 1,000 ExternalSecrets of 3 keys on Vault, 100 distinct secrets",
        ours: format!("{seconds:.1} s, {per_object:.2} API calls an object, {reads} Vault reads"),
        peer: "not run here".into(),
        ratio: "–".into(),
        bar: "≤ 4 API calls an object, ≤ 1 Vault read an object",
        met: per_object <= 4.0 && reads <= 1000,
    }])
}

async fn rsa_operations(operator: &Operator) -> Result<u64> {
    let metrics = operator.metrics().await?;
    let line = metrics.lines().find_map(|line| line.strip_prefix("strongroom_rsa_operations_total "));
    line.context("the metric is missing")?.trim().parse().context("the metric is no number")
}

fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) / 1024.0
}
