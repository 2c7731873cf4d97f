//! `SealedSecret`: values that were sealed for this cluster. The keyring is in memory, so opening needs no IO.

use std::collections::BTreeMap;

use async_trait::async_trait;
use crds::{ChildStatus, Condition, SealedSecret, SealedSecretStatus};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;
use kubeseal::{SKIP_SET_OWNER_REFERENCES, Scope};

use crate::claim::Mode;
use crate::clock;
use crate::condition::{Claimed, condition};
use crate::context::Context;
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::lane::Lane;
use crate::reason::Reason;
use crate::report::Notice;
use crate::secret_data::SecretData;
use crate::secrets::SecretMeta;
use crate::settings::Settings;
use crate::source::{Counted, Material, SecretSource, State, Success};
use opening::{Means, open};

mod first_format;
mod notice;
mod opening;
mod templates;

/// The scope an object asks for by its own annotations; those of its template do not count.
pub(crate) fn scope(object: &SealedSecret) -> Scope {
    Scope::from_annotations(object.annotations())
}

/// The label that its values have to be sealed under.
pub(crate) fn label(object: &SealedSecret) -> Vec<u8> {
    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
    scope(object).label(namespace, object.metadata.name.as_deref().unwrap_or_default())
}

#[async_trait]
impl SecretSource for SealedSecret {
    type Opened = ();

    fn lane(context: &Context) -> &Lane<Self> {
        &context.sealed_secrets
    }

    fn specification(&self) -> Vec<u8> {
        let scope = scope(self).as_str();
        let identity = (&self.metadata.namespace, &self.metadata.name, &self.metadata.uid, scope, &self.spec);
        serde_json::to_vec(&identity).unwrap_or_default()
    }

    fn slim(&mut self) {
        self.spec.encrypted_data = BTreeMap::new();
        self.spec.data = None;
        self.spec.template = None;
    }

    fn targets(&self) -> Vec<String> {
        vec![self.name_any()]
    }

    fn state(&self) -> State {
        let status = self.status.clone().unwrap_or_default();
        let ready = status.conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
        let child = ChildStatus { name: self.name_any(), ready, proof: status.proof, ..ChildStatus::default() };
        State {
            observed_generation: status.observed_generation,
            children: if status.conditions.is_empty() { Vec::new() } else { vec![child] },
            conditions: status.conditions,
            sealing_key: status.sealing_key,
            ..State::default()
        }
    }

    fn set_state(&mut self, state: State) {
        self.status = Some(SealedSecretStatus {
            observed_generation: state.observed_generation,
            conditions: state.conditions,
            proof: state.children.into_iter().find_map(|child| child.proof),
            sealing_key: state.sealing_key,
        });
    }

    fn keys_version(&self, inputs: &Inputs) -> Vec<u8> {
        // A later release may know more functions, and a flag may have been the reason.
        let mut version = inputs.keyring().version().to_vec();
        version.push(u8::from(inputs.settings.sealed_secrets.accept_deprecated_v1_data));
        version.extend_from_slice(env!("CARGO_PKG_VERSION").as_bytes());
        version
    }

    fn claim(&self, name: &str, existing: Option<&SecretMeta>) -> Result<Mode, Failure> {
        let Some(existing) = existing else { return Ok(Mode::Create) };
        if existing.patch {
            return Ok(Mode::Merge);
        }
        let uid = self.metadata.uid.as_deref().unwrap_or_default();
        // A Secret without an owner reference (`skip-set-owner-references`) is known by the proof of our own write.
        let proof = self.status.as_ref().and_then(|status| status.proof.as_ref());
        let written = existing.controller.is_none() && proof.is_some_and(|proof| proof.uid == existing.uid);
        if existing.is_controlled_by("SealedSecret", uid) || written {
            Ok(Mode::Replace)
        } else if existing.managed {
            // Without an owner reference it stays handed over, and would lose what others add with every write.
            Ok(if is_owner(self) { Mode::Overwrite } else { Mode::Replace })
        } else {
            let message =
                format!("failed update: Resource \"{name}\" already exists and is not managed by SealedSecret");
            Err(Failure::waiting(Reason::NotOwned, message))
        }
    }

