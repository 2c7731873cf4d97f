//! Following the cluster: every change of an object or a Secret becomes an entry in memory and a name in a queue. A watch
//! that breaks is taken up again, and one object that cannot be decoded stops nothing but itself.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{DeserializeGuard, NamespaceResourceScope, PartialObjectMeta};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

use crate::api_error::describe;
use crate::cache::Entry;
use crate::context::Context;
use crate::name::ObjectName;
use crate::secrets::Known;
use crate::source::SecretSource;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// One change in the cluster.
pub enum Change<K> {
    /// The object is now like this.
    Seen(K),
    /// The object is gone.
    Gone(ObjectName),
    /// All objects have been seen once; those not among these are gone.
    Listed(HashSet<ObjectName>),
}

/// Counts the watches that have not yet listed everything.
#[derive(Default)]
pub struct Pending(AtomicUsize);

impl Pending {
    /// Another watch has begun.
    pub fn begin(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether every watch has listed everything once.
    pub fn none(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }

    fn end(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Follows one kind for ever, handing every change to `take`.
///
/// # Errors
/// The watch has ended, which it never does by itself.
pub async fn follow<K>(
    api: Api<K>,
    config: watcher::Config,
    pending: &Pending,
    mut take: impl FnMut(Change<K>),
) -> Result<()>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut events = watcher(api.clone(), config.clone()).boxed();
    let mut listed = HashSet::new();
    let mut first = true;
    let mut pause = FIRST_PAUSE;
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(object)) => {
                listed.extend(ObjectName::of(&object));
                take(Change::Seen(object));
            }
            Ok(Event::InitDone) => {
                take(Change::Listed(std::mem::take(&mut listed)));
                if std::mem::take(&mut first) {
                    pending.end();
                }
                pause = FIRST_PAUSE;
            }
            Ok(Event::Apply(object)) => {
                take(Change::Seen(object));
                pause = FIRST_PAUSE;
            }
            Ok(Event::Delete(object)) => {
                if let Some(name) = ObjectName::of(&object) {
                    take(Change::Gone(name));
                }
            }
            Err(error) => {
                tracing::warn!(kind = %K::kind(&()), cause = %cause(&error), "a watch was interrupted and is taken up again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                // A version that is too old does not become younger: the watcher would ask for it for ever.
                if is_gone(&error) {
                    events = watcher(api.clone(), config.clone()).boxed();
                }
            }
        }
    }
    bail!("a watch has ended")
}

/// Follows the objects of one kind of ours.
pub async fn follow_sources<K: SecretSource>(
    context: Arc<Context>,
    namespace: Option<String>,
    pending: Arc<Pending>,
) -> Result<()> {
    let api: Api<DeserializeGuard<K>> = scoped(&context, namespace.as_deref());
    let config = match K::selector(&context.inputs.settings) {
        Some(selector) => watcher::Config::default().labels(selector),
        None => watcher::Config::default(),
    };
    follow(api, config, &pending, |change| {
        take_source::<K>(&context, namespace.as_deref(), change);
    })
    .await
}

fn take_source<K: SecretSource>(context: &Context, namespace: Option<&str>, change: Change<DeserializeGuard<K>>) {
    let lane = K::lane(context);
    match change {
        Change::Seen(guard) => {
            let Some(name) = ObjectName::of(&guard) else { return };
            let mut entry = remember(context, guard);
            let old = lane.cache.get(&name);
            let same = old.as_ref().is_some_and(|old| is_same(old, &entry));
            if let Some(old) = old.filter(|_| !K::writes_status(&context.inputs.settings)) {
                carry_state(&old, &mut entry);
            }
            lane.cache.insert(name.clone(), entry);
            if !same {
                lane.forget(&name);
                lane.queue.push(name);
            }
        }
        Change::Gone(name) => {
            lane.cache.remove(&name);
            lane.forget(&name);
        }
        Change::Listed(names) => {
            let scope =
                lane.cache.names().into_iter().filter(|name| namespace.is_none_or(|only| name.namespace == only));
            for gone in scope.filter(|name| !names.contains(name)) {
                lane.cache.remove(&gone);
                lane.forget(&gone);
            }
        }
    }
}

