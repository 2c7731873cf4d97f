//! Section 9, for SealedSecrets: whatever a user writes ends as a condition with a precise reason and one event; nothing is
//! lost, nothing is told, nothing turns in circles.

use anyhow::Result;
use crds::SealedSecret;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::Api;
use kube::api::DeleteParams;
use kubeseal::{CLUSTER_WIDE, Scope};
use serde_json::{Value, json};

use crate::canary;
use crate::scene::{DEADLINE, KEYS, Scene, rsa_operations, seal};

const PASSWORD: &str = "one";

/// What a user wrote, and what it must end as.
struct Case {
    name: &'static str,
    object: Value,
    reason: &'static str,
    message: &'static str,
}

fn case(name: &'static str, spec: &Value, reason: &'static str, message: &'static str) -> Case {
    Case { name, object: json!({ "metadata": { "name": name }, "spec": spec }), reason, message }
}

fn with_data(name: &'static str, data: &Value, message: &'static str) -> Case {
    case(name, &json!({ "encryptedData": data }), "ErrUnsealFailed", message)
}

fn cases(scene: &Scene<'_>) -> Result<Vec<Case>> {
    let sealed = |name: &str| seal(&KEYS[1], Scope::Strict, &scene.namespace, name, PASSWORD);
    let whole = sealed("any")?;
    let mut scope = with_data(
        "wrong-scope",
        &json!({ "password": sealed("wrong-scope")? }),
        "no key could decrypt secret (password)",
    );
    scope.object["metadata"]["annotations"] = json!({ CLUSTER_WIDE: "true" });
    let other_key = seal(&KEYS[0], Scope::Strict, &scene.namespace, "wrong-key", PASSWORD)?;
    let mixed = json!({ "b": null, "a": "no base64!", "c": "", "d": sealed("mixed")? });
    let template = |template: Value, name: &str| {
        Ok::<_, anyhow::Error>(json!({ "encryptedData": { "password": sealed(name)? }, "template": template }))
    };
    let token = "the Secret `forbidden` may not be of type kubernetes.io/service-account-token, which Kubernetes acts on itself";
    Ok(vec![
        scope,
        with_data("wrong-key", &json!({ "password": other_key }), "no key could decrypt secret (password)"),
        with_data("wrong-name", &json!({ "password": sealed("another")? }), "no key could decrypt secret (password)"),
        with_data("truncated", &json!({ "password": &whole[..200] }), "no key could decrypt secret (password)"),
        with_data("empty", &json!({ "password": "" }), "no key could decrypt secret (password)"),
        with_data("null", &json!({ "password": null }), "the value is not base64 text (password)"),
        with_data("mixed", &mixed, "no key could decrypt secret (c)\nthe value is not base64 text (a, b)"),
        case(
            "templated",
            &template(json!({ "data": { "url": "{{" } }), "templated")?,
            "TemplateFailed",
            "template: line 1: unclosed action (url)",
        ),
        case(
            "first-format",
            &json!({ "encryptedData": {}, "data": "AQAA" }),
            "ErrUnsealFailed",
            "no key could decrypt secret",
        ),
        case(
            "forbidden",
            &template(json!({ "type": "kubernetes.io/service-account-token" }), "forbidden")?,
            "ForbiddenType",
            token,
        ),
    ])
}

#[tokio::test]
async fn each_mistake_ends_as_its_reason_and_one_event_and_then_there_is_peace() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    let cases = cases(&scene)?;
    for case in &cases {
        scene.create::<SealedSecret>(case.object.clone()).await?;
    }
    for case in &cases {
        let ready = scene.failed(case.name).await?;
        assert_eq!(
            (ready.reason.as_deref(), ready.message.as_deref()),
            (Some(case.reason), Some(case.message)),
            "{}",
            case.name
        );
        assert!(scene.api::<Secret>().get_opt(case.name).await?.is_none(), "{}", case.name);
    }
    for case in &cases {
        let object = scene.api::<SealedSecret>().get(case.name).await?;
        scene.told(&object, 1).await?;
    }
    let opened = rsa_operations(&operator).await?;
    scene.is_quiet().await?;
    assert_eq!(rsa_operations(&operator).await?, opened, "opened again in vain");
    for case in &cases {
        let object = scene.api::<SealedSecret>().get(case.name).await?;
        let events = scene.events(&object).await?;
        let reasons: Vec<_> = events.iter().map(|event| (event.type_.as_deref(), event.reason.as_deref())).collect();
        // The original knows two reasons; ours are in the condition.
        let told = if case.reason == "ForbiddenType" { "ErrUpdateFailed" } else { "ErrUnsealFailed" };
        assert_eq!(reasons, [(Some("Warning"), Some(told))], "{}", case.name);
    }
    works_on(&scene).await?;
    scene.nothing_leaked(&operator).await
}

async fn works_on(scene: &Scene<'_>) -> Result<()> {
    scene.create_sealed("good", "one").await?;
    scene.holds("good", &[("password", "one")]).await.map(drop)
}

