//! A Kubernetes control plane of its own: etcd and kube-apiserver with RBAC and an audit log, on request the controller manager.
//! No node, no Pod. It must never touch a cluster that somebody uses.

mod credentials;
mod installation;
mod manifests;
mod servers;
mod service;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::api::PostParams;
use kube::{Api, Client};
use tempfile::TempDir;
use tokio::sync::{Mutex, OnceCell};

use crate::access::Access;
use crate::audit::AuditLog;
use crate::peers::Peers;
use crate::process::Process;
use credentials::Credentials;
use servers::Layout;

pub use installation::Installation;
pub use servers::free_ports;
pub use service::host_address;

/// How often a start is tried: between choosing a free port and listening on it, somebody else may take it.
const ATTEMPTS: usize = 3;

/// What a control plane has beyond etcd and the API server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Collects garbage by owner references, empties deleted namespaces, makes `default` ServiceAccounts.
    pub controller_manager: bool,
    /// Users beside the administrator, without any rights but those of their groups.
    pub users: Vec<User>,
}

/// A user whom a fixed token identifies.
#[derive(Debug, Clone)]
pub struct User {
    /// The name RBAC knows.
    pub name: String,
    /// The groups RBAC knows.
    pub groups: Vec<String>,
    /// The bearer token, without commas.
    pub token: String,
}

/// A running control plane. Dropping it ends its servers and removes its directory.
pub struct ControlPlane {
    // The order in which these are dropped: whoever talks to a server goes before it.
    controller_manager: Option<Process>,
    apiserver: Mutex<Process>,
    etcd: Process,
    access: Access,
    credentials: Credentials,
    layout: Layout,
    peers: Peers,
    namespaces: AtomicUsize,
    /// Whether the operator's definitions are installed.
    definitions: OnceCell<()>,
    _directory: TempDir,
}

impl ControlPlane {
    /// Starts the servers and waits until the API server is ready: three seconds on a quiet machine.
    pub async fn start(options: Options) -> Result<ControlPlane> {
        let peers = Peers::locate()?;
        let mut attempt = 1;
        loop {
            match ControlPlane::try_start(&peers, &options).await {
                Err(error) if attempt == ATTEMPTS || !port_taken(&error) => return Err(error),
                Err(_) => attempt += 1,
                Ok(plane) => return Ok(plane),
            }
        }
    }

    async fn try_start(peers: &Peers, options: &Options) -> Result<ControlPlane> {
        let directory = TempDir::with_prefix("strongroom-rig-")?;
        let layout = Layout::new(directory.path())?;
        let credentials = Credentials::write(directory.path(), &options.users)?;
        let access = Access::new(layout.url(), Some(credentials.authority.clone()), directory.path());
        let etcd = layout.start_etcd(peers).await?;
        let apiserver = layout.start_apiserver(peers, &credentials, &access.http()?).await?;
        // `admin` may rely on it from here on.
        access.client(&credentials.admin_token)?;
        let controller_manager = if options.controller_manager {
            let kubeconfig = access.kubeconfig_file(&credentials.admin_token, "default")?;
            Some(layout.start_controller_manager(peers, &credentials, &kubeconfig)?)
        } else {
            None
        };
        Ok(ControlPlane {
            controller_manager,
            apiserver: Mutex::new(apiserver),
            etcd,
            access,
            credentials,
            layout,
            peers: peers.clone(),
            namespaces: AtomicUsize::new(0),
            definitions: OnceCell::new(),
            _directory: directory,
        })
    }

    /// A client that may do everything, named `rig-admin` in the audit log.
    ///
    /// # Panics
    /// Outside a Tokio runtime, to which every client belongs.
    pub fn admin(&self) -> Client {
        let client = self.access.client(&self.credentials.admin_token);
        client.expect("the same configuration made a client when the control plane started")
    }

    /// The administrator's bearer token.
    pub fn admin_token(&self) -> &str {
        &self.credentials.admin_token
    }

    /// A client for whom `token` identifies.
    pub fn client_for(&self, token: &str) -> Result<Client> {
        self.access.client(token)
    }

