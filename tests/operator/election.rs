//! Section 5: two replicas, one leader, and what happens when that is frozen, killed or asked to leave.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use rig::{FaultProxy, Operator, Seen};
use serde_json::json;

use crate::scene::{DEADLINE, Scene, metric, rsa_operations};

/// A replica behind a proxy of its own, which tells its calls from those of the other.
struct Replica {
    operator: Operator,
    proxy: FaultProxy,
}

impl Replica {
    async fn start(scene: &Scene<'_>) -> Result<Replica> {
        let proxy = FaultProxy::start(scene.plane).await?;
        let operator = Operator::start_ready(&scene.options_through(&proxy)?).await?;
        Ok(Replica { operator, proxy })
    }

    async fn leads(&self) -> Result<bool> {
        Ok(metric(&self.operator, "strongroom_leads").await? == 1)
    }

    /// What it has written so far, apart from its own lease.
    fn written(&self) -> Vec<Seen> {
        let reads = ["", "get", "list", "watch"];
        let requests = self.proxy.requests().into_iter();
        requests.filter(|seen| !reads.contains(&seen.verb.as_str()) && seen.resource != "leases").collect()
    }
}

async fn holder(scene: &Scene<'_>) -> Result<String> {
    let leases: Api<Lease> = Api::namespaced(scene.plane.admin(), &scene.installation.namespace);
    let lease = leases.get("strongroom").await?;
    lease.spec.and_then(|spec| spec.holder_identity).context("the lease has no holder")
}

#[tokio::test]
async fn of_two_replicas_one_works_and_both_are_ready() -> Result<()> {
    let scene = Scene::new().await?;
    let first = Replica::start(&scene).await?;
    let second = Replica::start(&scene).await?;
    assert_eq!((first.leads().await?, second.leads().await?), (true, false));
    scene.create_sealed("db", "one").await?;
    scene.synced("db").await?;
    assert!(second.written().is_empty(), "{:?}", second.written());
    assert!(second.operator.ready().await, "the standby is ready");
    assert_eq!(second.operator.certificate().await?, first.operator.certificate().await?);
    Ok(())
}

#[tokio::test]
async fn a_leader_that_is_asked_to_leave_hands_over_at_once() -> Result<()> {
    let scene = Scene::new().await?;
    let first = Replica::start(&scene).await?;
    let second = Replica::start(&scene).await?;
    scene.create_sealed("db", "one").await?;
    scene.synced("db").await?;
    let started = Instant::now();
    let status = first.operator.terminate().await?;
    assert_eq!(status.code(), Some(0), "{}", first.operator.last_words());
    assert!(started.elapsed() < Duration::from_secs(5), "it took {:?} to end", started.elapsed());
    let took_over = async || second.leads().await.is_ok_and(|leads| leads).then_some(());
    rig::eventually(DEADLINE, "the second replica leading", took_over).await?;
    assert!(started.elapsed() < Duration::from_secs(12), "the lease was not given back: {:?}", started.elapsed());
    scene.create_sealed("later", "two").await?;
    scene.synced("later").await?;
    Ok(())
}

/// Killed, it gives nothing back: the standby waits for the end of the lease, and finds everything done.
#[tokio::test]
async fn a_standby_follows_a_killed_leader_within_twenty_seconds_and_has_nothing_to_redo() -> Result<()> {
    const OBJECTS: usize = 25;
    let scene = Scene::new().await?;
    let first = Replica::start(&scene).await?;
    let second = Replica::start(&scene).await?;
    let names: Vec<String> = (0..OBJECTS).map(|number| format!("object-{number}")).collect();
    try_join_all(names.iter().map(|name| scene.create_sealed(name, "one"))).await?;
    try_join_all(names.iter().map(|name| scene.synced(name))).await?;
    let started = Instant::now();
    first.operator.kill().await?;
    let took_over = async || second.leads().await.is_ok_and(|leads| leads).then_some(());
    rig::eventually(DEADLINE, "the second replica leading", took_over).await?;
    assert!(started.elapsed() < Duration::from_secs(20), "it took {:?}", started.elapsed());
    // It works, and has looked at the others by then.
    scene.create_sealed("later", "two").await?;
    let later = scene.synced("later").await?;
    scene.told(&later, 1).await?;
    assert_eq!(rsa_operations(&second.operator).await?, 1);
    let written: Vec<String> =
        second.written().into_iter().map(|seen| format!("{} {}", seen.verb, seen.resource)).collect();
    assert_eq!(written, ["create secrets", "update sealedsecrets/status", "create events"]);
    Ok(())
}

#[tokio::test]
async fn a_frozen_leader_loses_the_lease_and_writes_nothing_when_it_wakes() -> Result<()> {
    let scene = Scene::new().await?;
    let first = Replica::start(&scene).await?;
    let second = Replica::start(&scene).await?;
    scene.create_sealed("db", "one").await?;
    scene.synced("db").await?;
    let frozen_holder = holder(&scene).await?;
    first.operator.pause()?;
    let took_over = async || second.leads().await.is_ok_and(|leads| leads).then_some(());
    rig::eventually(DEADLINE, "the second replica leading", took_over).await?;
    assert_ne!(holder(&scene).await?, frozen_holder);
    // Work that both have seen by the time the first wakes.
    scene.change::<Secret>("db", json!({ "data": { "password": "eA==" } })).await?;
    scene.holds("db", &[("password", "one")]).await?;
    scene.create_sealed("later", "two").await?;
    scene.synced("later").await?;
    let before = first.written().len();
    first.operator.resume()?;
    let status = first.operator.process().wait(DEADLINE).await?;
    assert_eq!(status.code(), Some(1), "{}", first.operator.last_words());
    assert!(
        first.operator.log()?.iter().any(|line| line.contains("leadership is lost")),
        "{}",
        first.operator.last_words()
    );
    assert_eq!(first.written().len(), before, "{:?}", first.written());
    assert!(second.leads().await?, "the second replica still leads");
    Ok(())
}

#[tokio::test]
async fn a_leader_cut_off_from_the_api_server_ends() -> Result<()> {
    let scene = Scene::new().await?;
    let first = Replica::start(&scene).await?;
    let _cut = first.proxy.add(rig::Rule::new(rig::Matcher::any(), rig::Action::Hold));
    let status = first.operator.process().wait(DEADLINE).await?;
    assert_eq!(status.code(), Some(1), "{}", first.operator.last_words());
    Ok(())
}
