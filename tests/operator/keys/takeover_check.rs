//! What the check promises is what happens: it is asked where the original has served, then the operator starts, and its
//! writes are counted in the audit log.

use anyhow::{Context as _, Result};
use crds::SealedSecret;
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Secret;
use kube::api::DeleteParams;
use serde_json::{Value, json};

use super::{CHECK, COUNT, Person, READ, Said};
use crate::scene::{KEYS, Scene, seal};
use crate::takeover::Original;

/// A Deployment as the original's files make it, and a Pod of it; nothing runs either.
pub(super) async fn deployment(scene: &Scene<'_>, arguments: &[&str]) -> Result<()> {
    let container = json!({ "name": "sealed-secrets-controller", "image": "docker.io/bitnami/sealed-secrets-controller:0.36.6",
        "command": ["controller"], "args": arguments, "env": [{ "name": "SEALED_SECRETS_MY_CN", "value": "ours" }] });
    let labels = json!({ "name": "sealed-secrets-controller" });
    let pod = json!({ "metadata": { "labels": labels }, "spec": { "containers": [container] } });
    let deployment = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "sealed-secrets-controller" },
        "spec": { "replicas": 1, "selector": { "matchLabels": labels }, "template": pod } });
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "sealed-secrets-controller-0", "labels": labels },
        "spec": pod["spec"] });
    let service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "sealed-secrets-controller" },
        "spec": { "selector": labels, "ports": [{ "port": 8080 }] } });
    let yaml = format!("---\n{deployment}\n---\n{pod}\n---\n{service}\n");
    scene.plane.apply_yaml_in(&scene.installation.namespace, &yaml).await
}

/// The flags with which the original serves the scene.
fn flags<'a>(scene: &'a Scene<'_>) -> [&'a str; 4] {
    ["--all-namespaces=false", "--additional-namespaces", &scene.namespace, "--key-renew-period=0"]
}

/// What is said about a subject, with the weight of each finding.
fn findings(report: &Value, about: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = report["findings"].as_array().into_iter().flatten().filter(|finding| finding["about"] == about);
    all.map(|finding| (text(&finding["weight"]), text(&finding["words"]))).collect()
}

fn effect<'a>(report: &'a Value, scene: &Scene<'_>, name: &str) -> Result<&'a Value> {
    let object = format!("{}/{name}", scene.namespace);
    let mut all = report["secrets"].as_array().context("no secrets")?.iter();
    all.find(|effect| effect["object"] == object.as_str()).with_context(|| format!("no {object} in {report}"))
}

/// Runs the operator once over everything and answers how many Secrets it has written.
async fn written_by_a_start(scene: &Scene<'_>) -> Result<usize> {
    let mark = scene.mark().await?;
    let operator = scene.start().await?;
    // Ready is who has judged every object; then there is peace.
    scene.is_quiet().await?;
    let calls = scene.calls(mark).await?;
    assert!(operator.terminate().await?.success());
    let is_write = |call: &&rig::Call| call.resource == "secrets" && call.writes() && call.namespace == scene.namespace;
    Ok(calls.iter().filter(is_write).count())
}

async fn check(person: &Person) -> Result<Said> {
    person.settled(&["takeover", "check", "-o", "json"], b"").await
}

#[tokio::test]
async fn where_the_original_has_served_nothing_would_change_and_nothing_does() -> Result<()> {
    let scene = Scene::new().await?;
    let original = Original::start_with(&scene, &["--key-renew-period=0"])?;
    let names = ["one", "two", "three"];
    try_join_all(names.iter().map(|name| scene.create_sealed(name, name))).await?;
    // A type and metadata by template.
    let mut object = scene.sealed("shaped", &[("password", "four")])?;
    object["spec"]["template"] = json!({ "type": "example.com/login", "metadata": { "labels": { "app": "shop" } }, "data": { "url": "db://{{ .password }}" } });
    scene.create::<SealedSecret>(object).await?;
    try_join_all(names.iter().chain(&["shaped"]).map(|name| scene.synced(name))).await?;
    original.stop().await?;
    deployment(&scene, &flags(&scene)).await?;
    let person = Person::new(&scene, "person", &[READ, COUNT, CHECK]).await?;
    let mark = scene.mark().await?;
    let said = check(&person).await?.ended(0)?;
    let report = said.json()?;
    assert_eq!((&report["writes"]["secrets"], &report["writes"]["statuses"]), (&json!(0), &json!(4)), "{report}");
    for name in names.iter().chain(&["shaped"]) {
        assert_eq!(effect(&report, &scene, name)?["effect"], "same", "{report}");
    }
    let original = findings(&report, "original");
    for words in [
        "asks for 1: kubectl -n",
        "1 Pod of the Deployment",
        "the Service sealed-secrets-controller selects the Pods of the original",
    ] {
        assert!(
            original.iter().any(|(weight, said)| weight == "first" && said.contains(words)),
            "{words}: {original:?}"
        );
    }
    let told = findings(&report, "flags");
    let words = format!("SEALED_SECRETS_MY_CN=… {}", flags(&scene).join(" "));
    assert!(told.iter().any(|(weight, said)| weight == "first" && said.contains(&words)), "{told:?}");
    assert_eq!(findings(&report, "definition")[0].0, "fine");
    assert_eq!(findings(&report, "keys")[0].0, "fine");
    let user = format!("system:serviceaccount:{}:person", scene.namespace);
    let calls = scene.plane.audit()?.since(mark).await?;
    assert!(!calls.iter().any(|call| call.user == user && call.writes()), "the check has written");
    assert_eq!(written_by_a_start(&scene).await?, 0);
    Ok(())
}

