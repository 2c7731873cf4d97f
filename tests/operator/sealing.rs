//! Section 3, row 2: `kubeseal-rs` beside `kubeseal`. What either seals, either controller opens, and both get the certificate
//! from the operator as people do: through the API server, with the rights of anybody who may log in.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use kube::api::PostParams;
use rig::{Operator, Peers};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::canary;
use crate::scene::{KEYS, Scene};
use crate::takeover::Original;

const ACCESS: &str = include_str!("../../deploy/base/certificate-access.yaml");

/// Which of the two command lines seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tool {
    Ours,
    Original,
}

impl Tool {
    pub(crate) const BOTH: [Tool; 2] = [Tool::Ours, Tool::Original];

    fn program(self) -> Result<PathBuf> {
        match self {
            Tool::Ours => rig::built_binary("kubeseal-rs"),
            Tool::Original => Peers::locate()?.path("kubeseal"),
        }
    }

    /// Runs it with `input` on its standard input, without anything that the person who runs the tests has set up.
    pub(crate) fn run(self, kubeconfig: &Path, input: &str, arguments: &[&str]) -> Result<String> {
        let folder = TempDir::with_prefix("strongroom-sealing-")?;
        fs::write(folder.path().join("input"), input)?;
        let mut command = Command::new(self.program()?);
        command.env_clear().env("HOME", folder.path()).env("KUBECONFIG", kubeconfig).env("NO_PROXY", "*");
        let output = command.args(arguments).stdin(File::open(folder.path().join("input"))?).output()?;
        ensure!(output.status.success(), "{self:?} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

fn manifest(namespace: &str, name: &str, annotations: &Value) -> String {
    let data = json!({ "password": canary::value("one"), "token": canary::value("two") });
    let metadata =
        json!({ "name": name, "namespace": namespace, "annotations": annotations, "labels": { "app": "shop" } });
    format!("---\n{}\n", json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data }))
}

/// A person who may log in, and no more; in front of them the operator behind its Service.
pub(crate) async fn behind_its_service(scene: &Scene<'_>) -> Result<(Operator, PathBuf)> {
    let mut options = scene.options()?;
    options.listen = rig::host_address()?;
    let operator = Operator::start_ready(&options).await?;
    let kubeconfig = reached_by_a_person(scene, operator.address().port()).await?;
    Ok((operator, kubeconfig))
}

/// Puts the controller that listens on `port` behind its Service; answers the kubeconfig of a person who may log in, and no more.
pub(crate) async fn reached_by_a_person(scene: &Scene<'_>, port: u16) -> Result<PathBuf> {
    let namespace = &scene.installation.namespace;
    scene.plane.publish_service(namespace, "sealed-secrets-controller", "http", port).await?;
    let access = ACCESS.replace("namespace: strongroom", &format!("namespace: {namespace}"));
    scene.plane.apply_yaml(&access).await?;
    let person: ServiceAccount = serde_json::from_value(json!({ "metadata": { "name": "person" } }))?;
    let accounts: Api<ServiceAccount> = Api::namespaced(scene.plane.admin(), &scene.namespace);
    accounts.create(&PostParams::default(), &person).await?;
    let token = scene.plane.service_account_token(&scene.namespace, "person").await?;
    let kubeconfig = scene.plane.kubeconfig_file(&token, &scene.namespace)?;
    // The API server learns of the endpoints and of the role a moment later.
    let flags = ["--controller-namespace", namespace, "--fetch-cert"];
    let fetched = async || Tool::Ours.run(&kubeconfig, "", &flags).ok();
    rig::eventually(crate::scene::DEADLINE, "the certificate through the API server", fetched).await?;
    Ok(kubeconfig)
}

#[tokio::test]
async fn both_tools_seal_with_the_certificate_that_the_operator_serves() -> Result<()> {
    let scene = Scene::new().await?;
    let (operator, kubeconfig) = behind_its_service(&scene).await?;
    for tool in Tool::BOTH {
        let controller = ["--controller-namespace", scene.installation.namespace.as_str()];
        let certificate = tool.run(&kubeconfig, "", &[&controller[..], &["--fetch-cert"]].concat())?;
        assert_eq!(certificate, KEYS[1].certificate_pem(), "{tool:?}");
        let name = format!("{tool:?}").to_lowercase();
        let input = manifest(&scene.namespace, &name, &json!({}));
        let sealed = tool.run(&kubeconfig, &input, &[&controller[..], &["--format=yaml"]].concat())?;
        canary::search("the sealed manifest", &sealed)?;
        scene.plane.apply_yaml(&sealed).await?;
        let secret = scene.holds(&name, &[("password", "one"), ("token", "two")]).await?;
        assert_eq!(serde_json::to_value(&secret.metadata.labels)?, json!({ "app": "shop" }), "{tool:?}");
        scene.synced(&name).await?;
    }
    scene.nothing_leaked(&operator).await
}

/// Seals one object for each scope with each tool, offline, and applies all of it; answers the names.
async fn seal_everything(scene: &Scene<'_>) -> Result<Vec<String>> {
    let folder = TempDir::with_prefix("strongroom-sealing-")?;
    let certificate = folder.path().join("cert.pem");
    fs::write(&certificate, KEYS[1].certificate_pem())?;
    let no_cluster = folder.path().join("kubeconfig");
    let certificate = certificate.to_str().context("the path is no text")?;
    let mut names = Vec::new();
    for tool in Tool::BOTH {
        for scope in ["strict", "namespace-wide", "cluster-wide"] {
            let name = format!("{tool:?}-{scope}").to_lowercase();
            let input = manifest(&scene.namespace, &name, &json!({}));
            let flags = ["--cert", certificate, "--scope", scope, "-o", "yaml"];
            scene.plane.apply_yaml(&tool.run(&no_cluster, &input, &flags)?).await?;
            names.push(name);
        }
    }
    // Several documents at once, with a scope of their own.
    let wide = json!({ "sealedsecrets.bitnami.com/cluster-wide": "true" });
    let several = manifest(&scene.namespace, "several-1", &wide) + &manifest(&scene.namespace, "several-2", &json!({}));
    let sealed = Tool::Ours.run(&no_cluster, &several, &["--cert", certificate, "--format", "yaml"])?;
    scene.plane.apply_yaml(&sealed).await?;
    names.extend(["several-1".to_owned(), "several-2".to_owned()]);
    // One value alone.
    for tool in Tool::BOTH {
        let name = format!("{tool:?}-raw").to_lowercase();
        let flags = [
            "--raw",
            "--from-file",
            "/dev/stdin",
            "--cert",
            certificate,
            "--namespace",
            &scene.namespace,
            "--name",
            &name,
        ];
        let seal = |value: &str| tool.run(&no_cluster, &canary::value(value), &flags);
        let data = json!({ "password": seal("one")?.trim(), "token": seal("two")?.trim() });
        scene
            .create::<crds::SealedSecret>(json!({ "metadata": { "name": name }, "spec": { "encryptedData": data } }))
            .await?;
        names.push(name);
    }
    Ok(names)
}

async fn all_arrive(scene: &Scene<'_>, names: &[String]) -> Result<()> {
    for name in names {
        scene.holds(name, &[("password", "one"), ("token", "two")]).await.with_context(|| name.clone())?;
        scene.synced(name).await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_either_tool_seals_we_open() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let names = seal_everything(&scene).await?;
    all_arrive(&scene, &names).await
}

#[tokio::test]
async fn what_either_tool_seals_the_original_opens() -> Result<()> {
    let scene = Scene::new().await?;
    let _original = Original::start(&scene)?;
    let names = seal_everything(&scene).await?;
    all_arrive(&scene, &names).await
}

/// As a person who may log in and no more, through the API server's proxy.
#[tokio::test]
async fn kubeseal_validates_and_re_encrypts_through_the_api_server() -> Result<()> {
    let scene = Scene::new().await?;
    let (operator, kubeconfig) = behind_its_service(&scene).await?;
    let controller = ["--controller-namespace", scene.installation.namespace.as_str()];
    let ask = |input: &str, flags: &[&str]| Tool::Original.run(&kubeconfig, input, &[&controller[..], flags].concat());
    let input = manifest(&scene.namespace, "db", &json!({}));
    let sealed = ask(&input, &["--format=yaml"])?;
    ask(&sealed, &["--validate"])?;
    let renamed = sealed.replace("name: db", "name: other");
    let refused = format!("{:#}", ask(&renamed, &["--validate"]).err().context("a renamed file is no valid one")?);
    ensure!(refused.contains("unable to decrypt sealed secret"), "{refused}");
    let refused = format!("{:#}", ask(&renamed, &["--re-encrypt"]).err().context("a renamed file was sealed anew")?);
    ensure!(refused.contains("cannot re-encrypt secret"), "{refused}");
    // With a newer key there is something to do.
    operator.process().prompt()?;
    let newer = async || operator.certificate().await.ok().filter(|pem| pem != KEYS[1].certificate_pem());
    rig::eventually(crate::scene::DEADLINE, "a newer key", newer).await?;
    let again = rig::eventually(crate::scene::DEADLINE, "the rate", async || {
        ask(&sealed, &["--re-encrypt", "--format=yaml"]).ok()
    })
    .await?;
    let value = |text: &str| -> Result<String> {
        let document: Value = serde_saphyr::from_str(text)?;
        document["spec"]["encryptedData"]["password"].as_str().map(str::to_owned).context("no value")
    };
    ensure!(value(&again)? != value(&sealed)?, "nothing was sealed anew");
    canary::search("the re-encrypted manifest", &again)?;
    scene.plane.apply_yaml(&again).await?;
    let secret = scene.holds("db", &[("password", "one"), ("token", "two")]).await?;
    assert_eq!(serde_json::to_value(&secret.metadata.labels)?, json!({ "app": "shop" }));
    scene.nothing_leaked(&operator).await
}
