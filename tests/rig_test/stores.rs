//! The stores and the peers.

use std::process::Command;

use anyhow::Result;
use reqwest::Method;
use rig::{Moto, Peers, Vault};
use serde_json::json;

#[tokio::test]
async fn vault_keeps_versions_counts_reads_and_holds_to_its_policies() -> Result<()> {
    let vault = Vault::start().await?;
    vault.mount_kv2("apps").await?;
    vault.kv2_put("apps", "shop/db", &json!({ "password": "one" })).await?;
    vault.kv2_put("apps", "shop/db", &json!({ "password": "two" })).await?;
    vault.forget_requests().await?;
    let read = vault.call(Method::GET, "apps/data/shop/db", None).await?;
    assert_eq!(read["data"]["data"]["password"], "two");
    assert_eq!(read["data"]["metadata"]["version"], 2);
    let old = vault.call(Method::GET, "apps/data/shop/db?version=1", None).await?;
    assert_eq!(old["data"]["data"]["password"], "one");
    assert_eq!(vault.requests().await?.get("GET /v1/apps/data/shop/db"), Some(&2));
    let token = vault.token_with_policy("shop", r#"path "apps/data/shop/*" { capabilities = ["read"] }"#).await?;
    assert_eq!(status(&vault, &token, "apps/data/shop/db").await?, 200);
    assert_eq!(status(&vault, &token, "apps/data/other").await?, 403);
    for login in ["approle", "kubernetes", "userpass"] {
        vault.enable_login(login).await?;
    }
    vault.mount("keys", &json!({ "type": "transit" })).await
}

#[tokio::test]
async fn moto_keeps_versions_of_a_secret() -> Result<()> {
    let moto = Moto::start().await?;
    moto.put_secret("myapp/prod/db-password", "one").await?;
    moto.put_secret("myapp/prod/db-password", "two").await?;
    let body = json!({ "SecretId": "myapp/prod/db-password" });
    assert_eq!(moto.call("secretsmanager", "GetSecretValue", &body).await?["SecretString"], "two");
    let body = json!({ "SecretId": "myapp/prod/db-password", "VersionStage": "AWSPREVIOUS" });
    assert_eq!(moto.call("secretsmanager", "GetSecretValue", &body).await?["SecretString"], "one");
    let missing = moto.call("secretsmanager", "GetSecretValue", &json!({ "SecretId": "missing" })).await;
    assert!(missing.is_err_and(|error| error.to_string().contains("ResourceNotFoundException")));
    Ok(())
}

#[test]
fn a_missing_peer_names_the_command_that_builds_it() -> Result<()> {
    let error = Peers::locate()?.path("no-such-peer").expect_err("there is no such peer");
    assert!(error.to_string().contains("run `make peers`"));
    Ok(())
}

#[test]
fn every_peer_is_the_version_that_is_pinned() -> Result<()> {
    let peers = Peers::locate()?;
    for (name, arguments, version) in [
        ("age", &["--version"][..], "1.3.1"),
        ("sops", &["--version", "--disable-version-check"], "3.13.3"),
        ("kubeseal", &["--version"], "0.36.6"),
        ("sealed-secrets-controller", &["--version"], "0.36.6"),
        ("etcd", &["--version"], "3.6.16"),
        ("kube-apiserver", &["--version"], "1.36.3"),
        ("kube-controller-manager", &["--version"], "1.36.3"),
        ("kubectl", &["version", "--client"], "1.36.3"),
        ("kustomize", &["version"], "5.8.2"),
        ("kubeconform", &["-v"], "0.8.0"),
    ] {
        let output = Command::new(peers.path(name)?).args(arguments).output()?;
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(text.contains(version), "{name} says: {text}");
    }
    // Moto's server does not tell its version, its Python package does.
    let moto = peers.path("moto_server")?.canonicalize()?.with_file_name("python");
    let version = Command::new(moto)
        .args(["-c", "import importlib.metadata; print(importlib.metadata.version('moto'))"])
        .output()?;
    assert_eq!(String::from_utf8_lossy(&version.stdout).trim(), "5.2.5");
    Ok(())
}

async fn status(vault: &Vault, token: &str, path: &str) -> Result<u16> {
    let request = reqwest::Client::new().get(format!("{}/v1/{path}", vault.address())).header("X-Vault-Token", token);
    Ok(request.send().await?.status().as_u16())
}
