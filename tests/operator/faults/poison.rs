//! An object that is no object of its kind: it was stored before the definition forbade it.

use anyhow::{Context as _, Result};
use crds::Condition;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use rig::{ControlPlane, Options};
use serde_json::{Value, json};

use crate::scene::{DEADLINE, KEYS, Scene};

const DEFINITION: &str = "sealedsecrets.bitnami.com";

/// Replaces the definition's schema; answers the one it had.
async fn with_schema(plane: &ControlPlane, schema: &Value) -> Result<Value> {
    let definitions: Api<CustomResourceDefinition> = Api::all(plane.admin());
    let definition = serde_json::to_value(definitions.get(DEFINITION).await?)?;
    let path = "/spec/versions/0/schema/openAPIV3Schema";
    let before = definition.pointer(path).context("the definition has no schema")?.clone();
    let patch = json!([{ "op": "replace", "path": path, "value": schema }]);
    definitions.patch(DEFINITION, &PatchParams::default(), &Patch::Json::<()>(serde_json::from_value(patch)?)).await?;
    Ok(before)
}

/// Stores an object that the definition of today forbids.
async fn plant(scene: &Scene<'_>, name: &str) -> Result<Api<DynamicObject>> {
    let loose = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let strict = with_schema(scene.plane, &loose).await?;
    let resource = ApiResource::erase::<crds::SealedSecret>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(scene.plane.admin(), &scene.namespace, &resource);
    let sealed = scene.sealed(name, &[("password", "one")])?;
    let poison = json!({
        "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": { "name": name },
        "spec": { "encryptedData": sealed["spec"]["encryptedData"], "template": { "type": 7, "metadata": "canary!plaintext!" } },
    });
    let poison: DynamicObject = serde_json::from_value(poison)?;
    // The new schema is served a moment later.
    let planted = async || api.create(&PostParams::default(), &poison).await.ok();
    rig::eventually(DEADLINE, "the loose definition", planted).await?;
    with_schema(scene.plane, &strict).await?;
    Ok(api)
}

fn condition(object: &DynamicObject) -> Option<Condition> {
    let conditions: Vec<Condition> = serde_json::from_value(object.data["status"]["conditions"].clone()).ok()?;
    conditions.into_iter().find(|condition| condition.type_ == "Ready")
}

#[tokio::test]
async fn a_poison_object_is_told_so_and_the_others_live() -> Result<()> {
    let plane = ControlPlane::start(Options::default()).await?;
    let scene = Scene::on(&plane).await?;
    scene.add_key(&KEYS[1]).await?;
    let poisons = plant(&scene, "poison").await?;
    scene.create_sealed("before", "one").await?;
    let operator = scene.start().await?;
    scene.create_sealed("after", "one").await?;
    for name in ["before", "after"] {
        scene.synced(name).await?;
    }
    let object = rig::watch_until(&poisons, "poison", DEADLINE, |object| condition(object).is_some()).await?;
    let ready = condition(&object).context("no condition")?;
    assert_eq!((ready.status.as_str(), ready.reason.as_deref()), ("False", Some("Undecodable")));
    assert_eq!(object.data["status"]["conditions"][0]["type"], "Synced");
    assert_eq!(object.data["spec"]["template"]["type"], 7, "the specification was touched");
    let events = events(&scene, &object, 1).await?;
    assert_eq!((events.len(), events[0].as_str()), (1, "Undecodable"));
    scene.nothing_leaked_by(&operator).await?;
    // A new start says nothing new, and a mended object arrives.
    assert!(operator.terminate().await?.success());
    let mark = scene.mark().await?;
    let _again = scene.start().await?;
    let calls = scene.calls(mark).await?;
    assert!(!calls.iter().any(|call| call.writes() && call.resource != "leases"), "{calls:?}");
    let mended = json!({ "spec": { "template": null } });
    poisons.patch("poison", &PatchParams::default(), &Patch::Merge(mended)).await?;
    scene.holds("poison", &[("password", "one")]).await?;
    scene.synced("poison").await?;
    Ok(())
}

/// The reasons of the events about an object that no type fits.
async fn events(scene: &Scene<'_>, object: &DynamicObject, count: usize) -> Result<Vec<String>> {
    let mut stand_in = crds::SealedSecret::new("poison", serde_json::from_value(json!({ "encryptedData": {} }))?);
    stand_in.metadata = object.metadata.clone();
    let events = scene.told(&stand_in, count).await?;
    Ok(events.into_iter().filter_map(|event| event.reason).collect())
}
