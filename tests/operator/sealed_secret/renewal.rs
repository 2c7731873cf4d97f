//! When sealing keys are made, in which order they count, and that every change of their Secrets counts at once.

use anyhow::{Context as _, Result, ensure};
use crds::SealedSecret;
use k8s_openapi::api::core::v1::{Event, Secret};
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kubeseal::{Certificate, SEALING_KEY_ACTIVE, SEALING_KEY_LABEL, Scope};
use rig::{Action, FaultProxy, Matcher, Operator, Rule};
use serde_json::{Value, json};

use crate::scene::{DEADLINE, KEYS, Scene, metric, seal};

async fn keys(scene: &Scene<'_>) -> Result<Vec<Secret>> {
    let labelled = ListParams::default().labels(&format!("{SEALING_KEY_LABEL}={SEALING_KEY_ACTIVE}"));
    Ok(scene.keys().list(&labelled).await?.items)
}

/// Waits until the operator serves another certificate than this.
async fn another_certificate(operator: &Operator, before: &str) -> Result<String> {
    let other = async || operator.certificate().await.ok().filter(|now| now != before);
    rig::eventually(DEADLINE, "another certificate", other).await
}

async fn serves(operator: &Operator, certificate: &str) -> Result<()> {
    let same = async || operator.certificate().await.ok().filter(|now| now == certificate);
    rig::eventually(DEADLINE, "the certificate", same).await.map(drop)
}

async fn change_key(scene: &Scene<'_>, key: &Secret, change: Value) -> Result<()> {
    scene
        .keys()
        .patch(&key.name_any(), &PatchParams::default(), &Patch::Merge(change))
        .await
        .map(drop)
        .context("the key")
}

fn entries(key: &kubeseal::SealingKey) -> Result<Value> {
    let encode = |text: &str| k8s_openapi::ByteString(text.as_bytes().to_vec());
    Ok(json!({ "tls.crt": encode(key.certificate_pem()), "tls.key": encode(&key.private_key_pem()?) }))
}

#[tokio::test]
async fn a_key_older_than_the_period_is_renewed_once_and_the_old_one_still_opens() -> Result<()> {
    let scene = Scene::new().await?;
    let options = scene.options()?.argument("--key-renew-period=720h").argument("--my-cn=sealer");
    let options = options.argument("--privatekey-labels=team=shop").argument("--privatekey-annotations=note=made here");
    let mut operator = Operator::start_ready(&options).await?;
    let certificate = another_certificate(&operator, KEYS[1].certificate_pem()).await?;
    scene.create_sealed("old", "one").await?;
    scene.holds("old", &[("password", "one")]).await?;
    let made: Vec<Secret> = keys(&scene).await?.into_iter().filter(|key| key.labels().contains_key("team")).collect();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].annotations()["note"], "made here");
    assert_eq!(made[0].data.as_ref().map(|data| data["tls.crt"].0.clone()), Some(certificate.clone().into_bytes()));
    // The next start finds a young key.
    assert!(operator.terminate().await?.success());
    operator.restart()?;
    operator.wait_ready().await?;
    scene.is_quiet().await?;
    assert_eq!((keys(&scene).await?.len(), operator.certificate().await?), (2, certificate));
    Ok(())
}

#[tokio::test]
async fn a_cut_off_renews_once_and_a_period_of_nothing_never_does() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    scene.is_quiet().await?;
    assert_eq!(keys(&scene).await?.len(), 1);
    drop(operator);
    let after_it = "--key-cutoff-time=Wed, 01 Jan 2025 00:00:01 +0000";
    let operator = Operator::start_ready(&scene.options()?.argument(after_it)).await?;
    another_certificate(&operator, KEYS[1].certificate_pem()).await?;
    scene.is_quiet().await?;
    assert_eq!(keys(&scene).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn sigusr1_makes_a_key_on_the_replica_that_leads() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    let standby = scene.start().await?;
    standby.process().prompt()?;
    let told = async || standby.log().ok()?.iter().any(|line| line.contains("another replica leads")).then_some(());
    rig::eventually(DEADLINE, "the refusal", told).await?;
    assert_eq!(keys(&scene).await?.len(), 1);
    operator.process().prompt()?;
    let certificate = another_certificate(&operator, KEYS[1].certificate_pem()).await?;
    serves(&standby, &certificate).await?;
    assert_eq!(keys(&scene).await?.len(), 2);
    Ok(())
}

