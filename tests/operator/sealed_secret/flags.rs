//! The flags of the original that change what is done, given as in its own manifests: by flag, or by `SEALED_SECRETS_*`.

use anyhow::{Context as _, Result, ensure};
use crds::SealedSecret;
use k8s_openapi::api::core::v1::Secret;
use kube::api::DeleteParams;
use kube::{Api, ResourceExt as _};
use kubeseal::Scope;
use rig::{Operator, OperatorOptions};
use serde_json::json;

use crate::canary;
use crate::scene::{DEADLINE, KEYS, Scene, metric, rsa_operations, seal};

#[tokio::test]
async fn without_a_status_nothing_is_written_to_the_object_and_the_secret_is_still_kept() -> Result<()> {
    let scene = Scene::new().await?;
    let options = scene.options()?.environment("SEALED_SECRETS_UPDATE_STATUS", "false");
    let operator = Operator::start_ready(&options).await?;
    let object = scene.create_sealed("db", "one").await?;
    scene.holds("db", &[("password", "one")]).await?;
    scene.told(&object, 1).await?;
    scene.change::<Secret>("db", json!({ "data": { "password": "eA==" } })).await?;
    scene.holds("db", &[("password", "one")]).await?;
    let other = json!({ "metadata": { "name": "broken" }, "spec": { "encryptedData": { "password": "AQAAAA==" } } });
    let broken: SealedSecret = scene.create(other).await?;
    scene.told(&broken, 1).await?;
    // An irrelevant change is still no work, though nothing is written anywhere but in memory.
    let opened = rsa_operations(&operator).await?;
    for name in ["db", "broken"] {
        scene.change::<SealedSecret>(name, json!({ "metadata": { "annotations": { "note": "new" } } })).await?;
    }
    scene.is_quiet().await?;
    assert_eq!(rsa_operations(&operator).await?, opened);
    assert_eq!(scene.events(&broken).await?.len(), 1);
    for name in ["db", "broken"] {
        assert!(scene.api::<SealedSecret>().get(name).await?.status.is_none(), "{name}");
    }
    assert_eq!(metric(&operator, "strongroom_status_writes_total").await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_deleted_secret_stays_away_when_that_is_asked_for() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = Operator::start_ready(&scene.options()?.argument("--skip-recreate")).await?;
    scene.create_sealed("db", "one").await?;
    scene.synced("db").await?;
    scene.api::<Secret>().delete("db", &DeleteParams::default()).await?;
    scene.is_quiet().await?;
    assert!(scene.api::<Secret>().get_opt("db").await?.is_none());
    scene.change::<SealedSecret>("db", json!({ "spec": scene.sealed("db", &[("password", "two")])?["spec"] })).await?;
    scene.holds("db", &[("password", "two")]).await?;
    Ok(())
}

#[tokio::test]
async fn only_objects_with_the_label_are_served() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = Operator::start_ready(&scene.options()?.argument("--label-selector=team in (shop)")).await?;
    scene.create_sealed("others", "one").await?;
    let mut ours = scene.sealed("ours", &[("password", "one")])?;
    ours["metadata"]["labels"] = json!({ "team": "shop" });
    scene.create::<SealedSecret>(ours).await?;
    scene.holds("ours", &[("password", "one")]).await?;
    scene.synced("ours").await?;
    scene.is_quiet().await?;
    let others = scene.api::<SealedSecret>().get("others").await?;
    assert!(others.status.is_none() && scene.api::<Secret>().get_opt("others").await?.is_none());
    // The label alone, changed later, is enough.
    scene.change::<SealedSecret>("others", json!({ "metadata": { "labels": { "team": "shop" } } })).await?;
    scene.holds("others", &[("password", "one")]).await?;
    Ok(())
}

