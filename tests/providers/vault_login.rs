//! The kubernetes login of Vault, with a real API server that gives out the tokens and vouches for them.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use rig::Vault;
use serde_json::json;
use strongroom::provider::credentials::{KubeCredentials, Surroundings};
use strongroom::provider::{ProviderError, connect};
use strongroom::reference::Tenant;

use crate::conformance::{failure, key, value};

const READ_ALL: &str = r#"path "apps/data/*" { capabilities = ["read"] }"#;

/// Who may ask the API server whose a token is.
const REVIEWER: &str = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: reviewer}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reviewer-NAMESPACE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: 'system:auth-delegator'}
subjects: [{kind: ServiceAccount, name: reviewer, namespace: NAMESPACE}]
";

/// A Vault that asks this cluster who somebody is, with a role `app` for the ServiceAccount `app` of the namespace.
async fn vault_for(namespace: &str) -> Result<Vault> {
    let cluster = rig::shared().await?;
    let vault = Vault::start().await?;
    vault.mount_kv2("apps").await?;
    vault.kv2_put("apps", "db", &json!({"word": "one"})).await?;
    vault.call(Method::PUT, "sys/policies/acl/read", Some(&json!({"policy": READ_ALL}))).await?;
    vault.enable_login("kubernetes").await?;
    cluster.apply_yaml_in(namespace, &REVIEWER.replace("NAMESPACE", namespace)).await?;
    let config = json!({
        "kubernetes_host": cluster.url(),
        "kubernetes_ca_cert": cluster.certificate_authority(),
        "token_reviewer_jwt": cluster.service_account_token(namespace, "reviewer").await?,
    });
    vault.call(Method::POST, "auth/kubernetes/config", Some(&config)).await?;
    let role = json!({
        "bound_service_account_names": ["app"], "bound_service_account_namespaces": [namespace],
        "token_policies": ["read"], "token_ttl": "1h",
    });
    vault.call(Method::POST, "auth/kubernetes/role/app", Some(&role)).await?;
    Ok(vault)
}

#[tokio::test]
async fn a_service_account_logs_in_once_for_many_reads() -> Result<()> {
    let cluster = rig::shared().await?;
    let namespace = cluster.namespace().await?;
    for account in ["app", "stranger"] {
        cluster
            .apply_yaml_in(
                &namespace,
                &format!("apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {account}}}\n"),
            )
            .await?;
    }
    let vault = vault_for(&namespace).await?;
    let around = Arc::new(Surroundings::of_process(Arc::new(KubeCredentials::new(cluster.admin()))));
    let open = async |account: &str, role: &str| {
        let auth = json!({"kubernetes": {"role": role, "serviceAccountRef": {"name": account}}});
        let block = json!({"server": vault.address(), "path": "apps", "auth": auth});
        let spec = serde_json::from_value(json!({"provider": {"vault": block}}))?;
        let store = connect(&spec, Tenant::Namespace(&namespace), &around).await;
        store.map_err(|failure| anyhow::anyhow!(failure.message))
    };
    let store = open("app", "app").await?;
    vault.forget_requests().await?;
    for _ in 0..3 {
        ensure!(value(&store, &key("db", None), None).await?.0["word"] == "one");
    }
    store.validate().await.map_err(|failure| anyhow::anyhow!(failure.message))?;
    let requests = vault.requests().await?;
    let logins: u64 = requests
        .iter()
        .filter(|(request, _)| request.ends_with("/v1/auth/kubernetes/login"))
        .map(|(_, count)| count)
        .sum();
    ensure!(logins == 1, "{requests:?}");
    ensure!(failure(&open("stranger", "app").await?, &key("db", None)).await? == ProviderError::Denied);
    let missing = open("nobody", "app").await?.validate().await.err().context("it logged in")?;
    ensure!(
        missing.message.contains(&format!("ServiceAccount `{namespace}/nobody` does not exist")),
        "{}",
        missing.message
    );
    Ok(())
}
