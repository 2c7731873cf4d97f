//! The command lines of the servers of a control plane, and when each counts as up. Everything listens on loopback and writes
//! below the control plane's own directory.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};

use super::credentials::Credentials;
use crate::peers::Peers;
use crate::process::Process;
use crate::wait::eventually;

/// A busy machine needs many times the three seconds of a quiet one.
const PATIENCE: Duration = Duration::from_mins(2);

/// Every call, without bodies, once answered; a watch is written down when it opens too.
const AUDIT_POLICY: &str = r#"{"apiVersion":"audit.k8s.io/v1","kind":"Policy","omitStages":["RequestReceived"],"rules":[{"level":"Metadata"}]}"#;

/// What the API server keeps over a restart: its ports, its files, its credentials.
pub(super) struct Layout {
    pub(super) directory: PathBuf,
    etcd: u16,
    etcd_peers: u16,
    apiserver: u16,
}

impl Layout {
    pub(super) fn new(directory: &Path) -> Result<Layout> {
        fs::write(directory.join("audit-policy.json"), AUDIT_POLICY)?;
        let [etcd, etcd_peers, apiserver] = free_ports()?;
        Ok(Layout { directory: directory.to_owned(), etcd, etcd_peers, apiserver })
    }

    pub(super) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.apiserver)
    }

    pub(super) fn audit_log(&self) -> PathBuf {
        self.directory.join("audit.log")
    }

    pub(super) async fn start_etcd(&self, peers: &Peers) -> Result<Process> {
        let client = format!("http://127.0.0.1:{}", self.etcd);
        let peer = format!("http://127.0.0.1:{}", self.etcd_peers);
        let mut command = Command::new(peers.path("etcd")?);
        command.arg("--data-dir").arg(self.directory.join("etcd"));
        command.args(["--unsafe-no-fsync", "--log-level=warn", "--name=rig", "--quota-backend-bytes=4294967296"]);
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &format!("rig={peer}")]);
        let process = self.spawn(&command)?;
        ready(&process, &reqwest::Client::builder().no_proxy().build()?, &format!("{client}/health")).await?;
        Ok(process)
    }

    pub(super) async fn start_apiserver(
        &self,
        peers: &Peers,
        credentials: &Credentials,
        probe: &reqwest::Client,
    ) -> Result<Process> {
        let mut command = Command::new(peers.path("kube-apiserver")?);
        command.args(self.apiserver_flags());
        for (flag, file) in [
            ("--tls-cert-file", &credentials.certificate),
            ("--tls-private-key-file", &credentials.key),
            ("--service-account-key-file", &credentials.service_account_public_key),
            ("--service-account-signing-key-file", &credentials.service_account_key),
            ("--token-auth-file", &credentials.tokens),
            ("--audit-policy-file", &self.directory.join("audit-policy.json")),
            ("--audit-log-path", &self.audit_log()),
            ("--cert-dir", &self.directory.join("certificates")),
        ] {
            command.arg(flag).arg(file);
        }
        let process = self.spawn(&command)?;
        ready(&process, probe, &format!("{}/readyz", self.url())).await?;
        Ok(process)
    }

    fn apiserver_flags(&self) -> Vec<String> {
        vec![
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd),
            format!("--secure-port={}", self.apiserver),
            "--bind-address=127.0.0.1".into(),
            // Without an address the server looks for a default route, which a sealed-off machine does not have.
            "--advertise-address=192.0.2.1".into(),
            "--endpoint-reconciler-type=none".into(),
            "--service-account-issuer=https://kubernetes.default.svc".into(),
            "--service-cluster-ip-range=10.0.0.0/24".into(),
            "--authorization-mode=RBAC".into(),
            // Pods would need a controller that makes their ServiceAccount; no Pod ever runs here.
            "--disable-admission-plugins=ServiceAccount".into(),
            // The log is read as one file: it must not be rotated away.
            "--audit-log-maxsize=100000".into(),
        ]
    }

    pub(super) fn start_controller_manager(
        &self,
        peers: &Peers,
        credentials: &Credentials,
        kubeconfig: &Path,
    ) -> Result<Process> {
        let mut command = Command::new(peers.path("kube-controller-manager")?);
        command.arg("--kubeconfig").arg(kubeconfig);
        command.arg("--service-account-private-key-file").arg(&credentials.service_account_key);
        command.arg("--root-ca-file").arg(&credentials.authority_file);
        command.arg("--cert-dir").arg(self.directory.join("certificates"));
        command.args(["--bind-address=127.0.0.1", "--secure-port=0", "--leader-elect=false"]);
        command.arg(
            "--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller,\
             serviceaccount-token-controller,root-ca-certificate-publisher-controller",
        );
        self.spawn(&command)
    }

    fn spawn(&self, command: &Command) -> Result<Process> {
        Process::spawn_in(command, &self.directory, &self.directory)
    }
}

/// Waits until `url` answers with success, or the process has ended.
async fn ready(process: &Process, probe: &reqwest::Client, url: &str) -> Result<()> {
    let up = eventually(PATIENCE, "the server being ready", async || {
        if process.exit_status().is_some() {
            return Some(false);
        }
        let answer = probe.get(url).timeout(Duration::from_secs(5)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success()).then_some(true)
    });
    if up.await.with_context(|| process.last_words())? { Ok(()) } else { Err(anyhow!("{}", process.last_words())) }
}

/// Where ports for servers begin and end: below those that systems give to outgoing connections and to whoever listens on
/// port 0, so that nobody takes one between its choice and its use.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Ports that nobody listens on, each another one for the whole life of this process.
pub fn free_ports<const N: usize>() -> Result<[u16; N]> {
    // Two processes that choose at once begin at different places.
    static NEXT: LazyLock<AtomicU16> =
        LazyLock::new(|| AtomicU16::new(u16::try_from(std::process::id() % 60_000).unwrap_or_default()));
    let mut ports = [0; N];
    for port in &mut ports {
        let candidates =
            (0..PORTS.len()).map(|_| PORTS.start + NEXT.fetch_add(1, Ordering::Relaxed) % (PORTS.end - PORTS.start));
        let mut free = candidates.filter(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok());
        *port = free.next().context("no port is free")?;
    }
    Ok(ports)
}
