//! SecretStore and ClusterSecretStore: which there are, whether they answer, and who may use them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use crds::{ClusterSecretStore, Condition, SecretStore, SecretStoreSpec, SecretStoreStatus};
use jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::runtime::watcher;
use kube::{Api, Resource};
use tokio::task::JoinSet;

use crate::apply::subject;
use crate::clock;
use crate::condition::ready;
use crate::context::Context;
use crate::failure::Failure;
use crate::lane::{Again, Lane};
use crate::name::ObjectName;
use crate::provider::credentials::{Credentials, Surroundings};
use crate::provider::stores::{StoreId, Stores};
use crate::provider::{Store, is_referent};
use crate::reason::Reason;
use crate::report::Notice;
use crate::run::log_failure;
use crate::source::external_secret::refresh::parse_duration;
use crate::watch::{Change, Pending, follow, scoped};

mod access;

/// How often a store is checked when it does not say: what the original does.
const CHECK_INTERVAL: Duration = Duration::from_mins(5);
/// The class of stores that the operator serves besides those without a class.
const CONTROLLER_CLASS: &str = "default";

/// A store as it is remembered.
pub struct KnownStore {
    /// Which state of which object.
    pub id: StoreId,
    /// What it says.
    pub spec: SecretStoreSpec,
}

/// The stores that there are, and the connections to them.
pub struct StoreIndex {
    known: Mutex<HashMap<ObjectName, Arc<KnownStore>>>,
    connected: Stores,
}

impl StoreIndex {
    /// No stores yet; their credentials come from here.
    pub fn new(credentials: Arc<dyn Credentials>) -> StoreIndex {
        StoreIndex { known: Mutex::default(), connected: Stores::new(Arc::new(Surroundings::of_process(credentials))) }
    }

    /// The store of this name; a ClusterSecretStore has no namespace.
    pub fn get(&self, name: &ObjectName) -> Option<Arc<KnownStore>> {
        self.lock().get(name).cloned()
    }

    /// Remembers a store in its newest state.
    pub fn insert(&self, store: KnownStore) {
        self.lock().insert(store.id.name.clone(), Arc::new(store));
    }

    /// Forgets a store and lets go of its connection.
    pub fn remove(&self, name: &ObjectName) {
        self.lock().remove(name);
        self.connected.forget(name);
    }

    /// Opens a store for an object in the namespace `user`; `None` checks the store itself.
    ///
    /// # Errors
    /// The store cannot be connected.
    pub async fn open(&self, store: &KnownStore, user: Option<&str>) -> Result<Store, Failure> {
        self.connected.open(&store.id, &store.spec, user).await
    }

    fn names(&self) -> Vec<ObjectName> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ObjectName, Arc<KnownStore>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub use access::find;

/// Whether the operator serves a store, or leaves it to a controller of another class.
pub fn is_served(spec: &SecretStoreSpec) -> bool {
    spec.controller.is_empty() || spec.controller == CONTROLLER_CLASS
}

/// What the two kinds of store have in common.
pub trait StoreKind:
    Resource<DynamicType = ()>
    + Clone
    + std::fmt::Debug
    + serde::Serialize
    + serde::de::DeserializeOwned
    + Send
    + Sync
    + 'static
{
    /// What it says.
    fn store_spec(&self) -> &SecretStoreSpec;
    /// Its status.
    fn store_status(&mut self) -> &mut SecretStoreStatus;
    /// Where one of this name is read.
    fn api(context: &Context, name: &ObjectName) -> Api<DeserializeGuard<Self>>;
}

impl StoreKind for SecretStore {
    fn store_spec(&self) -> &SecretStoreSpec {
        &self.spec
    }

    fn store_status(&mut self) -> &mut SecretStoreStatus {
        self.status.get_or_insert_default()
    }

    fn api(context: &Context, name: &ObjectName) -> Api<DeserializeGuard<Self>> {
        Api::namespaced(context.client.clone(), &name.namespace)
    }
}

impl StoreKind for ClusterSecretStore {
    fn store_spec(&self) -> &SecretStoreSpec {
        &self.spec
    }

    fn store_status(&mut self) -> &mut SecretStoreStatus {
        self.status.get_or_insert_default()
    }

