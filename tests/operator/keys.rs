//! `strongroom keys` and `strongroom takeover check` as people run them: as programs of their own, with the rights that
//! docs/sealed-secrets.md gives them and no others.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use kube::api::PostParams;
use rig::Peers;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::canary;
use crate::scene::{DEADLINE, Scene};

mod backup;
mod list;
mod restore;
mod rights;
mod takeover_check;

const PAGE: &str = include_str!("../../docs/sealed-secrets.md");

const READ: &str = "strongroom-keys-read";
const RESTORE: &str = "strongroom-keys-restore";
const COUNT: &str = "strongroom-sealedsecrets-read";
const CHECK: &str = "strongroom-takeover-check";

/// The roles as the page prints them.
fn roles() -> Result<Vec<Value>> {
    let (_, rest) = PAGE.split_once("### Rights of the commands").context("the page tells no rights")?;
    let (_, rest) = rest.split_once("```yaml\n").context("the page has no roles")?;
    let (block, _) = rest.split_once("\n```").context("the roles do not end")?;
    Ok(serde_saphyr::from_multiple(block)?)
}

/// Those of them that have these names.
fn named(names: &[&str]) -> Result<Vec<Value>> {
    let roles = roles()?.into_iter().filter(|role| names.iter().any(|name| role["metadata"]["name"] == *name));
    let roles: Vec<Value> = roles.collect();
    ensure!(roles.len() == names.len(), "the page has not all of {names:?}");
    Ok(roles)
}

/// A person with some of the roles of the page.
struct Person {
    kubeconfig: PathBuf,
    namespace: String,
    /// The roles, under names of this person's own.
    roles: Vec<Value>,
}

impl Person {
    /// Gives the roles of keys in the operator's namespace, the others everywhere.
    async fn new(scene: &Scene<'_>, name: &str, names: &[&str]) -> Result<Person> {
        let mut roles = named(names)?;
        let accounts: Api<ServiceAccount> = Api::namespaced(scene.plane.admin(), &scene.namespace);
        let account: ServiceAccount = serde_json::from_value(json!({ "metadata": { "name": name } }))?;
        accounts.create(&PostParams::default(), &account).await?;
        let subject = json!({ "kind": "ServiceAccount", "name": name, "namespace": scene.namespace });
        for role in &mut roles {
            let kept = role["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            // The control plane has other tests, with other people.
            let unique = format!("{kept}-{name}-{}", scene.namespace);
            role["metadata"]["name"] = json!(unique);
            let reference = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": unique });
            let mut binding = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": { "name": unique }, "roleRef": reference, "subjects": [subject] });
            if kept.starts_with("strongroom-keys-") {
                binding["kind"] = json!("RoleBinding");
                binding["metadata"]["namespace"] = json!(scene.installation.namespace);
            }
            scene.plane.apply_yaml(&format!("---\n{role}\n---\n{binding}\n")).await?;
        }
        let token = scene.plane.service_account_token(&scene.namespace, name).await?;
        let kubeconfig = scene.plane.kubeconfig_file(&token, &scene.namespace)?;
        Ok(Person { kubeconfig, namespace: scene.installation.namespace.clone(), roles })
    }

    /// Gives the person other rules in place of those of one role.
    async fn change(&self, scene: &Scene<'_>, at: usize, rules: &Value) -> Result<()> {
        let mut role = self.roles[at].clone();
        role["rules"] = rules.clone();
        scene.plane.apply_yaml(&format!("---\n{role}\n")).await
    }

    /// Runs `strongroom` with these words and the operator's namespace; `input` is its standard input.
    fn run(&self, words: &[&str], input: &[u8]) -> Result<Said> {
        let folder = TempDir::with_prefix("strongroom-keys-")?;
        let stdin = folder.path().join("input");
        fs::write(&stdin, input)?;
        let mut command = self.command(words)?;
        command.env("HOME", folder.path()).current_dir(folder.path()).stdin(File::open(stdin)?);
        let output = command.output()?;
        // Nothing is left behind on the disk.
        ensure!(fs::read_dir(folder.path())?.count() == 1, "a file was written");
        Said::of(&output)
    }

    fn command(&self, words: &[&str]) -> Result<Command> {
        let mut command = Command::new(rig::built_binary("strongroom")?);
        command.env_clear().args(words).args(["--operator-namespace", &self.namespace]);
        command.arg("--kubeconfig").arg(&self.kubeconfig);
        Ok(command)
    }

    /// The same until the API server knows of the roles, which takes it a moment.
    async fn settled(&self, words: &[&str], input: &[u8]) -> Result<Said> {
        let said = async || self.run(words, input).ok().filter(|said| !said.text().contains("Forbidden"));
        rig::eventually(DEADLINE, "the rights of the page", said)
            .await
            .with_context(|| self.run(words, input).map(|said| said.text()).unwrap_or_default())
    }
}

/// What a program has said.
struct Said {
    code: i32,
    stdout: Vec<u8>,
    stderr: String,
}

impl Said {
    fn of(output: &Output) -> Result<Said> {
        let said = Said {
            code: output.status.code().context("a signal ended it")?,
            stdout: output.stdout.clone(),
            stderr: String::from_utf8(output.stderr.clone())?,
        };
        // Whatever it was asked, it shows neither a value nor a private key.
        let text = said.text();
        canary::search("the output", &text)?;
        ensure!(!text.contains("PRIVATE KEY") && !text.contains("UFJJVkFURSBLRVk"), "a private key was shown");
        Ok(said)
    }

    fn text(&self) -> String {
        format!("{}\n{}", String::from_utf8_lossy(&self.stdout), self.stderr)
    }

    fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.stdout).with_context(|| self.text())
    }

    /// Fails unless it ended so.
    fn ended(self, code: i32) -> Result<Said> {
        ensure!(self.code == code, "ended with {}, not with {code}: {}", self.code, self.text());
        Ok(self)
    }
}

/// Runs a peer with files in a folder of its own; answers what it prints.
fn peer(name: &str, words: &[&str], files: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let folder = TempDir::with_prefix("strongroom-keys-")?;
    for (file, contents) in files {
        fs::write(folder.path().join(file), contents)?;
    }
    let mut command = Command::new(Peers::locate()?.path(name)?);
    command.env_clear().env("HOME", folder.path()).current_dir(folder.path()).args(words);
    if let Some((file, _)) = files.first() {
        command.stdin(File::open(folder.path().join(file))?);
    }
    let output = command.output()?;
    ensure!(output.status.success(), "{name} {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

/// An identity of age and its recipient.
fn age_identity(flags: &[&str]) -> Result<(String, String)> {
    let identity = String::from_utf8(peer("age-keygen", flags, &[])?)?;
    let recipient = peer("age-keygen", &["-y"], &[("identity.txt", identity.as_bytes())])?;
    Ok((identity, String::from_utf8(recipient)?.trim().to_owned()))
}

/// Opens an age file with the original program.
fn age_open(identity: &str, file: &[u8]) -> Result<Vec<u8>> {
    peer("age", &["-d", "-i", "identity.txt"], &[("file.age", file), ("identity.txt", identity.as_bytes())])
}