    /// The API server, `https://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        self.access.url()
    }

    /// The certificate that proves the API server, in PEM.
    pub fn certificate_authority(&self) -> &str {
        &self.credentials.authority.pem
    }

    /// Writes a kubeconfig file for whom `token` identifies; it goes away with the control plane.
    pub fn kubeconfig_file(&self, token: &str, namespace: &str) -> Result<PathBuf> {
        self.access.kubeconfig_file(token, namespace)
    }

    /// Makes a namespace that no other test has, and answers its name.
    pub async fn namespace(&self) -> Result<String> {
        let mut namespace = Namespace::default();
        let name = format!("test-{}", self.namespaces.fetch_add(1, Ordering::Relaxed));
        namespace.metadata.name = Some(name.clone());
        let api: Api<Namespace> = Api::all(self.admin());
        api.create(&PostParams::default(), &namespace).await.context("could not create a namespace")?;
        Ok(name)
    }

    /// A token of the ServiceAccount `namespace/name`, which must exist, for one hour.
    pub async fn service_account_token(&self, namespace: &str, name: &str) -> Result<String> {
        let api: Api<ServiceAccount> = Api::namespaced(self.admin(), namespace);
        let spec = TokenRequestSpec { expiration_seconds: Some(3600), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec, ..TokenRequest::default() };
        let made = api
            .create_token_request(name, &PostParams::default(), &request)
            .await
            .with_context(|| format!("no token for the ServiceAccount {namespace}/{name}"))?;
        Ok(made.status.context("the API server answered without a token")?.token)
    }

    /// Applies every document of `yaml` on the server side; a namespaced one without a namespace goes to `default`.
    pub async fn apply_yaml(&self, yaml: &str) -> Result<()> {
        self.apply_yaml_in("default", yaml).await
    }

    /// Applies every document of `yaml` on the server side; a namespaced one without a namespace goes to `namespace`.
    pub async fn apply_yaml_in(&self, namespace: &str, yaml: &str) -> Result<()> {
        let documents = serde_saphyr::from_multiple(yaml).context("the manifest is not YAML")?;
        manifests::apply(&self.admin(), namespace, documents).await
    }

    /// Applies a file of manifests, see [`ControlPlane::apply_yaml`].
    pub async fn apply_file(&self, path: &Path) -> Result<()> {
        let yaml = fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
        self.apply_yaml(&yaml).await.with_context(|| format!("could not apply {}", path.display()))
    }

    /// What the API server has been asked for.
    pub fn audit(&self) -> Result<AuditLog> {
        let path = self.layout.audit_log();
        Ok(AuditLog::new(path, self.access.http()?, self.access.url(), &self.credentials.admin_token))
    }

    /// Kills the API server: nobody is answered until [`ControlPlane::start_apiserver`].
    pub async fn kill_apiserver(&self) -> Result<()> {
        let apiserver = self.apiserver.lock().await;
        apiserver.kill()?;
        apiserver.wait(std::time::Duration::from_secs(30)).await?;
        Ok(())
    }

    /// Starts the API server again, on the same port and the same data, and waits until it is ready.
    pub async fn start_apiserver(&self) -> Result<()> {
        let mut apiserver = self.apiserver.lock().await;
        *apiserver = self.layout.start_apiserver(&self.peers, &self.credentials, &self.access.http()?).await?;
        Ok(())
    }

    /// Kills the API server and starts it again. Not on the control plane that tests share.
    pub async fn restart_apiserver(&self) -> Result<()> {
        self.kill_apiserver().await?;
        self.start_apiserver().await
    }

    /// The process identifiers of the servers.
    pub async fn pids(&self) -> Vec<i32> {
        let mut pids = vec![self.etcd.pid(), self.apiserver.lock().await.pid()];
        pids.extend(self.controller_manager.iter().map(Process::pid));
        pids
    }

    /// Ends the servers and removes their directory, as dropping does.
    #[expect(clippy::unused_async, reason = "callers await every end of a server alike")]
    pub async fn stop(self) -> Result<()> {
        drop(self);
        Ok(())
    }

    /// An HTTP client that trusts this API server alone.
    pub(crate) fn http(&self) -> Result<reqwest::Client> {
        self.access.http()
    }
}

fn port_taken(error: &anyhow::Error) -> bool {
    format!("{error:#}").contains("address already in use")
}
