//! An object of each kind that is no object of its kind: it was stored before the definition forbade it.

use anyhow::{Context as _, Result};
use crds::{Condition, ExternalSecret, SealedSecret, SopsSecret};
use k8s_openapi::api::core::v1::Event;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt as _};
use rig::{ControlPlane, Operator, OperatorOptions, Options};
use serde_json::{Value, json};

use crate::canary;
use crate::scene::{DEADLINE, KEYS, Scene};

/// A kind, a specification that is none of it, and the condition that stands first.
struct Poison {
    resource: ApiResource,
    specification: Value,
    first: &'static str,
}

impl Poison {
    fn of_each_kind(sealed: &Value) -> [Poison; 3] {
        let planted = canary::value("poison");
        let template = json!({ "type": 7, "metadata": planted });
        [
            Poison {
                resource: ApiResource::erase::<SealedSecret>(&()),
                specification: json!({ "encryptedData": sealed["spec"]["encryptedData"], "template": template }),
                first: "Synced",
            },
            Poison {
                resource: ApiResource::erase::<SopsSecret>(&()),
                specification: json!({ "document": [planted] }),
                first: "Ready",
            },
            Poison {
                resource: ApiResource::erase::<ExternalSecret>(&()),
                specification: json!({ "data": planted, "target": 7 }),
                first: "Ready",
            },
        ]
    }

    fn api(&self, scene: &Scene<'_>) -> Api<DynamicObject> {
        Api::namespaced_with(scene.plane.admin(), &scene.namespace, &self.resource)
    }

    /// Stores the object under a definition that allows anything, and puts the true definition back.
    async fn plant(&self, scene: &Scene<'_>) -> Result<()> {
        let strict = self.version(scene.plane).await?;
        let schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        let mut loose = json!({ "name": strict["name"], "served": true, "storage": strict["storage"] });
        loose["schema"] = json!({ "openAPIV3Schema": schema });
        loose["subresources"] = strict["subresources"].clone();
        self.set_version(scene.plane, &loose).await?;
        let object = json!({
            "apiVersion": self.resource.api_version, "kind": self.resource.kind,
            "metadata": { "name": "poison" }, "spec": self.specification,
        });
        let object: DynamicObject = serde_json::from_value(object)?;
        // The loose schema is in force a moment later.
        let planted = async || self.api(scene).create(&PostParams::default(), &object).await.ok();
        rig::eventually(DEADLINE, "the loose definition", planted).await?;
        self.set_version(scene.plane, &strict).await
    }

    fn definition(&self) -> String {
        format!("{}.{}", self.resource.plural, self.resource.group)
    }

    /// The version in use, as the definition describes it.
    async fn version(&self, plane: &ControlPlane) -> Result<Value> {
        let definitions: Api<CustomResourceDefinition> = Api::all(plane.admin());
        let mut versions = definitions.get(&self.definition()).await?.spec.versions.into_iter();
        let version = versions.find(|version| version.name == self.resource.version).context("no such version")?;
        Ok(serde_json::to_value(version)?)
    }

    async fn set_version(&self, plane: &ControlPlane, version: &Value) -> Result<()> {
        let definitions: Api<CustomResourceDefinition> = Api::all(plane.admin());
        let mut definition = definitions.get(&self.definition()).await?;
        let mut versions = definition.spec.versions.iter_mut();
        let served = versions.find(|served| served.name == self.resource.version).context("no such version")?;
        *served = serde_json::from_value(version.clone())?;
        definitions.replace(&self.definition(), &PostParams::default(), &definition).await?;
        Ok(())
    }

    /// Waits until the object says what it is, and checks that nothing else has become of it.
    async fn is_told(&self, scene: &Scene<'_>) -> Result<()> {
        let told = |object: &DynamicObject| conditions(object).iter().any(|condition| condition.type_ == "Ready");
        let object = rig::watch_until(&self.api(scene), "poison", DEADLINE, told).await?;
        let conditions = conditions(&object);
        assert_eq!((conditions[0].type_.as_str(), conditions[0].status.as_str()), (self.first, "False"));
        let ready = conditions.into_iter().find(|condition| condition.type_ == "Ready").context("not ready")?;
        assert_eq!(ready.reason.as_deref(), Some("Undecodable"), "{}", self.resource.kind);
        // The definition adds its defaults.
        for (field, planted) in self.specification.as_object().into_iter().flatten() {
            assert_eq!(&object.data["spec"][field], planted, "the specification was touched");
        }
        canary::search("the status of a poison object", &object.data["status"].to_string())?;
        let events = async || self.events(scene, &object).await.ok().filter(|events| !events.is_empty());
        let events = rig::eventually(DEADLINE, "the event", events).await?;
        assert_eq!((events.len(), events[0].reason.as_deref()), (1, Some("Undecodable")), "{}", self.resource.kind);
        canary::search("an event", &serde_json::to_string(&events)?)
    }

    async fn events(&self, scene: &Scene<'_>, object: &DynamicObject) -> Result<Vec<Event>> {
        let selector = format!("involvedObject.uid={}", object.uid().unwrap_or_default());
        Ok(scene.api::<Event>().list(&ListParams::default().fields(&selector)).await?.items)
    }
}

fn conditions(object: &DynamicObject) -> Vec<Condition> {
    serde_json::from_value(object.data["status"]["conditions"].clone()).unwrap_or_default()
}

#[tokio::test]
async fn a_poison_object_of_each_kind_is_told_so_and_the_others_live() -> Result<()> {
    let plane = ControlPlane::start(Options::default()).await?;
    let scene = Scene::on(&plane).await?;
    scene.add_key(&KEYS[1]).await?;
    let poisons = Poison::of_each_kind(&scene.sealed("poison", &[("password", "one")])?);
    for poison in &poisons {
        poison.plant(&scene).await?;
    }
    scene.create_sealed("before", "one").await?;
    let options = OperatorOptions::new(scene.kubeconfig()?, &scene.installation.namespace).namespace(&scene.namespace);
    let operator = Operator::start_ready(&options).await?;
    scene.create_sealed("after", "one").await?;
    for name in ["before", "after"] {
        scene.synced(name).await?;
    }
    for poison in &poisons {
        poison.is_told(&scene).await?;
    }
    canary::search_log(&operator)?;
    // A new start says nothing new, and a mended object arrives.
    assert!(operator.terminate().await?.success());
    let mark = scene.mark().await?;
    let _again = Operator::start_ready(&options).await?;
    let calls = scene.calls(mark).await?;
    assert!(!calls.iter().any(|call| call.writes() && call.resource != "leases"), "{calls:?}");
    let mended = Patch::Merge(json!({ "spec": { "template": null } }));
    poisons[0].api(&scene).patch("poison", &PatchParams::default(), &mended).await?;
    scene.holds("poison", &[("password", "one")]).await?;
    scene.synced("poison").await?;
    Ok(())
}
