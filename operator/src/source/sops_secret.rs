//! `SopsSecret`: a SOPS document with one or more Secret manifests. Only what its encrypted leaves prove counts: before any
//! other value is opened, they say which Secret in which namespace it was made for.

use std::collections::BTreeMap;

use async_trait::async_trait;
use crds::{Condition, SopsScope, SopsSecret, SopsSecretStatus};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use sops::{DataKey, Document, Format, Identity};

use crate::claim::Mode;
use crate::clock;
use crate::condition::{Claimed, condition};
use crate::context::Context;
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::lane::Lane;
use crate::name::ObjectName;
use crate::reason::Reason;
use crate::secret_data::SecretData;
use crate::secrets::{Known, SecretMeta};
use crate::source::{Material, SecretSource, State, Success};

mod manifest;
mod scope;

/// A document whose name leaves have been judged.
pub struct Opened {
    document: Document,
    key: DataKey,
    names: Vec<String>,
}

#[async_trait]
impl SecretSource for SopsSecret {
    type Opened = Opened;

    fn lane(context: &Context) -> &Lane<Self> {
        &context.sops_secrets
    }

    fn specification(&self) -> Vec<u8> {
        let identity = (&self.metadata.namespace, &self.metadata.name, &self.metadata.uid, &self.spec);
        serde_json::to_vec(&identity).unwrap_or_default()
    }

    fn slim(&mut self) {
        self.spec.document = String::new();
    }

    fn targets(&self) -> Vec<String> {
        let children = self.status.iter().flat_map(|status| &status.secrets);
        children.map(|child| child.name.clone()).filter(|name| !name.is_empty()).collect()
    }

    fn uses(&self) -> Vec<String> {
        secret_ref(self).into_iter().map(str::to_owned).collect()
    }

    fn state(&self) -> State {
        let status = self.status.clone().unwrap_or_default();
        State {
            observed_generation: status.observed_generation,
            conditions: status.conditions,
            children: status.secrets,
            ..State::default()
        }
    }

    fn set_state(&mut self, state: State) {
        self.status = Some(SopsSecretStatus {
            observed_generation: state.observed_generation,
            conditions: state.conditions,
            secrets: state.children,
        });
    }

    fn keys_version(&self, inputs: &Inputs) -> Vec<u8> {
        let Some(key) = key_secret(self, inputs) else { return b"none".to_vec() };
        match inputs.secrets.get(&key) {
            Known::Ours(meta) => format!("{key} {} {}", meta.uid, meta.resource_version).into_bytes(),
            // Not followed: no attempt is known to be futile.
            Known::Absent | Known::Foreign => clock::now().as_nanosecond().to_be_bytes().to_vec(),
        }
    }

    fn claim(&self, name: &str, existing: Option<&SecretMeta>) -> Result<Mode, Failure> {
        let uid = self.metadata.uid.as_deref().unwrap_or_default();
        match existing {
            None => Ok(Mode::Create),
            Some(existing) if existing.is_controlled_by("SopsSecret", uid) => Ok(Mode::Replace),
            Some(_) => {
                let message = format!(
                    "the Secret `{name}` exists and does not belong to this SopsSecret; delete it or rename yours"
                );
                Err(Failure::waiting(Reason::NotOwned, message))
            }
        }
    }

    async fn identify(&self, inputs: &Inputs) -> Result<(Vec<String>, Opened), Failure> {
        let document = load(&self.spec.document)?;
        let identities = identities(self, inputs).await?;
        let key = document.data_key(&identities).map_err(|error| decrypt_failed(&error))?;
        let namespace = self.metadata.namespace.as_deref().unwrap_or_default();
        let names = match self.spec.scope {
            SopsScope::Strict => scope::proven(&document, &key, &ObjectName::new(namespace, self.name_any()))?,
            SopsScope::Unproven => scope::unproven(&document, &key, namespace)?,
        };
        Ok((names.clone(), Opened { document, key, names }))
    }

