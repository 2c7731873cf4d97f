//! A cluster that has lost its keys gets them back, and a drill tells beforehand whether it would.

use anyhow::{Context as _, Result};
use crds::SealedSecret;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kubeseal::{SEALING_KEY_LABEL, Scope};
use rig::Operator;
use serde_json::{Value, json};

use super::{COUNT, Person, READ, RESTORE, age_identity, age_open};
use crate::scene::{DEADLINE, KEYS, Scene, seal};
use crate::takeover::{Original, key};

async fn keys(scene: &Scene<'_>) -> Result<Vec<Secret>> {
    Ok(scene.keys().list(&ListParams::default().labels(SEALING_KEY_LABEL)).await?.items)
}

async fn lose_the_keys(scene: &Scene<'_>) -> Result<()> {
    scene.keys().delete_collection(&DeleteParams::default(), &ListParams::default().labels(SEALING_KEY_LABEL)).await?;
    assert!(keys(scene).await?.is_empty());
    Ok(())
}

/// A backup of the scene's keys in clear, which `restore` takes as well.
async fn backup(scene: &Scene<'_>, person: &Person) -> Result<Vec<u8>> {
    let (identity, recipient) = age_identity(&[])?;
    let said = person.settled(&["keys", "backup", "--age", &recipient], b"").await?.ended(0)?;
    assert!(!keys(scene).await?.is_empty());
    age_open(&identity, &said.stdout)
}

async fn sealed(scene: &Scene<'_>, name: &str) -> Result<()> {
    let value = seal(&key(scene).await?, Scope::Strict, &scene.namespace, name, "one")?;
    scene
        .create::<SealedSecret>(
            json!({ "metadata": { "name": name }, "spec": { "encryptedData": { "password": value } } }),
        )
        .await?;
    Ok(())
}

fn fates(report: &Value) -> Vec<&str> {
    report["keys"].as_array().into_iter().flatten().filter_map(|key| key["fate"]["is"].as_str()).collect()
}

/// With every flag at its default, renewal too: the one that would leave an extra key.
#[tokio::test]
async fn lost_keys_come_back_and_neither_controller_makes_another() -> Result<()> {
    let scene = Scene::without_key().await?;
    let mut options = scene.options()?;
    options.arguments.retain(|argument| argument != "--key-renew-period=0");
    let operator = Operator::start_ready(&options).await?;
    sealed(&scene, "before").await?;
    scene.holds("before", &[("password", "one")]).await?;
    let lost = keys(&scene).await?;
    let person = Person::new(&scene, "person", &[READ, RESTORE]).await?;
    let (identity, recipient) = age_identity(&[])?;
    let file = person.settled(&["keys", "backup", "--age", &recipient], b"").await?.ended(0)?.stdout;
    assert!(operator.terminate().await?.success());
    lose_the_keys(&scene).await?;

    // It comes up without a key, waits, and takes the restored one.
    let operator = Operator::start(&options)?;
    let waits = async || operator.log().ok()?.iter().any(|line| line.contains("--allow-new-key")).then_some(());
    rig::eventually(DEADLINE, "the operator missing its keys", waits).await?;
    let folder = tempfile::TempDir::with_prefix("strongroom-keys-")?;
    let identities = folder.path().join("identity.txt");
    std::fs::write(&identities, identity)?;
    let identities = identities.to_str().context("the path is no text")?;
    let words = ["keys", "restore", "-o", "json", "--identity", identities];
    let report = person.settled(&words, &file).await?.ended(0)?.json()?;
    assert_eq!(fates(&report), ["made"], "{report}");
    operator.wait_ready().await?;
    sealed(&scene, "after").await?;
    scene.holds("after", &[("password", "one")]).await?;
    assert_eq!(operator.certificate().await?, key(&scene).await?.certificate_pem());
    let content = |secrets: &[Secret]| -> Vec<_> {
        secrets.iter().map(|one| (one.name_any(), one.data.clone(), one.labels().clone())).collect()
    };
    assert_eq!(content(&keys(&scene).await?), content(&lost), "one key, the same as before");

    // Again: nothing to do. A Secret of its name with another key: left alone, and told.
    assert_eq!(fates(&person.run(&words, &file)?.ended(0)?.json()?), ["same"]);
    assert!(operator.terminate().await?.success());
    let original = Original::start(&scene)?;
    sealed(&scene, "theirs").await?;
    scene.holds("theirs", &[("password", "one")]).await?;
    original.stop().await?;
    assert_eq!(content(&keys(&scene).await?), content(&lost), "the original has made another key");
    let name = lost[0].name_any();
    let other = json!({ "data": { "tls.key": "eA==" } });
    let changed = scene.keys().patch(&name, &PatchParams::default(), &Patch::Merge(other)).await?;
    assert_eq!(fates(&person.run(&words, &file)?.ended(3)?.json()?), ["differs"]);
    assert_eq!(scene.keys().get(&name).await?.resource_version(), changed.resource_version());
    // Without the right identity there is nothing to restore.
    let wrong = folder.path().join("wrong.txt");
    std::fs::write(&wrong, age_identity(&[])?.0)?;
    let said = person.run(&["keys", "restore", "--identity", wrong.to_str().unwrap_or_default()], &file)?.ended(1)?;
    assert!(
        said.stderr.contains("error: could not open the backup") && said.stderr.contains("hint: "),
        "{}",
        said.stderr
    );
    Ok(())
}

