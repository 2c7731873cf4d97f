//! The integration stories of the original that no other test here tells, each with the names and values of its own.

use anyhow::{Context as _, Result};
use crds::SealedSecret;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::DeleteParams;
use kubeseal::{MANAGED, PATCH, Scope};
use serde_json::{Value, json};

use crate::canary;
use crate::scene::{DEADLINE, KEYS, Scene, planted, seal, values_of};

/// The story's object: `foo` is `bar`, and the Secret gets the label `mylabel`.
fn told(scene: &Scene<'_>, name: &str) -> Result<Value> {
    let mut object = scene.sealed(name, &[("foo", "bar")])?;
    object["spec"]["template"] = json!({ "metadata": { "labels": { "mylabel": "myvalue" } } });
    Ok(object)
}

/// A Secret that is there before its object.
async fn before(scene: &Scene<'_>, name: &str, annotations: Value) -> Result<Secret> {
    let labels = json!({ "mylabel": "myvalue", "anotherlabel": "anothervalue" });
    let metadata = json!({ "name": name, "annotations": annotations, "labels": labels });
    let data = json!({ "foo": canary::value("bar1"), "foo2": canary::value("bar2") });
    scene.create(json!({ "metadata": metadata, "stringData": data })).await
}

async fn unsealed(scene: &Scene<'_>, object: &SealedSecret) -> Result<()> {
    let events = scene.told(object, 1).await?;
    assert_eq!(events[0].reason.as_deref(), Some("Unsealed"), "{}", object.name_any());
    Ok(())
}

#[tokio::test]
async fn keys_may_be_renamed_and_appended_and_types_are_free() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    let mut renamed = told(&scene, "renamed")?;
    let foo = renamed["spec"]["encryptedData"]["foo"].take();
    renamed["spec"]["encryptedData"] = json!({ "xyzzy": foo });
    let mut appended = told(&scene, "appended")?;
    let blob = seal(&KEYS[1], Scope::Strict, &scene.namespace, "appended", "new!")?;
    appended["spec"]["encryptedData"]["foo2"] = json!(blob);
    let mut login = scene.sealed("login", &[])?;
    let auths = r#"{"auths": {"https://index.docker.io/v1/": {"auth": "c3R...zE2"}}}"#;
    let label = Scope::Strict.label(&scene.namespace, "login");
    let blob = kubeseal::encode_base64(&kubeseal::seal(KEYS[1].certificate(), &label, auths.as_bytes())?);
    login["spec"] = json!({ "encryptedData": { ".dockerconfigjson": blob }, "template": { "type": "kubernetes.io/dockerconfigjson" } });
    for object in [renamed, appended] {
        scene.create::<SealedSecret>(object).await?;
    }
    let login: SealedSecret = scene.create(login).await?;
    scene.holds("renamed", &[("xyzzy", "bar")]).await?;
    scene.holds("appended", &[("foo", "bar"), ("foo2", "new!")]).await?;
    scene.synced("login").await?;
    let secret = scene.api::<Secret>().get("login").await?;
    assert_eq!(values_of(&secret), [(".dockerconfigjson".to_owned(), auths.to_owned())]);
    assert_eq!(secret.type_.as_deref(), Some("kubernetes.io/dockerconfigjson"));
    unsealed(&scene, &login).await?;
    scene.nothing_leaked(&operator).await
}

#[tokio::test]
async fn existing_secrets_are_taken_over_or_added_to_as_their_annotations_say() -> Result<()> {
    let scene = Scene::new().await?;
    let both = json!({ MANAGED: "true", PATCH: "true" });
    before(&scene, "both", both.clone()).await?;
    before(&scene, "patched", json!({ PATCH: "true" })).await?;
    let empty = json!({ "metadata": { "name": "empty", "annotations": { PATCH: "true" } } });
    scene.create::<Secret>(empty).await?;
    let _operator = scene.start().await?;
    let labels = json!({ "mylabel": "myvalue", "anotherlabel": "anothervalue" });
    let merged = planted(&[("foo", "bar"), ("foo2", "bar2")]);
    let cases = [
        ("both", merged.clone(), both, labels.clone(), 1),
        ("patched", merged, json!({ PATCH: "true" }), labels, 0),
        ("empty", planted(&[("foo", "bar")]), json!({ PATCH: "true" }), json!({ "mylabel": "myvalue" }), 0),
    ];
    for (name, values, annotations, labels, owners) in cases {
        let object: SealedSecret = scene.create(told(&scene, name)?).await?;
        scene.synced(name).await?;
        unsealed(&scene, &object).await?;
        let secret = scene.api::<Secret>().get(name).await?;
        assert_eq!(values_of(&secret), values, "{name}");
        assert_eq!(serde_json::to_value(secret.annotations())?, annotations, "{name}");
        assert_eq!(serde_json::to_value(secret.labels())?, labels, "{name}");
        assert_eq!(secret.owner_references().len(), owners, "{name}");
    }
    Ok(())
}

