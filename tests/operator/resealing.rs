//! `kubeseal-rs reseal` and `explain` against a cluster: a tree of files is moved to the newest key through `/v1/rotate` of either
//! controller, as a person with no more rights than to ask it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use crds::SealedSecret;
use kubeseal::{Keyring, Scope, SealingKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::canary;
use crate::scene::{DEADLINE, KEYS, Scene, seal};
use crate::sealing::behind_its_service;
use crate::takeover::Original;

/// A folder with a home in it, and a tree with a file for each scope, one that is current and, where asked for, a renamed one.
struct Tree {
    folder: TempDir,
    kubeconfig: PathBuf,
    controller: Vec<String>,
}

const SCOPES: [Scope; 3] = [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide];

impl Tree {
    fn new(scene: &Scene<'_>, kubeconfig: &Path, service: &str) -> Result<Tree> {
        let folder = TempDir::with_prefix("strongroom-resealing-")?;
        let controller = ["--controller-namespace", &scene.installation.namespace, "--controller-name", service];
        let controller = controller.map(str::to_owned).to_vec();
        let tree = Tree { folder, kubeconfig: kubeconfig.to_owned(), controller };
        fs::create_dir(tree.path("tree"))?;
        for scope in SCOPES {
            tree.write(scene, scope.as_str(), (&KEYS[0], scope), scope.as_str())?;
        }
        tree.write(scene, "current", (&KEYS[1], Scope::Strict), "current")?;
        Ok(tree)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Result<String> {
        Ok(fs::read_to_string(self.path(&format!("tree/{name}.yaml")))?)
    }

    fn write(&self, scene: &Scene<'_>, name: &str, (key, scope): (&SealingKey, Scope), sealed_for: &str) -> Result<()> {
        let annotations = scope.annotation().map(|name| format!("    {name}: \"true\" # wide\n")).unwrap_or_default();
        let text = format!(
            "# {name}\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: {name}\n  namespace: {}\n  annotations:\n    \
             note: kept\n{annotations}spec:\n  encryptedData:\n    password: {} # one\n  template:\n    data:\n      url: '{{{{ .password }}}}'\n",
            scene.namespace,
            seal(key, scope, &scene.namespace, sealed_for, "one")?,
        );
        Ok(fs::write(self.path(&format!("tree/{name}.yaml")), text)?)
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new(rig::built_binary("kubeseal-rs")?);
        command.env_clear().env("HOME", self.folder.path()).env("KUBECONFIG", &self.kubeconfig).env("NO_PROXY", "*");
        Ok(command.current_dir(self.folder.path()).args(arguments).args(&self.controller).output()?)
    }

    /// The status and the last line.
    fn resealed(&self, flags: &[&str]) -> Result<(Option<i32>, String)> {
        let output = self.run(&[&["reseal", "tree"], flags].concat())?;
        let (told, errors) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
        ensure!(errors.is_empty(), "{errors}");
        canary::search("the report", &told)?;
        let last = told.lines().last().context("nothing was reported")?;
        let sum = last.rsplit_once(": key ").context("no key is named")?;
        ensure!(sum.1 == KEYS[1].fingerprint(), "{last}");
        Ok((output.status.code(), sum.0.to_owned()))
    }

    /// Everything opens with the newest key alone, where it opened before; nothing else of the files has changed.
    fn is_moved(&self, scene: &Scene<'_>, before: &[String]) -> Result<()> {
        let newest = SealingKey::from_pem(KEYS[1].private_key_pem()?.as_bytes(), KEYS[1].certificate_pem().as_bytes())?;
        let began = newest.certificate().not_before();
        let newest = Keyring::new(vec![(newest, began)]);
        for (scope, before) in SCOPES.into_iter().zip(before) {
            let after = self.read(scope.as_str())?;
            let value = |text: &str| -> Result<String> {
                let document: Value = serde_saphyr::from_str(text)?;
                document["spec"]["encryptedData"]["password"].as_str().map(str::to_owned).context("no value")
            };
            let (old, new) = (value(before)?, value(&after)?);
            ensure!(old != new && after == before.replace(&old, &new), "{scope}: something else has changed:\n{after}");
            let label = scope.label(&scene.namespace, scope.as_str());
            let opened = newest.unseal(&label, &kubeseal::decode_base64(&new)?, None)?;
            ensure!(*opened.plaintext == canary::value("one").into_bytes(), "{scope}: another value");
        }
        Ok(())
    }
}

fn files(tree: &Tree) -> Result<Vec<String>> {
    SCOPES.iter().map(|scope| tree.read(scope.as_str())).collect()
}

#[tokio::test]
async fn a_tree_is_moved_through_our_controller() -> Result<()> {
    let scene = Scene::new().await?;
    scene.add_key(&KEYS[0]).await?;
    let (operator, kubeconfig) = behind_its_service(&scene).await?;
    let tree = Tree::new(&scene, &kubeconfig, "sealed-secrets-controller")?;
    tree.write(&scene, "renamed", (&KEYS[0], Scope::Strict), "former")?;
    let (before, renamed, current) = (files(&tree)?, tree.read("renamed")?, tree.read("current")?);
    let dry = tree.resealed(&["--dry-run", "--no-cache"])?;
    assert_eq!(dry, (Some(1), "3 values to move in 3 files, 1 current, 1 failed".to_owned()));
    assert_eq!(files(&tree)?, before);
    let moved = tree.resealed(&[])?;
    assert_eq!(moved, (Some(1), "3 values moved in 3 files, 1 current, 1 failed".to_owned()));
    tree.is_moved(&scene, &before)?;
    assert_eq!((tree.read("renamed")?, tree.read("current")?), (renamed, current));
    fs::remove_file(tree.path("tree/renamed.yaml"))?;
    // What the newest key has sealed is left alone, whoever asks.
    let again = tree.resealed(&["--no-cache"])?;
    assert_eq!(again, (Some(0), "0 values moved in 0 files, 4 current, 0 failed".to_owned()));
    scene.plane.apply_yaml(&tree.read("strict")?).await?;
    scene.holds("strict", &[("password", "one"), ("url", "one")]).await?;
    scene.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_tree_is_moved_through_the_original_controller() -> Result<()> {
    let scene = Scene::new().await?;
    scene.add_key(&KEYS[0]).await?;
    let [port] = rig::free_ports::<1>()?;
    let address = format!("{}:{port}", rig::host_address()?);
    let _original = Original::start_with(&scene, &["--listen-addr", &address, "--key-renew-period", "0"])?;
    scene.plane.publish_service(&scene.installation.namespace, "original", "http", port).await?;
    let kubeconfig = scene.plane.kubeconfig_file(scene.plane.admin_token(), &scene.namespace)?;
    let tree = Tree::new(&scene, &kubeconfig, "original")?;
    let answers = async || tree.run(&["--fetch-cert"]).ok().filter(|output| output.status.success());
    rig::eventually(DEADLINE, "the original's certificate", answers).await?;
    let before = files(&tree)?;
    // It seals anew what is current too, and cannot be asked whether that is needed.
    let moved = tree.resealed(&[])?;
    assert_eq!(moved, (Some(0), "4 values moved in 4 files, 0 current, 0 failed".to_owned()));
    tree.is_moved(&scene, &before)?;
    // This machine remembers what it has moved.
    let again = tree.resealed(&[])?;
    assert_eq!(again, (Some(0), "0 values moved in 0 files, 4 current, 0 failed".to_owned()));
    scene.plane.apply_yaml(&tree.read("namespace-wide")?).await?;
    scene.holds("namespace-wide", &[("password", "one"), ("url", "one")]).await.map(drop)
}

#[tokio::test]
async fn explain_tells_what_whoever_asks_may_see() -> Result<()> {
    let scene = Scene::new().await?;
    let (operator, kubeconfig) = behind_its_service(&scene).await?;
    let mut tree = Tree::new(&scene, &kubeconfig, "sealed-secrets-controller")?;
    let explain = |tree: &Tree, name: &str| -> Result<(Option<i32>, String)> {
        let output = tree.run(&["explain", &format!("tree/{name}.yaml")])?;
        ensure!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        let told = String::from_utf8(output.stdout)?;
        canary::search("the explanation", &told)?;
        Ok((output.status.code(), told))
    };
    let holds = |told: &str, parts: &[&str]| {
        parts.iter().try_for_each(|part| {
            ensure!(told.contains(part), "{part} is not in\n{told}");
            Ok(())
        })
    };
    let length = canary::value("one").len();
    let size = format!("  `password`: {length} bytes, sealed for a key of 2048 bits\n");
    let (status, told) = explain(&tree, "current")?;
    assert_eq!(status, Some(0), "{told}");
    holds(&told, &["  controller: it opens every value\n", "  in the cluster: you may not read it\n", &size])?;
    // The old key is not there.
    let (status, told) = explain(&tree, "strict")?;
    assert_eq!(status, Some(1), "{told}");
    holds(&told, &["  controller: it does not open every value\n    hint: sealed for another namespace", &size])?;

    // Whoever may read the object is told more.
    tree.kubeconfig = scene.plane.kubeconfig_file(scene.plane.admin_token(), &scene.namespace)?;
    let (_, told) = explain(&tree, "strict")?;
    holds(&told, &["  in the cluster: there is none of this name: it was not applied, or under another name\n"])?;
    scene.plane.apply_yaml(&tree.read("strict")?).await?;
    let object = scene.failed("strict").await.map(drop).and(Ok(scene.api::<SealedSecret>().get("strict").await?))?;
    scene.told(&object, 1).await?;
    let (_, told) = explain(&tree, "strict")?;
    holds(
        &told,
        &[
            "  in the cluster: it holds the values of the file\n",
            "  condition: Synced is False",
            "  event: ",
            "Warning",
        ],
    )?;
    let other = scene.sealed("strict", &[("password", "two")])?;
    scene.change::<SealedSecret>("strict", json!({ "spec": other["spec"] })).await?;
    let (_, told) = explain(&tree, "strict")?;
    holds(&told, &["  in the cluster: it holds other values than the file for password\n"])?;
    scene.nothing_leaked(&operator).await
}
