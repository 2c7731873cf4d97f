//! A cluster in use changes hands, with everything that people do with Sealed Secrets in it: from the original's controller to
//! ours and back, in peace and in the middle of the work.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use crds::SealedSecret;
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams};
use kubeseal::{MANAGED, PATCH, SKIP_SET_OWNER_REFERENCES, Scope, SealingKey};
use rig::{Call, Operator};
use serde_json::{Value, json};

use crate::scene::{KEYS, Scene, planted, rsa_operations, seal, values_of};
use crate::takeover::Original;

/// How often the original looks at an object that fails: once, and then five times more.
const PASSES_OF_A_FAILURE: usize = 6;

/// Sets of objects: those that are opened, and those that never are.
struct World {
    good: Vec<Value>,
    bad: Vec<Value>,
}

impl World {
    fn new(scene: &Scene<'_>, key: &SealingKey) -> Result<World> {
        let sealed = |name: &str, template: Value| object(scene, key, name, &template);
        let plain = json!({ "metadata": { "labels": { "app": "shop" }, "annotations": { "note": "ours" } } });
        let alone = json!({ "metadata": { "annotations": { MANAGED: "true", SKIP_SET_OWNER_REFERENCES: "true" } } });
        let mut wide = sealed("wide", json!({}))?;
        let blob = seal(key, Scope::ClusterWide, "any", "any", "one")?;
        wide["metadata"]["annotations"] = json!({ kubeseal::CLUSTER_WIDE: "true" });
        wide["spec"]["encryptedData"]["password"] = json!(blob);
        let good = vec![
            sealed("owned", plain)?,
            wide,
            sealed("managed", json!({}))?,
            sealed("patched", json!({ "metadata": { "labels": { "app": "shop" } } }))?,
            sealed("both", json!({}))?,
            sealed("alone", alone)?,
            sealed("rendered", json!({ "data": { "url": "https://{{ .password | b64enc }}@db/" } }))?,
            sealed("immutable", json!({ "immutable": true }))?,
            sealed("typed", json!({ "type": "example.com/login" }))?,
            first_format(scene, key)?,
        ];
        let stranger = object(scene, &KEYS[0], "strange", &json!({}))?;
        Ok(World { good, bad: vec![stranger, sealed("foreign", json!({}))?] })
    }

    /// Secrets that were there before.
    async fn prepare(scene: &Scene<'_>) -> Result<()> {
        scene.create_foreign("managed", json!({ MANAGED: "true" })).await?;
        scene.create_foreign("patched", json!({ PATCH: "true", "note": "theirs" })).await?;
        scene.create_foreign("both", json!({ MANAGED: "true", PATCH: "true" })).await?;
        scene.create_foreign("foreign", json!({})).await.map(drop)
    }

    async fn create(&self, scene: &Scene<'_>) -> Result<()> {
        try_join_all(self.good.iter().chain(&self.bad).map(|object| scene.create::<SealedSecret>(object.clone())))
            .await?;
        self.judged(scene).await
    }

    /// Waits until every object reports what it has to.
    async fn judged(&self, scene: &Scene<'_>) -> Result<()> {
        for object in &self.good {
            scene.synced(name_of(object)).await?;
        }
        for object in &self.bad {
            scene.reported(name_of(object), |condition| condition.status == "False").await?;
        }
        Ok(())
    }

    /// Waits until the original, started again, has looked at all of it as often as it ever will.
    async fn seen_by(&self, original: &Original, scene: &Scene<'_>, key: &SealingKey) -> Result<()> {
        original.passed(self.good.len() + PASSES_OF_A_FAILURE * self.bad.len()).await?;
        // It works on one object after the other: what it opens now is opened after all of those.
        scene.create::<SealedSecret>(object(scene, key, "last", &json!({}))?).await?;
        scene.synced("last").await?;
        scene.api::<SealedSecret>().delete("last", &DeleteParams::default()).await?;
        scene.api::<Secret>().delete("last", &DeleteParams::default()).await.map(drop).context("no Secret")
    }
}

fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn object(scene: &Scene<'_>, key: &SealingKey, name: &str, template: &Value) -> Result<Value> {
    let blob = seal(key, Scope::Strict, &scene.namespace, name, "one")?;
    let spec = json!({ "encryptedData": { "password": blob }, "template": template });
    Ok(json!({ "metadata": { "name": name }, "spec": spec }))
}

fn first_format(scene: &Scene<'_>, key: &SealingKey) -> Result<Value> {
    let whole = json!({ "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": { "password": "b25l" },
        "metadata": { "name": "old", "namespace": scene.namespace } });
    let label = Scope::Strict.label(&scene.namespace, "old");
    let blob = kubeseal::encode_base64(&kubeseal::seal(key.certificate(), &label, whole.to_string().as_bytes())?);
    Ok(json!({ "metadata": { "name": "old" }, "spec": { "encryptedData": {}, "data": blob } }))
}

async fn secrets(scene: &Scene<'_>) -> Result<BTreeMap<String, Secret>> {
    let secrets = scene.api::<Secret>().list(&ListParams::default()).await?.items;
    Ok(secrets.into_iter().map(|secret| (secret.name_any(), secret)).collect())
}

/// Equal in everything, the version included. Says which are not, without a value.
fn assert_untouched(before: &BTreeMap<String, Secret>, after: &BTreeMap<String, Secret>) -> Result<()> {
    ensure!(before.keys().eq(after.keys()), "{:?} became {:?}", before.keys(), after.keys());
    for (name, secret) in before {
        let now = &after[name];
        ensure!(secret.resource_version() == now.resource_version(), "the Secret {name} was written");
        ensure!(secret == now, "the Secret {name} is another");
    }
    Ok(())
}

