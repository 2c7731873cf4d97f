//! The custom resource definitions that the demo needs. Those that exist are left exactly as they are; those that it had
//! to add it removes again, unless somebody made an object of such a kind meanwhile.

use std::time::Duration;

use anyhow::{Context as _, Result};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, PostParams};
use kube::core::GroupVersionKind;
use kube::runtime::{conditions, wait};
use kube::{Api, Client, ResourceExt};

/// How long the cluster may take to serve a definition, or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// Adds the definitions that are missing and waits until they are served. Answers the names of those it added.
pub(crate) async fn add_missing(client: &Client) -> Result<Vec<String>> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let mut added = Vec::new();
    for definition in crds::definitions() {
        let name = definition.resource.name_any();
        if api.get_opt(&name).await?.is_none() {
            api.create(&PostParams::default(), &definition.resource)
                .await
                .with_context(|| format!("could not add the definition {name}"))?;
            added.push(name);
        }
    }
    for name in &added {
        let established = wait::await_condition(api.clone(), name, conditions::is_crd_established());
        tokio::time::timeout(PATIENCE, established)
            .await
            .with_context(|| format!("the definition {name} was not served within {} s", PATIENCE.as_secs()))??;
    }
    Ok(added)
}

/// The kinds that have objects in the cluster, as `PLURAL.GROUP`.
pub(crate) async fn in_use(client: &Client) -> Result<Vec<String>> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let mut used = Vec::new();
    for definition in crds::definitions() {
        let name = definition.resource.name_any();
        if let Some(present) = api.get_opt(&name).await?
            && has_objects(client, &present).await?
        {
            used.push(name);
        }
    }
    Ok(used)
}

/// Removes definitions that this run added and that nobody uses. Answers the names of those it had to leave.
pub(crate) async fn remove(client: &Client, added: &[String]) -> Result<Vec<String>> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let mut left = Vec::new();
    for name in added {
        let Some(present) = api.get_opt(name).await? else {
            continue;
        };
        if has_objects(client, &present).await? {
            left.push(name.clone());
        } else {
            api.delete(name, &DeleteParams::default()).await?;
            let uid = present.uid().unwrap_or_default();
            let gone = wait::await_condition(api.clone(), name, conditions::is_deleted(&uid));
            tokio::time::timeout(PATIENCE, gone)
                .await
                .with_context(|| format!("the definition {name} was not removed within {} s", PATIENCE.as_secs()))??;
        }
    }
    Ok(left)
}

async fn has_objects(client: &Client, definition: &CustomResourceDefinition) -> Result<bool> {
    let spec = &definition.spec;
    let served = spec.versions.iter().find(|version| version.served).map_or("v1", |version| &version.name);
    let kind = GroupVersionKind::gvk(&spec.group, served, &spec.names.kind);
    let resource = ApiResource::from_gvk_with_plural(&kind, &spec.names.plural);
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
    Ok(!api.list_metadata(&ListParams::default().limit(1)).await?.items.is_empty())
}
