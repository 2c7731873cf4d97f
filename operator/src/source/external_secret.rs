//! `ExternalSecret`: values that live in stores outside the cluster and are read again when they are due.

use async_trait::async_trait;
use crds::{ChildStatus, ExternalSecret};
use futures::future::try_join_all;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;

use crate::claim::Mode;
use crate::context::Context;
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::lane::Lane;
use crate::provider::{ProviderError, Read};
use crate::reason::Reason;
use crate::secret_data::SecretData;
use crate::secrets::{EXTERNAL_MANAGED, SecretMeta};
use crate::source::{Due, Material, SecretSource, State, Success};
use crate::stores;

pub mod assemble;
pub mod markers;
pub mod refresh;

use assemble::{Fetched, Part, assemble, parts};

#[async_trait]
impl SecretSource for ExternalSecret {
    type Opened = ();

    fn lane(context: &Context) -> &Lane<Self> {
        &context.external_secrets
    }

    fn specification(&self) -> Vec<u8> {
        let identity = (&self.metadata.namespace, &self.metadata.name, &self.metadata.uid, self.version(), &self.spec);
        serde_json::to_vec(&identity).unwrap_or_default()
    }

    /// It is small, and what is due is decided from memory.
    fn slim(&mut self) {}

    fn targets(&self) -> Vec<String> {
        let name = self.spec.target.name.clone().filter(|name| !name.is_empty());
        vec![name.unwrap_or_else(|| self.name_any())]
    }

    fn state(&self) -> State {
        let status = self.status.clone().unwrap_or_default();
        let ready = status.conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
        let child = |name| ChildStatus { name, ready, proof: status.proof.clone(), ..ChildStatus::default() };
        State {
            observed_generation: status.observed_generation,
            children: if status.conditions.is_empty() {
                Vec::new()
            } else {
                self.targets().into_iter().map(child).collect()
            },
            conditions: status.conditions,
            refresh_time: status.refresh_time.map(|time| time.0),
            synced_version: status.synced_resource_version,
            ..State::default()
        }
    }

    fn set_state(&mut self, state: State) {
        let name = self.targets().pop().unwrap_or_default();
        let status = self.status.get_or_insert_default();
        status.observed_generation = state.observed_generation;
        status.binding = state.refresh_time.map(|_| crds::Binding { name });
        status.refresh_time = state.refresh_time.map(Time);
        status.synced_resource_version = state.synced_version;
        status.conditions = state.conditions;
        status.proof = state.children.into_iter().find_map(|child| child.proof);
    }

    /// What fails for good fails for the specification alone.
    fn keys_version(&self, _inputs: &Inputs) -> Vec<u8> {
        Vec::new()
    }

    fn version(&self) -> Option<String> {
        Some(markers::resource_version(&self.metadata))
    }

    fn due(&self, state: &State, version: Option<&str>, now: Timestamp) -> Due {
        refresh::due(&self.spec, state, version.unwrap_or_default(), now)
    }

    fn claim(&self, name: &str, existing: Option<&SecretMeta>) -> Result<Mode, Failure> {
        let policy = policy(self);
        let Some(existing) = existing else {
            return match policy {
                "Merge" => Err(Failure::waiting(
                    Reason::SecretMissing,
                    format!("the Secret `{name}` to merge into does not exist"),
                )),
                _ => Ok(Mode::Create),
            };
        };
        let uid = self.metadata.uid.as_deref().unwrap_or_default();
        match policy {
            "Merge" | "CreateOrMerge" => Ok(Mode::Merge),
            _ if existing.controller.is_none() || existing.is_controlled_by("ExternalSecret", uid) => Ok(Mode::Replace),
            _ => {
                let owner = existing.controller.as_ref().map(|owner| owner.kind.as_str()).unwrap_or_default();
                let message = format!("the Secret `{name}` is owned by another object of kind {owner}");
                Err(Failure::waiting(Reason::NotOwned, message))
            }
        }
    }

    async fn identify(&self, inputs: &Inputs) -> Result<(Vec<String>, ()), Failure> {
        let parts = parts(&self.spec)?;
        if policy(self) == "None" {
            return Err(Failure::lasting(
                Reason::Unsupported,
                "`spec.target.creationPolicy: None` is not supported yet",
            ));
        }
        for part in &parts {
            let store = stores::find(inputs, part.store, namespace(self)).await?;
            if !stores::is_served(&store.spec) {
                return Err(Failure::waiting(Reason::NotServed, "the store belongs to another controller"));
            }
        }
        Ok((self.targets(), ()))
    }

