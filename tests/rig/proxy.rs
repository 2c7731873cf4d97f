//! The fault proxy: stands between a program under test and the API server or a store, and makes faults by rule while the
//! program runs. It forwards everything else unchanged, watches chunk by chunk. It must never invent an answer for which no
//! rule asked.

mod handle;
mod relay;
mod request;
mod rule;
mod rules;
mod status;
mod stream;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::Client;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::access::{Access, http_client};
use crate::control_plane::ControlPlane;
use relay::Relay;

pub use handle::RuleHandle;
pub use request::Seen;
pub use rule::{Action, Matcher, Rule};

/// A proxy on a loopback port of its own. Dropping it ends the connections through it.
pub struct FaultProxy {
    relay: Arc<Relay>,
    access: Access,
    server: JoinHandle<()>,
    _directory: TempDir,
}

impl FaultProxy {
    /// A proxy in front of the API server of `plane`. It passes the caller's own token on, so RBAC and audit see the caller.
    pub async fn start(plane: &ControlPlane) -> Result<FaultProxy> {
        FaultProxy::listen(plane.url(), plane.http()?).await
    }

    /// A proxy in front of a store, `http://127.0.0.1:PORT`.
    pub async fn in_front_of(url: &str) -> Result<FaultProxy> {
        FaultProxy::listen(url, http_client(None)?).await
    }

    async fn listen(target: &str, http: reqwest::Client) -> Result<FaultProxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let directory = TempDir::with_prefix("strongroom-proxy-")?;
        let access = Access::new(format!("http://{address}"), None, directory.path());
        let relay = Arc::new(Relay::new(target, http));
        let server = tokio::spawn(serve(listener, Arc::clone(&relay)));
        Ok(FaultProxy { relay, access, server, _directory: directory })
    }

    /// The proxy's address, `http://127.0.0.1:PORT`: the endpoint that a program under test is given.
    pub fn address(&self) -> &str {
        self.access.url()
    }

    /// The proxy's address without a scheme.
    pub fn socket_address(&self) -> Result<SocketAddr> {
        let address = self.address().strip_prefix("http://");
        Ok(address.context("not our address")?.parse()?)
    }

    /// A client that goes through the proxy; `token` identifies it.
    pub fn client(&self, token: &str) -> Result<Client> {
        self.access.client(token)
    }

    /// Writes a kubeconfig file that leads through the proxy; it goes away with the proxy.
    pub fn kubeconfig_file(&self, token: &str, namespace: &str) -> Result<PathBuf> {
        self.access.kubeconfig_file(token, namespace)
    }

    /// Adds a rule, in force until its handle is dropped. Of several rules that match, the one added first acts.
    #[must_use = "the rule ends when its handle is dropped"]
    pub fn add(&self, rule: Rule) -> RuleHandle {
        self.relay.rules.add(rule)
    }

    /// Everything asked for through the proxy so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Seen> {
        self.relay.log.all()
    }

    /// Starts the record of requests anew.
    pub fn forget_requests(&self) {
        self.relay.log.clear();
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Serves until aborted. The connections are tasks of the set, and end with it.
async fn serve(listener: TcpListener, relay: Arc<Relay>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        // An accept that fails concerns one client that is gone already.
        let Ok((socket, _)) = listener.accept().await else {
            continue;
        };
        let relay = Arc::clone(&relay);
        let answer = service_fn(move |request| Arc::clone(&relay).answer(request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), answer);
        // A connection ends with an error whenever a rule drops it.
        connections.spawn(async move { drop(connection.await) });
        while connections.try_join_next().is_some() {}
    }
}
