//! The backup, opened by the original age and used by the original kubectl and kubeseal.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, Result};
use crds::SealedSecret;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams};
use kubeseal::SEALING_KEY_LABEL;
use serde_json::{Value, json};

use super::{Person, READ, age_identity, age_open, peer};
use crate::canary;
use crate::scene::{KEYS, Scene};

/// The key Secrets of the scene by name, without what the server has added.
async fn contents(scene: &Scene<'_>) -> Result<BTreeMap<String, Value>> {
    let all = scene.keys().list(&ListParams::default()).await?.items;
    let keys = all.into_iter().filter(|secret| secret.data.as_ref().is_some_and(|data| data.contains_key("tls.key")));
    Ok(keys.map(|secret| (secret.name_any(), plain(&secret))).collect())
}

/// `kubectl apply` remembers what it was given in an annotation.
fn plain(secret: &Secret) -> Value {
    let mut annotations = secret.annotations().clone();
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    json!({ "labels": secret.labels(), "annotations": annotations, "type": secret.type_, "data": secret.data })
}

#[tokio::test]
async fn age_opens_it_kubectl_takes_it_back_and_kubeseal_unseals_with_it() -> Result<()> {
    let scene = Scene::new().await?;
    // A key out of use, with an annotation, and one of the first version, without a label.
    let old = scene.add_key(&KEYS[0]).await?.name_any();
    let change =
        json!({ "metadata": { "labels": { SEALING_KEY_LABEL: "compromised" }, "annotations": { "note": "leaked" } } });
    scene.keys().patch(&old, &kube::api::PatchParams::default(), &kube::api::Patch::Merge(change)).await?;
    let first = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "sealed-secrets-key" }, "type": "kubernetes.io/tls",
        "data": scene.keys().get(&old).await?.data });
    scene.keys().create(&kube::api::PostParams::default(), &serde_json::from_value(first)?).await?;
    let before = contents(&scene).await?;
    assert_eq!(before.len(), 3);

    let person = Person::new(&scene, "person", &[READ]).await?;
    let [one, two] = [age_identity(&[])?, age_identity(&[])?];
    let said = person.settled(&["keys", "backup", "--age", &one.1, "--age", &two.1], b"").await?.ended(0)?;
    assert!(said.stdout.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----\n"));
    assert!(said.stderr.contains("backed up 3 sealing keys (1 out of use)"), "{}", said.stderr);
    let text = age_open(&one.0, &said.stdout)?;
    assert_eq!(age_open(&two.0, &said.stdout)?, text);
    assert!(age_open(&age_identity(&[])?.0, &said.stdout).is_err());
    let list: Value = serde_json::from_slice(&text)?;
    for field in ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generateName"] {
        assert!(!String::from_utf8(text.clone())?.contains(field), "{field}");
    }
    assert_eq!(list["items"].as_array().context("no items")?.len(), 3);

    // The original's way to restore.
    scene.keys().delete_collection(&DeleteParams::default(), &ListParams::default().labels(SEALING_KEY_LABEL)).await?;
    scene.keys().delete("sealed-secrets-key", &DeleteParams::default()).await?;
    assert!(contents(&scene).await?.is_empty());
    let admin = scene.plane.kubeconfig_file(scene.plane.admin_token(), "default")?;
    let admin = admin.to_str().context("the path is no text")?;
    peer("kubectl", &["--kubeconfig", admin, "apply", "-f", "-"], &[("keys.json", &text)])?;
    assert_eq!(contents(&scene).await?, before);
    let again = person.run(&["keys", "backup", "--age", &one.1], b"")?.ended(0)?;
    assert_eq!(age_open(&one.0, &again.stdout)?, text, "what kubectl remembers holds the keys once more");

    // The original's way to do without a cluster.
    let mut sealed = scene.sealed("db", &[("password", "one")])?;
    sealed["apiVersion"] = json!("bitnami.com/v1alpha1");
    sealed["kind"] = json!("SealedSecret");
    sealed["metadata"]["namespace"] = json!(scene.namespace);
    let sealed: SealedSecret = serde_json::from_value(sealed)?;
    let files = [("sealed.json", &*serde_json::to_vec(&sealed)?), ("keys.json", &text)];
    let secret: Secret = serde_json::from_slice(&peer(
        "kubeseal",
        &["--recovery-unseal", "--recovery-private-key", "keys.json"],
        &files,
    )?)?;
    assert_eq!(secret.data.unwrap_or_default()["password"].0, canary::value("one").as_bytes());
    Ok(())
}