    async fn identify(&self, inputs: &Inputs) -> Result<(Vec<String>, ()), Failure> {
        if inputs.keyring().keys().is_empty() {
            return Err(Failure::lasting(Reason::KeyMissing, "there is no sealing key"));
        }
        Ok((self.targets(), ()))
    }

    async fn materialize(&self, inputs: &Inputs, _opened: (), names: &[String]) -> Result<Vec<Material>, Failure> {
        let (object, keyring, now) = (self.clone(), inputs.keyring(), clock::now());
        let accepts_first_format = inputs.settings.sealed_secrets.accept_deprecated_v1_data;
        // Each value costs milliseconds of arithmetic: not on a thread that serves health checks.
        let opened =
            tokio::task::spawn_blocking(move || open(&object, &Means { keyring: &keyring, accepts_first_format, now }))
                .await;
        let opened =
            opened.map_err(|_| Failure::passing(Reason::UnsealFailed, "opening the values was interrupted"))?;
        inputs.metrics.rsa_operations(opened.attempts);
        let name = names.first().cloned().unwrap_or_default();
        Ok(vec![Material { name, data: opened.data, sealing_key: opened.sealing_key }])
    }

    fn outline(&self) -> Option<SecretData> {
        // Templates and the first format describe values and more that only opening shows.
        let is_whole = self.spec.data.as_ref().is_some_and(|data| !data.is_empty());
        (!is_whole).then(|| outline(self))
    }

    fn selector(settings: &Settings) -> Option<&str> {
        Some(settings.sealed_secrets.label_selector.as_str()).filter(|selector| !selector.is_empty())
    }

    fn writes_status(settings: &Settings) -> bool {
        settings.sealed_secrets.update_status
    }

    fn heals(settings: &Settings) -> bool {
        !settings.sealed_secrets.skip_recreate
    }

    fn count(inputs: &Inputs, namespace: &str, counted: Counted) {
        let metrics = &inputs.metrics.original;
        match counted {
            Counted::Pass(failed) => metrics.reconciled(namespace, failed),
            Counted::StatusFailed => metrics.status_failed(namespace),
            Counted::CallFailed => metrics.call_failed(),
        }
    }

    fn warning(&self, failure: &Failure) -> Notice {
        notice::warning(self, failure)
    }

    fn field_manager(&self) -> String {
        // The name under which the original's Go client writes.
        "controller".to_owned()
    }

    fn event_source() -> &'static str {
        "sealed-secrets"
    }

    fn success() -> Success {
        Success { ready: (Reason::Synced, ""), written: (Reason::Unsealed, "SealedSecret unsealed successfully") }
    }

    fn owns_secret(&self, _data: &SecretData) -> bool {
        is_owner(self)
    }

    /// `Synced` stays at index 0, where the columns and health checks of the original look.
    fn conditions(old: &[Condition], ready: Condition, now: Timestamp) -> Vec<Condition> {
        let holds = ready.status == "True";
        let message = ready.message.as_deref().filter(|_| !holds).unwrap_or_default();
        let mut synced = condition(old, &Claimed { type_: "Synced", holds, reason: None, message }, now);
        if synced.last_update_time.is_none() {
            synced.last_update_time = Some(Time(now));
        }
        vec![synced, ready]
    }
}

/// Whether its Secret gets an owner reference.
fn is_owner(object: &SealedSecret) -> bool {
    let metadata = object.spec.template.as_ref().and_then(|template| template.metadata.as_ref());
    let annotations = metadata.and_then(|metadata| metadata.annotations.as_ref());
    annotations.and_then(|all| all.get(SKIP_SET_OWNER_REFERENCES)).is_none_or(|value| value != "true")
}

/// What the template says about the Secret around its values.
fn outline(object: &SealedSecret) -> SecretData {
    let template = object.spec.template.clone().unwrap_or_default();
    let metadata = template.metadata.unwrap_or_default();
    SecretData {
        type_: template.type_.filter(|type_| !type_.is_empty()),
        immutable: template.immutable,
        labels: metadata.labels.unwrap_or_default(),
        annotations: metadata.annotations.unwrap_or_default(),
        finalizers: metadata.finalizers.unwrap_or_default(),
        ..SecretData::default()
    }
}
