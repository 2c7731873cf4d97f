//! Puts manifests into a cluster, as `kubectl create -f` would. It only ever creates: what exists already is an error, so
//! that the demo cannot change anything of anybody else.

use anyhow::{Context as _, Result};
use kube::api::{DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::{self, Scope};
use kube::{Api, Client};
use serde_json::Value;

/// Creates one object, in the namespace that it names.
pub(crate) async fn create(client: &Client, manifest: Value) -> Result<()> {
    let object: DynamicObject = serde_json::from_value(manifest).context("a manifest of the demo is no object")?;
    let name = object.metadata.name.clone().unwrap_or_default();
    let api = api_of(client, &object).await?;
    api.create(&PostParams::default(), &object).await.with_context(|| format!("could not create {name}"))?;
    Ok(())
}

async fn api_of(client: &Client, object: &DynamicObject) -> Result<Api<DynamicObject>> {
    let types = object.types.as_ref().context("a manifest of the demo has no kind")?;
    let kind = GroupVersionKind::try_from(types)?;
    let (resource, capabilities) = discovery::pinned_kind(client, &kind)
        .await
        .with_context(|| format!("the cluster does not serve {}", kind.kind))?;
    Ok(match (capabilities.scope, &object.metadata.namespace) {
        (Scope::Namespaced, Some(namespace)) => Api::namespaced_with(client.clone(), namespace, &resource),
        (Scope::Namespaced, None) => Api::default_namespaced_with(client.clone(), &resource),
        (Scope::Cluster, _) => Api::all_with(client.clone(), &resource),
    })
}