#[tokio::test]
async fn what_would_change_is_named_without_a_value_and_changes_so() -> Result<()> {
    let scene = Scene::new().await?;
    let original = Original::start_with(&scene, &["--key-renew-period=0"])?;
    let kept = ["edited", "deleted", "same"];
    try_join_all(kept.iter().map(|name| scene.create_sealed(name, name))).await?;
    scene.create_foreign("foreign", json!({})).await?;
    scene.create_sealed("foreign", "one").await?;
    let moved = seal(&KEYS[1], kubeseal::Scope::Strict, "elsewhere", "moved", "one")?;
    let renamed = seal(&KEYS[1], kubeseal::Scope::NamespaceWide, &scene.namespace, "scoped", "one")?;
    for (name, value) in [("moved", moved), ("scoped", renamed)] {
        scene
            .create::<SealedSecret>(
                json!({ "metadata": { "name": name }, "spec": { "encryptedData": { "password": value } } }),
            )
            .await?;
    }
    try_join_all(kept.iter().map(|name| scene.synced(name))).await?;
    for name in ["foreign", "moved", "scoped"] {
        scene.reported(name, |condition| condition.status == "False").await?;
    }
    original.stop().await?;
    let edit = json!({ "data": { "password": "Y2FuYXJ5IXBsYWludGV4dCF4", "more": "eA==" } });
    scene.change::<Secret>("edited", edit).await?;
    scene.api::<Secret>().delete("deleted", &DeleteParams::default()).await?;
    deployment(&scene, &flags(&scene)).await?;
    let person = Person::new(&scene, "person", &[READ, COUNT, CHECK]).await?;
    let report = check(&person).await?.ended(3)?.json()?;
    assert_eq!(report["writes"]["secrets"], 2, "{report}");
    let is = |name: &str| effect(&report, &scene, name);
    assert_eq!(
        (&is("edited")?["effect"], &is("edited")?["parts"]),
        (&json!("change"), &json!(["data: more, password"]))
    );
    assert_eq!(is("deleted")?["effect"], "create");
    assert_eq!(is("same")?["effect"], "same");
    assert_eq!((&is("foreign")?["reason"], &is("foreign")?["syncedNow"]), (&json!("NotOwned"), &json!(false)));
    assert_eq!(is("moved")?["reason"], "ErrUnsealFailed");
    let why = is("scoped")?["why"]["password"].as_str().unwrap_or_default();
    assert!(why.contains("sealed for the scope namespace-wide"), "{why}");
    let table = person.run(&["takeover", "check"], b"")?.ended(3)?.text();
    assert!(table.contains("/edited: the Secret would change: data: more, password"), "{table}");
    assert_eq!(written_by_a_start(&scene).await?, 2);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_taken_over_is_told() -> Result<()> {
    let scene = Scene::without_key().await?;
    scene.create_sealed("db", "one").await?;
    deployment(&scene, &["--unheard-of", "--all-namespaces=false"]).await?;
    let person = Person::new(&scene, "person", &[READ, COUNT, CHECK]).await?;
    let words = ["takeover", "check", "-o", "json"];
    let report = person.settled(&words, b"").await?.ended(3)?.json()?;
    let told = |about: &str, words: &str| {
        findings(&report, about).iter().any(|(weight, said)| weight == "change" && said.contains(words))
    };
    assert!(told("keys", "there is none in use in namespace") && told("flags", "--unheard-of"), "{report}");
    Ok(())
}