/// The operator's own namespace, and those that are named, one of which does not exist yet.
#[tokio::test]
async fn the_own_and_the_additional_namespaces_are_served_and_no_other() -> Result<()> {
    let scene = Scene::new().await?;
    let other = scene.plane.namespace().await?;
    let mut options = OperatorOptions::new(scene.kubeconfig()?, &scene.installation.namespace);
    let namespaces = format!("--additional-namespaces={},not-there-yet", scene.namespace);
    for flag in ["--key-renew-period=0", "--disable=external-secrets,sops", &namespaces] {
        options = options.argument(flag);
    }
    let operator = Operator::start_ready(&options).await?;
    for (namespace, is_served) in [(&scene.namespace, true), (&scene.installation.namespace, true), (&other, false)] {
        let blob = seal(&KEYS[1], Scope::Strict, namespace, "db", "one")?;
        let object = json!({ "metadata": { "name": "db" }, "spec": { "encryptedData": { "password": blob } } });
        let objects: Api<SealedSecret> = Api::namespaced(scene.plane.admin(), namespace);
        objects.create(&kube::api::PostParams::default(), &serde_json::from_value(object)?).await?;
        if is_served {
            let secrets: Api<Secret> = Api::namespaced(scene.plane.admin(), namespace);
            let arrived = |secret: &Secret| {
                secret.data.as_ref().is_some_and(|data| data["password"].0 == canary::value("one").as_bytes())
            };
            rig::watch_until(&secrets, "db", DEADLINE, arrived).await?;
        }
    }
    assert_eq!(rsa_operations(&operator).await?, 2);
    let unserved: Api<SealedSecret> = Api::namespaced(scene.plane.admin(), &other);
    assert!(unserved.get("db").await?.status.is_none());
    Ok(())
}

#[tokio::test]
async fn a_flag_without_meaning_is_said_once_and_a_wrong_one_ends_with_words() -> Result<()> {
    let scene = Scene::new().await?;
    let meaningless =
        ["--watch-for-secrets=true", "--old-gc-behavior", "--max-unseal-retries=9", "--kubeclient-qps=-1"];
    let options = meaningless.iter().fold(scene.options()?, |options, flag| options.argument(flag));
    let operator = Operator::start_ready(&options).await?;
    for flag in ["--watch-for-secrets", "--old-gc-behavior", "--max-unseal-retries", "--kubeclient-qps"] {
        let said = operator.log()?.iter().filter(|line| line.contains(flag)).count();
        assert_eq!(said, 1, "{flag}: {}", operator.last_words());
    }
    for (flag, word) in [
        ("--privatekey-labels=team", "`team` is no pair"),
        ("--key-renew-period=30d", "no unit for days"),
        ("--key-prefix=Not_A_Name", "a-z"),
        ("--update-status=maybe", "true or false"),
        ("--rate-limit=0", "1..="),
    ] {
        let operator = Operator::start(&scene.options()?.argument(flag))?;
        let ended = async || operator.process().exit_status();
        let status = rig::eventually(DEADLINE, "the end", ended).await?;
        assert_eq!(status.code(), Some(2), "{flag}");
        ensure!(operator.last_words().contains(word), "{flag}: {}", operator.last_words());
    }
    Ok(())
}

#[tokio::test]
async fn the_version_is_told_in_the_words_of_the_original() -> Result<()> {
    let program = rig::built_binary("strongroom")?;
    let link = tempfile::TempDir::with_prefix("strongroom-controller-")?;
    let controller = link.path().join("controller");
    std::os::unix::fs::symlink(program, &controller)?;
    let output = std::process::Command::new(controller).arg("--version").output()?;
    let text = String::from_utf8(output.stdout)?;
    ensure!(output.status.success() && text.starts_with("controller version: "), "{text}");
    Ok(())
}

/// A Secret that is both: what it had stays, and it becomes the object's.
#[tokio::test]
async fn a_managed_and_patched_secret_is_taken_over_and_keeps_what_it_had() -> Result<()> {
    let scene = Scene::new().await?;
    scene.create_foreign("db", json!({ kubeseal::MANAGED: "true", kubeseal::PATCH: "true" })).await?;
    let _operator = scene.start().await?;
    let object = scene.create_sealed("db", "one").await?;
    scene.synced("db").await?;
    let secret = scene.api::<Secret>().get("db").await?;
    let keys: Vec<String> = secret.data.clone().context("no data")?.into_keys().collect();
    assert_eq!(keys, ["password", "theirs"]);
    assert_eq!(
        secret.owner_references().iter().map(|owner| Some(&owner.uid)).collect::<Vec<_>>(),
        [object.metadata.uid.as_ref()]
    );
    // Still so when there is more to add: the annotation stands.
    scene.change::<SealedSecret>("db", json!({ "spec": scene.sealed("db", &[("password", "two")])?["spec"] })).await?;
    let changed = |secret: &Secret| {
        let data = secret.data.as_ref();
        data.is_some_and(|data| data.len() == 2 && data["password"].0 == canary::value("two").as_bytes())
    };
    rig::watch_until(&scene.api::<Secret>(), "db", DEADLINE, changed).await?;
    Ok(())
}