/// Written first, used then: what is sealed with a key that nobody has stored would be lost.
#[tokio::test]
async fn a_key_that_could_not_be_stored_is_not_used() -> Result<()> {
    let scene = Scene::new().await?;
    let proxy = FaultProxy::start(scene.plane).await?;
    let operator = Operator::start_ready(&scene.options_through(&proxy)?).await?;
    let create = Matcher::call("create", "secrets").in_namespace(&scene.installation.namespace);
    let rule = proxy.add(Rule::new(create, Action::Answer(500)));
    operator.process().prompt()?;
    let told = async || operator.log().ok()?.iter().any(|line| line.contains("no new sealing key")).then_some(());
    rig::eventually(DEADLINE, "the failure", told).await?;
    assert_eq!((keys(&scene).await?.len(), operator.certificate().await?), (1, KEYS[1].certificate_pem().to_owned()));
    drop(rule);
    // Asked again, it makes one: nothing was left behind.
    let made = async || {
        operator.process().prompt().ok()?;
        operator.certificate().await.ok().filter(|now| now != KEYS[1].certificate_pem())
    };
    rig::eventually(DEADLINE, "a key", made).await.map(drop)
}

#[tokio::test]
async fn keys_are_ordered_by_their_certificate_or_by_their_secret() -> Result<()> {
    let scene = Scene::new().await?;
    // Made later, though its certificate is older.
    let mut probe = scene.keys().list(&ListParams::default()).await?.items;
    let first = probe.pop().context("no key")?.metadata.creation_timestamp;
    let later = async || {
        let object = json!({ "metadata": { "generateName": "clock-", "namespace": scene.namespace } });
        let probe: k8s_openapi::api::core::v1::ConfigMap = scene.create(object).await.ok()?;
        (probe.metadata.creation_timestamp > first).then_some(())
    };
    rig::eventually(DEADLINE, "the next second", later).await?;
    scene.add_key(&KEYS[0]).await?;
    let by_certificate = scene.start().await?;
    assert_eq!(by_certificate.certificate().await?, KEYS[1].certificate_pem());
    drop(by_certificate);
    let order = "--key-order-priority=SecretCreationTimestamp";
    let by_secret = Operator::start_ready(&scene.options()?.argument(order)).await?;
    assert_eq!(by_secret.certificate().await?, KEYS[0].certificate_pem());
    Ok(())
}

#[tokio::test]
async fn a_key_without_a_label_counts_by_its_name_and_no_other_is_made() -> Result<()> {
    let scene = Scene::without_key().await?;
    let legacy = json!({ "metadata": { "name": "sealed-secrets-key" }, "type": "kubernetes.io/tls", "data": entries(&KEYS[1])? });
    let key = scene.keys().create(&PostParams::default(), &serde_json::from_value(legacy)?).await?;
    let operator = scene.start().await?;
    scene.create_sealed("db", "one").await?;
    scene.holds("db", &[("password", "one")]).await?;
    assert_eq!(operator.certificate().await?, KEYS[1].certificate_pem());
    assert!(keys(&scene).await?.is_empty(), "a key was made beside it");
    // With the label it counts once, with another value of the label not at all.
    change_key(&scene, &key, json!({ "metadata": { "labels": { SEALING_KEY_LABEL: SEALING_KEY_ACTIVE } } })).await?;
    scene.create_sealed("labelled", "one").await?;
    scene.synced("labelled").await?;
    change_key(&scene, &key, json!({ "metadata": { "labels": { SEALING_KEY_LABEL: "compromised" } } })).await?;
    let gone = async || operator.certificate().await.is_err().then_some(());
    rig::eventually(DEADLINE, "no certificate", gone).await?;
    Ok(())
}

#[tokio::test]
async fn every_change_of_a_key_counts_at_once() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    let old = json!({ "password": seal(&KEYS[0], Scope::Strict, &scene.namespace, "old", "one")? });
    let object = json!({ "metadata": { "name": "old" }, "spec": { "encryptedData": old } });
    scene.create::<SealedSecret>(object).await?;
    scene.failed("old").await?;
    // Relabelled out of use and back again.
    let key = keys(&scene).await?.pop().context("no key")?;
    change_key(&scene, &key, json!({ "metadata": { "labels": { SEALING_KEY_LABEL: "paused" } } })).await?;
    let gone = async || operator.certificate().await.is_err().then_some(());
    rig::eventually(DEADLINE, "no certificate", gone).await?;
    change_key(&scene, &key, json!({ "metadata": { "labels": { SEALING_KEY_LABEL: SEALING_KEY_ACTIVE } } })).await?;
    serves(&operator, KEYS[1].certificate_pem()).await?;
    // Its content replaced.
    change_key(&scene, &key, json!({ "data": entries(&KEYS[0])? })).await?;
    serves(&operator, KEYS[0].certificate_pem()).await?;
    scene.synced("old").await?;
    // Another one added, and removed again.
    let added = scene.add_key(&KEYS[1]).await?;
    serves(&operator, KEYS[1].certificate_pem()).await?;
    scene.keys().delete(&added.name_any(), &DeleteParams::default()).await?;
    serves(&operator, KEYS[0].certificate_pem()).await
}