#[tokio::test]
async fn post_quantum_recipients_are_encrypted_to_and_not_mixed_with_others() -> Result<()> {
    let scene = Scene::new().await?;
    let person = Person::new(&scene, "person", &[READ]).await?;
    let (identity, recipient) = age_identity(&["-pq"])?;
    let said = person.settled(&["keys", "backup", "--age", &recipient], b"").await?.ended(0)?;
    let list: Value = serde_json::from_slice(&age_open(&identity, &said.stdout)?)?;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    let mixed =
        person.run(&["keys", "backup", "--age", &format!("{recipient},{}", age_identity(&[])?.1)], b"")?.ended(1)?;
    assert!(mixed.stdout.is_empty() && mixed.stderr.contains("hint: post-quantum recipients"), "{}", mixed.stderr);
    Ok(())
}

#[tokio::test]
async fn without_a_whole_set_or_a_recipient_not_a_byte_is_written() -> Result<()> {
    let scene = Scene::without_key().await?;
    let person = Person::new(&scene, "person", &[READ]).await?;
    let (identity, recipient) = age_identity(&[])?;
    let words = ["keys", "backup", "--age", &recipient];
    let refused = |said: super::Said, word: &str| -> Result<()> {
        let said = said.ended(1)?;
        assert!(said.stdout.is_empty(), "{}", said.text());
        assert!(said.stderr.contains(word) && said.stderr.contains("\nhint: "), "{}", said.stderr);
        Ok(())
    };
    refused(person.settled(&words, b"").await?, "there is no sealing key in namespace")?;
    let private = KEYS[1].private_key_pem()?;
    let broken = scene.add_key_secret(KEYS[0].certificate_pem().as_bytes(), private.as_bytes()).await?.name_any();
    refused(person.run(&words, b"")?, &format!("{broken}: the certificate does not belong to the private key"))?;
    let skip = [&words[..], &["--skip-unusable"]].concat();
    refused(person.run(&skip, b"")?, "there is no usable sealing key")?;
    scene.add_key(&KEYS[1]).await?;
    refused(person.run(&words, b"")?, "1 key Secret")?;
    let said = person.run(&skip, b"")?.ended(0)?;
    assert!(age_open(&identity, &said.stdout)?.len() > 1000);
    refused(person.run(&["keys", "backup"], b"")?, "a backup needs a recipient")?;
    refused(person.run(&["keys", "backup", "--age", "age1nonsense"], b"")?, "is not an age recipient")?;
    // What was meant to stay secret is not repeated.
    let secret = identity.lines().find(|line| line.starts_with("AGE-SECRET")).context("no identity")?;
    let said = person.run(&["keys", "backup", "--age", secret], b"")?;
    assert!(!said.text().contains(secret), "an identity was shown");
    refused(said, "--age holds an identity")
}

/// Python gives it a terminal.
#[tokio::test]
async fn a_terminal_gets_no_backup_unless_forced() -> Result<()> {
    let scene = Scene::new().await?;
    let person = Person::new(&scene, "person", &[READ]).await?;
    let recipient = age_identity(&[])?.1;
    let words = ["keys", "backup", "--age", &recipient];
    person.settled(&words, b"").await?.ended(0)?;
    for (flags, expected) in
        [(&[][..], "error: a backup is not written to a terminal"), (&["--force"], "BEGIN AGE ENCRYPTED FILE")]
    {
        let command = person.command(&[&words[..], flags].concat())?;
        let mut python = Command::new("python3");
        python
            .args(["-c", "import pty, sys; pty.spawn(sys.argv[1:])"])
            .arg(command.get_program())
            .args(command.get_args());
        let output = python.stdin(std::process::Stdio::null()).output().context("python3 is needed")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(expected), "{text}");
        assert_eq!(text.contains("BEGIN AGE"), !flags.is_empty());
    }
    Ok(())
}