/// What the operator has written but its lease and its proof key.
async fn written(scene: &Scene<'_>, mark: rig::Mark) -> Result<Vec<Call>> {
    let calls = scene.calls(mark).await?.into_iter();
    Ok(calls.filter(|call| call.writes() && call.namespace == scene.namespace).collect())
}

/// Starts ours over what the original has left: each object gets one status at most, and no Secret is written.
async fn taken_over(scene: &Scene<'_>, world: &World, before: &BTreeMap<String, Secret>) -> Result<Operator> {
    let mark = scene.mark().await?;
    let operator = scene.start().await?;
    world.judged(scene).await?;
    scene.is_quiet().await?;
    assert_untouched(before, &secrets(scene).await?)?;
    let calls = written(scene, mark).await?;
    let statuses = calls.iter().filter(|call| call.is("update", "sealedsecrets/status")).count();
    ensure!(statuses <= world.good.len() + world.bad.len(), "{calls:?}");
    ensure!(calls.iter().all(|call| matches!(call.resource.as_str(), "sealedsecrets/status" | "events")), "{calls:?}");
    Ok(operator)
}

#[tokio::test]
async fn there_and_back_no_secret_is_written() -> Result<()> {
    let scene = Scene::without_key().await?;
    let original = Original::start(&scene)?;
    let key = crate::takeover::key(&scene).await?;
    let world = World::new(&scene, &key)?;
    World::prepare(&scene).await?;
    world.create(&scene).await?;
    let before = secrets(&scene).await?;
    let keys = scene.keys().list(&ListParams::default()).await?.items.len();
    original.stop().await?;
    // Ours finds everything as it should be, and says so in the status alone.
    let operator = taken_over(&scene, &world, &before).await?;
    assert_eq!(operator.certificate().await?, key.certificate_pem());
    assert_eq!(scene.keys().list(&ListParams::default()).await?.items.len(), keys + 1, "more than the proof key");
    // They are in our hands: one of each kind of ownership is healed.
    for name in ["owned", "alone", "managed"] {
        scene.change::<Secret>(name, json!({ "data": { "password": "eA==" } })).await?;
        scene.holds(name, &[("password", "one")]).await?;
        scene.synced(name).await?;
    }
    let healed = secrets(&scene).await?;
    assert!(operator.terminate().await?.success());
    // And back.
    let original = Original::start(&scene)?;
    world.seen_by(&original, &scene, &key).await?;
    world.judged(&scene).await?;
    assert_untouched(&healed, &secrets(&scene).await?)?;
    original.stop().await?;
    // Ours again: it knows its proofs, whatever the original wrote into the statuses.
    let mark = scene.mark().await?;
    let operator = scene.start().await?;
    scene.is_quiet().await?;
    assert_untouched(&healed, &secrets(&scene).await?)?;
    let calls = written(&scene, mark).await?;
    ensure!(calls.iter().all(|call| call.resource == "sealedsecrets/status"), "{calls:?}");
    // The original writes no status that it agrees with, so the proofs are still there.
    assert_eq!(rsa_operations(&operator).await?, 0);
    Ok(())
}

const MANY: usize = 40;

fn many(scene: &Scene<'_>) -> Result<Vec<Value>> {
    (0..MANY).map(|number| object(scene, &KEYS[1], &format!("object-{number}"), &json!({}))).collect()
}

/// Waits until the work has begun, and answers the Secrets there are.
async fn begun(scene: &Scene<'_>) -> Result<BTreeMap<String, Secret>> {
    let some = async || secrets(scene).await.ok().filter(|secrets| secrets.len() >= MANY / 8);
    rig::eventually(crate::scene::DEADLINE, "the first Secrets", some).await
}

async fn all_arrived(scene: &Scene<'_>, before: &BTreeMap<String, Secret>) -> Result<()> {
    for number in 0..MANY {
        scene.synced(&format!("object-{number}")).await?;
    }
    let after = secrets(scene).await?;
    ensure!(after.len() == MANY, "{} Secrets", after.len());
    for (name, secret) in &after {
        assert_eq!(values_of(secret), planted(&[("password", "one")]), "{name}");
        if let Some(earlier) = before.get(name) {
            ensure!(earlier == secret, "the Secret {name} was written twice");
        }
    }
    Ok(())
}

/// Killed in the middle, not asked to end: each finishes what the other began, and writes nothing again.
#[tokio::test]
async fn either_finishes_what_the_other_was_killed_over() -> Result<()> {
    let scene = Scene::new().await?;
    // Slow enough to be caught in the middle.
    let original = Original::start_with(&scene, &["--kubeclient-qps=40", "--kubeclient-burst=1"])?;
    try_join_all(many(&scene)?.into_iter().map(|object| scene.create::<SealedSecret>(object))).await?;
    let before = begun(&scene).await?;
    original.stop().await?;
    let written_by_then = secrets(&scene).await?;
    ensure!(before.len() <= written_by_then.len() && written_by_then.len() < MANY, "it was too late");
    let operator = scene.start().await?;
    all_arrived(&scene, &written_by_then).await?;
    operator.kill().await?;
    // The other way round, in a world without Secrets again.
    let all = ListParams::default();
    scene.api::<SealedSecret>().delete_collection(&DeleteParams::default(), &all).await?;
    scene.api::<Secret>().delete_collection(&DeleteParams::default(), &all).await?;
    try_join_all(many(&scene)?.into_iter().map(|object| scene.create::<SealedSecret>(object))).await?;
    let operator = Operator::start(&scene.options()?.argument("--workers").argument("1"))?;
    begun(&scene).await?;
    operator.kill().await?;
    let written_by_then = secrets(&scene).await?;
    let _original = Original::start_with(&scene, &["--kubeclient-qps=-1"])?;
    all_arrived(&scene, &written_by_then).await
}
