//! How to reach an API server, or the proxy in front of one: clients and kubeconfig files for a token. It must never read the
//! configuration of the person who runs the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::{Client, Config};
use serde_json::json;

/// The certificate authority of a serving certificate, in both encodings.
#[derive(Clone)]
pub(crate) struct Authority {
    pub(crate) pem: String,
    pub(crate) der: Vec<u8>,
}

/// An address, what proves it, and where kubeconfig files for it are kept.
pub(crate) struct Access {
    url: String,
    authority: Option<Authority>,
    directory: PathBuf,
    files: AtomicUsize,
}

impl Access {
    pub(crate) fn new(url: String, authority: Option<Authority>, directory: &Path) -> Access {
        Access { url, authority, directory: directory.to_owned(), files: AtomicUsize::new(0) }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A client belongs to the runtime in which it was made, so every caller gets one of its own.
    pub(crate) fn client(&self, token: &str) -> Result<Client> {
        let mut config = Config::new(self.url.parse()?);
        config.root_cert = self.authority.as_ref().map(|authority| vec![authority.der.clone()]);
        // A test sees what the server answered, not what came of asking again.
        config.default_retry = false;
        config.auth_info = serde_json::from_value(json!({ "token": token }))?;
        Client::try_from(config).with_context(|| format!("could not make a client for {}", self.url))
    }

    /// An HTTP client that trusts this server alone.
    pub(crate) fn http(&self) -> Result<reqwest::Client> {
        http_client(self.authority.as_ref())
    }

    pub(crate) fn kubeconfig_file(&self, token: &str, namespace: &str) -> Result<PathBuf> {
        let authority = self.authority.as_ref().map(|authority| STANDARD.encode(&authority.pem));
        let mut cluster = json!({ "server": self.url });
        if let Some(authority) = authority {
            cluster["certificate-authority-data"] = authority.into();
        }
        // JSON is YAML, and needs no quoting rules.
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "rig", "cluster": cluster }],
            "users": [{ "name": "rig", "user": { "token": token } }],
            "contexts": [{ "name": "rig", "context": { "cluster": "rig", "user": "rig", "namespace": namespace } }],
            "current-context": "rig",
        });
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let path = self.directory.join(format!("kubeconfig-{number}.yaml"));
        fs::write(&path, serde_json::to_vec_pretty(&config)?)?;
        Ok(path)
    }
}

/// An HTTP client that trusts `authority` alone and obeys no proxy settings of the machine.
pub(crate) fn http_client(authority: Option<&Authority>) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    if let Some(authority) = authority {
        builder = builder.tls_certs_only([reqwest::Certificate::from_der(&authority.der)?]);
    }
    Ok(builder.build()?)
}
