//! Where the operator and the original are measured: a control plane of its own for each, with one sealing key and one
//! namespace, so that nobody works on a store that somebody else has filled.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use crds::SealedSecret;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ApiResource, DynamicObject, ListParams, PostParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Resource, ResourceExt as _};
use kubeseal::{SEALING_KEY_ACTIVE, SEALING_KEY_LABEL, Scope, SealingKey};
use rig::{Call, ControlPlane, Installation, Mark, Operator, OperatorOptions, Options};
use serde_json::{Value, json};

/// How long one measured thing may take.
pub(crate) const PATIENCE: Duration = Duration::from_mins(15);
/// Requests under way at once when objects are made.
const AT_ONCE: usize = 32;
/// Values of a sealed object.
pub(crate) const VALUES: [&str; 3] = ["user", "password", "token"];

/// A control plane with a sealing key and a namespace to serve.
pub(crate) struct Stage {
    pub(crate) plane: ControlPlane,
    pub(crate) installation: Installation,
    pub(crate) namespace: String,
    /// Oldest first.
    keys: Vec<SealingKey>,
}

impl Stage {
    pub(crate) async fn new() -> Result<Stage> {
        let key = SealingKey::generate(4096, "", "2026-01-01T00:00:00Z".parse()?, Duration::from_hours(87_600))?;
        Stage::with_keys(vec![key]).await
    }

    /// With these keys, the oldest first.
    pub(crate) async fn with_keys(keys: Vec<SealingKey>) -> Result<Stage> {
        let plane = ControlPlane::start(Options::default()).await?;
        let installation = plane.install().await?;
        let namespace = plane.namespace().await?;
        let stage = Stage { plane, installation, namespace, keys };
        for key in &stage.keys {
            let private = key.private_key_pem()?;
            let labels = json!({ SEALING_KEY_LABEL: SEALING_KEY_ACTIVE });
            let secret = json!({
                "metadata": { "generateName": "sealed-secrets-key", "labels": labels },
                "type": "kubernetes.io/tls",
                "data": {
                    "tls.crt": ByteString(key.certificate_pem().as_bytes().to_vec()),
                    "tls.key": ByteString(private.as_bytes().to_vec()),
                },
            });
            stage.keys().create(&PostParams::default(), &serde_json::from_value(secret)?).await?;
        }
        Ok(stage)
    }

    /// The operator with every default but the renewal of keys: that of a stage is old, and another one would have to be
    /// made, as for the original.
    pub(crate) async fn operator(&self) -> Result<Operator> {
        let kubeconfig = self.plane.kubeconfig_file(&self.installation.token, &self.installation.namespace)?;
        let options = OperatorOptions::new(kubeconfig, &self.installation.namespace).argument("--key-renew-period=0");
        Operator::start_ready(&options).await
    }

    /// So many SealedSecrets of three values.
    pub(crate) fn sealed(&self, prefix: &str, count: usize) -> Result<Vec<Value>> {
        // By each of the keys in turn, the newest first.
        let keys = self.keys.iter().rev().cycle();
        (0..count).zip(keys).map(|(number, key)| self.sealed_one(&format!("{prefix}-{number}"), key)).collect()
    }

    fn sealed_one(&self, name: &str, key: &SealingKey) -> Result<Value> {
        let label = Scope::Strict.label(&self.namespace, name);
        let mut data = BTreeMap::new();
        for entry in VALUES {
            let blob = kubeseal::seal(key.certificate(), &label, format!("{entry} of {name}").as_bytes())?;
            data.insert(entry, kubeseal::encode_base64(&blob));
        }
        Ok(json!({ "metadata": { "name": name }, "spec": { "encryptedData": data } }))
    }

    /// Makes the SealedSecrets and waits until each reports success. Answers the seconds from the first request on.
    pub(crate) async fn unseal(&self, objects: Vec<Value>) -> Result<f64> {
        self.apply::<SealedSecret>(objects, "Synced").await
    }

    /// Makes the objects and waits until each reports `condition` as true. Answers the seconds from the first request on.
    pub(crate) async fn apply<K: Resource<DynamicType = ()>>(
        &self,
        objects: Vec<Value>,
        condition: &str,
    ) -> Result<f64> {
        let kind = ApiResource::erase::<K>(&());
        let api = Api::namespaced_with(self.plane.admin(), &self.namespace, &kind);
        let names =
            objects.iter().filter_map(|object| object["metadata"]["name"].as_str().map(str::to_owned)).collect();
        let started = Instant::now();
        tokio::try_join!(create_all::<K>(self, &self.namespace, objects), all_report(api, names, condition))?;
        Ok(started.elapsed().as_secs_f64())
    }

    /// Fails unless the namespace holds so many Secrets and there is still one sealing key: whoever made another has been
    /// busy with that, and tries two keys for each value.
    pub(crate) async fn is_as_measured(&self, secrets: usize) -> Result<()> {
        let api: Api<Secret> = Api::namespaced(self.plane.admin(), &self.namespace);
        let found = api.list_metadata(&ListParams::default()).await?.items.len();
        ensure!(found == secrets, "{found} Secrets instead of {secrets}");
        let labelled = ListParams::default().labels(SEALING_KEY_LABEL);
        let keys = self.keys().list_metadata(&labelled).await?.items.len();
        ensure!(keys == self.keys.len(), "{keys} sealing keys instead of {}", self.keys.len());
        Ok(())
    }

    /// What the API server was asked for since `mark`.
    pub(crate) async fn calls(&self, mark: Mark) -> Result<Vec<Call>> {
        self.plane.audit()?.since(mark).await
    }

    pub(crate) async fn mark(&self) -> Result<Mark> {
        self.plane.audit()?.mark().await
    }

    fn keys(&self) -> Api<Secret> {
        Api::namespaced(self.plane.admin(), &self.installation.namespace)
    }
}

/// Makes objects of one kind, many at once.
pub(crate) async fn create_all<K>(stage: &Stage, namespace: &str, objects: Vec<Value>) -> Result<()>
where
    K: Resource<DynamicType = ()>,
{
    let kind = ApiResource::erase::<K>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(stage.plane.admin(), namespace, &kind);
    let made = stream::iter(objects).map(|mut object| {
        (object["apiVersion"], object["kind"]) = (json!(kind.api_version), json!(kind.kind));
        let api = api.clone();
        async move {
            api.create(&PostParams::default(), &serde_json::from_value(object)?).await?;
            anyhow::Ok(())
        }
    });
    made.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    Ok(())
}

/// Waits until each of the named objects reports the condition as true. One watch: asking for a list again and again costs the
/// API server more the more objects there are, and it shares the cores with what is measured.
async fn all_report(api: Api<DynamicObject>, mut names: HashSet<String>, condition: &str) -> Result<()> {
    let mut objects = watcher(api, watcher::Config::default()).default_backoff().applied_objects().boxed();
    let watch = async {
        while !names.is_empty() {
            let object = objects.next().await.context("the watch has ended")?;
            // The watcher opens a broken watch again.
            let Ok(object) = object else { continue };
            let conditions = object.data["status"]["conditions"].as_array();
            if conditions.into_iter().flatten().any(|one| one["type"] == condition && one["status"] == "True") {
                names.remove(&object.name_any());
            }
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, watch).await.context("not every object reported in time")?
}
