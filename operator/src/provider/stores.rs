//! All stores that are connected, each with its guard and its cache. A store that changes is connected anew; credentials of
//! one are never used for another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use crds::SecretStoreSpec;
use tokio::sync::OnceCell;

use super::cache::{Cached, Limits};
use super::credentials::Surroundings;
use super::guard::{Connect, Guard};
use super::{Store, connect, is_referent};
use crate::failure::Failure;
use crate::name::ObjectName;
use crate::reference::Tenant;

/// Which state of which store object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoreId {
    /// Its name; without a namespace for a ClusterSecretStore.
    pub name: ObjectName,
    /// Its uid.
    pub uid: String,
    /// Its generation: what the status says does not make it another store.
    pub generation: i64,
}

impl StoreId {
    /// The state in an object's metadata; `None` when it is not from a cluster.
    pub fn of(store: &impl kube::Resource) -> Option<StoreId> {
        let meta = store.meta();
        let name = ObjectName::of(store)?;
        Some(StoreId { name, uid: meta.uid.clone()?, generation: meta.generation.unwrap_or_default() })
    }
}

/// The connected stores.
pub struct Stores {
    around: Arc<Surroundings>,
    limits: Limits,
    connected: Mutex<HashMap<ObjectName, Known>>,
}

/// One store object, connected once, or once for each namespace that gives its own credentials.
struct Known {
    id: StoreId,
    by_referent: HashMap<Option<String>, Arc<OnceCell<Store>>>,
}

impl Stores {
    /// No stores yet.
    pub fn new(around: Arc<Surroundings>) -> Stores {
        Stores::with_limits(around, Limits::default())
    }

    pub(super) fn with_limits(around: Arc<Surroundings>, limits: Limits) -> Stores {
        Stores { around, limits, connected: Mutex::default() }
    }

    /// The store, for an object of the namespace `user`. The caller has made sure that it may use the store.
    ///
    /// For a check of the store itself, `user` is `None`; a store that takes its credentials from its users
    /// ([`is_referent`]) cannot be opened so.
    pub async fn open(&self, id: &StoreId, spec: &SecretStoreSpec, user: Option<&str>) -> Result<Store, Failure> {
        let is_cluster = id.name.namespace.is_empty();
        let referent = user.filter(|_| is_cluster && is_referent(spec)).map(str::to_owned);
        let cell = self.cell(id, referent.clone());
        let connect = || async {
            let owner = if is_cluster { Owner::Cluster(referent) } else { Owner::Namespace(id.name.namespace.clone()) };
            let guard = Guard::new(Connection { spec: spec.clone(), owner, around: self.around.clone() }).await?;
            let content = guard.store().await.content();
            Ok(Store { reader: Arc::new(Cached::new(guard, self.limits)), content })
        };
        cell.get_or_try_init(connect).await.cloned()
    }

    /// Lets go of a store that is deleted, and of every value read from it.
    pub fn forget(&self, name: &ObjectName) {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    fn cell(&self, id: &StoreId, referent: Option<String>) -> Arc<OnceCell<Store>> {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        let known = connected.entry(id.name.clone());
        let known = known.or_insert_with(|| Known { id: id.clone(), by_referent: HashMap::new() });
        if known.id != *id {
            *known = Known { id: id.clone(), by_referent: HashMap::new() };
        }
        known.by_referent.entry(referent).or_default().clone()
    }
}

/// Who a store belongs to; a [`Tenant`] that lives as long as the connection.
enum Owner {
    Namespace(String),
    Cluster(Option<String>),
}

struct Connection {
    spec: SecretStoreSpec,
    owner: Owner,
    around: Arc<Surroundings>,
}

#[async_trait]
impl Connect for Connection {
    async fn connect(&self) -> Result<Store, Failure> {
        let tenant = match &self.owner {
            Owner::Namespace(own) => Tenant::Namespace(own),
            Owner::Cluster(referent) => Tenant::Cluster { referent: referent.as_deref() },
        };
        connect(&self.spec, tenant, &self.around).await
    }
}

#[cfg(test)]
mod tests;
