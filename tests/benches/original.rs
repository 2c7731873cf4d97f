//! The controller of Sealed Secrets as a peer: its Go client finds the cluster by the variables and files of a pod.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use rig::{Call, Peers, Process};
use tempfile::TempDir;

use crate::stage::{PATIENCE, Stage};

/// A running controller; dropping it kills it.
pub(crate) struct Original {
    process: Process,
    _service_account: TempDir,
}

impl Original {
    /// Starts it with every default but two: no limit on its client, and no renewal of keys. The sealing key of a stage is
    /// old enough to be renewed at once, which would cost it a key generation, and two keys to try for each value.
    pub(crate) fn start(stage: &Stage) -> Result<Original> {
        Original::start_with(stage, &["--kubeclient-qps=-1"])
    }

    /// The same with the limit on its client that it has by default.
    pub(crate) fn start_with_its_limit(stage: &Stage) -> Result<Original> {
        Original::start_with(stage, &[])
    }

    fn start_with(stage: &Stage, flags: &[&str]) -> Result<Original> {
        let plane = &stage.plane;
        let service_account = TempDir::with_prefix("strongroom-original-")?;
        fs::write(service_account.path().join("token"), plane.admin_token())?;
        fs::write(service_account.path().join("ca.crt"), plane.certificate_authority())?;
        let address = plane.url().trim_start_matches("https://");
        let (host, port) = address.rsplit_once(':').context("the API server's address has no port")?;
        let mut command = Command::new(Peers::locate()?.path("sealed-secrets-controller")?);
        command.env("SERVICE_ACCOUNT_DIRECTORY", service_account.path());
        command.env("KUBERNETES_SERVICE_HOST", host).env("KUBERNETES_SERVICE_PORT", port);
        command.env("POD_NAMESPACE", &stage.installation.namespace);
        command.args(flags).arg("--key-renew-period=0");
        command.args(["--listen-addr", "127.0.0.1:0", "--listen-metrics-addr", "127.0.0.1:0"]);
        Ok(Original { process: Process::spawn(&command)?, _service_account: service_account })
    }

    /// Waits until it has taken up so many objects since its start.
    pub(crate) async fn has_opened(&self, count: usize) -> Result<()> {
        let enough = async || (self.process.stdout().ok()?.matches("Updating").count() >= count).then_some(());
        rig::eventually(PATIENCE, "the original opening every object", enough).await
    }

    /// Whether a call is its own: it shares the administrator's token, not the name of the client.
    pub(crate) fn made(call: &Call) -> bool {
        call.user_agent.starts_with("sealed-secrets-controller")
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    /// Ends it and waits until it is gone.
    pub(crate) async fn stop(self) -> Result<()> {
        self.process.kill()?;
        self.process.wait(PATIENCE).await.map(drop)
    }
}