#[tokio::test]
async fn the_newest_comes_last_and_a_newer_one_in_the_cluster_is_told() -> Result<()> {
    let scene = Scene::new().await?;
    scene.add_key(&KEYS[0]).await?;
    let person = Person::new(&scene, "person", &[READ, RESTORE]).await?;
    let text = backup(&scene, &person).await?;
    lose_the_keys(&scene).await?;
    let said = person.settled(&["keys", "restore"], &text).await?.ended(0)?;
    assert!(said.stderr.contains("restored 2 sealing keys"), "{}", said.stderr);
    let mut restored = keys(&scene).await?;
    restored.sort_by_key(|secret| secret.metadata.creation_timestamp.as_ref().map(|time| time.0));
    let certificate = |secret: &Secret| secret.data.clone().unwrap_or_default()["tls.crt"].0.clone();
    assert_eq!(certificate(&restored[1]), KEYS[1].certificate_pem().as_bytes());
    assert!(
        restored[0].metadata.creation_timestamp < restored[1].metadata.creation_timestamp,
        "not by the age of its Secret"
    );

    // A new cluster has made a key of its own, under another name the old key is there already.
    lose_the_keys(&scene).await?;
    scene.add_key(&KEYS[0]).await?;
    let newer =
        kubeseal::SealingKey::generate(2048, "", "2026-01-01T00:00:00Z".parse()?, std::time::Duration::from_hours(1))?;
    let newer = scene.add_key(&newer).await?.name_any();
    let said = person.run(&["keys", "restore", "-o", "json"], &text)?.ended(0)?;
    assert_eq!(fates(&said.json()?), ["sameAs", "made"]);
    assert!(said.stderr.contains(&format!("{newer} is not in the backup and newer")), "{}", said.stderr);
    Ok(())
}

#[tokio::test]
async fn a_drill_writes_nothing_and_tells_what_would_be_lost() -> Result<()> {
    let scene = Scene::without_key().await?;
    scene.add_key(&KEYS[0]).await?;
    let person = Person::new(&scene, "person", &[READ, COUNT]).await?;
    let stale = backup(&scene, &person).await?;
    let newer = scene.add_key(&KEYS[1]).await?.name_any();
    let old = seal(&KEYS[0], Scope::Strict, &scene.namespace, "both", "one")?;
    let new = seal(&KEYS[1], Scope::Strict, &scene.namespace, "both", "two")?;
    let broken = seal(&KEYS[1], Scope::Strict, &scene.namespace, "elsewhere", "two")?;
    let data = json!({ "old": old, "new": new, "broken": broken });
    scene.create::<SealedSecret>(json!({ "metadata": { "name": "both" }, "spec": { "encryptedData": data } })).await?;
    let drill = ["keys", "restore", "--drill", "-o", "json", "--namespace", &scene.namespace];
    let mark = scene.mark().await?;
    let said = person.settled(&drill, &stale).await?.ended(3)?;
    let report = said.json()?;
    assert_eq!(fates(&report), ["same"]);
    assert_eq!((&report["lacking"], &report["opened"], &report["values"]), (&json!([newer]), &json!(1), &json!(3)));
    let object = format!("{}/both", scene.namespace);
    assert_eq!(report["lost"][0]["object"], json!(object));
    assert!(
        report["lost"][0]["values"]["new"].is_string() && report["broken"][0]["values"]["broken"].is_string(),
        "{report}"
    );
    assert_eq!(report["lost"].as_array().map(Vec::len), Some(1));

    // A whole one. What nothing opens is no fault of the backup.
    let whole = backup(&scene, &person).await?;
    let said = person.run(&drill, &whole)?.ended(0)?;
    assert!(
        said.stderr.contains("the backup opens 2 of 3 values in 1 SealedSecret; nothing was written"),
        "{}",
        said.stderr
    );
    // A damaged one.
    let mut damaged: Value = serde_json::from_slice(&whole)?;
    damaged["items"][0]["data"]["tls.crt"] = damaged["items"][1]["data"]["tls.crt"].clone();
    let said = person.run(&drill, &serde_json::to_vec(&damaged)?)?.ended(3)?;
    assert_eq!(fates(&said.json()?)[0], "unusable");
    let user = format!("system:serviceaccount:{}:person", scene.namespace);
    let calls = scene.plane.audit()?.since(mark).await?;
    let own: Vec<_> = calls.iter().filter(|call| call.user == user).collect();
    assert!(own.len() > 5 && !own.iter().any(|call| call.writes()), "{own:?}");
    Ok(())
}

/// In a cluster that is empty but for the objects, all that counts is what the backup opens.
#[tokio::test]
async fn a_drill_on_a_cluster_without_keys_counts_what_the_backup_brings_back() -> Result<()> {
    let scene = Scene::new().await?;
    let person = Person::new(&scene, "person", &[READ, COUNT]).await?;
    let text = backup(&scene, &person).await?;
    scene.create_sealed("db", "one").await?;
    lose_the_keys(&scene).await?;
    let drill = ["keys", "restore", "--drill", "-o", "json", "--namespace", &scene.namespace];
    let report = person.settled(&drill, &text).await?.ended(0)?.json()?;
    assert_eq!((fates(&report), &report["opened"]), (vec!["missing"], &json!(1)));
    Ok(())
}
