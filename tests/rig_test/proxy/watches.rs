//! Faults of watches, which are answered with success before they fail.

use anyhow::{Context as _, Result};
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Patch, PatchParams, WatchEvent, WatchParams};
use kube::{Api, Error};
use rig::{Action, Matcher, Rule};
use serde_json::json;

use super::{DEADLINE, Scene, config_map, patch};

#[tokio::test]
async fn a_watch_streams_event_by_event() -> Result<()> {
    let scene = Scene::new().await?;
    let mut events = watch(&scene.through).await?;
    for value in ["one", "two", "three"] {
        scene.direct.patch("config", &PatchParams::apply("test"), &applied(value)).await?;
        let event = tokio::time::timeout(DEADLINE, next(&mut events)).await??;
        assert!(
            matches!(event, WatchEvent::Added(map) | WatchEvent::Modified(map) if map.data == config_map(value).data)
        );
    }
    assert!(scene.proxy.requests()[0].is("watch", "configmaps"));
    Ok(())
}

#[tokio::test]
async fn an_open_watch_is_cut() -> Result<()> {
    let scene = Scene::new().await?;
    let mut events = watch(&scene.through).await?;
    scene.create().await?;
    assert!(matches!(next(&mut events).await?, WatchEvent::Added(_)));
    let rule = scene.proxy.add(Rule::new(Matcher::call("watch", "configmaps"), Action::CutWatch));
    rule.wait_hit(DEADLINE).await?;
    let rest = tokio::time::timeout(DEADLINE, events.next()).await?;
    assert!(!matches!(rest, Some(Ok(_))), "the watch goes on");
    Ok(())
}

#[tokio::test]
async fn an_open_watch_is_told_that_its_version_is_too_old() -> Result<()> {
    let scene = Scene::new().await?;
    let mut events = watch(&scene.through).await?;
    let _rule = scene.proxy.add(Rule::new(Matcher::call("watch", "configmaps"), Action::ExpireWatch).after(1).times(1));
    scene.create().await?;
    let first = next(&mut events).await?;
    assert!(matches!(first, WatchEvent::Added(_)), "{first:?}");
    assert!(
        matches!(next(&mut events).await?, WatchEvent::Error(status) if status.code == 410 && status.reason == "Expired")
    );
    assert!(tokio::time::timeout(DEADLINE, events.next()).await?.is_none(), "the watch goes on");
    // Once only: the next watch lives.
    let mut events = watch(&scene.through).await?;
    scene.direct.patch("config", &PatchParams::default(), &patch("second")).await?;
    assert!(matches!(next(&mut events).await?, WatchEvent::Added(_) | WatchEvent::Modified(_)));
    Ok(())
}

#[tokio::test]
async fn a_watch_is_refused_before_it_begins() -> Result<()> {
    let scene = Scene::new().await?;
    let _rule = scene.proxy.add(Rule::new(Matcher::call("watch", "configmaps"), Action::Answer(410)));
    let refused = watch(&scene.through).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("Expired")));
    Ok(())
}

async fn watch(api: &Api<ConfigMap>) -> Result<impl Stream<Item = Result<WatchEvent<ConfigMap>, Error>> + Unpin> {
    Ok(api.watch(&WatchParams::default().disable_bookmarks(), "0").await?.boxed())
}

async fn next(
    events: &mut (impl Stream<Item = Result<WatchEvent<ConfigMap>, Error>> + Unpin),
) -> Result<WatchEvent<ConfigMap>> {
    let event = tokio::time::timeout(DEADLINE, events.try_next()).await??;
    event.context("the watch has ended")
}

fn applied(value: &str) -> Patch<serde_json::Value> {
    let metadata = json!({ "name": "config" });
    Patch::Apply(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": { "key": value } }))
}
