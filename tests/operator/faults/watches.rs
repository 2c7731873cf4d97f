//! Watches that break, end, or are told that they are too old: nothing is missed, and nobody asks in a hot loop.

use anyhow::Result;
use k8s_openapi::api::core::v1::Secret;
use rig::{Action, FaultProxy, Matcher, Operator, Rule, RuleHandle};
use serde_json::json;

use crate::scene::{DEADLINE, Scene};

/// A proxy and the operator behind it.
struct Watched<'a> {
    scene: &'a Scene<'a>,
    proxy: FaultProxy,
    operator: Operator,
}

impl<'a> Watched<'a> {
    async fn start(scene: &'a Scene<'a>) -> Result<Watched<'a>> {
        let proxy = FaultProxy::start(scene.plane).await?;
        let operator = Operator::start_ready(&scene.options_through(&proxy)?).await?;
        Ok(Watched { scene, proxy, operator })
    }

    /// A fault on the watches of each of the two kinds that matter.
    fn on_both(&self, action: &Action, times: usize) -> [RuleHandle; 2] {
        ["secrets", "sealedsecrets"].map(|kind| {
            let matcher = Matcher::call("watch", kind).in_namespace(&self.scene.namespace);
            self.proxy.add(Rule::new(matcher, action.clone()).times(times))
        })
    }

    /// Ends both watches once, as the network does or as the API server does; the rules added before act on the next.
    async fn end_both(&self, action: &Action) -> Result<()> {
        for rule in self.on_both(action, 1) {
            rule.wait_hit(DEADLINE).await?;
        }
        Ok(())
    }
}

/// The operator still sees what happens to objects and Secrets.
async fn sees(scene: &Scene<'_>, name: &str) -> Result<()> {
    scene.create_sealed(name, "one").await?;
    scene.holds(name, &[("password", "one")]).await?;
    scene.synced(name).await?;
    scene.change::<Secret>(name, json!({ "data": { "password": "eA==" } })).await?;
    scene.holds(name, &[("password", "one")]).await.map(drop)
}

#[tokio::test]
async fn a_watch_that_is_told_in_its_stream_that_it_is_too_old_begins_anew() -> Result<()> {
    let scene = Scene::new().await?;
    let watched = Watched::start(&scene).await?;
    sees(&scene, "before").await?;
    watched.end_both(&Action::ExpireWatch).await?;
    sees(&scene, "after").await
}

#[tokio::test]
async fn a_watch_that_is_refused_as_too_old_begins_anew_with_a_list() -> Result<()> {
    let scene = Scene::new().await?;
    let watched = Watched::start(&scene).await?;
    sees(&scene, "before").await?;
    let refusals = watched.on_both(&Action::Answer(410), 1);
    watched.proxy.forget_requests();
    watched.end_both(&Action::CutWatch).await?;
    for rule in &refusals {
        rule.wait_hit(DEADLINE).await?;
    }
    sees(&scene, "after").await?;
    for kind in ["secrets", "sealedsecrets"] {
        assert!(watched.proxy.requests().iter().any(|seen| seen.is("list", kind)), "{kind} were not listed again");
    }
    Ok(())
}

#[tokio::test]
async fn watches_that_break_again_and_again_are_taken_up_ever_more_slowly() -> Result<()> {
    let scene = Scene::new().await?;
    let watched = Watched::start(&scene).await?;
    sees(&scene, "before").await?;
    let refusals = watched.on_both(&Action::Answer(500), 5);
    let started = std::time::Instant::now();
    watched.end_both(&Action::CutWatch).await?;
    for rule in &refusals {
        rule.wait_hits(5, DEADLINE).await?;
    }
    assert!(started.elapsed() > std::time::Duration::from_secs(1), "five attempts in {:?}", started.elapsed());
    sees(&scene, "after").await?;
    let told = watched.operator.log()?.iter().filter(|line| line.contains("a watch was interrupted")).count();
    assert!((10..40).contains(&told), "{told} lines about watches");
    Ok(())
}

#[tokio::test]
async fn what_happens_while_a_watch_is_broken_is_found_by_the_next() -> Result<()> {
    let scene = Scene::new().await?;
    let watched = Watched::start(&scene).await?;
    scene.create_sealed("deleted", "one").await?;
    scene.create_sealed("edited", "one").await?;
    scene.synced("deleted").await?;
    scene.synced("edited").await?;
    let held = watched.on_both(&Action::Answer(410), usize::MAX);
    watched.end_both(&Action::CutWatch).await?;
    for rule in &held {
        rule.wait_hit(DEADLINE).await?;
    }
    scene.api::<Secret>().delete("deleted", &kube::api::DeleteParams::default()).await?;
    scene.change::<Secret>("edited", json!({ "data": { "password": "eA==" } })).await?;
    scene.create_sealed("made", "one").await?;
    drop(held);
    for name in ["deleted", "edited", "made"] {
        scene.holds(name, &[("password", "one")]).await?;
    }
    Ok(())
}
