//! Which key seals, who needs which, and which may go.

use std::time::Duration;

use anyhow::{Context as _, Result};
use crds::SealedSecret;
use kube::ResourceExt as _;
use kube::api::{Patch, PatchParams};
use kubeseal::{SEALING_KEY_LABEL, Scope, SealingKey};
use rig::{ControlPlane, Options};
use serde_json::{Value, json};

use super::{COUNT, Person, READ};
use crate::scene::{KEYS, Scene, seal};

/// An object whose values were sealed with these keys.
async fn object(scene: &Scene<'_>, name: &str, keys: &[&SealingKey]) -> Result<()> {
    let mut data = serde_json::Map::new();
    for (number, key) in keys.iter().enumerate() {
        let sealed = seal(key, Scope::Strict, &scene.namespace, name, "one")?;
        data.insert(format!("value-{number}"), json!(sealed));
    }
    scene
        .create::<SealedSecret>(json!({ "metadata": { "name": name }, "spec": { "encryptedData": data } }))
        .await
        .map(drop)
}

async fn relabel(scene: &Scene<'_>, secret: &str, value: &str) -> Result<()> {
    let change = json!({ "metadata": { "labels": { SEALING_KEY_LABEL: value } } });
    scene.keys().patch(secret, &PatchParams::default(), &Patch::Merge(change)).await?;
    Ok(())
}

/// A key of the report, by the name of its Secret.
fn row<'a>(report: &'a Value, secret: &str) -> Result<&'a Value> {
    let mut keys = report["keys"].as_array().context("no keys")?.iter();
    keys.find(|key| key["secret"] == secret).with_context(|| format!("no {secret} in {report}"))
}

#[tokio::test]
async fn a_key_may_go_when_no_object_of_the_cluster_needs_it() -> Result<()> {
    let plane = ControlPlane::start(Options::default()).await?;
    let scene = Scene::on(&plane).await?;
    let idle = SealingKey::generate(2048, "", "2023-01-01T00:00:00Z".parse()?, Duration::from_hours(1))?;
    let [old, new, idle] = [
        scene.add_key(&KEYS[0]).await?.name_any(),
        scene.add_key(&KEYS[1]).await?.name_any(),
        scene.add_key(&idle).await?.name_any(),
    ];
    object(&scene, "mixed", &[&KEYS[0], &KEYS[1], &KEYS[1]]).await?;
    object(&scene, "old", &[&KEYS[0]]).await?;
    let person = Person::new(&scene, "person", &[READ, COUNT]).await?;
    let report = person.settled(&["keys", "-o", "json"], b"").await?.ended(0)?.json()?;
    assert_eq!(
        (&report["countedBy"], &report["objects"], &report["values"]),
        (&json!("opening"), &json!(2), &json!(4))
    );
    assert_eq!(report["sealsWith"], KEYS[1].fingerprint());
    for (secret, state, objects, values, possible) in
        [(&new, "seals", 1, 2, json!(false)), (&old, "opens", 2, 2, json!(false)), (&idle, "opens", 0, 0, json!(true))]
    {
        let row = row(&report, secret)?;
        assert_eq!((&row["state"], &row["retire"]["possible"]), (&json!(state), &possible), "{row}");
        assert_eq!((&row["objects"], &row["values"]), (&json!(objects), &json!(values)), "{row}");
    }
    let table = person.run(&["keys"], b"")?.ended(0)?;
    let line = |secret: &str| {
        table.text().lines().find(|line| line.starts_with(secret)).map(str::to_owned).unwrap_or_default()
    };
    assert!(line(&idle).contains(" yes ") && line(&old).contains("no: 2 objects need it"), "{}", table.text());

    // Only some namespaces: nobody knows.
    let some = person.run(&["keys", "-o", "json", "--namespace", &scene.namespace], b"")?.ended(0)?.json()?;
    assert_eq!(row(&some, &idle)?["retire"]["possible"], Value::Null);
    // Something that opens with none of the keys: nobody knows.
    let lost = seal(&KEYS[1], Scope::Strict, &scene.namespace, "other", "one")?;
    scene
        .create::<SealedSecret>(json!({ "metadata": { "name": "lost" }, "spec": { "encryptedData": { "a": lost } } }))
        .await?;
    let unknown = person.run(&["keys", "-o", "json"], b"")?.ended(3)?;
    assert!(unknown.stderr.contains(&format!("{}/lost: `a`", scene.namespace)), "{}", unknown.stderr);
    assert_eq!(row(&unknown.json()?, &idle)?["retire"]["possible"], Value::Null);
    scene.api::<SealedSecret>().delete("lost", &kube::api::DeleteParams::default()).await?;

    // Retired: counted on, and missed when it is needed.
    relabel(&scene, &idle, "retired").await?;
    let report = person.run(&["keys", "-o", "json"], b"")?.ended(0)?.json()?;
    assert_eq!(row(&report, &idle)?["state"], "retired");
    relabel(&scene, &old, "compromised").await?;
    let missed = person.run(&["keys", "-o", "json"], b"")?.ended(3)?;
    assert!(missed.stderr.contains(&format!("{old} is out of use, and 2 objects")), "{}", missed.stderr);
    assert_eq!(row(&missed.json()?, &old)?["objects"], 2);
    Ok(())
}

#[tokio::test]
async fn who_may_not_read_the_keys_gets_the_numbers_of_the_statuses() -> Result<()> {
    let scene = Scene::new().await?;
    scene.add_key(&KEYS[0]).await?;
    let operator = scene.start().await?;
    object(&scene, "old", &[&KEYS[0]]).await?;
    object(&scene, "new", &[&KEYS[1]]).await?;
    for name in ["old", "new"] {
        scene.synced(name).await?;
    }
    assert!(operator.terminate().await?.success());
    object(&scene, "unseen", &[&KEYS[1]]).await?;
    let person = Person::new(&scene, "person", &[COUNT]).await?;
    let words = ["keys", "-o", "json", "--namespace", &scene.namespace];
    let said = person.settled(&words, b"").await?.ended(3)?;
    assert!(said.stderr.contains("counted from the statuses of 3 SealedSecrets; of 1"), "{}", said.stderr);
    let report = said.json()?;
    assert_eq!(
        (&report["countedBy"], &report["unknown"][0]["object"]),
        (&json!("status"), &json!(format!("{}/unseen", scene.namespace)))
    );
    let keys = report["keys"].as_array().context("no keys")?;
    for key in KEYS.iter() {
        assert!(keys.contains(&json!({ "fingerprint": key.fingerprint(), "objects": 1 })), "{report}");
    }
    Ok(())
}

#[tokio::test]
async fn a_broken_key_and_an_empty_namespace_are_told() -> Result<()> {
    let scene = Scene::without_key().await?;
    let person = Person::new(&scene, "person", &[READ, COUNT]).await?;
    let words = ["keys", "--namespace", &scene.namespace];
    let empty = person.settled(&words, b"").await?.ended(1)?;
    assert!(
        empty.stderr.contains("error: there is no sealing key in namespace") && empty.stderr.contains("\nhint: "),
        "{}",
        empty.stderr
    );
    scene.add_key(&KEYS[1]).await?;
    let broken =
        scene.add_key_secret(KEYS[0].certificate_pem().as_bytes(), KEYS[1].private_key_pem()?.as_bytes()).await?;
    let said = person.run(&words, b"")?.ended(3)?;
    let words =
        format!("{} holds no usable key: the certificate does not belong to the private key", broken.name_any());
    assert!(said.stderr.contains(&words), "{}", said.stderr);
    Ok(())
}
