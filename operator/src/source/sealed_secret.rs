//! `SealedSecret`: values that were sealed for this cluster. The keyring is in memory, so opening needs no IO.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use crds::{ChildStatus, Condition, SealedSecret, SealedSecretStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;
use kubeseal::{Keyring, SKIP_SET_OWNER_REFERENCES, Scope};

use crate::claim::Mode;
use crate::clock;
use crate::condition::{Claimed, condition};
use crate::context::Context;
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::lane::Lane;
use crate::reason::Reason;
use crate::secret_data::SecretData;
use crate::secrets::SecretMeta;
use crate::source::{Material, SecretSource, State, Success};

#[async_trait]
impl SecretSource for SealedSecret {
    type Opened = ();

    fn lane(context: &Context) -> &Lane<Self> {
        &context.sealed_secrets
    }

    fn specification(&self) -> Vec<u8> {
        let scope = Scope::from_annotations(self.annotations()).as_str();
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
        inputs.keyring().version().to_vec()
    }

    fn claim(&self, name: &str, existing: Option<&SecretMeta>) -> Result<Mode, Failure> {
        let Some(existing) = existing else { return Ok(Mode::Create) };
        let uid = self.metadata.uid.as_deref().unwrap_or_default();
        // A Secret without an owner reference (`skip-set-owner-references`) is known by the proof of our own write.
        let proof = self.status.as_ref().and_then(|status| status.proof.as_ref());
        let written = existing.controller.is_none() && proof.is_some_and(|proof| proof.uid == existing.uid);
        if existing.patch && !existing.is_controlled_by("SealedSecret", uid) {
            Ok(Mode::Merge)
        } else if existing.is_controlled_by("SealedSecret", uid) || existing.managed || written {
            Ok(Mode::Replace)
        } else {
            let message =
                format!("failed update: Resource \"{name}\" already exists and is not managed by SealedSecret");
            Err(Failure::waiting(Reason::NotOwned, message))
        }
    }

    async fn identify(&self, inputs: &Inputs) -> Result<(Vec<String>, ()), Failure> {
        refuse_unsupported(self)?;
        if inputs.keyring().keys().is_empty() {
            return Err(Failure::lasting(Reason::KeyMissing, "there is no sealing key"));
        }
        Ok((self.targets(), ()))
    }

    async fn materialize(&self, inputs: &Inputs, _opened: (), names: &[String]) -> Result<Vec<Material>, Failure> {
        let (object, keyring) = (self.clone(), inputs.keyring());
        // Each value costs milliseconds of arithmetic: not on a thread that serves health checks.
        let opened = tokio::task::spawn_blocking(move || unseal(&object, &keyring)).await;
        let opened =
            opened.map_err(|_| Failure::passing(Reason::UnsealFailed, "opening the values was interrupted"))?;
        inputs.metrics.rsa_operations(opened.attempts);
        let name = names.first().cloned().unwrap_or_default();
        Ok(vec![Material { name, data: opened.data, sealing_key: opened.sealing_key }])
    }

    fn outline(&self) -> Option<SecretData> {
        Some(outline(self))
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

    fn owns_secret(&self, data: &SecretData) -> bool {
        data.annotations.get(SKIP_SET_OWNER_REFERENCES).is_none_or(|value| value != "true")
    }

    /// `Synced` stays at index 0, where the columns and health checks of the original look.
    fn conditions(old: &[Condition], ready: Condition) -> Vec<Condition> {
        let now = ready.last_transition_time.as_ref().map_or_else(clock::now, |time| time.0);
        let holds = ready.status == "True";
        let message = ready.message.as_deref().filter(|_| !holds).unwrap_or_default();
        let mut synced = condition(old, &Claimed { type_: "Synced", holds, reason: None, message }, now);
        if synced.last_update_time.is_none() {
            synced.last_update_time = Some(Time(now));
        }
        vec![synced, ready]
    }
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

fn refuse_unsupported(object: &SealedSecret) -> Result<(), Failure> {
    let template = object.spec.template.as_ref();
    let templated = template.and_then(|template| template.data.as_ref()).is_some_and(|data| !data.is_empty());
    let field = if templated {
        "spec.template.data"
    } else if object.spec.data.as_ref().is_some_and(|data| !data.is_empty()) {
        "spec.data"
    } else {
        return Ok(());
    };
    Err(Failure::lasting(Reason::Unsupported, format!("`{field}` is not supported yet")))
}

struct Opened {
    data: Result<SecretData, Failure>,
    sealing_key: Option<String>,
    attempts: usize,
}

/// Opens every value. All are tried, so that the failure names every key that is at fault.
fn unseal(object: &SealedSecret, keyring: &Arc<Keyring>) -> Opened {
    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
    let name = object.metadata.name.as_deref().unwrap_or_default();
    let label = Scope::from_annotations(object.annotations()).label(namespace, name);
    let mut data = outline(object);
    let mut hint = object.status.as_ref().and_then(|status| status.sealing_key.clone());
    let mut attempts = 0;
    let mut faults: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, value) in &object.spec.encrypted_data {
        let Some(blob) = value.as_deref().and_then(|text| kubeseal::decode_base64(text).ok()) else {
            faults.entry("the value is not base64 text").or_default().push(key);
            continue;
        };
        match keyring.unseal(&label, &blob, hint.as_deref()) {
            Ok(unsealed) => {
                attempts += unsealed.attempts;
                hint = Some(unsealed.key.fingerprint().to_owned());
                data.insert(key.clone(), unsealed.plaintext);
            }
            Err(error) => {
                attempts += error.attempts();
                faults.entry("no key could decrypt secret").or_default().push(key);
            }
        }
    }
    if faults.is_empty() {
        return Opened { data: Ok(data), sealing_key: hint, attempts };
    }
    let faults: Vec<String> =
        faults.into_iter().map(|(fault, keys)| format!("{fault} ({})", keys.join(", "))).collect();
    Opened { data: Err(Failure::lasting(Reason::UnsealFailed, faults.join("\n"))), sealing_key: None, attempts }
}
