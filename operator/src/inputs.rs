//! What opening and fetching may use: keys, stores, and Secrets read one by one. Nothing in here writes to the cluster, and
//! all of it can come from files as well, which is what `strongroom preview` does.

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{Api, Client};
use kubeseal::Keyring;
use tokio::sync::watch;

use crate::api_error::describe;
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::name::ObjectName;
use crate::provider::credentials::{Credentials, KubeCredentials};
use crate::reason::Reason;
use crate::secrets::SecretIndex;
use crate::settings::Settings;
use crate::stores::StoreIndex;

/// Where Secrets and namespaces are read from.
#[async_trait]
pub trait Gather: Credentials {
    /// A Secret by name; `None` when there is none.
    async fn secret(&self, name: &ObjectName) -> Result<Option<Secret>, Failure>;
    /// A namespace; `None` when there is none.
    async fn namespace(&self, name: &str) -> Result<Option<Namespace>, Failure>;
}

/// Shared by everything that opens or fetches.
pub struct Inputs {
    /// What the operator was told.
    pub settings: Settings,
    /// What is measured.
    pub metrics: Metrics,
    /// Where Secrets and namespaces are read from.
    pub gather: Arc<dyn Gather>,
    /// Metadata of the Secrets.
    pub secrets: SecretIndex,
    /// The stores.
    pub stores: StoreIndex,
    keyring: watch::Sender<Arc<Keyring>>,
}

impl Inputs {
    /// Inputs without keys and stores.
    pub fn new(settings: Settings, gather: Arc<dyn Gather>) -> Inputs {
        Inputs {
            settings,
            metrics: Metrics::default(),
            stores: StoreIndex::new(Arc::clone(&gather) as Arc<dyn Credentials>),
            gather,
            secrets: SecretIndex::default(),
            keyring: watch::channel(Arc::new(Keyring::default())).0,
        }
    }

    /// The sealing keys as they are now.
    pub fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring.borrow())
    }

    /// Tells of every change of the sealing keys.
    pub fn keyring_changes(&self) -> watch::Receiver<Arc<Keyring>> {
        self.keyring.subscribe()
    }

    /// Replaces the sealing keys.
    pub fn set_keyring(&self, keyring: Keyring) {
        self.keyring.send_replace(Arc::new(keyring));
    }
}

/// Reads from the API server.
pub struct Cluster {
    client: Client,
    credentials: KubeCredentials,
}

impl Cluster {
    /// Reads with the rights of this client.
    pub fn new(client: Client) -> Cluster {
        Cluster { credentials: KubeCredentials::new(client.clone()), client }
    }
}

#[async_trait]
impl Gather for Cluster {
    async fn secret(&self, name: &ObjectName) -> Result<Option<Secret>, Failure> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &name.namespace);
        api.get_opt(&name.name).await.map_err(|error| unreadable(&format!("Secret {name}"), &error))
    }

    async fn namespace(&self, name: &str) -> Result<Option<Namespace>, Failure> {
        let api: Api<Namespace> = Api::all(self.client.clone());
        api.get_opt(name).await.map_err(|error| unreadable(&format!("namespace {name}"), &error))
    }
}

#[async_trait]
impl Credentials for Cluster {
    async fn secret_entry(&self, secret: &ObjectName, key: &str) -> Result<zeroize::Zeroizing<Vec<u8>>, Failure> {
        self.credentials.secret_entry(secret, key).await
    }

    async fn account_token(
        &self,
        account: &ObjectName,
        audiences: &[String],
    ) -> Result<zeroize::Zeroizing<String>, Failure> {
        self.credentials.account_token(account, audiences).await
    }
}

fn unreadable(what: &str, error: &kube::Error) -> Failure {
    Failure::passing(Reason::KeyMissing, format!("the {what} could not be read: {}", describe(error)))
}