#[tokio::test]
async fn a_result_that_kubernetes_would_not_store_is_refused_with_its_size() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    let halves = "x".repeat(525_000);
    scene.create::<SealedSecret>(scene.sealed("large", &[("a", &halves), ("b", &halves)])?).await?;
    let ready = scene.failed("large").await?;
    assert_eq!(ready.reason.as_deref(), Some("TooLarge"));
    assert_eq!(ready.message.as_deref(), Some("the Secret `large` would hold 1050034 bytes, the limit is 1048576"));
    // A little less is stored.
    scene.create::<SealedSecret>(scene.sealed("fits", &[("a", &halves), ("b", &halves[1700..])])?).await?;
    scene.synced("fits").await?;
    works_on(&scene).await?;
    scene.nothing_leaked(&operator).await
}

#[tokio::test]
async fn what_the_api_server_refuses_is_told_without_a_value_and_tried_ever_more_slowly() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    let mark = scene.mark().await?;
    let bad_label = json!({ "metadata": { "labels": { "app": "no label canary!plaintext!" } } });
    let mut labelled = scene.sealed("labelled", &[("password", "one")])?;
    labelled["spec"]["template"] = bad_label;
    scene.create::<SealedSecret>(labelled).await?;
    let object: SealedSecret = scene.create(scene.sealed("keyed", &[("no/key", "one")])?).await?;
    for name in ["labelled", "keyed"] {
        let ready = scene.failed(name).await?;
        assert_eq!(ready.reason.as_deref(), Some("ErrUpdateFailed"), "{name}");
    }
    // Two more attempts, a second and two seconds later.
    let attempts = async || {
        let calls = scene.calls(mark).await.ok()?;
        let tried =
            calls.iter().filter(|call| call.is("create", "secrets") && call.namespace == scene.namespace).count();
        (tried >= 6).then_some(calls)
    };
    let calls = rig::eventually(DEADLINE, "the third attempt", attempts).await?;
    let statuses = calls.iter().filter(|call| call.is("update", "sealedsecrets/status")).count();
    assert_eq!(statuses, 2, "a status was written again though nothing is new");
    assert_eq!(scene.told(&object, 1).await?.len(), 1);
    works_on(&scene).await?;
    canary::search_log(&operator)
}

#[tokio::test]
async fn bytes_and_unknown_fields_are_no_mistake() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let label = Scope::Strict.label(&scene.namespace, "bytes");
    let bytes: Vec<u8> = (0..=255).collect();
    let blob = kubeseal::encode_base64(&kubeseal::seal(KEYS[1].certificate(), &label, &bytes)?);
    let nothing = kubeseal::encode_base64(&kubeseal::seal(KEYS[1].certificate(), &label, b"")?);
    // As `base64` and an editor on Windows break lines.
    let broken =
        |end: &str| blob.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line) + end).collect::<String>();
    let (lines, windows) = (broken("\n"), broken("\r\n"));
    let object = json!({
        "metadata": { "name": "bytes" },
        "spec": { "encryptedData": { "bytes": blob, "lines": lines, "nothing": nothing, "windows": windows }, "surprise": { "for": ["later"] } },
    });
    scene.create_loosely(object).await?;
    scene.synced("bytes").await?;
    let data = scene.api::<Secret>().get("bytes").await?.data.unwrap_or_default();
    assert_eq!((&data["bytes"].0, data["nothing"].0.len()), (&bytes, 0));
    assert_eq!((&data["lines"].0, &data["windows"].0), (&bytes, &bytes));
    // No value at all is a Secret without values.
    scene.create::<SealedSecret>(json!({ "metadata": { "name": "bare" }, "spec": { "encryptedData": {} } })).await?;
    scene.synced("bare").await?;
    assert!(scene.api::<Secret>().get("bare").await?.data.is_none());
    Ok(())
}

/// Nothing new is accepted there any more: that is said once, and what is left is still kept as it should be.
#[tokio::test]
async fn a_namespace_that_is_being_deleted_has_a_reason_of_its_own_and_no_hot_loop() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    for name in ["gone", "kept"] {
        scene.create_sealed(name, "one").await?;
        scene.synced(name).await?;
    }
    // Nobody here empties namespaces, so that it stays in this state.
    let namespaces: Api<Namespace> = Api::all(scene.plane.admin());
    namespaces.delete(&scene.namespace, &DeleteParams::default()).await?;
    scene.api::<Secret>().delete("gone", &DeleteParams::default()).await?;
    let ready = scene.failed("gone").await?;
    assert_eq!(ready.reason.as_deref(), Some("NamespaceTerminating"));
    let message = format!("failed update: the namespace `{}` is being deleted", scene.namespace);
    assert_eq!(ready.message, Some(message));
    scene.is_quiet().await?;
    scene.change::<Secret>("kept", json!({ "data": { "password": "eA==" } })).await?;
    scene.holds("kept", &[("password", "one")]).await?;
    scene.nothing_leaked(&operator).await
}
