//! `--fetch-cert`, `--validate` and `--re-encrypt`: both command lines against both controllers, through the API server.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rig::Operator;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::canary;
use crate::scene::{KEYS, Scene};
use crate::sealing::{Tool, behind_its_service, reached_by_a_person};
use crate::takeover::Original;

/// Keeps a controller running.
enum Controller {
    Ours { _operator: Box<Operator> },
    Theirs { _original: Original },
}

async fn ours(scene: &Scene<'_>) -> Result<(Controller, PathBuf)> {
    let (operator, kubeconfig) = behind_its_service(scene).await?;
    Ok((Controller::Ours { _operator: Box::new(operator) }, kubeconfig))
}

async fn theirs(scene: &Scene<'_>) -> Result<(Controller, PathBuf)> {
    let [port] = rig::free_ports()?;
    let address = format!("{}:{port}", rig::host_address()?);
    let original = Original::start_with(scene, &["--listen-addr", &address, "--key-renew-period=0"])?;
    let kubeconfig = reached_by_a_person(scene, port).await?;
    Ok((Controller::Theirs { _original: original }, kubeconfig))
}

/// A Secret without a namespace: the kubeconfig says it.
fn secret(name: &str) -> String {
    let data = json!({ "password": canary::value("one"), "token": canary::value("two") });
    let metadata = json!({ "name": name, "labels": { "app": "shop" }, "annotations": { "note": "<ours> & more" } });
    json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "stringData": data })
        .to_string()
}

/// The commands of one person at one controller.
struct Person<'a> {
    scene: &'a Scene<'static>,
    kubeconfig: &'a Path,
}

impl Person<'_> {
    fn run(&self, tool: Tool, input: &str, flags: &[&str]) -> Result<String> {
        let controller = ["--controller-namespace", self.scene.installation.namespace.as_str()];
        tool.run(self.kubeconfig, input, &[&controller[..], flags].concat())
    }

    fn refusal(&self, tool: Tool, input: &str, flags: &[&str]) -> Result<String> {
        let ended = self.run(tool, input, flags);
        Ok(format!("{:#}", ended.err().with_context(|| format!("{flags:?} was no failure"))?))
    }

    fn fetches_the_certificate(&self) -> Result<()> {
        for tool in Tool::BOTH {
            assert_eq!(self.run(tool, "", &["--fetch-cert"])?, KEYS[1].certificate_pem(), "{tool:?}");
        }
        Ok(())
    }

    /// The first two documents are good, more of them than a caller may ask about at once are good too, a renamed one is not.
    fn validates(&self, sealed: &str) -> Result<()> {
        let renamed = sealed.replace("name: db", "name: other");
        for tool in Tool::BOTH {
            assert_eq!(self.run(tool, sealed, &["--validate"])?, "", "{tool:?}");
            let refused = self.refusal(tool, &format!("{sealed}{renamed}"), &["--validate"])?;
            ensure!(refused.contains("unable to decrypt sealed secret: other"), "{tool:?}: {refused}");
        }
        self.run(Tool::Ours, &sealed.repeat(5), &["--validate"]).map(drop)
    }

    /// Both write the same but for the ciphertexts, in either format.
    fn re_encrypts(&self, sealed: &str) -> Result<String> {
        let mut last = String::new();
        for format in ["json", "yaml"] {
            let mut written = Vec::new();
            for (tool, flag) in Tool::BOTH.into_iter().zip(["--rotate", "--re-encrypt"]) {
                last = self.run(tool, sealed, &[flag, "--format", format])?;
                // The original tells that a flag is deprecated where its output goes.
                written.push(masked(last.trim_start_matches(DEPRECATED), format)?);
            }
            assert_eq!(written[0], written[1], "{format}");
        }
        let renamed = sealed.replace("name: db", "name: other");
        let refused = self.refusal(Tool::Ours, &renamed, &["--re-encrypt"])?;
        ensure!(refused.contains("cannot re-encrypt secret `other`: 500 internal server error"), "{refused}");
        Ok(last)
    }

    /// A file that is read is the one that changes, unless another is named; a failure changes none.
    fn re_encrypts_in_place(&self, sealed: &str) -> Result<()> {
        let folder = TempDir::with_prefix("strongroom-sealing-")?;
        let path = folder.path().join("sealed.yaml");
        let named = path.to_str().context("the path is no text")?;
        let other = folder.path().join("other.json");
        let renamed = sealed.replace("name: db", "name: other");
        fs::write(&path, &renamed)?;
        self.refusal(Tool::Ours, "", &["--re-encrypt", "-f", named])?;
        assert_eq!(fs::read_to_string(&path)?, renamed);
        fs::write(&path, format!("# gone afterwards\n{sealed}"))?;
        self.run(Tool::Ours, "", &["--re-encrypt", "-f", named, "-w", other.to_str().context("no text")?])?;
        ensure!(fs::read_to_string(&other)?.starts_with('{') && fs::read_to_string(&path)?.starts_with('#'));
        assert_eq!(self.run(Tool::Ours, "", &["--re-encrypt", "-f", named])?, "");
        let written = fs::read_to_string(&path)?;
        ensure!(written.starts_with("---\napiVersion: bitnami.com/v1alpha1\n"), "{written}");
        Ok(())
    }
}

const DEPRECATED: &str = "Flag --rotate has been deprecated, please use --re-encrypt instead\n";

/// The text with every sealed value replaced.
fn masked(text: &str, format: &str) -> Result<String> {
    let document: Value = if format == "json" { serde_json::from_str(text)? } else { serde_saphyr::from_str(text)? };
    let data = document["spec"]["encryptedData"].as_object().context("no values")?;
    assert_eq!(data.len(), 2, "{text}");
    let sealed = data.values().filter_map(Value::as_str);
    Ok(sealed.fold(text.to_owned(), |text, sealed| text.replace(sealed, "(sealed)")))
}

async fn every_mode(scene: &Scene<'static>, kubeconfig: &Path) -> Result<()> {
    let person = Person { scene, kubeconfig };
    person.fetches_the_certificate()?;
    let sealed = person.run(Tool::Ours, &secret("db"), &["--format", "yaml"])?;
    ensure!(sealed.contains(&format!("namespace: {}", scene.namespace)), "{sealed}");
    person.validates(&sealed)?;
    let again = person.re_encrypts(&sealed)?;
    canary::search("the re-encrypted manifest", &again)?;
    person.re_encrypts_in_place(&sealed)?;
    scene.plane.apply_yaml(&again).await?;
    scene.holds("db", &[("password", "one"), ("token", "two")]).await?;
    Ok(())
}

#[tokio::test]
async fn every_mode_works_with_our_controller() -> Result<()> {
    let scene = Scene::new().await?;
    let (_controller, kubeconfig) = ours(&scene).await?;
    every_mode(&scene, &kubeconfig).await
}

#[tokio::test]
async fn every_mode_works_with_the_original_controller() -> Result<()> {
    let scene = Scene::new().await?;
    let (_controller, kubeconfig) = theirs(&scene).await?;
    every_mode(&scene, &kubeconfig).await
}
