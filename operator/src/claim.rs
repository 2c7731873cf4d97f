//! Whether a Secret may be written, decided before anything is opened or fetched.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;

use crate::context::Context;
use crate::failure::Failure;
use crate::name::ObjectName;
use crate::secrets::{Known, SecretMeta};
use crate::source::SecretSource;

/// How a Secret is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// There is none yet.
    Create,
    /// Its data becomes exactly what the object describes.
    Replace,
    /// The same, with its labels and annotations: its owner has handed it over as it is.
    Overwrite,
    /// What the object describes is added; other keys stay, and so does who owns it.
    Merge,
}

/// The right to write one Secret, for as long as it stays as it was seen.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The Secret.
    pub target: ObjectName,
    /// How it is written.
    pub mode: Mode,
    /// Its metadata; `None` when there is none.
    pub existing: Option<SecretMeta>,
}

impl Context {
    /// Claims one Secret of an object. The outer error is a failed call to the API server, the inner one a refusal.
    pub async fn claim<K: SecretSource>(&self, object: &K, target: ObjectName) -> kube::Result<Result<Claim, Failure>> {
        let existing = match self.inputs.secrets.get(&target) {
            Known::Absent => None,
            Known::Ours(meta) => Some(*meta),
            Known::Foreign => self.look_at(&target).await?,
        };
        Ok(object.claim(&target.name, existing.as_ref()).map(|mode| Claim { target, mode, existing }))
    }

    /// Makes sure that the versions of the Secrets that an object uses are known: on them depends what is worth a try.
    pub async fn look_at_used<K: SecretSource>(&self, object: &K) -> kube::Result<()> {
        let namespace = object.meta().namespace.as_deref().unwrap_or_default();
        for used in object.uses().into_iter().map(|name| ObjectName::new(namespace, name)) {
            if self.inputs.secrets.get(&used) == Known::Foreign {
                self.look_at(&used).await?;
            }
        }
        Ok(())
    }

    /// Reads the metadata of a Secret that the index keeps only the name of.
    async fn look_at(&self, target: &ObjectName) -> kube::Result<Option<SecretMeta>> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &target.namespace);
        let Some(found) = api.get_metadata_opt(&target.name).await? else {
            self.inputs.secrets.remove(target);
            return Ok(None);
        };
        let meta = SecretMeta::of(&found.metadata);
        self.inputs.secrets.written(target.clone(), meta.clone());
        Ok(Some(meta))
    }
}
