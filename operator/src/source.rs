//! The kinds that describe Secrets. A kind says what is its own; how an object is judged, written and reported is the same
//! for all of them and stands elsewhere.

use std::fmt::Debug;

use async_trait::async_trait;
use crds::{ChildStatus, Condition};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::Resource;
use kube::core::NamespaceResourceScope;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::claim::Mode;
use crate::context::Context;
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::lane::Lane;
use crate::reason::Reason;
use crate::report::Notice;
use crate::secret_data::SecretData;
use crate::secrets::SecretMeta;
use crate::settings::Settings;

pub mod external_secret;
pub mod sealed_secret;
pub mod sops_secret;

/// What an object reports, in the terms that all kinds share. Each kind maps it to and from its own status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The generation that was acted on.
    pub observed_generation: Option<i64>,
    /// The conditions, in the order in which they are written.
    pub conditions: Vec<Condition>,
    /// One entry for each Secret that the object describes.
    pub children: Vec<ChildStatus>,
    /// The fingerprint of the sealing key that opened the values.
    pub sealing_key: Option<String>,
    /// When the store was last read.
    pub refresh_time: Option<Timestamp>,
    /// The version of the object for which the store was last read.
    pub synced_version: Option<String>,
}

/// When an object wants to be looked at again though nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Never.
    Never,
    /// It is due now.
    Now,
    /// At this time.
    At(Timestamp),
}

/// What a kind says when all is well.
pub struct Success {
    /// Reason and message of `Ready`.
    pub ready: (Reason, &'static str),
    /// Reason and message of the event when a Secret was written.
    pub written: (Reason, &'static str),
}

/// What came out of opening one Secret.
pub struct Material {
    /// The name of the Secret.
    pub name: String,
    /// Its content, or why there is none.
    pub data: Result<SecretData, Failure>,
    /// The fingerprint of the sealing key that opened it.
    pub sealing_key: Option<String>,
}

/// What a kind may count under names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// A pass that did work, and why its Secrets are not right.
    Pass(Option<Reason>),
    /// A status could not be written.
    StatusFailed,
    /// Another call to the API server failed.
    CallFailed,
}

/// A custom resource that describes Secrets in its own namespace.
#[async_trait]
pub trait SecretSource:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + Serialize
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
    /// What [`SecretSource::identify`] has learnt and [`SecretSource::materialize`] needs.
    type Opened: Send;

    /// Where its objects wait and are remembered.
    fn lane(context: &Context) -> &Lane<Self>;
    /// Everything that decides what its Secrets look like. Ciphertext is fine, plaintext is not.
    fn specification(&self) -> Vec<u8>;
    /// Drops what the cache need not hold.
    fn slim(&mut self);
    /// The Secrets that are known without opening anything.
    fn targets(&self) -> Vec<String>;
    /// The Secrets of its namespace that it reads: a change of one of them wakes it.
    fn uses(&self) -> Vec<String> {
        Vec::new()
    }
    /// What it reported last.
    fn state(&self) -> State;
    /// Puts a report into its status.
    fn set_state(&mut self, state: State);
    /// What must change before opening it again can end differently.
    fn keys_version(&self, inputs: &Inputs) -> Vec<u8>;
    /// The version of the object that decides whether a store has to be read again; `None` for kinds without a store.
    fn version(&self) -> Option<String> {
        None
    }
    /// When it wants to be looked at again. `version` is that of the object as it is now.
    fn due(&self, _state: &State, _version: Option<&str>, _now: Timestamp) -> Due {
        Due::Never
    }
    /// Whether it may write this Secret, and how.
    fn claim(&self, name: &str, existing: Option<&SecretMeta>) -> Result<Mode, Failure>;
    /// Finds out which Secrets it describes. Opens no value.
    async fn identify(&self, inputs: &Inputs) -> Result<(Vec<String>, Self::Opened), Failure>;
    /// Opens or fetches the values of those Secrets that may be written.
    async fn materialize(
        &self,
        inputs: &Inputs,
        opened: Self::Opened,
        names: &[String],
    ) -> Result<Vec<Material>, Failure>;
    /// What it describes of a Secret besides the values, when that is known without opening anything.
    fn outline(&self) -> Option<SecretData> {
        None
    }
    /// Whether a Secret without a proof of ours carries a mark that says it is what this object describes.
    fn vouches_for(&self, _secret: &Secret) -> bool {
        false
    }
    /// The labels that its objects must have to be served.
    fn selector(_settings: &Settings) -> Option<&str> {
        None
    }
    /// Whether its status is written. Otherwise it is remembered in memory alone.
    fn writes_status(_settings: &Settings) -> bool {
        true
    }
    /// Whether a change of a Secret wakes the objects that describe it.
    fn heals(_settings: &Settings) -> bool {
        true
    }
    /// Counts under names of its own.
    fn count(_inputs: &Inputs, _namespace: &str, _counted: Counted) {}
    /// The event that tells of a failure.
    fn warning(&self, failure: &Failure) -> Notice {
        Notice::warning(failure)
    }
    /// The name under which its writes are recorded.
    fn field_manager(&self) -> String;
    /// All conditions of the kind, made from `Ready` and from what was written before.
    fn conditions(_old: &[Condition], ready: Condition, _now: Timestamp) -> Vec<Condition> {
        vec![ready]
    }
    /// The component that its events come from.
    fn event_source() -> &'static str {
        "strongroom"
    }
    /// What it says when all is well.
    fn success() -> Success;
    /// Whether the Secret is owned, and so deleted with the object.
    fn owns_secret(&self, data: &SecretData) -> bool;
    /// The finalizers that other controllers have left and that are removed when the object is deleted.
    fn foreign_finalizers() -> &'static [&'static str] {
        &[]
    }
}
