//! The definition of SealedSecret that the cluster has: what it does not name, the API server drops from every object.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use serde_json::Value;

use super::report::{Report, Weight};
use crate::api_error::describe;
use crate::command::Cluster;

const NAME: &str = "sealedsecrets.bitnami.com";
const VERSION: &str = "v1alpha1";
const ABOUT: &str = "definition";

/// Compares it with ours.
pub(super) async fn look(cluster: &Cluster, report: &mut Report) {
    let api: Api<CustomResourceDefinition> = Api::all(cluster.client.clone());
    let theirs = match api.get_opt(NAME).await {
        Ok(Some(definition)) => definition,
        Ok(None) => return report.add(ABOUT, Weight::Change, format!("there is no definition {NAME} in the cluster")),
        Err(error) => return report.add(ABOUT, Weight::Unknown, format!("could not be read: {}", describe(&error))),
    };
    let is_served = theirs.spec.versions.iter().any(|version| version.name == VERSION && version.served);
    if !is_served {
        return report.add(ABOUT, Weight::Change, format!("{NAME} does not serve {VERSION}"));
    }
    let ours = crds::definitions().into_iter().map(|definition| definition.resource);
    let ours = ours.into_iter().find(|definition| definition.metadata.name.as_deref() == Some(NAME));
    let mut lacking = Vec::new();
    lack(&schema(ours.as_ref()), &schema(Some(&theirs)), "", &mut lacking);
    if lacking.is_empty() {
        report.add(ABOUT, Weight::Fine, format!("{NAME} {VERSION} keeps every field"));
    } else {
        let words = format!(
            "the one in the cluster drops {}: kubectl apply --server-side -k deploy/crds, or every start opens everything again",
            lacking.join(", ")
        );
        report.add(ABOUT, Weight::First, words);
    }
}

fn schema(definition: Option<&CustomResourceDefinition>) -> Value {
    let versions = definition.map(|definition| definition.spec.versions.as_slice()).unwrap_or_default();
    let version = versions.iter().find(|version| version.name == VERSION);
    let schema = version.and_then(|version| version.schema.as_ref()?.open_api_v3_schema.as_ref());
    schema.and_then(|schema| serde_json::to_value(schema).ok()).unwrap_or_default()
}

/// The fields of `ours` that `theirs` would drop.
fn lack(ours: &Value, theirs: &Value, path: &str, lacking: &mut Vec<String>) {
    if theirs["x-kubernetes-preserve-unknown-fields"] == true {
        return;
    }
    for (name, field) in ours["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match &theirs["properties"][name] {
            Value::Null => lacking.push(path),
            found => lack(field, found, &path, lacking),
        }
    }
    if ours["items"].is_object() {
        lack(&ours["items"], &theirs["items"], path, lacking);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_that_would_be_dropped_are_named_by_their_path() {
        let leaf = json!({ "type": "string" });
        let ours = json!({ "properties": {
            "spec": { "properties": { "a": leaf, "open": { "properties": { "b": leaf } } } },
            "status": { "properties": { "list": { "items": { "properties": { "c": leaf, "d": leaf } } }, "proof": leaf } },
        } });
        let theirs = json!({ "properties": {
            "spec": { "properties": { "a": leaf, "open": { "x-kubernetes-preserve-unknown-fields": true } } },
            "status": { "properties": { "list": { "items": { "properties": { "c": leaf } } } } },
        } });
        let mut lacking = Vec::new();
        lack(&ours, &theirs, "", &mut lacking);
        assert_eq!(lacking, ["status.list.d", "status.proof"]);
        lacking.clear();
        lack(&ours, &ours, "", &mut lacking);
        assert!(lacking.is_empty());
    }
}