    fn api(context: &Context, _name: &ObjectName) -> Api<DeserializeGuard<Self>> {
        Api::all(context.client.clone())
    }
}

/// Follows both kinds.
pub fn follow_all(context: &Arc<Context>, pending: &Arc<Pending>, tasks: &mut JoinSet<Result<()>>) {
    let namespaces = match context.inputs.settings.namespaces.as_slice() {
        [] => vec![None],
        some => some.iter().cloned().map(Some).collect(),
    };
    for namespace in namespaces {
        pending.begin();
        let (context, pending) = (Arc::clone(context), Arc::clone(pending));
        tasks.spawn(async move {
            let api: Api<DeserializeGuard<SecretStore>> = scoped(&context, namespace.as_deref());
            let mine = |name: &ObjectName| {
                namespace.as_ref().map_or(!name.namespace.is_empty(), |only| name.namespace == *only)
            };
            follow(api, watcher::Config::default(), &pending, |change| take(&context, change, &mine)).await
        });
    }
    pending.begin();
    let (context, pending) = (Arc::clone(context), Arc::clone(pending));
    tasks.spawn(async move {
        let api: Api<DeserializeGuard<ClusterSecretStore>> = Api::all(context.client.clone());
        let mine = |name: &ObjectName| name.namespace.is_empty();
        follow(api, watcher::Config::default(), &pending, |change| take(&context, change, &mine)).await
    });
}

fn take<K: StoreKind>(context: &Context, change: Change<DeserializeGuard<K>>, mine: &dyn Fn(&ObjectName) -> bool) {
    match change {
        Change::Seen(guard) => {
            let Some(name) = ObjectName::of(&guard) else { return };
            match guard.0 {
                Ok(store) => seen(context, &store),
                Err(_) => gone(context, &name),
            }
        }
        Change::Gone(name) => gone(context, &name),
        Change::Listed(names) => {
            for name in context.inputs.stores.names().into_iter().filter(|name| mine(name) && !names.contains(name)) {
                gone(context, &name);
            }
        }
    }
}

fn seen<K: StoreKind>(context: &Context, store: &K) {
    let Some(id) = StoreId::of(store) else { return };
    let known = context.inputs.stores.get(&id.name);
    if known.is_some_and(|known| known.id == id) {
        return;
    }
    let name = id.name.clone();
    context.inputs.stores.insert(KnownStore { id, spec: store.store_spec().clone() });
    context.stores.queue.push(name.clone());
    wake_users(context, &name);
}

fn gone(context: &Context, name: &ObjectName) {
    context.inputs.stores.remove(name);
    wake_users(context, name);
}

/// Wakes the ExternalSecrets that read from a store.
fn wake_users(context: &Context, store: &ObjectName) {
    let uses = |entry: &crate::cache::Entry<crds::ExternalSecret>| {
        entry.object.as_ref().is_ok_and(|object| access::stores_of(object).any(|used| used == *store))
    };
    for name in context.external_secrets.cache.matching(uses) {
        context.external_secrets.queue.push(name);
    }
}

/// Checks stores until the process ends, a few at a time.
pub async fn run(context: Arc<Context>) -> Result<()> {
    let slots = Arc::new(tokio::sync::Semaphore::new(4));
    loop {
        let slot = Arc::clone(&slots).acquire_owned().await?;
        let name = context.stores.queue.next().await;
        let context = Arc::clone(&context);
        tokio::spawn(async move {
            let checked = if name.namespace.is_empty() {
                check::<ClusterSecretStore>(&context, &name).await
            } else {
                check::<SecretStore>(&context, &name).await
            };
            let again = checked.unwrap_or_else(|error| {
                log_failure("store", &name, &error);
                Again::Backoff
            });
            context.stores.finish(&name, again);
            drop(slot);
        });
    }
}

async fn check<K: StoreKind>(context: &Context, name: &ObjectName) -> kube::Result<Again> {
    let Some(known) = context.inputs.stores.get(name).filter(|known| is_served(&known.spec)) else {
        return Ok(Again::OnChange);
    };
    let verdict = answer(&context.inputs.stores, &known).await;
    let Some(mut store) = K::api(context, name).get_opt(&name.name).await?.and_then(|guard| guard.0.ok()) else {
        return Ok(Again::OnChange);
    };
    let old = store.store_status().clone();
    let status = status(&old, store.meta().generation, verdict.as_ref().copied(), clock::now());
    let news = told(&old.conditions) != told(&status.conditions);
    if old != status {
        *store.store_status() = status;
        if context.write_status(&store).await?.is_none() {
            return Ok(Again::Now);
        }
    }
    if news {
        let notice = verdict.as_ref().err().map_or_else(valid, Notice::warning);
        context.tell(&subject::<K>(store.meta()), "strongroom", &notice).await;
    }
    Ok(if verdict.is_err() { Again::Backoff } else { Again::After(interval(&known.spec)) })
}

fn valid() -> Notice {
    Notice { reason: Reason::StoreValid, message: "store validated".to_owned(), warning: false }
}

async fn answer(stores: &StoreIndex, known: &KnownStore) -> Result<(), Failure> {
    // It takes its credentials from whoever uses it, so that by itself there is nothing to check.
    if known.id.name.namespace.is_empty() && is_referent(&known.spec) {
        return Ok(());
    }
    let store = stores.open(known, None).await?;
    store.reader().check().await.map_err(|error| error.into_failure("check the store"))
}

fn status(
    old: &SecretStoreStatus,
    generation: Option<i64>,
    verdict: Result<(), &Failure>,
    now: Timestamp,
) -> SecretStoreStatus {
    let verdict = verdict.map(|()| (Reason::StoreValid, "store validated"));
    SecretStoreStatus {
        conditions: vec![ready(&old.conditions, verdict, now)],
        capabilities: Some("ReadOnly".to_owned()),
        observed_generation: generation,
    }
}

fn told(conditions: &[Condition]) -> Option<(&str, Option<&str>, Option<&str>)> {
    conditions.first().map(|ready| (ready.status.as_str(), ready.reason.as_deref(), ready.message.as_deref()))
}

/// How long until the next check: seconds, or a duration as text.
fn interval(spec: &SecretStoreSpec) -> Duration {
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
    let wanted = match &spec.refresh_interval {
        Some(IntOrString::Int(seconds)) => u64::try_from(*seconds).ok().map(Duration::from_secs),
        Some(IntOrString::String(text)) => parse_duration(text),
        None => None,
    };
    wanted.filter(|interval| *interval >= Duration::from_secs(1)).unwrap_or(CHECK_INTERVAL)
}

/// The queue of the stores.
pub type StoreLane = Lane<()>;