    async fn materialize(&self, inputs: &Inputs, _opened: (), names: &[String]) -> Result<Vec<Material>, Failure> {
        let parts = parts(&self.spec)?;
        let anew = wants_newest(self);
        let fetched = try_join_all(parts.iter().map(|part| fetch(inputs, part, namespace(self), anew))).await?;
        let assembled = assemble(&self.spec, &parts, fetched)?;
        if assembled.values.is_empty() && !assembled.missing.is_empty() {
            let message =
                "no remote secret is left; the deletion policy is not carried out yet and the Secret stays as it is";
            return Err(Failure::passing(Reason::RemoteMissing, message));
        }
        let mut data =
            SecretData { values: assembled.values, immutable: self.spec.target.immutable, ..SecretData::default() };
        markers::stamp(&mut data, &self.metadata, policy(self) == "Owner");
        let name = names.first().cloned().unwrap_or_default();
        Ok(vec![Material { name, data: Ok(data), sealing_key: None }])
    }

    fn outline(&self) -> Option<SecretData> {
        let mut outline = SecretData { immutable: self.spec.target.immutable, ..SecretData::default() };
        markers::stamp(&mut outline, &self.metadata, policy(self) == "Owner");
        Some(outline)
    }

    fn vouches_for(&self, secret: &Secret) -> bool {
        let marked = secret.labels().get(EXTERNAL_MANAGED).is_some_and(|value| value == "true");
        let entries = secret.data.iter().flatten().map(|(key, value)| (key.as_str(), value.0.as_slice()));
        marked && secret.annotations().get(markers::DATA_HASH) == Some(&markers::data_hash(entries))
    }

    fn field_manager(&self) -> String {
        markers::field_manager(&self.name_any())
    }

    fn event_source() -> &'static str {
        "external-secrets"
    }

    fn success() -> Success {
        Success {
            ready: (Reason::SecretSynced, "secret synced"),
            written: (Reason::Updated, "the Secret was written from its stores"),
        }
    }

    fn owns_secret(&self, _data: &SecretData) -> bool {
        policy(self) == "Owner"
    }

    fn foreign_finalizers() -> &'static [&'static str] {
        &[markers::FINALIZER]
    }
}

fn policy(object: &ExternalSecret) -> &str {
    object.spec.target.creation_policy.as_deref().filter(|policy| !policy.is_empty()).unwrap_or("Owner")
}

fn namespace(object: &ExternalSecret) -> &str {
    object.metadata.namespace.as_deref().unwrap_or_default()
}

/// Whether somebody has edited the object since it was synced: whoever does so, if only to force a sync, wants the values as
/// they are now.
fn wants_newest(object: &ExternalSecret) -> bool {
    let synced = object.status.as_ref().and_then(|status| status.synced_resource_version.as_ref());
    synced.is_some_and(|synced| !synced.is_empty() && Some(synced) != object.version().as_ref())
}

async fn fetch(inputs: &Inputs, part: &Part<'_>, namespace: &str, anew: bool) -> Result<Fetched, Failure> {
    let known = stores::find(inputs, part.store, namespace).await?;
    let store = inputs.stores.open(&known, Some(namespace)).await?;
    let (reader, key) = (store.reader(), part.remote_key());
    let answer = if anew { reader.read_anew(&key).await } else { reader.read(&key, None).await };
    inputs.metrics.store_read(provider_name(&known), answer.is_ok());
    match answer {
        Ok(Read::Value { bytes, .. }) => Ok(Fetched::Found { bytes, content: store.content() }),
        Ok(Read::Unchanged) => Err(Failure::passing(Reason::StoreUnavailable, "the store gave no value")),
        Err(ProviderError::NotFound) => Ok(Fetched::Missing),
        Err(error) => Err(error.into_failure(&format!("read `{}`", part.remote.key))),
    }
}

fn provider_name(store: &stores::KnownStore) -> &'static str {
    let provider = &store.spec.provider;
    match (&provider.aws, &provider.vault, &provider.fake) {
        (Some(_), ..) => "aws",
        (_, Some(_), _) => "vault",
        (.., Some(_)) => "fake",
        _ => "other",
    }
}
