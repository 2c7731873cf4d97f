//! The demo on somebody's cluster: it keeps to a namespace of its own, leaves the cluster as it was, and stays away from one
//! where another controller is at work.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use rig::{ControlPlane, Options, Process, built_binary};

const DEADLINE: Duration = Duration::from_mins(3);

const ANOTHER_CONTROLLER: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: sealer, namespace: kube-system }
spec:
  selector: { matchLabels: { app: sealer } }
  template:
    metadata: { labels: { app: sealer } }
    spec: { containers: [{ name: sealer, image: "registry.example/sealed-secrets-controller:0.36.6" }] }
"#;

#[tokio::test]
async fn the_demo_leaves_the_cluster_of_the_current_context_as_it_was() -> Result<()> {
    let plane = ControlPlane::start(Options { controller_manager: true, ..Options::default() }).await?;
    let theirs = crds::definitions().swap_remove(0).resource;
    plane.apply_yaml(&serde_json::to_string(&theirs)?).await?;
    let definitions: Api<CustomResourceDefinition> = Api::all(plane.admin());
    let before = definitions.get(&theirs.name_any()).await?;
    let demo = demo(&plane.kubeconfig_file(plane.admin_token(), "default")?)?;
    let status = demo.wait(DEADLINE).await?;
    assert!(status.success(), "{}\n{}", demo.stdout()?, demo.stderr()?);
    let left = definitions.list(&ListParams::default()).await?.items;
    let names: Vec<String> = left.iter().map(ResourceExt::name_any).collect();
    assert_eq!(names, [theirs.name_any()], "{}", demo.stdout()?);
    assert_eq!((left[0].uid(), left[0].metadata.generation), (before.uid(), before.metadata.generation));
    let namespaces: Api<Namespace> = Api::all(plane.admin());
    assert!(namespaces.get_opt("strongroom-demo").await?.is_none());
    let secrets: Api<Secret> = Api::all(plane.admin());
    assert!(secrets.list_metadata(&ListParams::default()).await?.items.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_demo_stays_away_from_a_cluster_with_another_controller() -> Result<()> {
    let plane = ControlPlane::start(Options::default()).await?;
    plane.apply_yaml(ANOTHER_CONTROLLER).await?;
    let audit = plane.audit()?;
    let mark = audit.mark().await?;
    let demo = demo(&plane.kubeconfig_file(plane.admin_token(), "default")?)?;
    assert_eq!(demo.wait(DEADLINE).await?.code(), Some(1));
    assert!(demo.stderr()?.contains("another controller serves these kinds: kube-system/sealer"), "{}", demo.stderr()?);
    let writes = audit.since(mark).await?.into_iter().filter(|call| call.user == "rig-admin" && call.writes()).count();
    assert_eq!(writes, 0);
    Ok(())
}

/// `CLUSTER=current make demo`, for the cluster of this kubeconfig file.
fn demo(kubeconfig: &Path) -> Result<Process> {
    let mut command = Command::new(built_binary("strongroom-demo")?);
    command.env("CLUSTER", "current").env("KUBECONFIG", kubeconfig);
    Process::spawn(&command)
}
