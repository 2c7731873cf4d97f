//! Applies manifests of any kind, as `kubectl apply --server-side` does, and waits until the definitions among them are served.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::discovery::{ApiCapabilities, Scope, oneshot};
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::Condition as _;
use kube::{Api, Client, ResourceExt as _};
use serde_json::Value;

use crate::wait::{eventually, watch_until};

/// How long a definition may take until it is served.
const PATIENCE: Duration = Duration::from_secs(30);

/// Applies every document; a namespaced one that names no namespace goes to `namespace`.
pub(super) async fn apply(client: &Client, namespace: &str, documents: Vec<Value>) -> Result<()> {
    let mut known = HashMap::new();
    for document in documents.into_iter().filter(|document| !document.is_null()) {
        let object: DynamicObject = serde_json::from_value(document).context("a document is no Kubernetes object")?;
        let (resource, capabilities) = discover(client, &object, &mut known).await?;
        let api: Api<DynamicObject> = match capabilities.scope {
            Scope::Cluster => Api::all_with(client.clone(), &resource),
            Scope::Namespaced => {
                let namespace = object.namespace().unwrap_or_else(|| namespace.to_owned());
                Api::namespaced_with(client.clone(), &namespace, &resource)
            }
        };
        let name = object.name_any();
        api.patch(&name, &PatchParams::apply("rig").force(), &Patch::Apply(&object))
            .await
            .with_context(|| format!("could not apply {} {name}", resource.kind))?;
        if resource.kind == "CustomResourceDefinition" {
            let api: Api<CustomResourceDefinition> = Api::all(client.clone());
            let crd = watch_until(&api, &name, PATIENCE, |crd| is_crd_established().matches_object(Some(crd))).await?;
            wait_listed(client, &crd).await?;
        }
    }
    Ok(())
}

/// An established definition still answers 429 while its storage is made, at the first call for each version.
async fn wait_listed(client: &Client, crd: &CustomResourceDefinition) -> Result<()> {
    let (group, plural) = (&crd.spec.group, &crd.spec.names.plural);
    for version in crd.spec.versions.iter().filter(|version| version.served) {
        let path = format!("/apis/{group}/{}/{plural}?limit=1", version.name);
        let list = async || {
            let request = http::Request::get(&path).body(Vec::new()).ok()?;
            client.request_text(request).await.ok().map(drop)
        };
        eventually(PATIENCE, &format!("the API server listing {plural}"), list).await?;
    }
    Ok(())
}

/// Asks the API server once for each kind. A definition is listed a moment after it is established.
async fn discover(
    client: &Client,
    object: &DynamicObject,
    known: &mut HashMap<GroupVersionKind, (ApiResource, ApiCapabilities)>,
) -> Result<(ApiResource, ApiCapabilities)> {
    let types = object.types.as_ref().context("a document has no apiVersion or kind")?;
    let kind = GroupVersionKind::try_from(types).context("an apiVersion cannot be read")?;
    if let Some(found) = known.get(&kind) {
        return Ok(found.clone());
    }
    let what = format!("the API server serving {} {}", types.api_version, types.kind);
    let found = eventually(PATIENCE, &what, async || oneshot::pinned_kind(client, &kind).await.ok()).await?;
    known.insert(kind, found.clone());
    Ok(found)
}