#[tokio::test]
async fn a_broken_key_is_told_by_an_event_and_a_metric_until_it_is_mended() -> Result<()> {
    let scene = Scene::new().await?;
    let broken = scene.add_key_secret(b"no certificate", b"no key").await?;
    let operator = scene.start().await?;
    let events: kube::Api<Event> = kube::Api::namespaced(scene.plane.admin(), &scene.installation.namespace);
    let about = ListParams::default().fields(&format!("involvedObject.uid={}", broken.uid().unwrap_or_default()));
    let told = async || events.list(&about).await.ok().filter(|events| !events.items.is_empty());
    let told = rig::eventually(DEADLINE, "the event", told).await?;
    let event = &told.items[0];
    assert_eq!((event.type_.as_deref(), event.reason.as_deref()), (Some("Warning"), Some("KeyUnusable")));
    assert_eq!(event.message.as_deref(), Some("no usable sealing key: no PEM private key found"));
    assert_eq!(metric(&operator, "strongroom_sealing_keys_unusable").await?, 1);
    assert_eq!(metric(&operator, "strongroom_sealing_keys").await?, 1);
    change_key(&scene, &broken, json!({ "data": entries(&KEYS[0])? })).await?;
    let mended = async || (metric(&operator, "strongroom_sealing_keys_unusable").await.ok()? == 0).then_some(());
    rig::eventually(DEADLINE, "the key being mended", mended).await?;
    assert_eq!(events.list(&about).await?.items.len(), 1);
    Ok(())
}

/// A value sealed with the certificate that is served now.
async fn sealed_now(scene: &Scene<'_>, operator: &Operator, name: &str, value: &str) -> Result<(String, Value)> {
    let pem = operator.certificate().await?;
    let label = Scope::Strict.label(&scene.namespace, name);
    let blob = kubeseal::seal(&Certificate::from_pem(pem.as_bytes())?, &label, value.as_bytes())?;
    Ok((pem, json!({ "encryptedData": { "key": kubeseal::encode_base64(&blob) } })))
}

async fn is_well(scene: &Scene<'_>, name: &str) -> Result<SealedSecret> {
    let object = scene.reported(name, |_| true).await?;
    let first = object.status.as_ref().and_then(|status| status.conditions.first()).context("no condition")?;
    ensure!(first.status == "True", "{name}: {first:?}");
    Ok(object)
}

/// Objects come and change, and Secrets go, while keys are made as fast as they can be: by age and on request.
#[tokio::test]
async fn while_keys_are_renewed_no_valid_object_fails() -> Result<()> {
    const ROUNDS: usize = 60;
    let scene = Scene::new().await?;
    let operator = Operator::start_ready(&scene.options()?.argument("--key-renew-period=1s")).await?;
    let mut sealed_with = std::collections::HashSet::new();
    let mut since = None;
    for round in 0..ROUNDS {
        if round % 10 == 5 {
            operator.process().prompt()?;
        }
        let name = format!("object-{round}");
        let (pem, spec) = sealed_now(&scene, &operator, &name, "value").await?;
        scene.create::<SealedSecret>(json!({ "metadata": { "name": name }, "spec": spec })).await?;
        let (_, spec) = sealed_now(&scene, &operator, "changing", &round.to_string()).await?;
        if since.is_none() {
            scene.create::<SealedSecret>(json!({ "metadata": { "name": "changing" }, "spec": spec })).await?;
        } else {
            scene.change::<SealedSecret>("changing", json!({ "spec": spec })).await?;
            scene.api::<Secret>().delete(&format!("object-{}", round / 2), &DeleteParams::default()).await.ok();
        }
        // Not faster than keys can follow.
        is_well(&scene, &name).await?;
        let object = is_well(&scene, "changing").await?;
        let flipped = object.status.and_then(|status| status.conditions.into_iter().next()?.last_transition_time);
        // Had it been anything else meanwhile, this would have moved.
        ensure!(since.is_none() || since == flipped, "{since:?} {flipped:?}");
        since = flipped;
        sealed_with.insert(pem);
    }
    ensure!(sealed_with.len() > 2, "{} keys were in use", sealed_with.len());
    let secret = scene.api::<Secret>().get("changing").await?;
    assert_eq!(secret.data.unwrap_or_default()["key"].0, (ROUNDS - 1).to_string().as_bytes());
    let failed = scene.api::<Event>().list(&ListParams::default().fields("type=Warning")).await?.items;
    ensure!(failed.is_empty(), "{failed:?}");
    for round in 0..ROUNDS {
        is_well(&scene, &format!("object-{round}")).await?;
    }
    Ok(())
}
