//! Requests and answers that the proxy holds, also for a sender that dies meanwhile.

use std::process::Command;

use anyhow::Result;
use kube::Error;
use rig::{Action, Matcher, Process, Rule};
use serde_json::json;

use super::{DEADLINE, Scene};

#[tokio::test]
async fn a_held_write_goes_on_when_released_and_not_before() -> Result<()> {
    let scene = Scene::new().await?;
    let rule =
        scene.proxy.add(Rule::new(Matcher::call("create", "configmaps").in_namespace(&scene.namespace), Action::Hold));
    let test = async {
        rule.wait_hit(DEADLINE).await?;
        assert!(scene.direct.get_opt("config").await?.is_none());
        assert_eq!(scene.proxy.requests()[0].code, None);
        rule.release(DEADLINE).await
    };
    let (created, tested) = tokio::join!(scene.create(), test);
    tested?;
    created?;
    assert_eq!(scene.proxy.requests()[0].code, Some(201));
    Ok(())
}

#[tokio::test]
async fn a_held_answer_means_that_the_write_is_done() -> Result<()> {
    let scene = Scene::new().await?;
    let rule = scene.proxy.add(Rule::new(Matcher::call("create", "configmaps"), Action::HoldAnswer));
    let test = async {
        rule.wait_hit(DEADLINE).await?;
        rig::watch_until(&scene.direct, "config", DEADLINE, |_| true).await?;
        rule.drop_connection(DEADLINE).await
    };
    let (created, tested) = tokio::join!(scene.create(), test);
    tested?;
    assert!(!matches!(created, Ok(_) | Err(Error::Api(_))), "somebody answered");
    Ok(())
}

#[tokio::test]
async fn a_held_write_outlives_its_sender_and_is_done_when_released() -> Result<()> {
    let scene = Scene::new().await?;
    let rule = scene.proxy.add(Rule::new(Matcher::call("create", "configmaps"), Action::Hold));
    let sender = creating_process(&scene)?;
    rule.wait_hit(DEADLINE).await?;
    sender.kill()?;
    sender.wait(DEADLINE).await?;
    assert!(scene.direct.get_opt("config").await?.is_none());
    rule.release(DEADLINE).await?;
    scene.direct.get("config").await?;
    Ok(())
}

#[tokio::test]
async fn a_held_write_of_a_dead_sender_is_never_done_when_dropped() -> Result<()> {
    let scene = Scene::new().await?;
    let rule = scene.proxy.add(Rule::new(Matcher::call("create", "configmaps"), Action::Hold));
    let sender = creating_process(&scene)?;
    rule.wait_hit(DEADLINE).await?;
    sender.kill()?;
    sender.wait(DEADLINE).await?;
    rule.drop_connection(DEADLINE).await?;
    drop(rule);
    // A later write shows that the earlier one is not on its way: the name is free.
    scene.create().await?;
    Ok(())
}

/// A program of its own that asks to create the ConfigMap through the proxy.
fn creating_process(scene: &Scene) -> Result<Process> {
    let body = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "config" } }).to_string();
    let script = r#"
import sys, urllib.request
headers = {"Authorization": "Bearer " + sys.argv[2], "Content-Type": "application/json"}
urllib.request.urlopen(urllib.request.Request(sys.argv[1], sys.argv[3].encode(), headers))
"#;
    let url = format!("{}/api/v1/namespaces/{}/configmaps", scene.proxy.address(), scene.namespace);
    let mut command = Command::new("python3");
    command.args(["-c", script, &url, "rig-admin-token", &body]).env("no_proxy", "*");
    Process::spawn(&command)
}
