//! Where a test plays: an installation of the operator, a namespace that it serves, and the sealing key that it has.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use crds::{Condition, ExternalSecret, SealedSecret, SopsSecret};
use k8s_openapi::ByteString;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Event, Secret};
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Resource};
use kubeseal::{Scope, SealingKey};
use rig::{Call, ControlPlane, FaultProxy, Installation, Mark, Operator, OperatorOptions};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::canary;

/// How long anything may take before a test gives up on it: generous, the machine may be busy.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// Sealing keys, oldest first. They are small, so that they are quick to make.
pub(crate) static KEYS: LazyLock<[SealingKey; 2]> =
    LazyLock::new(|| ["2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"].map(key_from));

fn key_from(day: &str) -> SealingKey {
    let day = day.parse().expect("a date");
    SealingKey::generate(2048, "", day, Duration::from_hours(87_600)).expect("aws-lc makes keys")
}

/// One installation of the operator and a namespace that it serves.
pub(crate) struct Scene<'a> {
    pub(crate) plane: &'a ControlPlane,
    pub(crate) installation: Installation,
    pub(crate) namespace: String,
}

impl Scene<'static> {
    /// On the shared control plane, with the newest of [`KEYS`].
    pub(crate) async fn new() -> Result<Scene<'static>> {
        let scene = Scene::without_key().await?;
        scene.add_key(&KEYS[1]).await?;
        Ok(scene)
    }

    /// On the shared control plane, without a sealing key.
    pub(crate) async fn without_key() -> Result<Scene<'static>> {
        Scene::on(rig::shared().await?).await
    }
}

