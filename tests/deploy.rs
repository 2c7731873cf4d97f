//! The manifests of `deploy/`: well formed against the schemas of the API server they are meant for, accepted by it through
//! the very commands of the README, narrow in what they grant, and safe to remove.

mod deploy {
    pub(crate) mod schemas;
}

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use anyhow::{Context as _, Result, ensure};
use deploy::schemas;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::PostParams;
use kube::{Api, ResourceExt as _};
use rig::{ControlPlane, Peers};
use serde_json::{Value, json};

const BASES: [&str; 3] = ["deploy", "deploy/crds", "deploy/overlays/sealed-secrets-drop-in"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn peer(name: &str) -> Result<PathBuf> {
    Peers::locate()?.path(name)
}

/// Runs a program at the root of the repository; standard input is `input`.
fn run(program: &Path, arguments: &[&str], input: &str) -> Result<Output> {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    let input = input.to_owned();
    // A program that refuses its input early closes the pipe: what it says counts.
    let writer = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output()?;
    drop(writer.join());
    Ok(output)
}

fn succeeds(program: &Path, arguments: &[&str], input: &str) -> Result<String> {
    let output = run(program, arguments, input)?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?}: {words}");
    Ok(String::from_utf8(output.stdout)?)
}

fn build(base: &str) -> Result<String> {
    succeeds(&peer("kustomize")?, &["build", base], "")
}

fn objects(base: &str) -> Result<Vec<Value>> {
    Ok(serde_saphyr::from_multiple(&build(base)?)?)
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_match_the_schemas_of_the_api_server() -> Result<()> {
    let plane = rig::shared().await?;
    let folder = tempfile::tempdir()?;
    schemas::write(&plane.admin(), folder.path()).await?;
    let location = format!("{}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json", folder.path().display());
    let kubeconform = ["-strict", "-summary", "-schema-location", &location, "-"];
    for base in BASES {
        succeeds(&peer("kubeconform")?, &kubeconform, &build(base)?)?;
    }
    let wrong = build("deploy")?.replace("readOnlyRootFilesystem", "readOnlyRootFileSystem");
    assert!(!run(&peer("kubeconform")?, &kubeconform, &wrong)?.status.success(), "a wrong field must be seen");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn installing_and_removing_keeps_definitions_and_keys() -> Result<()> {
    let plane = ControlPlane::start(rig::Options::default()).await?;
    let kubeconfig = plane.kubeconfig_file(plane.admin_token(), "default")?;
    let kubectl = |arguments: &str| {
        let mut all = vec!["--kubeconfig", kubeconfig.to_str().context("a path in UTF-8")?];
        all.extend(arguments.split(' '));
        succeeds(&peer("kubectl")?, &all, "")
    };
    kubectl("apply --server-side -k deploy/crds")?;
    kubectl("apply --dry-run=server --validate=strict -k deploy")?;
    kubectl("apply -k deploy")?;
    kubectl("apply --dry-run=server --validate=strict -k deploy/overlays/sealed-secrets-drop-in")?;
    assert_pod_is_admitted_as_restricted(&plane).await?;
    kubectl("delete --wait=false -k deploy")?;
    let definitions: Api<CustomResourceDefinition> = Api::all(plane.admin());
    for definition in crds::definitions() {
        let name = definition.resource.name_any();
        let left = definitions.get(&name).await?;
        assert!(left.metadata.deletion_timestamp.is_none(), "{name} was deleted with the operator");
    }
    let namespaces: Api<Namespace> = Api::all(plane.admin());
    let left = namespaces.get("strongroom").await?;
    assert!(left.metadata.deletion_timestamp.is_none(), "the sealing keys were deleted with the operator");
    Ok(())
}

/// The namespace enforces the restricted profile; the pod of the Deployment passes, and one that asks for more does not.
async fn assert_pod_is_admitted_as_restricted(plane: &ControlPlane) -> Result<()> {
    let deployment = of_kind(&objects("deploy")?, "Deployment")[0].clone();
    let mut pod = json!({
        "metadata": {"name": "probe", "namespace": "strongroom"},
        "spec": deployment["spec"]["template"]["spec"],
    });
    let pods: Api<Pod> = Api::namespaced(plane.admin(), "strongroom");
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    pods.create(&dry_run, &serde_json::from_value(pod.clone())?).await?;
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = json!(true);
    let refused = pods.create(&dry_run, &serde_json::from_value(pod)?).await;
    assert!(refused.is_err(), "the restricted profile is not enforced");
    Ok(())
}

#[test]
fn removing_the_operator_removes_nothing_that_holds_data() -> Result<()> {
    for base in ["deploy", "deploy/overlays/sealed-secrets-drop-in"] {
        let objects = objects(base)?;
        for kind in ["CustomResourceDefinition", "Namespace", "Secret", "Lease"] {
            assert!(of_kind(&objects, kind).is_empty(), "{base} holds a {kind}");
        }
    }
    Ok(())
}

#[test]
fn rights_hold_no_wildcard_and_no_way_to_delete() -> Result<()> {
    let objects = objects("deploy")?;
    let granting = [of_kind(&objects, "ClusterRole"), of_kind(&objects, "Role")].concat();
    assert_eq!(granting.len(), 3);
    let rules = granting.iter().filter_map(|role| role["rules"].as_array()).flatten();
    for rule in rules {
        for verb in rule["verbs"].as_array().context("a rule without verbs")? {
            let narrow = ["get", "list", "watch", "create", "update"].map(Value::from);
            assert!(narrow.contains(verb), "{rule}");
        }
        assert!(!rule.to_string().contains('*'), "{rule}");
    }
    Ok(())
}

#[test]
fn drop_in_is_where_kubeseal_looks() -> Result<()> {
    let objects = objects("deploy/overlays/sealed-secrets-drop-in")?;
    let service = of_kind(&objects, "Service")[0];
    assert_eq!(service["metadata"]["name"], "sealed-secrets-controller");
    assert_eq!(service["metadata"]["namespace"], "kube-system");
    assert_eq!(service["spec"]["ports"][0]["name"], "http");
    let access = of_kind(&objects, "Role");
    let names =
        json!(["sealed-secrets-controller", "http:sealed-secrets-controller:", "http:sealed-secrets-controller:http"]);
    assert!(
        access
            .iter()
            .any(|role| role["rules"][1]["resourceNames"] == names && role["metadata"]["namespace"] == "kube-system")
    );
    let bindings = [of_kind(&objects, "RoleBinding"), of_kind(&objects, "ClusterRoleBinding")].concat();
    for subject in
        bindings.iter().map(|binding| &binding["subjects"][0]).filter(|subject| subject["kind"] == "ServiceAccount")
    {
        assert_eq!(subject["namespace"], "kube-system");
    }
    Ok(())
}
