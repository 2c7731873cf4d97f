//! SIGKILL between opening a value and writing it: the write that was on its way arrives later, or never.

use anyhow::Result;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::DeleteParams;
use rig::{Action, FaultProxy, Matcher, Operator, Rule};

use crate::scene::{DEADLINE, Scene};

/// An operator that was killed while the proxy held its first write of the Secret `db`.
async fn killed_while_writing(scene: &Scene<'_>, proxy: &FaultProxy, released: bool) -> Result<Operator> {
    let mut operator = Operator::start_ready(&scene.options_through(proxy)?).await?;
    let rule = proxy.add(Rule::new(Matcher::call("create", "secrets").in_namespace(&scene.namespace), Action::Hold));
    scene.create_sealed("db", "one").await?;
    rule.wait_hit(DEADLINE).await?;
    operator.kill().await?;
    assert!(scene.api::<Secret>().get_opt("db").await?.is_none());
    if released {
        rule.release(DEADLINE).await?;
        assert!(scene.api::<Secret>().get_opt("db").await?.is_some());
    } else {
        rule.drop_connection(DEADLINE).await?;
    }
    drop(rule);
    // The dead leader's Lease would have to run out first; that is the business of another test.
    let leases: Api<Lease> = Api::namespaced(scene.plane.admin(), &scene.installation.namespace);
    leases.delete("strongroom", &DeleteParams::default()).await?;
    operator.restart()?;
    operator.wait_ready().await?;
    Ok(operator)
}

/// How often the operator has written the Secret.
async fn writes(scene: &Scene<'_>, since: rig::Mark) -> Result<usize> {
    let calls = scene.calls(since).await?;
    Ok(calls
        .iter()
        .filter(|call| call.resource == "secrets" && call.namespace == scene.namespace && call.writes())
        .count())
}

#[tokio::test]
async fn a_write_that_arrives_after_the_death_of_its_writer_is_adopted() -> Result<()> {
    let scene = Scene::new().await?;
    let mark = scene.mark().await?;
    let proxy = FaultProxy::start(scene.plane).await?;
    let operator = killed_while_writing(&scene, &proxy, true).await?;
    let object = scene.synced("db").await?;
    let secret = scene.holds("db", &[("password", "one")]).await?;
    assert_eq!(secret.metadata.owner_references.unwrap_or_default()[0].uid, object.metadata.uid.unwrap_or_default());
    assert_eq!(writes(&scene, mark).await?, 1, "written twice");
    scene.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_write_that_died_with_its_writer_is_done_again() -> Result<()> {
    let scene = Scene::new().await?;
    let mark = scene.mark().await?;
    let proxy = FaultProxy::start(scene.plane).await?;
    let _operator = killed_while_writing(&scene, &proxy, false).await?;
    scene.synced("db").await?;
    scene.holds("db", &[("password", "one")]).await?;
    assert_eq!(writes(&scene, mark).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_not_done_twice() -> Result<()> {
    let scene = Scene::new().await?;
    let mark = scene.mark().await?;
    let proxy = FaultProxy::start(scene.plane).await?;
    let _operator = Operator::start_ready(&scene.options_through(&proxy)?).await?;
    let matcher = Matcher::call("create", "secrets").in_namespace(&scene.namespace);
    let _rule = proxy.add(Rule::new(matcher, Action::DropAnswer).times(1));
    scene.create_sealed("db", "one").await?;
    scene.synced("db").await?;
    scene.holds("db", &[("password", "one")]).await?;
    // The HTTP client may ask again on its own; then the second is refused because the Secret is there.
    let calls = scene.calls(mark).await?;
    let done = calls.iter().filter(|call| {
        call.resource == "secrets" && call.namespace == scene.namespace && call.writes() && call.code < 300
    });
    assert_eq!(done.count(), 1);
    Ok(())
}