impl<'a> Scene<'a> {
    /// On a control plane of its own, without a sealing key.
    pub(crate) async fn on(plane: &'a ControlPlane) -> Result<Scene<'a>> {
        let installation = plane.install().await?;
        let namespace = plane.namespace().await?;
        Ok(Scene { plane, installation, namespace })
    }

    /// Brings a sealing key, in the layout in which the original keeps its own.
    pub(crate) async fn add_key(&self, key: &SealingKey) -> Result<Secret> {
        let private = key.private_key_pem()?;
        self.add_key_secret(key.certificate_pem().as_bytes(), private.as_bytes()).await
    }

    /// The same with any content.
    pub(crate) async fn add_key_secret(&self, certificate: &[u8], private_key: &[u8]) -> Result<Secret> {
        let secret = json!({
            "metadata": { "generateName": "sealed-secrets-key", "labels": { kubeseal::SEALING_KEY_LABEL: kubeseal::SEALING_KEY_ACTIVE } },
            "type": "kubernetes.io/tls",
            "data": { "tls.crt": ByteString(certificate.to_vec()), "tls.key": ByteString(private_key.to_vec()) },
        });
        Ok(self.keys().create(&PostParams::default(), &serde_json::from_value(secret)?).await?)
    }

    /// The Secrets of the operator's own namespace.
    pub(crate) fn keys(&self) -> Api<Secret> {
        Api::namespaced(self.plane.admin(), &self.installation.namespace)
    }

    /// Objects of the served namespace, as the administrator sees them.
    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.plane.admin(), &self.namespace)
    }

    /// Leads to the API server as the operator's ServiceAccount.
    pub(crate) fn kubeconfig(&self) -> Result<PathBuf> {
        self.plane.kubeconfig_file(&self.installation.token, &self.installation.namespace)
    }

    /// How the operator is started here: it serves SealedSecrets alone, stores of other tests are none of its business.
    pub(crate) fn options(&self) -> Result<OperatorOptions> {
        Ok(self.options_with(self.kubeconfig()?))
    }

    /// The same through a proxy.
    pub(crate) fn options_through(&self, proxy: &FaultProxy) -> Result<OperatorOptions> {
        Ok(self.options_with(proxy.kubeconfig_file(&self.installation.token, &self.installation.namespace)?))
    }

    fn options_with(&self, kubeconfig: PathBuf) -> OperatorOptions {
        let options = OperatorOptions::new(kubeconfig, &self.installation.namespace).namespace(&self.namespace);
        // The keys here are old, and a test that wants another one says so.
        let options = options.argument("--key-size").argument("2048").argument("--key-renew-period=0");
        options.argument("--disable").argument("external-secrets,sops")
    }

    /// Starts the operator and waits until it is ready.
    pub(crate) async fn start(&self) -> Result<Operator> {
        Operator::start_ready(&self.options()?).await
    }

    /// A SealedSecret of strict scope, sealed with the newest key.
    pub(crate) fn sealed(&self, name: &str, values: &[(&str, &str)]) -> Result<Value> {
        let seal_one = |(key, value): &(&str, &str)| {
            Ok(((*key).to_owned(), json!(seal(&KEYS[1], Scope::Strict, &self.namespace, name, value)?)))
        };
        let sealed = values.iter().map(seal_one).collect::<Result<serde_json::Map<_, _>>>()?;
        Ok(json!({ "metadata": { "name": name }, "spec": { "encryptedData": sealed } }))
    }

    /// Makes a SealedSecret of strict scope with one value, `password`.
    pub(crate) async fn create_sealed(&self, name: &str, password: &str) -> Result<SealedSecret> {
        self.create(self.sealed(name, &[("password", password)])?).await
    }

    /// Makes a Secret that is not the operator's.
    pub(crate) async fn create_foreign(&self, name: &str, annotations: Value) -> Result<Secret> {
        let metadata = json!({ "name": name, "annotations": annotations });
        self.create(json!({ "metadata": metadata, "stringData": { "theirs": "kept" } })).await
    }

    /// Makes an object.
    pub(crate) async fn create<K>(&self, object: Value) -> Result<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::Serialize
            + DeserializeOwned,
    {
        let object = serde_json::from_value(object).context("the test describes no such object")?;
        Ok(self.api::<K>().create(&PostParams::default(), &object).await?)
    }

    /// Makes a SealedSecret of any shape, as `kubectl` does when nobody validates.
    pub(crate) async fn create_loosely(&self, mut object: Value) -> Result<()> {
        object["apiVersion"] = json!("bitnami.com/v1alpha1");
        object["kind"] = json!("SealedSecret");
        let url = format!("/apis/bitnami.com/v1alpha1/namespaces/{}/sealedsecrets", self.namespace);
        let request =
            http::Request::post(url).header("content-type", "application/json").body(serde_json::to_vec(&object)?)?;
        self.plane.admin().request_text(request).await?;
        Ok(())
    }

    /// Changes an object by a merge patch.
    pub(crate) async fn change<K>(&self, name: &str, change: Value) -> Result<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + std::fmt::Debug + DeserializeOwned,
    {
        Ok(self.api::<K>().patch(name, &PatchParams::default(), &Patch::Merge(change)).await?)
    }

    /// Waits until a SealedSecret reports success for its newest generation.
    pub(crate) async fn synced(&self, name: &str) -> Result<SealedSecret> {
        self.reported(name, |condition| condition.status == "True").await
    }

    /// Waits until a SealedSecret reports failure for its newest generation; answers `Ready`.
    pub(crate) async fn failed(&self, name: &str) -> Result<Condition> {
        let object = self.reported(name, |condition| condition.status == "False").await?;
        let conditions = object.status.unwrap_or_default().conditions;
        conditions.into_iter().find(|condition| condition.type_ == "Ready").context("there is no condition Ready")
    }

    /// Waits until `Synced`, the first condition, satisfies `satisfied` for the newest generation.
    pub(crate) async fn reported(&self, name: &str, satisfied: impl Fn(&Condition) -> bool) -> Result<SealedSecret> {
        rig::watch_until(&self.api::<SealedSecret>(), name, DEADLINE, |object: &SealedSecret| {
            let Some(status) = &object.status else { return false };
            let first = status.conditions.first().filter(|first| first.type_ == "Synced");
            status.observed_generation == object.metadata.generation && first.is_some_and(&satisfied)
        })
        .await
    }

    /// Waits until a Secret holds exactly these values, planted by [`Scene::sealed`].
    pub(crate) async fn holds(&self, name: &str, values: &[(&str, &str)]) -> Result<Secret> {
        rig::watch_until(&self.api::<Secret>(), name, DEADLINE, |secret| values_of(secret) == planted(values)).await
    }

    /// The events about an object, oldest first.
    pub(crate) async fn events<K: Resource>(&self, object: &K) -> Result<Vec<Event>> {
        let selector = format!("involvedObject.uid={}", object.meta().uid.as_deref().unwrap_or_default());
        let mut events = self.api::<Event>().list(&ListParams::default().fields(&selector)).await?.items;
        events.sort_by_key(|event| {
            event.metadata.resource_version.as_deref().and_then(|version| version.parse::<u64>().ok())
        });
        Ok(events)
    }

    /// Waits until there are so many events about an object.
    pub(crate) async fn told<K: Resource>(&self, object: &K, count: usize) -> Result<Vec<Event>> {
        let enough = async || self.events(object).await.ok().filter(|events| events.len() >= count);
        rig::eventually(DEADLINE, "the event", enough).await
    }

    /// Waits until the API server's clock is a second past the condition's transition: times are written in seconds.
    pub(crate) async fn second_after(&self, condition: &Condition) -> Result<()> {
        let flipped = condition.last_transition_time.clone().context("the condition has no time")?;
        let mut probe = 0;
        let later = async || {
            probe += 1;
            let object = json!({ "metadata": { "name": format!("clock-{probe}-{}", self.namespace) } });
            let probe: k8s_openapi::api::core::v1::ConfigMap = self.create(object).await.ok()?;
            (probe.metadata.creation_timestamp? > flipped).then_some(())
        };
        rig::eventually(DEADLINE, "the next second", later).await
    }

    /// What the operator has asked of the API server since `mark`.
    pub(crate) async fn calls(&self, mark: Mark) -> Result<Vec<Call>> {
        let calls = self.plane.audit()?.since(mark).await?;
        Ok(calls.into_iter().filter(|call| call.user == self.installation.user).collect())
    }

    /// Fails when the operator asks for anything but its lease, for as long as it takes to renew that twice: four seconds.
    pub(crate) async fn is_quiet(&self) -> Result<()> {
        let mark = self.mark().await?;
        let renewed = async || {
            let calls = self.calls(mark).await.ok()?;
            (calls.iter().filter(|call| call.is("update", "leases")).count() >= 2).then_some(calls)
        };
        let calls = rig::eventually(DEADLINE, "the lease being renewed twice", renewed).await?;
        let loud: Vec<&Call> = calls.iter().filter(|call| call.resource != "leases").collect();
        ensure!(loud.is_empty(), "the operator is not quiet: {loud:?}");
        Ok(())
    }

    /// The place in the audit log after every call so far.
    pub(crate) async fn mark(&self) -> Result<Mark> {
        self.plane.audit()?.mark().await
    }

    /// Fails when a planted value shows anywhere but in a Secret.
    pub(crate) async fn nothing_leaked(&self, operator: &Operator) -> Result<()> {
        canary::search_log(operator)?;
        canary::search("the metrics", &operator.metrics().await?)?;
        canary::search("a SealedSecret's status", &self.statuses::<SealedSecret>().await?)?;
        canary::search("a SopsSecret's status", &self.statuses::<SopsSecret>().await?)?;
        canary::search("an ExternalSecret's status", &self.statuses::<ExternalSecret>().await?)?;
        canary::search(
            "an event",
            &serde_json::to_string(&self.api::<Event>().list(&ListParams::default()).await?.items)?,
        )
    }

    /// What all objects of a kind report, as text.
    async fn statuses<K>(&self) -> Result<String>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::Serialize
            + DeserializeOwned,
    {
        // The API server refuses the first request for a kind after its start.
        let listed = async || self.api::<K>().list(&ListParams::default()).await.ok();
        let objects = rig::eventually(DEADLINE, "a list of the objects", listed).await?.items;
        let statuses = objects.into_iter().map(|object| Ok(serde_json::to_value(object)?["status"].to_string()));
        Ok(statuses.collect::<Result<Vec<_>>>()?.join("\n"))
    }
}

