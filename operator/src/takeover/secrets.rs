//! What would become of the Secret of each SealedSecret: claimed, opened and planned by the operator's own code, then compared
//! with the one that is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use crds::SealedSecret;
use futures::stream::{self, StreamExt as _};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt as _};
use kubeseal::Keyring;
use serde::Serialize;

use super::difference;
use super::report::{Report, Weight};
use crate::api_error::describe;
use crate::claim::Claim;
use crate::command::{Cluster, Complaint};
use crate::failure::Failure;
use crate::inputs::{self, Inputs};
use crate::keys::census::{sealed_secrets, unopened};
use crate::keys::found::Found;
use crate::name::ObjectName;
use crate::plan::{Step, plan};
use crate::reason::Reason;
use crate::reconcile::desired;
use crate::secrets::SecretMeta;
use crate::settings::Settings;
use crate::source::SecretSource;

/// How many objects are looked at at once.
const AT_ONCE: usize = 16;

/// What would become of the Secret of one object.
#[derive(Debug, Serialize)]
pub(super) struct Effect {
    object: String,
    #[serde(flatten)]
    pub(super) what: What,
    /// Whether the object says of itself that it is well.
    #[serde(rename = "syncedNow")]
    synced: bool,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "effect")]
pub(super) enum What {
    /// It stays as it is.
    Same,
    /// There is none; it would be made.
    Create,
    /// It would be changed.
    Change {
        /// The parts, by name.
        parts: Vec<String>,
    },
    /// It would not be written.
    Refuse {
        reason: String,
        message: String,
        /// For values that do not open.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        why: BTreeMap<String, String>,
    },
    /// It could not be looked at.
    Unknown {
        /// Why not.
        cause: String,
    },
}

impl What {
    pub(super) fn writes(&self) -> bool {
        matches!(self, What::Create | What::Change { .. })
    }

    fn refused(failure: &Failure, why: BTreeMap<String, String>) -> What {
        What::Refuse { reason: failure.reason.to_string(), message: failure.message.clone(), why }
    }
}

impl Effect {
    pub(super) fn weight(&self) -> Weight {
        match &self.what {
            What::Same => Weight::Fine,
            // It fails today as well.
            What::Refuse { .. } if !self.synced => Weight::Note,
            What::Create | What::Change { .. } | What::Refuse { .. } => Weight::Change,
            What::Unknown { .. } => Weight::Unknown,
        }
    }

    /// What a person is told; nothing about what stays as it is.
    pub(super) fn words(&self) -> Option<String> {
        let words = match &self.what {
            What::Same => return None,
            What::Create => "the Secret is missing and would be made".to_owned(),
            What::Change { parts } => format!("the Secret would change: {}", parts.join("; ")),
            What::Refuse { reason, message, why } => {
                let now = if self.synced { "would fail" } else { "fails, as now" };
                let why: Vec<String> = why.iter().map(|(key, why)| format!("; `{key}`: {why}")).collect();
                format!("{now} with {reason}: {}{}", message.replace('\n', ", "), why.concat())
            }
            What::Unknown { cause } => cause.clone(),
        };
        Some(format!("{}: {words}", self.object))
    }
}

/// Judges every SealedSecret that the settings serve.
pub(super) async fn look(cluster: &Cluster, settings: Settings, keys: Vec<Found>, report: &mut Report) -> Result<()> {
    let selector = SealedSecret::selector(&settings).map(str::to_owned);
    let listed = sealed_secrets(&cluster.client, &settings.namespaces, selector.as_deref()).await;
    let objects = listed.map_err(|error| {
        let hint = "it takes the right to list SealedSecrets wherever the original serves them";
        Complaint::new(format!("could not list the SealedSecrets: {}", describe(&error)), hint)
    })?;
    let order = settings.sealed_secrets.key_order_priority;
    let inputs = Inputs::new(settings, Arc::new(inputs::Cluster::new(cluster.client.clone())));
    let used = keys.into_iter().filter(|found| found.retired().is_none()).filter_map(|found| {
        let instant = found.instant(order)?;
        Some((found.key.ok()?, instant))
    });
    inputs.set_keyring(Keyring::new(used.collect()));
    let judged = stream::iter(objects).map(async |object| match object {
        Ok(object) => judge(cluster, &inputs, &object).await,
        Err(name) => undecodable(&name),
    });
    let mut effects: Vec<Effect> = judged.buffer_unordered(AT_ONCE).collect().await;
    effects.sort_by(|one, other| one.object.cmp(&other.object));
    report.take(effects);
    Ok(())
}

fn undecodable(name: &ObjectName) -> Effect {
    let failure = Failure::lasting(Reason::Undecodable, "the object cannot be read as a SealedSecret");
    Effect { object: name.to_string(), what: What::refused(&failure, BTreeMap::new()), synced: false }
}

async fn judge(cluster: &Cluster, inputs: &Inputs, object: &SealedSecret) -> Effect {
    let name = ObjectName::of(object).unwrap_or_else(|| ObjectName::new("", ""));
    let status = object.status.as_ref();
    let synced = status.and_then(|status| status.conditions.first()).is_some_and(|first| first.status == "True");
    let api: Api<Secret> = Api::namespaced(cluster.client.clone(), &name.namespace);
    // The Secret of one that is being deleted is left to Kubernetes.
    if object.metadata.deletion_timestamp.is_some() {
        return Effect { object: name.to_string(), what: What::Same, synced };
    }
    let what = match api.get_opt(&object.name_any()).await {
        Ok(existing) => planned(inputs, object, &name, existing).await,
        Err(error) => What::Unknown { cause: format!("the Secret could not be read: {}", describe(&error)) },
    };
    Effect { object: name.to_string(), what, synced }
}

/// Hops 2 to 5 of a reconcile, and then no more.
async fn planned(inputs: &Inputs, object: &SealedSecret, name: &ObjectName, existing: Option<Secret>) -> What {
    let meta = existing.as_ref().map(|secret| SecretMeta::of(&secret.metadata));
    let mode = match object.claim(&name.name, meta.as_ref()) {
        Ok(mode) => mode,
        Err(failure) => return What::refused(&failure, BTreeMap::new()),
    };
    let data = match open(inputs, object).await {
        Ok(data) => data,
        Err(failure) => {
            let (keyring, object) = (inputs.keyring(), object.clone());
            let why = tokio::task::spawn_blocking(move || unopened(&keyring, &object)).await.unwrap_or_default();
            return What::refused(&failure, why);
        }
    };
    let claim = Claim { target: name.clone(), mode, existing: meta };
    let desired = desired(object, claim, existing, data);
    match plan(&desired) {
        Ok(planned) if planned.step == Step::Keep => What::Same,
        Ok(planned) => match &desired.existing {
            Some(now) => What::Change { parts: difference::between(now, &planned.secret) },
            None => What::Create,
        },
        Err(failure) => What::refused(&failure, BTreeMap::new()),
    }
}

async fn open(inputs: &Inputs, object: &SealedSecret) -> Result<crate::secret_data::SecretData, Failure> {
    let (names, opened) = object.identify(inputs).await?;
    let materials = object.materialize(inputs, opened, &names).await?;
    let missing = || Failure::lasting(Reason::UnsealFailed, "the object describes no Secret");
    materials.into_iter().next().ok_or_else(missing)?.data
}
