//! The fault proxy: forwards faithfully, and makes each fault as a real network or server would.

mod holds;
mod watches;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use http::Method;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, Error};
use rig::{Action, FaultProxy, Matcher, Rule, Vault};
use serde_json::json;

const DEADLINE: Duration = Duration::from_mins(1);

/// A proxy, and the ConfigMaps of a namespace seen through it and directly.
struct Scene {
    proxy: FaultProxy,
    through: Api<ConfigMap>,
    direct: Api<ConfigMap>,
    namespace: String,
}

impl Scene {
    async fn new() -> Result<Scene> {
        let plane = rig::shared().await?;
        let namespace = plane.namespace().await?;
        let proxy = FaultProxy::start(plane).await?;
        let through = Api::namespaced(proxy.client(plane.admin_token())?, &namespace);
        let direct = Api::namespaced(plane.admin(), &namespace);
        Ok(Scene { proxy, through, direct, namespace })
    }

    async fn create(&self) -> Result<ConfigMap, Error> {
        self.through.create(&PostParams::default(), &config_map("first")).await
    }
}

#[tokio::test]
async fn requests_go_through_unchanged_and_are_recorded() -> Result<()> {
    let scene = Scene::new().await?;
    let audit = rig::shared().await?.audit()?;
    let mark = audit.mark().await?;
    scene.create().await?;
    scene.through.patch("config", &PatchParams::default(), &patch("second")).await?;
    assert_eq!(scene.through.list(&ListParams::default()).await?.items.len(), 1);
    assert!(matches!(scene.through.get("missing").await, Err(Error::Api(status)) if status.code == 404));
    scene.through.delete("config", &DeleteParams::default()).await?;
    let calls = audit.since(mark).await?;
    let audited: Vec<_> = calls
        .into_iter()
        .filter(|call| call.namespace == scene.namespace)
        .map(|call| (call.verb, call.resource, call.name, u64::from(call.code == 404)))
        .collect();
    let recorded: Vec<_> = scene
        .proxy
        .requests()
        .into_iter()
        .map(|seen| (seen.verb, seen.resource, seen.name, u64::from(seen.code == Some(404))))
        .collect();
    let verbs: Vec<&str> = recorded.iter().map(|(verb, ..)| verb.as_str()).collect();
    assert_eq!(verbs, ["create", "patch", "list", "get", "delete"]);
    // The audit log knows the name that a create has in its body.
    assert_eq!(recorded[1..], audited[1..]);
    scene.proxy.forget_requests();
    assert!(scene.proxy.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn the_caller_keeps_its_own_rights() -> Result<()> {
    let scene = Scene::new().await?;
    let stranger: Api<ConfigMap> = Api::namespaced(scene.proxy.client("no-such-token")?, &scene.namespace);
    let refused = stranger.list(&ListParams::default()).await;
    assert!(matches!(refused, Err(Error::Api(status)) if status.code == 401));
    Ok(())
}

#[tokio::test]
async fn a_kubeconfig_file_leads_through_the_proxy() -> Result<()> {
    let scene = Scene::new().await?;
    let path = scene.proxy.kubeconfig_file("rig-admin-token", &scene.namespace)?;
    let file = kube::config::Kubeconfig::read_from(path)?;
    let config = kube::Config::from_custom_kubeconfig(file, &kube::config::KubeConfigOptions::default()).await?;
    let api: Api<ConfigMap> = Api::default_namespaced(Client::try_from(config)?);
    api.list(&ListParams::default()).await?;
    assert!(scene.proxy.requests()[0].is("list", "configmaps"));
    Ok(())
}

#[tokio::test]
async fn a_refusal_looks_as_the_api_server_writes_it_and_only_so_often() -> Result<()> {
    let scene = Scene::new().await?;
    for (code, reason) in
        [(403, "Forbidden"), (409, "AlreadyExists"), (410, "Expired"), (429, "TooManyRequests"), (500, "InternalError")]
    {
        let rule = scene.proxy.add(Rule::new(Matcher::call("create", "configmaps"), Action::Answer(code)).times(1));
        let refused = scene.create().await;
        let Err(Error::Api(status)) = refused else {
            anyhow::bail!("not refused: {refused:?}");
        };
        assert_eq!((status.code, status.reason.as_str()), (code, reason));
        assert_eq!(rule.hits(), 1);
    }
    scene.create().await?;
    let _rule =
        scene.proxy.add(Rule::new(Matcher::call("update", "configmaps").named("config"), Action::Answer(409)).after(1));
    scene.through.replace("config", &PostParams::default(), &config_map("second")).await?;
    let refused = scene.through.replace("config", &PostParams::default(), &config_map("third")).await;
    assert!(matches!(refused, Err(Error::Api(status)) if status.reason == "Conflict"));
    assert_eq!(scene.direct.get("config").await?.data, config_map("second").data);
    Ok(())
}

#[tokio::test]
async fn a_rule_ends_with_its_handle() -> Result<()> {
    let scene = Scene::new().await?;
    let rule = scene.proxy.add(Rule::new(Matcher::any(), Action::Answer(500)));
    assert!(scene.create().await.is_err());
    drop(rule);
    scene.create().await?;
    Ok(())
}

#[tokio::test]
async fn a_dropped_request_has_done_nothing_and_a_dropped_answer_has() -> Result<()> {
    let scene = Scene::new().await?;
    let rule = scene.proxy.add(Rule::new(Matcher::call("create", "configmaps"), Action::Drop));
    assert!(!matches!(scene.create().await, Ok(_) | Err(Error::Api(_))), "somebody answered");
    assert!(scene.direct.get_opt("config").await?.is_none());
    drop(rule);
    let _rule = scene.proxy.add(Rule::new(Matcher::call("create", "configmaps"), Action::DropAnswer));
    assert!(!matches!(scene.create().await, Ok(_) | Err(Error::Api(_))), "somebody answered");
    scene.direct.get("config").await?;
    Ok(())
}

#[tokio::test]
async fn a_store_behind_the_proxy_fails_by_rule() -> Result<()> {
    let vault = Vault::start().await?;
    vault.mount_kv2("apps").await?;
    vault.kv2_put("apps", "shop/db", &json!({ "password": "one" })).await?;
    let proxy = FaultProxy::in_front_of(vault.address()).await?;
    let read = async || {
        let url = format!("{}/v1/apps/data/shop/db", proxy.address());
        reqwest::Client::new().get(url).header("X-Vault-Token", vault.root_token()).send().await
    };
    assert_eq!(read().await?.status(), 200);
    let sealed = r#"{"errors":["Vault is sealed"]}"#;
    let rule =
        proxy.add(Rule::new(Matcher::request(Method::GET, "^/v1/apps/data/"), Action::AnswerWith(503, sealed.into())));
    let answer = read().await?;
    assert_eq!((answer.status().as_u16(), answer.text().await?.as_str()), (503, sealed));
    drop(rule);
    let delay = Duration::from_millis(300);
    let _rule = proxy.add(Rule::new(Matcher::any(), Action::Delay(delay)));
    let started = Instant::now();
    assert_eq!(read().await?.status(), 200);
    assert!(started.elapsed() >= delay);
    assert_eq!(proxy.requests().iter().map(|seen| seen.code).collect::<Vec<_>>(), [Some(200), Some(503), Some(200)]);
    Ok(())
}

fn config_map(value: &str) -> ConfigMap {
    let mut map = ConfigMap { data: Some(BTreeMap::from([("key".into(), value.into())])), ..ConfigMap::default() };
    map.metadata.name = Some("config".into());
    map
}

fn patch(value: &str) -> Patch<serde_json::Value> {
    Patch::Merge(json!({ "data": { "key": value } }))
}
