//! What is known of the Secrets in the cluster: metadata only, and of those that no object of ours can have made, only that
//! they exist. It never holds a value, nor an annotation that could quote one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::name::ObjectName;

/// The annotation by which a Secret may be taken over by a SealedSecret.
pub const MANAGED: &str = "sealedsecrets.bitnami.com/managed";
/// The annotation by which a SealedSecret may add to a Secret.
pub const PATCH: &str = "sealedsecrets.bitnami.com/patch";
/// The label of a Secret that an ExternalSecret has written.
pub const EXTERNAL_MANAGED: &str = "reconcile.external-secrets.io/managed";

/// The metadata of a Secret that decides who may write it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecretMeta {
    /// Its uid.
    pub uid: String,
    /// Its resourceVersion.
    pub resource_version: String,
    /// The owner that controls it.
    pub controller: Option<OwnerReference>,
    /// It is annotated as managed by a SealedSecret.
    pub managed: bool,
    /// It is annotated as open to additions by a SealedSecret.
    pub patch: bool,
    /// It is being deleted.
    pub deleting: bool,
}

impl SecretMeta {
    /// What is kept of a Secret's metadata.
    pub fn of(meta: &ObjectMeta) -> SecretMeta {
        let annotated =
            |key: &str| meta.annotations.as_ref().and_then(|all| all.get(key)).is_some_and(|value| value == "true");
        SecretMeta {
            uid: meta.uid.clone().unwrap_or_default(),
            resource_version: meta.resource_version.clone().unwrap_or_default(),
            controller: meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true)).cloned(),
            managed: annotated(MANAGED),
            patch: annotated(PATCH),
            deleting: meta.deletion_timestamp.is_some(),
        }
    }

    /// Whether this is a later state of the same Secret: a watch may lag behind what a write has answered. Since Kubernetes
    /// 1.35 resource versions are documented as numbers that grow.
    fn is_newer_than(&self, other: &ObjectMeta) -> bool {
        let number = |text: &str| text.parse::<u64>().ok();
        let other_version = other.resource_version.as_deref().and_then(number);
        other.uid.as_deref() == Some(&self.uid)
            && number(&self.resource_version) > other_version
            && other_version.is_some()
    }

    /// Whether an object of this kind and uid controls the Secret, whatever API version it was written under.
    pub fn is_controlled_by(&self, kind: &str, uid: &str) -> bool {
        self.controller.as_ref().is_some_and(|owner| owner.kind == kind && owner.uid == uid)
    }
}

/// What the index holds of one Secret.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// There is no such Secret.
    Absent,
    /// Somebody else's: look before you touch it.
    Foreign,
    /// One that an object of ours may have written.
    Ours(Box<SecretMeta>),
}

/// All Secrets of the namespaces that are served.
#[derive(Default)]
pub struct SecretIndex {
    inner: Mutex<HashMap<ObjectName, Option<Box<SecretMeta>>>>,
}

impl SecretIndex {
    /// What is known of a Secret.
    pub fn get(&self, name: &ObjectName) -> Known {
        match self.lock().get(name) {
            None => Known::Absent,
            Some(None) => Known::Foreign,
            Some(Some(meta)) => Known::Ours(meta.clone()),
        }
    }

    /// Takes in the newest metadata of a Secret. `described` says whether an object of ours describes it.
    pub fn insert(&self, name: ObjectName, meta: &ObjectMeta, described: bool) {
        let ours = described || could_be_ours(meta);
        let mut known = self.lock();
        if let Some(Some(newer)) = known.get(&name)
            && newer.is_newer_than(meta)
        {
            return;
        }
        known.insert(name, ours.then(|| Box::new(SecretMeta::of(meta))));
    }

    /// Takes in what a write of ours answered, so that the next look need not wait for the watch.
    pub fn written(&self, name: ObjectName, meta: SecretMeta) {
        self.lock().insert(name, Some(Box::new(meta)));
    }

    /// What was known of a Secret has proved wrong: look before the next decision.
    pub fn unsure(&self, name: ObjectName) {
        self.lock().insert(name, None);
    }

    /// Forgets a Secret.
    pub fn remove(&self, name: &ObjectName) {
        self.lock().remove(name);
    }

    /// The names of all Secrets.
    pub fn names(&self) -> Vec<ObjectName> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ObjectName, Option<Box<SecretMeta>>>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn could_be_ours(meta: &ObjectMeta) -> bool {
    let groups = ["bitnami.com/", "strongroom.dev/", "external-secrets.io/"];
    let owned = meta.owner_references.iter().flatten();
    let labelled = meta.labels.as_ref().is_some_and(|labels| labels.contains_key(EXTERNAL_MANAGED));
    let annotated = meta.annotations.as_ref().is_some_and(|all| all.contains_key(MANAGED) || all.contains_key(PATCH));
    labelled
        || annotated
        || owned.into_iter().any(|owner| groups.iter().any(|group| owner.api_version.starts_with(group)))
}