/// A Secret's values as text.
pub(crate) fn values_of(secret: &Secret) -> Vec<(String, String)> {
    let values = secret.data.iter().flatten();
    values.map(|(key, value)| (key.clone(), String::from_utf8_lossy(&value.0).into_owned())).collect()
}

/// What a Secret holds when these values have arrived.
pub(crate) fn planted(values: &[(&str, &str)]) -> Vec<(String, String)> {
    values.iter().map(|(key, value)| ((*key).to_owned(), canary::value(value))).collect()
}

/// A value sealed for the object `namespace/name`, as `spec.encryptedData` holds it.
pub(crate) fn seal(key: &SealingKey, scope: Scope, namespace: &str, name: &str, value: &str) -> Result<String> {
    let label = scope.label(namespace, name);
    Ok(kubeseal::encode_base64(&kubeseal::seal(key.certificate(), &label, canary::value(value).as_bytes())?))
}

/// A counter of the operator; of several with different labels, the sum.
pub(crate) async fn metric(operator: &Operator, name: &str) -> Result<u64> {
    let metrics = operator.metrics().await?;
    ensure!(metrics.contains(&format!("# HELP {}", name.trim_end_matches("_total"))), "there is no metric {name}");
    let samples =
        metrics.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{'])));
    samples.map(|line| Ok(line.rsplit(' ').next().unwrap_or_default().parse::<u64>()?)).sum()
}

/// How many RSA private-key operations the operator has done.
pub(crate) async fn rsa_operations(operator: &Operator) -> Result<u64> {
    metric(operator, "strongroom_rsa_operations_total").await
}
