//! Who else may be at work on a cluster that is not ours. The demo stops when in doubt: two controllers that serve the same
//! objects fight over them.

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt as _};

use crate::definitions;

/// Parts of the image names of controllers that serve these kinds.
const CONTROLLERS: [&str; 4] = ["sealed-secrets", "external-secrets", "sops-secrets-operator", "strongroom"];

/// Fails when another controller serves our kinds, or when objects of these kinds exist that somebody may depend on.
pub(crate) async fn refuse(client: &Client) -> Result<()> {
    let deployments: Api<Deployment> = Api::all(client.clone());
    let deployments = deployments
        .list(&ListParams::default())
        .await
        .context("could not list Deployments, so nobody knows whether another controller serves these kinds")?;
    let others: Vec<String> = deployments.iter().filter(|deployment| serves(deployment)).map(full_name).collect();
    ensure!(others.is_empty(), "another controller serves these kinds: {}", others.join(", "));
    let used = definitions::in_use(client).await?;
    ensure!(
        used.is_empty(),
        "objects of these kinds exist already, and the demo stays away from them: {}",
        used.join(", ")
    );
    Ok(())
}

fn serves(deployment: &Deployment) -> bool {
    let pod = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    pod.is_some_and(|pod| {
        pod.containers.iter().any(|container| {
            let image = container.image.as_deref().unwrap_or_default();
            CONTROLLERS.iter().any(|name| image.contains(name))
        })
    })
}

fn full_name(deployment: &Deployment) -> String {
    format!("{}/{}", deployment.namespace().unwrap_or_default(), deployment.name_any())
}
