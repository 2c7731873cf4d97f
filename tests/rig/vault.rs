//! Vault's own core over a store in memory: real policies, leases and versions of KV. It must never hold a secret that matters.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::http_client;
use crate::peers::Peers;
use crate::process::Process;
use crate::wait::eventually;

/// A busy machine needs many times the second of a quiet one.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running Vault, initialised and unsealed, with nothing mounted yet but what every Vault has.
pub struct Vault {
    process: Process,
    http: reqwest::Client,
    address: String,
    root_token: String,
}

impl Vault {
    /// Starts it and waits until it answers.
    pub async fn start() -> Result<Vault> {
        let process = Process::spawn(&Command::new(Peers::locate()?.path("vault-core")?))?;
        let line = eventually(PATIENCE, "Vault being ready", async || {
            let line = process.stdout().ok()?.lines().next().map(str::to_owned);
            if process.exit_status().is_some() { Some(None) } else { line.map(Some) }
        });
        let Some(line) = line.await? else { bail!("{}", process.last_words()) };
        let ready: Value = serde_json::from_str(&line)?;
        let text = |name: &str| ready[name].as_str().map(str::to_owned).context("Vault's first line is not ours");
        Ok(Vault { address: text("address")?, root_token: text("root_token")?, http: http_client(None)?, process })
    }

    /// The address, `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The token that may do everything.
    pub fn root_token(&self) -> &str {
        &self.root_token
    }

    /// The process, for faults: a paused Vault is a store that hangs.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Mounts a KV engine of version 2 at `mount`.
    pub async fn mount_kv2(&self, mount: &str) -> Result<()> {
        self.mount(mount, &json!({ "type": "kv", "options": { "version": "2" } })).await?;
        // The engine upgrades its storage in the background and refuses everything until it has.
        let path = format!("{mount}/config");
        let get = async || self.call(Method::GET, &path, None).await.ok().map(drop);
        eventually(PATIENCE, "the KV engine being ready", get).await
    }

    /// Mounts an engine, `kv` or `transit`, as `POST /v1/sys/mounts/MOUNT` describes it.
    pub async fn mount(&self, mount: &str, body: &Value) -> Result<()> {
        self.call(Method::POST, &format!("sys/mounts/{mount}"), Some(body)).await.map(drop)
    }

    /// Enables a way to log in, `approle`, `kubernetes` or `userpass`, under its own name.
    pub async fn enable_login(&self, kind: &str) -> Result<()> {
        self.call(Method::POST, &format!("sys/auth/{kind}"), Some(&json!({ "type": kind }))).await.map(drop)
    }

    /// Writes a new version of a secret into a KV engine of version 2.
    pub async fn kv2_put(&self, mount: &str, path: &str, data: &Value) -> Result<()> {
        let body = json!({ "data": data });
        self.call(Method::POST, &format!("{mount}/data/{path}"), Some(&body)).await.map(drop)
    }

    /// A token with exactly these rules in Vault's policy language.
    pub async fn token_with_policy(&self, name: &str, rules: &str) -> Result<String> {
        self.call(Method::PUT, &format!("sys/policies/acl/{name}"), Some(&json!({ "policy": rules }))).await?;
        let body = json!({ "policies": [name], "no_default_policy": true, "no_parent": true });
        let made = self.call(Method::POST, "auth/token/create", Some(&body)).await?;
        made["auth"]["client_token"].as_str().map(str::to_owned).context("Vault answered without a token")
    }

    /// Any call of Vault's API as root; `path` follows `/v1/`. Answers the body, or null where there is none.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self.http.request(method, format!("{}/v1/{path}", self.address));
        request = request.header("X-Vault-Token", &self.root_token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        ensure!(status.is_success(), "vault answered {status} to {path}: {}", String::from_utf8_lossy(&bytes));
        Ok(if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? })
    }

    /// How often each `METHOD /v1/path` was asked for, by anybody, since the start or [`Vault::forget_requests`].
    pub async fn requests(&self) -> Result<BTreeMap<String, u64>> {
        let answer = self.http.get(format!("{}/rig/requests", self.address)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Starts counting again from zero.
    pub async fn forget_requests(&self) -> Result<()> {
        let answer = self.http.delete(format!("{}/rig/requests", self.address)).send().await?;
        answer.error_for_status().map(drop).context("vault did not forget")
    }
}
