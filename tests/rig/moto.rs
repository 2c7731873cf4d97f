//! AWS as moto imitates it: Secrets Manager, Parameter Store, KMS, STS. It is the one imitation here, since the real one cannot
//! be had; what it gets wrong must never become what we rely on.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::access::http_client;
use crate::control_plane::free_ports;
use crate::peers::Peers;
use crate::process::Process;
use crate::wait::eventually;

/// Python needs seconds to start, and many more on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running moto. It accepts every credential; `AWS_ENDPOINT_URL` leads a client to it.
pub struct Moto {
    process: Process,
    http: reqwest::Client,
    address: String,
}

impl Moto {
    /// The region in which [`Moto::put_secret`] writes.
    pub const REGION: &'static str = "us-east-1";

    /// Starts it and waits until it answers.
    pub async fn start() -> Result<Moto> {
        let [port] = free_ports()?;
        let mut command = Command::new(Peers::locate()?.path("moto_server")?);
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        let moto = Moto {
            process: Process::spawn(&command)?,
            http: http_client(None)?,
            address: format!("http://127.0.0.1:{port}"),
        };
        let ready = eventually(PATIENCE, "moto being ready", async || {
            if moto.process.exit_status().is_some() {
                return Some(false);
            }
            moto.http.get(format!("{}/moto-api/", moto.address)).send().await.ok().map(|_| true)
        });
        if !ready.await? {
            bail!("{}", moto.process.last_words());
        }
        Ok(moto)
    }

    /// The endpoint, `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The process, for faults: a paused moto is a store that hangs.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Creates a secret of Secrets Manager, or gives it a new current version.
    pub async fn put_secret(&self, name: &str, value: &str) -> Result<()> {
        let created =
            self.call("secretsmanager", "CreateSecret", &json!({ "Name": name, "SecretString": value })).await;
        if created.is_err() {
            let body = json!({ "SecretId": name, "SecretString": value });
            self.call("secretsmanager", "PutSecretValue", &body).await?;
        }
        Ok(())
    }

    /// Any call of a service that speaks JSON 1.1, `secretsmanager`, `ssm` or `kms`.
    pub async fn call(&self, service: &str, operation: &str, body: &Value) -> Result<Value> {
        let prefix = match service {
            "ssm" => "AmazonSSM",
            "kms" => "TrentService",
            other => other,
        };
        let answer = self
            .http
            .post(&self.address)
            .header("Content-Type", "application/x-amz-json-1.1")
            .header("X-Amz-Target", format!("{prefix}.{operation}"))
            .header("Authorization", authorization(service))
            .body(body.to_string())
            .send()
            .await
            .with_context(|| format!("moto did not answer {operation}"))?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "moto answered {status} to {operation}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// Any call of S3 without a body; `path` is that of a bucket, or of an object in it. Answers the body.
    pub async fn s3(&self, method: reqwest::Method, path: &str) -> Result<String> {
        let request = self.http.request(method, format!("{}/{path}", self.address));
        let answer = request.header("Authorization", authorization("s3")).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "moto answered {status} to {path}: {text}");
        Ok(text)
    }
}

/// Moto reads service and region out of the credential and never checks the signature.
fn authorization(service: &str) -> String {
    let credential = format!("rig/20260101/{}/{service}/aws4_request", Moto::REGION);
    format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=none")
}
