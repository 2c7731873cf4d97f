//! The controller of Sealed Secrets as a peer: its Go client finds the cluster by the variables and files of a pod.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use rig::{ControlPlane, Peers, Process};
use tempfile::TempDir;

/// A running controller; dropping it kills it.
pub(crate) struct Original {
    _process: Process,
    _service_account: TempDir,
}

impl Original {
    /// Starts it without limits on its client, serving one namespace with the keys in another.
    pub(crate) fn start(plane: &ControlPlane, keys: &str, namespace: &str) -> Result<Original> {
        let service_account = TempDir::with_prefix("strongroom-original-")?;
        fs::write(service_account.path().join("token"), plane.admin_token())?;
        fs::write(service_account.path().join("ca.crt"), plane.certificate_authority())?;
        let address = plane.url().trim_start_matches("https://");
        let (host, port) = address.rsplit_once(':').context("the API server's address has no port")?;
        let mut command = Command::new(Peers::locate()?.path("sealed-secrets-controller")?);
        command.env("SERVICE_ACCOUNT_DIRECTORY", service_account.path());
        command.env("KUBERNETES_SERVICE_HOST", host).env("KUBERNETES_SERVICE_PORT", port).env("POD_NAMESPACE", keys);
        command.args(["--all-namespaces=false", "--additional-namespaces", namespace, "--kubeclient-qps=-1"]);
        command.args(["--listen-addr", "127.0.0.1:0", "--listen-metrics-addr", "127.0.0.1:0"]);
        Ok(Original { _process: Process::spawn(&command)?, _service_account: service_account })
    }
}
