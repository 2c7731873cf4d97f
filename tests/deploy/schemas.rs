//! JSON schemas for kubeconform, made from what the API server under test publishes, so that no schema has to be fetched and
//! the version is always the one that the rig runs.

use std::path::Path;

use anyhow::{Context as _, Result};
use kube::Client;
use serde_json::{Map, Value, json};

/// Writes one self-contained, strict schema for each kind, as `KIND-GROUP-VERSION.json` in lower case.
pub(crate) async fn write(client: &Client, folder: &Path) -> Result<()> {
    let request = http::Request::get("/openapi/v2").header("accept", "application/json").body(Vec::new())?;
    let published: Value = client.request(request).await?;
    let mut definitions = published["definitions"].as_object().context("no definitions")?.clone();
    definitions.values_mut().for_each(close);
    loosen(&mut definitions);
    let kinds: Vec<(String, String)> = definitions.iter().flat_map(|(name, schema)| files(name, schema)).collect();
    let definitions = Value::Object(definitions);
    for (file, name) in kinds {
        let schema = json!({"$ref": format!("#/definitions/{name}"), "definitions": definitions});
        std::fs::write(folder.join(file), serde_json::to_vec(&schema)?)?;
    }
    Ok(())
}

/// The files that kubeconform looks for when it meets the kinds of a definition, each with the definition's name.
fn files(name: &str, schema: &Value) -> Vec<(String, String)> {
    let kinds = schema["x-kubernetes-group-version-kind"].as_array();
    let wanted = [
        "Namespace",
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
        "Deployment",
        "Service",
        "NetworkPolicy",
        "CustomResourceDefinition",
    ];
    kinds
        .into_iter()
        .flatten()
        .filter(|kind| wanted.iter().any(|wanted| kind["kind"] == *wanted))
        .map(|kind| {
            let text = |field: &str| kind[field].as_str().unwrap_or_default().to_lowercase();
            // kubeconform takes the first label of the group: rbac.authorization.k8s.io is `rbac`.
            let group = text("group");
            let group = group.split('.').next().filter(|group| !group.is_empty());
            let parts = [Some(text("kind")), group.map(String::from), Some(text("version"))];
            (parts.into_iter().flatten().collect::<Vec<_>>().join("-") + ".json", name.to_owned())
        })
        .collect()
}

/// Refuses fields that a schema does not name: a misspelt field is the commonest fault of a manifest.
fn close(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if object.contains_key("properties") && !object.contains_key("additionalProperties") {
        object.insert("additionalProperties".into(), json!(false));
    }
}

/// Two definitions say `string` and take numbers as well.
fn loosen(definitions: &mut Map<String, Value>) {
    for name in ["io.k8s.apimachinery.pkg.util.intstr.IntOrString", "io.k8s.apimachinery.pkg.api.resource.Quantity"] {
        definitions.insert(name.into(), json!({"type": ["string", "number"]}));
    }
}
