//! A scene for ExternalSecrets: the stores and the objects that tests make again and again.

use std::ops::Deref;

use anyhow::{Context as _, Result};
use crds::{Condition, ExternalSecret, SecretStore};
use k8s_openapi::api::core::v1::Secret;
use rig::{Operator, OperatorOptions, Vault};
use serde_json::{Value, json};

use crate::canary;
use crate::scene::{DEADLINE, Scene};

/// The store that [`entry`] and [`external`] read from.
pub(super) const STORE: &str = "store";

/// The annotation by which users of the original have a store read at once.
pub(super) const FORCE_SYNC: &str = "force-sync";

pub(super) struct Place(Scene<'static>);

impl Deref for Place {
    type Target = Scene<'static>;

    fn deref(&self) -> &Scene<'static> {
        &self.0
    }
}

impl Place {
    /// Without a store.
    pub(super) async fn bare() -> Result<Place> {
        Ok(Place(Scene::without_key().await?))
    }

    /// With a fake store, [`STORE`], that holds these planted values.
    pub(super) async fn new(values: &[(&str, &str)]) -> Result<Place> {
        let place = Place::bare().await?;
        place.add_store(STORE, &fake(values)).await?;
        Ok(place)
    }

    /// With a store, [`STORE`], over the mount `apps` of this Vault, which may be behind a proxy at `address`.
    pub(super) async fn on_vault(vault: &Vault, address: &str) -> Result<Place> {
        let place = Place::bare().await?;
        vault.mount_kv2("apps").await?;
        place.add_token(&vault.token_with_policy("apps", POLICY).await?).await?;
        place.add_store(STORE, &over_vault(address)).await?;
        Ok(place)
    }

    /// How the operator is started here: it serves ExternalSecrets alone.
    pub(super) fn options(&self) -> Result<OperatorOptions> {
        let options = OperatorOptions::new(self.kubeconfig()?, &self.installation.namespace).namespace(&self.namespace);
        Ok(options.argument("--disable").argument("sealed-secrets,sops"))
    }

    pub(super) async fn start(&self) -> Result<Operator> {
        Operator::start_ready(&self.options()?).await
    }

    /// With one worker: an object that was made later is looked at later.
    pub(super) async fn start_single(&self) -> Result<Operator> {
        Operator::start_ready(&self.options()?.argument("--workers").argument("1")).await
    }

    pub(super) async fn add_store(&self, name: &str, provider: &Value) -> Result<SecretStore> {
        self.create(json!({ "metadata": { "name": name }, "spec": { "provider": provider } })).await
    }

    /// Brings the Secret with the token that stores over Vault name.
    pub(super) async fn add_token(&self, token: &str) -> Result<Secret> {
        self.create(json!({ "metadata": { "name": "vault-token" }, "stringData": { "token": token } })).await
    }

    /// Puts other values into the fake store.
    pub(super) async fn rotate(&self, values: &[(&str, &str)]) -> Result<SecretStore> {
        self.change(STORE, json!({ "spec": { "provider": fake(values) } })).await
    }

    /// Makes an ExternalSecret.
    pub(super) async fn add(&self, name: &str, spec: Value) -> Result<ExternalSecret> {
        self.create(external(name, spec)).await
    }

    /// Has the store of an object read at once.
    pub(super) async fn force_sync(&self, name: &str, mark: &str) -> Result<ExternalSecret> {
        self.change(name, json!({ "metadata": { "annotations": { FORCE_SYNC: mark } } })).await
    }

    /// Waits until an ExternalSecret reports success for its newest generation.
    pub(super) async fn ready(&self, name: &str) -> Result<ExternalSecret> {
        self.judged(name, |ready| ready.status == "True").await
    }

    /// Waits until an ExternalSecret fails for this reason; answers the message.
    pub(super) async fn refused_as(&self, name: &str, reason: &str) -> Result<String> {
        let object =
            self.judged(name, |ready| ready.status == "False" && ready.reason.as_deref() == Some(reason)).await?;
        condition(&object).and_then(|ready| ready.message.clone()).context("a refusal without a message")
    }

    async fn judged(&self, name: &str, satisfied: impl Fn(&Condition) -> bool) -> Result<ExternalSecret> {
        rig::watch_until(&self.api::<ExternalSecret>(), name, DEADLINE, |object: &ExternalSecret| {
            let seen = object.status.as_ref().and_then(|status| status.observed_generation);
            seen == object.metadata.generation && condition(object).is_some_and(&satisfied)
        })
        .await
    }

    /// Waits until a store reports this status and reason; answers the message.
    pub(super) async fn store_says(&self, name: &str, status: &str, reason: &str) -> Result<String> {
        let told = |store: &SecretStore| {
            let conditions = store.status.as_ref().map_or(&[][..], |status| &status.conditions);
            conditions.iter().find(|ready| ready.type_ == "Ready").cloned()
        };
        let store = rig::watch_until(&self.api::<SecretStore>(), name, DEADLINE, |store: &SecretStore| {
            told(store).is_some_and(|ready| ready.status == status && ready.reason.as_deref() == Some(reason))
        })
        .await?;
        told(&store).and_then(|ready| ready.message).context("a store without a message")
    }
}

/// What a token needs to be checked, and to read.
pub(super) const POLICY: &str = r#"
path "apps/data/*" { capabilities = ["read"] }
path "auth/token/lookup-self" { capabilities = ["read"] }
"#;

/// The block of a fake store with planted values.
pub(super) fn fake(values: &[(&str, &str)]) -> Value {
    let data: Vec<_> = values.iter().map(|(key, value)| json!({ "key": key, "value": canary::value(value) })).collect();
    json!({ "fake": { "data": data } })
}

/// The block of a store over Vault, with the token in the Secret of [`Place::add_token`].
pub(super) fn over_vault(address: &str) -> Value {
    let token = json!({ "name": "vault-token", "key": "token" });
    json!({ "vault": { "server": address, "path": "apps", "version": "v2", "auth": { "tokenSecretRef": token } } })
}

/// An ExternalSecret of this spec, over [`STORE`] unless the spec names another.
pub(super) fn external(name: &str, mut spec: Value) -> Value {
    if spec.get("secretStoreRef").is_none() {
        spec["secretStoreRef"] = json!({ "name": STORE, "kind": "SecretStore" });
    }
    json!({ "metadata": { "name": name }, "spec": spec })
}

/// A spec with one entry, `password`, of this remote secret.
pub(super) fn entry(remote: &str) -> Value {
    json!({ "refreshInterval": "1h", "data": [{ "secretKey": "password", "remoteRef": { "key": remote } }] })
}

/// The condition `Ready`.
pub(super) fn condition(object: &ExternalSecret) -> Option<&Condition> {
    object.status.as_ref()?.conditions.iter().find(|condition| condition.type_ == "Ready")
}

/// How many reads of stores the operator has counted, successful or not.
pub(super) async fn store_reads(operator: &Operator) -> Result<u64> {
    let metrics = operator.metrics().await?;
    let samples = metrics.lines().filter(|line| line.starts_with("strongroom_store_reads_total{"));
    samples.map(|line| Ok(line.rsplit(' ').next().unwrap_or_default().parse::<u64>()?)).sum()
}
