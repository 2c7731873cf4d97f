//! What the demo shows: one Secret of each kind arrives; one that was edited by hand is healed; a value that changes in the
//! store arrives.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::wait;
use serde_json::{Value, json};

use crate::say::{self, Row};
use crate::stage::Stage;
use crate::{objects, secrets};

/// How long a Secret may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Part one and part two.
pub(crate) async fn tell(stage: &Stage) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let rows = arrivals(stage, folder.path()).await?;
    say::step("What arrived");
    say::table(&rows);
    heal(stage).await?;
    rotate(stage).await
}

async fn arrivals(stage: &Stage, folder: &Path) -> Result<Vec<Row>> {
    say::step("A SealedSecret, sealed with the operator's certificate");
    let sealed = secrets::sealed(stage, folder).await?;
    let sealed = arrival(stage, "SealedSecret", "db-sealed", sealed).await?;
    say::step("A SopsSecret, encrypted for an age key that only the cluster has");
    let sops = secrets::sops(stage, folder).await?;
    let sops = arrival(stage, "SopsSecret", "db-sops", sops).await?;
    say::step(&format!("An ExternalSecret of external-secrets.io/v1beta1 with a fake {}", stage.store_kind));
    let external = secrets::external(stage).await?;
    let external = arrival(stage, "ExternalSecret", "db-external", external).await?;
    Ok(vec![sealed, sops, external])
}

/// Creates an object and waits for the Secret of the same name.
async fn arrival(stage: &Stage, kind: &'static str, name: &'static str, object: Value) -> Result<Row> {
    let version = object["apiVersion"].as_str().unwrap_or_default().to_owned();
    objects::create(&stage.client, object).await?;
    let started = Instant::now();
    let secret = match secret_when(stage, name, |_| true).await {
        Ok(secret) => secret,
        Err(error) => return Err(error.context(conditions(stage, &version, kind, name).await)),
    };
    let took = started.elapsed();
    let keys = secret.data.unwrap_or_default().into_keys().collect();
    Ok(Row { kind, name, secret: format!("{}/{name}", stage.namespace), keys, took })
}

async fn heal(stage: &Stage) -> Result<()> {
    say::step("Somebody edits the Secret db-sealed by hand");
    say::command("kubectl patch secret db-sealed --patch '{\"stringData\": {\"password\": \"edited by hand\"}}'");
    let before = password(&secret_when(stage, "db-sealed", |_| true).await?);
    let edit = Patch::Merge(json!({"stringData": {"password": "edited by hand"}}));
    let api: Api<Secret> = Api::namespaced(stage.client.clone(), &stage.namespace);
    api.patch("db-sealed", &PatchParams::default(), &edit).await?;
    let started = Instant::now();
    secret_when(stage, "db-sealed", |secret| password(secret) == before).await.context("the Secret was not healed")?;
    say::detail(&format!("healed after {} ms", started.elapsed().as_millis()));
    Ok(())
}

async fn rotate(stage: &Stage) -> Result<()> {
    say::step("The value changes in the store (the ExternalSecret refreshes every 2 s)");
    let before = password(&secret_when(stage, "db-external", |_| true).await?);
    let spec = secrets::store(stage, "second-value-in-the-store")["spec"].clone();
    let stores = custom(stage, "external-secrets.io/v1", stage.store_kind)?;
    stores.patch("aws-secrets-manager", &PatchParams::default(), &Patch::Merge(json!({"spec": spec}))).await?;
    let started = Instant::now();
    secret_when(stage, "db-external", |secret| password(secret) != before)
        .await
        .context("the new value did not arrive")?;
    say::detail(&format!("arrived after {} ms", started.elapsed().as_millis()));
    Ok(())
}

/// The Secret as soon as it exists and `right` says so.
async fn secret_when(stage: &Stage, name: &str, right: impl Fn(&Secret) -> bool) -> Result<Secret> {
    let api: Api<Secret> = Api::namespaced(stage.client.clone(), &stage.namespace);
    let arrived = wait::await_condition(api, name, |secret: Option<&Secret>| secret.is_some_and(&right));
    tokio::time::timeout(PATIENCE, arrived)
        .await
        .with_context(|| format!("the Secret {name} did not arrive within {} s", PATIENCE.as_secs()))??
        .with_context(|| format!("the Secret {name} is gone"))
}

fn password(secret: &Secret) -> Option<Vec<u8>> {
    secret.data.as_ref()?.get("password").map(|value| value.0.clone())
}

/// What the object says about itself, for whoever reads why the demo failed.
async fn conditions(stage: &Stage, version: &str, kind: &str, name: &str) -> String {
    let read = async {
        let object = custom(stage, version, kind)?.get(name).await?;
        Ok::<_, anyhow::Error>(object.data["status"]["conditions"].to_string())
    };
    match read.await {
        Ok(conditions) => format!("{kind} {name} says {conditions}"),
        Err(error) => format!("{kind} {name} could not be read: {error}"),
    }
}

/// The objects of one of our kinds, where the demo keeps them.
fn custom(stage: &Stage, version: &str, kind: &str) -> Result<Api<DynamicObject>> {
    let (group, version) = version.split_once('/').context("a kind without a group")?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    Ok(if kind == "ClusterSecretStore" {
        Api::all_with(stage.client.clone(), &resource)
    } else {
        Api::namespaced_with(stage.client.clone(), &stage.namespace, &resource)
    })
}
