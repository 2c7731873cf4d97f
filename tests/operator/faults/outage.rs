//! The API server goes away and comes back while there is work.

use anyhow::Result;
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Secret;
use kube::api::ListParams;
use rig::{ControlPlane, Options};
use serde_json::json;

use crate::scene::{DEADLINE, Scene};

const OBJECTS: usize = 40;

#[tokio::test]
async fn a_restart_of_the_api_server_in_the_midst_of_work_loses_nothing() -> Result<()> {
    let plane = ControlPlane::start(Options::default()).await?;
    let scene = Scene::on(&plane).await?;
    scene.add_key(&crate::scene::KEYS[1]).await?;
    let operator = scene.start().await?;
    let names: Vec<String> = (0..OBJECTS).map(|number| format!("db-{number}")).collect();
    try_join_all(names.iter().map(|name| scene.create_sealed(name, "one"))).await?;
    // Some are done, the others are being worked on.
    let some = async || (scene.api::<Secret>().list(&ListParams::default()).await.ok()?.items.len() > 5).then_some(());
    rig::eventually(DEADLINE, "the first Secrets", some).await?;
    plane.restart_apiserver().await?;
    try_join_all(names.iter().map(|name| scene.synced(name))).await?;
    // For a moment after the restart the API server refuses what it has not read anew.
    let all = async || scene.api::<Secret>().list(&ListParams::default()).await.ok();
    for secret in rig::eventually(DEADLINE, "the Secrets", all).await? {
        assert_eq!(crate::scene::values_of(&secret), crate::scene::planted(&[("password", "one")]));
    }
    // The watches live again, and nobody has died.
    let edit = json!({ "data": { "password": "eA==" } });
    let edited = async || scene.change::<Secret>("db-7", edit.clone()).await.ok();
    rig::eventually(DEADLINE, "the edit", edited).await?;
    scene.holds("db-7", &[("password", "one")]).await?;
    assert!(operator.process().exit_status().is_none(), "{}", operator.last_words());
    scene.nothing_leaked(&operator).await
}