/// The original makes only those again that were controlled or managed; here whatever an object describes is there.
#[tokio::test]
async fn deleted_secrets_are_made_again_whoever_had_them_before() -> Result<()> {
    let scene = Scene::new().await?;
    before(&scene, "managed", json!({ MANAGED: "true" })).await?;
    before(&scene, "patched", json!({ PATCH: "true" })).await?;
    let _operator = scene.start().await?;
    for name in ["owned", "managed", "patched"] {
        let object: SealedSecret = scene.create(told(&scene, name)?).await?;
        scene.synced(name).await?;
        let first = scene.api::<Secret>().get(name).await?;
        scene.api::<Secret>().delete(name, &DeleteParams::default()).await?;
        let is_new = |secret: &Secret| secret.metadata.uid != first.metadata.uid;
        let again = rig::watch_until(&scene.api::<Secret>(), name, DEADLINE, is_new).await?;
        assert_eq!(values_of(&again), planted(&[("foo", "bar")]), "{name}");
        assert_eq!(again.owner_references().first().map(|owner| &owner.uid), object.metadata.uid.as_ref(), "{name}");
        scene.synced(name).await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_was_sealed_for_elsewhere_or_with_another_key_makes_no_secret() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    let elsewhere = |name| seal(&KEYS[1], Scope::Strict, "elsewhere", name, "bar");
    // Blobs of 1024 and of 4096 bits: no key here has such a length, and none is tried.
    let of_length = |bits: u16| {
        let mut blob = (bits / 8).to_be_bytes().to_vec();
        blob.resize(usize::from(bits / 8) + 40, 7);
        kubeseal::encode_base64(&blob)
    };
    let cases = [("moved", elsewhere("moved")?), ("small", of_length(1024)), ("large", of_length(4096))];
    for (name, blob) in cases {
        let spec = json!({ "encryptedData": { "foo": blob } });
        let object: SealedSecret = scene.create(json!({ "metadata": { "name": name }, "spec": spec })).await?;
        scene.failed(name).await?;
        let event = scene.told(&object, 1).await?.remove(0);
        assert_eq!(event.reason.as_deref(), Some("ErrUnsealFailed"), "{name}");
        assert_eq!(event.message.as_deref(), Some("Failed to unseal: no key could decrypt secret (foo)"), "{name}");
        assert!(scene.api::<Secret>().get_opt(name).await?.is_none(), "{name}");
    }
    assert_eq!(crate::scene::rsa_operations(&operator).await?, 1, "a key of another length was tried");
    Ok(())
}

#[tokio::test]
async fn an_immutable_secret_that_would_have_to_change_is_an_update_failure() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let mut object = told(&scene, "fixed")?;
    object["spec"]["template"]["immutable"] = json!(true);
    let object: SealedSecret = scene.create(object).await?;
    scene.synced("fixed").await?;
    let secret = scene.api::<Secret>().get("fixed").await?;
    assert_eq!(secret.immutable, Some(true));
    let changed = scene.sealed("fixed", &[("foo", "baz")])?["spec"].clone();
    scene.change::<SealedSecret>("fixed", json!({ "spec": changed })).await?;
    scene.failed("fixed").await?;
    let status = scene.api::<SealedSecret>().get("fixed").await?.status.context("no status")?;
    assert_eq!(status.observed_generation, Some(2));
    let event = scene.told(&object, 2).await?.remove(1);
    assert_eq!(event.reason.as_deref(), Some("ErrUpdateFailed"));
    assert!(event.message.is_some_and(|message| message.contains("the target Secret is immutable")));
    assert_eq!(scene.api::<Secret>().get("fixed").await?, secret);
    // Deleted, it is made anew with the new value.
    scene.api::<Secret>().delete("fixed", &DeleteParams::default()).await?;
    scene.holds("fixed", &[("foo", "baz")]).await.map(drop)
}
