//! The control plane: authorisation, manifests, waiting, counting, restart.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::{ConfigMap, Secret, ServiceAccount};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, ResourceExt as _};
use rig::{ControlPlane, Options, User, watch_until, watch_until_gone};
use serde_json::json;

const DEADLINE: Duration = Duration::from_secs(30);

const WIDGETS: &str = r"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.rig.example }
spec:
  group: rig.example
  names: { kind: Widget, plural: widgets }
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
---
# An empty document is no object.
---
apiVersion: rig.example/v1
kind: Widget
metadata: { name: first }
spec: { size: 1 }
";

#[tokio::test]
async fn watch_until_sees_a_change_and_a_deletion() -> Result<()> {
    let plane = rig::shared().await?;
    let namespace = plane.namespace().await?;
    let api: Api<ConfigMap> = Api::namespaced(plane.admin(), &namespace);
    let waiting = {
        let api = api.clone();
        tokio::spawn(async move { watch_until(&api, "config", DEADLINE, |map| value(map) == Some("new")).await })
    };
    api.create(&PostParams::default(), &config_map("old")).await?;
    api.patch("config", &PatchParams::default(), &Patch::Merge(json!({ "data": { "key": "new" } }))).await?;
    assert_eq!(value(&waiting.await??), Some("new"));
    let late = watch_until(&api, "config", Duration::from_millis(200), |map| value(map) == Some("never")).await;
    assert!(format!("{:#}", late.expect_err("the value is never `never`")).contains("config"));
    api.delete("config", &DeleteParams::default()).await?;
    watch_until_gone(&api, "config", DEADLINE).await
}

#[tokio::test]
async fn every_namespace_is_another() -> Result<()> {
    let plane = rig::shared().await?;
    assert_ne!(plane.namespace().await?, plane.namespace().await?);
    Ok(())
}

#[tokio::test]
async fn manifests_of_a_kind_defined_in_the_same_file_are_applied() -> Result<()> {
    let plane = rig::shared().await?;
    let namespace = plane.namespace().await?;
    plane.apply_yaml_in(&namespace, WIDGETS).await?;
    let path = format!("/apis/rig.example/v1/namespaces/{namespace}/widgets/first");
    let widget = plane.admin().request_text(http::Request::get(path).body(Vec::new())?).await?;
    assert!(widget.contains(r#""size":1"#));
    Ok(())
}

#[tokio::test]
async fn a_service_account_may_do_what_its_role_says_and_no_more() -> Result<()> {
    let plane = rig::shared().await?;
    let namespace = plane.namespace().await?;
    let accounts: Api<ServiceAccount> = Api::namespaced(plane.admin(), &namespace);
    let account = serde_json::from_value(json!({ "metadata": { "name": "reader" } }))?;
    accounts.create(&PostParams::default(), &account).await?;
    let token = plane.service_account_token(&namespace, "reader").await?;
    let secrets: Api<Secret> = Api::namespaced(plane.client_for(&token)?, &namespace);
    assert!(secrets.list(&ListParams::default()).await.is_err(), "RBAC is off");
    plane.apply_yaml_in(&namespace, &role(&namespace)).await?;
    rig::eventually(DEADLINE, "the role", async || secrets.list(&ListParams::default()).await.ok()).await?;
    assert!(
        secrets.delete("x", &DeleteParams::default()).await.is_err_and(|error| error.to_string().contains("forbidden"))
    );
    Ok(())
}

#[tokio::test]
async fn the_audit_log_counts_calls_by_verb_resource_and_user() -> Result<()> {
    let plane = rig::shared().await?;
    let namespace = plane.namespace().await?;
    let api: Api<ConfigMap> = Api::namespaced(plane.admin(), &namespace);
    let audit = plane.audit()?;
    api.create(&PostParams::default(), &config_map("before")).await?;
    let mark = audit.mark().await?;
    for _ in 0..3 {
        api.get("config").await?;
    }
    api.delete("config", &DeleteParams::default()).await?;
    let calls = audit.since(mark).await?;
    let count = |verb: &str| {
        let ours =
            |call: &&rig::Call| call.is(verb, "configmaps") && call.namespace == namespace && call.user == "rig-admin";
        calls.iter().filter(ours).count()
    };
    assert_eq!((count("create"), count("get"), count("delete")), (0, 3, 1));
    Ok(())
}

#[tokio::test]
async fn a_restarted_api_server_has_the_same_data_and_watches_survive() -> Result<()> {
    let user = User { name: "ann".into(), groups: vec!["system:masters".into()], token: "ann-token".into() };
    let plane = ControlPlane::start(Options { users: vec![user], ..Options::default() }).await?;
    let api: Api<ConfigMap> = Api::namespaced(plane.client_for("ann-token")?, "default");
    api.create(&PostParams::default(), &config_map("kept")).await?;
    let waiting = {
        let api = api.clone();
        tokio::spawn(async move { watch_until(&api, "config", DEADLINE, |map| value(map) == Some("after")).await })
    };
    plane.restart_apiserver().await?;
    assert_eq!(value(&api.get("config").await?), Some("kept"));
    api.patch("config", &PatchParams::default(), &Patch::Merge(json!({ "data": { "key": "after" } }))).await?;
    waiting.await??;
    plane.stop().await
}

#[tokio::test]
async fn the_controller_manager_collects_garbage() -> Result<()> {
    let plane = ControlPlane::start(Options { controller_manager: true, ..Options::default() }).await?;
    let api: Api<ConfigMap> = Api::namespaced(plane.admin(), "default");
    let owner = api.create(&PostParams::default(), &config_map("owner")).await?;
    let mut dependent = config_map("owned");
    dependent.metadata.name = Some("owned".into());
    let reference = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "config", "uid": owner.uid() }]);
    dependent.metadata.owner_references = Some(serde_json::from_value(reference)?);
    api.create(&PostParams::default(), &dependent).await?;
    api.delete("config", &DeleteParams::default()).await?;
    watch_until_gone(&api, "owned", Duration::from_secs(90)).await
}

#[tokio::test]
async fn a_kubeconfig_file_leads_to_the_api_server() -> Result<()> {
    let plane = rig::shared().await?;
    let namespace = plane.namespace().await?;
    let path = plane.kubeconfig_file(plane.admin_token(), &namespace)?;
    let config = Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &KubeConfigOptions::default()).await?;
    assert_eq!(config.default_namespace, namespace);
    let api: Api<ConfigMap> = Api::default_namespaced(Client::try_from(config)?);
    api.create(&PostParams::default(), &config_map("x")).await.context("through the kubeconfig file")?;
    Ok(())
}

fn config_map(value: &str) -> ConfigMap {
    let mut map = ConfigMap { data: Some(BTreeMap::from([("key".into(), value.into())])), ..ConfigMap::default() };
    map.metadata.name = Some("config".into());
    map
}

fn value(map: &ConfigMap) -> Option<&str> {
    map.data.as_ref()?.get("key").map(String::as_str)
}

fn role(namespace: &str) -> String {
    let role = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "reader" },
        "rules": [{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["list"] }] });
    let binding = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": "reader" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader" },
        "subjects": [{ "kind": "ServiceAccount", "name": "reader", "namespace": namespace }] });
    format!("{role}\n---\n{binding}\n")
}