/// What is kept of an object: no payload, and no annotation that could quote one.
pub(crate) fn remember<K: SecretSource>(context: &Context, guard: DeserializeGuard<K>) -> Entry<K> {
    let mut object = guard.0;
    let (specification, version, targets) = match &mut object {
        Ok(object) => {
            let (specification, version) = (object.specification(), object.version());
            object.slim();
            slim_meta(object.meta_mut());
            (specification, version, object.targets().into_iter().chain(object.uses()).collect())
        }
        Err(invalid) => {
            slim_meta(&mut invalid.metadata);
            // The decoder's words may quote a value.
            invalid.error.clear();
            (Vec::new(), None, Vec::new())
        }
    };
    Entry { object, specification: context.proof.digest("specification", &[&specification]), version, targets }
}

/// Whether two states of an object differ in nothing that we act on: our own status writes must not wake us.
fn is_same<K: SecretSource>(old: &Entry<K>, new: &Entry<K>) -> bool {
    let facts = |entry: &Entry<K>| {
        let meta = match &entry.object {
            Ok(object) => object.meta().clone(),
            Err(invalid) => invalid.metadata.clone(),
        };
        (entry.object.is_ok(), meta.uid, meta.generation, meta.deletion_timestamp, entry.specification)
    };
    facts(old) == facts(new)
}

/// A status that is not written is nowhere but in memory.
fn carry_state<K: SecretSource>(old: &Entry<K>, new: &mut Entry<K>) {
    if let (Ok(old), Ok(new)) = (&old.object, &mut new.object)
        && old.meta().uid == new.meta().uid
    {
        new.set_state(old.state());
    }
}

/// Drops what may quote plaintext (`last-applied-configuration`) and what nobody reads.
fn slim_meta(meta: &mut ObjectMeta) {
    meta.managed_fields = None;
    if let Some(annotations) = &mut meta.annotations {
        annotations.retain(|key, _| key.starts_with("sealedsecrets.bitnami.com/"));
    }
}

/// Follows the metadata of Secrets. Values are never asked for.
pub async fn follow_secrets(context: Arc<Context>, namespace: Option<String>, pending: Arc<Pending>) -> Result<()> {
    let api: Api<PartialObjectMeta<Secret>> = scoped(&context, namespace.as_deref());
    follow(api, watcher::Config::default(), &pending, |change| take_secret(&context, namespace.as_deref(), change))
        .await
}

fn take_secret(context: &Context, namespace: Option<&str>, change: Change<PartialObjectMeta<Secret>>) {
    match change {
        Change::Seen(secret) => {
            let Some(name) = ObjectName::of(&secret) else { return };
            let described = context.is_described(&name) || context.is_default_key(&name);
            let before = context.inputs.secrets.get(&name);
            context.inputs.secrets.insert(name.clone(), &secret.metadata, described);
            if described && (before == Known::Foreign || before != context.inputs.secrets.get(&name)) {
                context.wake_describing(&name);
            }
        }
        Change::Gone(name) => gone(context, &name),
        Change::Listed(names) => {
            let scope = context
                .inputs
                .secrets
                .names()
                .into_iter()
                .filter(|name| namespace.is_none_or(|only| name.namespace == only));
            for name in scope.filter(|name| !names.contains(name)) {
                gone(context, &name);
            }
        }
    }
}

fn gone(context: &Context, name: &ObjectName) {
    context.inputs.secrets.remove(name);
    context.wake_describing(name);
}

/// The API of a kind in one namespace, or in all.
pub fn scoped<K>(context: &Context, namespace: Option<&str>) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced(context.client.clone(), namespace),
        None => Api::all(context.client.clone()),
    }
}

fn is_gone(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchStartFailed(kube::Error::Api(status)) if status.code == 410)
}

fn cause(error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => describe(error),
        watcher::Error::WatchError(status) => format!("the API server answered {}", crate::api_error::cause(status)),
        watcher::Error::NoResourceVersion => "the API server's answer has no resourceVersion".to_owned(),
    }
}