    async fn materialize(&self, _inputs: &Inputs, opened: Opened, names: &[String]) -> Result<Vec<Material>, Failure> {
        let branches = opened.document.decrypt(&opened.key).map_err(|error| decrypt_failed(&error))?;
        let secrets = opened.names.into_iter().zip(branches.iter());
        let wanted = secrets.filter(|(name, _)| names.contains(name));
        Ok(wanted.map(|(name, branch)| Material { data: manifest::read(branch), name, sealing_key: None }).collect())
    }

    fn field_manager(&self) -> String {
        "strongroom".to_owned()
    }

    fn success() -> Success {
        Success {
            ready: (Reason::Synced, ""),
            written: (Reason::Decrypted, "the document was decrypted and its Secrets written"),
        }
    }

    fn owns_secret(&self, _data: &SecretData) -> bool {
        true
    }

    /// `Stalled` tells tools that wait for an object that waiting will not help.
    fn conditions(old: &[Condition], ready: Condition, now: Timestamp) -> Vec<Condition> {
        let lasting = [
            Reason::DecryptFailed,
            Reason::ScopeNotProven,
            Reason::InvalidSpec,
            Reason::TooLarge,
            Reason::ForbiddenType,
        ];
        let reason = lasting
            .into_iter()
            .find(|reason| ready.status == "False" && ready.reason.as_deref() == Some(reason.as_str()));
        let message = ready.message.clone().filter(|_| reason.is_some()).unwrap_or_default();
        let stalled = Claimed {
            type_: "Stalled",
            holds: reason.is_some(),
            reason: reason.or(Some(Reason::Progressing)),
            message: &message,
        };
        let stalled = condition(old, &stalled, now);
        vec![ready, stalled]
    }
}

fn load(text: &str) -> Result<Document, Failure> {
    let format = if text.trim_start().starts_with('{') { Format::Json } else { Format::Yaml };
    let document = Document::load(format, text.as_bytes()).map_err(|error| decrypt_failed(&error))?;
    document.check_unambiguous().map_err(|error| decrypt_failed(&error))?;
    Ok(document)
}

/// What the library says names places in the document, never what stands there.
fn decrypt_failed(error: &sops::Error) -> Failure {
    Failure::lasting(Reason::DecryptFailed, format!("the document could not be decrypted: {error}"))
}

fn secret_ref(object: &SopsSecret) -> Option<&str> {
    object.spec.decryption.as_ref()?.secret_ref.as_ref().map(|reference| reference.name.as_str())
}

/// Where the keys are: the Secret that the object names in its own namespace, else the operator's default.
fn key_secret(object: &SopsSecret, inputs: &Inputs) -> Option<ObjectName> {
    match secret_ref(object) {
        Some(name) => Some(ObjectName::new(object.metadata.namespace.clone().unwrap_or_default(), name)),
        None => inputs.settings.sops_age_secret.clone(),
    }
}

/// The age identities in the entries `*.agekey`, the layout that Flux reads.
async fn identities(object: &SopsSecret, inputs: &Inputs) -> Result<Vec<Identity>, Failure> {
    let Some(name) = key_secret(object, inputs) else {
        let message = "`spec.decryption.secretRef` is absent and the operator has no --sops-age-secret";
        return Err(Failure::lasting(Reason::KeyMissing, message));
    };
    let missing = |why: &str| Failure::waiting(Reason::KeyMissing, format!("the key Secret {name} {why}"));
    let secret = inputs.gather.secret(&name).await?.ok_or_else(|| missing("does not exist"))?;
    inputs.secrets.written(name.clone(), SecretMeta::of(&secret.metadata));
    let identities = parse(&secret).map_err(|why| missing(&why))?;
    if identities.is_empty() {
        return Err(missing("has no entry `*.agekey`"));
    }
    Ok(identities)
}

fn parse(secret: &Secret) -> Result<Vec<Identity>, String> {
    let entries: BTreeMap<_, _> = secret.data.iter().flatten().filter(|(name, _)| name.ends_with(".agekey")).collect();
    let mut identities = Vec::new();
    for (name, value) in entries {
        let text = std::str::from_utf8(&value.0).map_err(|_| format!("holds no text in `{name}`"))?;
        identities
            .extend(Identity::parse(text).map_err(|error| format!("holds no age identities in `{name}`: {error}"))?);
    }
    Ok(identities)
}
