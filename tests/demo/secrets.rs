//! The secrets of the demo, each made as its user makes it: with our command lines, or as a manifest for a store. The
//! values are invented and printed nowhere.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use age::secrecy::ExposeSecret as _;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{objects, say, stage::Stage};

/// The ExternalSecret as it stands in many repositories, but for the interval: an hour is long for a demo.
const EXTERNAL_SECRET: &str = include_str!("external-secret.yaml");

/// A SealedSecret named `db-sealed`, sealed by `kubeseal-rs` with the operator's certificate.
pub(crate) async fn sealed(stage: &Stage, folder: &Path) -> Result<Value> {
    let certificate = stage.operator.certificate().await?;
    std::fs::write(folder.join("sealing.pem"), certificate)?;
    let secret = manifest(&stage.namespace, "db-sealed", "password", "sealed-by-kubeseal-rs");
    say::command("kubeseal-rs --cert sealing.pem --format=yaml < secret.yaml | kubectl create -f -");
    let sealed = run("kubeseal-rs", &["--cert", "sealing.pem", "--format=yaml"], folder, &secret)?;
    serde_saphyr::from_multiple::<Value>(&sealed)?.pop().context("kubeseal-rs wrote no document")
}

/// A SopsSecret named `db-sops`, its document encrypted by `sops-rs`, and the Secret with the age identity in Flux's layout.
pub(crate) async fn sops(stage: &Stage, folder: &Path) -> Result<Value> {
    let identity = age::x25519::Identity::generate();
    let key = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "sops-age-key", "namespace": stage.namespace},
        "stringData": {"age.agekey": identity.to_string().expose_secret()},
    });
    objects::create(&stage.client, key).await?;
    std::fs::write(
        folder.join("secrets.yaml"),
        manifest(&stage.namespace, "db-sops", "password", "encrypted-by-sops-rs"),
    )?;
    let recipient = identity.to_public().to_string();
    say::command(&format!("sops-rs --encrypt --age {recipient} secrets.yaml"));
    let document = run("sops-rs", &["--encrypt", "--age", &recipient, "secrets.yaml"], folder, "")?;
    Ok(json!({
        "apiVersion": "strongroom.dev/v1alpha1", "kind": "SopsSecret",
        "metadata": {"name": "db-sops", "namespace": stage.namespace},
        "spec": {"decryption": {"secretRef": {"name": "sops-age-key"}}, "document": document},
    }))
}

/// An ExternalSecret named `db-external` that reads from the store `aws-secrets-manager`, and that store: a fake one.
pub(crate) async fn external(stage: &Stage) -> Result<Value> {
    objects::create(&stage.client, store(stage, "first-value-in-the-store")).await?;
    let mut external: Value = serde_saphyr::from_str(EXTERNAL_SECRET)?;
    external["metadata"]["namespace"] = json!(stage.namespace);
    external["spec"]["secretStoreRef"]["kind"] = json!(stage.store_kind);
    Ok(external)
}

/// The store with one value at `myapp/prod/db-password`.
pub(crate) fn store(stage: &Stage, value: &str) -> Value {
    let mut store = json!({
        "apiVersion": "external-secrets.io/v1", "kind": stage.store_kind,
        "metadata": {"name": "aws-secrets-manager"},
        "spec": {"provider": {"fake": {"data": [{"key": "myapp/prod/db-password", "value": value}]}}},
    });
    if stage.store_kind == "SecretStore" {
        store["metadata"]["namespace"] = json!(stage.namespace);
    }
    store
}

fn manifest(namespace: &str, name: &str, key: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: {namespace}\nstringData:\n  {key}: {value}\n"
    )
}

/// Runs one of our command lines in `folder` and answers what it wrote.
fn run(program: &str, arguments: &[&str], folder: &Path, input: &str) -> Result<String> {
    let mut child = Command::new(rig::built_binary(program)?)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // A manifest fits into the pipe, so that nobody waits for the other.
    child.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    String::from_utf8(output.stdout).with_context(|| format!("{program} wrote no UTF-8"))
}
