//! Which store an ExternalSecret means, and whether it may use it.

use std::sync::Arc;

use crds::{ClusterSecretStoreCondition, ExternalSecret, SecretStoreRef};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use regex::Regex;

use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::name::ObjectName;
use crate::reason::Reason;
use crate::reference::{Tenant, resolve};
use crate::stores::KnownStore;

/// The store that a reference in an object of `namespace` means, if that namespace may use it.
///
/// # Errors
/// There is no such store, it does not admit the namespace, or it belongs to another controller.
pub async fn find(inputs: &Inputs, reference: &SecretStoreRef, namespace: &str) -> Result<Arc<KnownStore>, Failure> {
    let name = store_name(reference, namespace)?;
    let missing = || Failure::waiting(Reason::StoreMissing, format!("the {} `{name}` does not exist", kind(reference)));
    let store = inputs.stores.get(&name).ok_or_else(missing)?;
    if name.namespace.is_empty() && !admits(inputs, &store.spec.conditions, namespace).await? {
        let message = format!("the ClusterSecretStore `{name}` does not admit the namespace `{namespace}`");
        return Err(Failure::waiting(Reason::StoreMissing, message));
    }
    Ok(store)
}

/// Every store that an object names.
pub(super) fn stores_of(object: &ExternalSecret) -> impl Iterator<Item = ObjectName> + '_ {
    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
    let entries = object.spec.data.iter().filter_map(|entry| entry.source_ref.as_ref());
    let sources = entries.chain(object.spec.data_from.iter().filter_map(|entry| entry.source_ref.as_ref()));
    let references = object.spec.secret_store_ref.iter().chain(sources.filter_map(|source| source.store_ref.as_ref()));
    references.filter_map(move |reference| store_name(reference, namespace).ok())
}

fn kind(reference: &SecretStoreRef) -> &str {
    reference.kind.as_deref().filter(|kind| !kind.is_empty()).unwrap_or("SecretStore")
}

fn store_name(reference: &SecretStoreRef, namespace: &str) -> Result<ObjectName, Failure> {
    match kind(reference) {
        "SecretStore" => resolve(Tenant::Namespace(namespace), None, &reference.name),
        "ClusterSecretStore" => Ok(ObjectName::new("", reference.name.clone())),
        _ => Err(Failure::lasting(
            Reason::InvalidSpec,
            "`secretStoreRef.kind` is neither SecretStore nor ClusterSecretStore",
        )),
    }
}

/// Whether any condition of a ClusterSecretStore admits a namespace; without conditions all are admitted.
async fn admits(inputs: &Inputs, conditions: &[ClusterSecretStoreCondition], namespace: &str) -> Result<bool, Failure> {
    if conditions.is_empty() {
        return Ok(true);
    }
    let by_name =
        |condition: &ClusterSecretStoreCondition| condition.namespaces.iter().any(|admitted| admitted == namespace);
    let patterns = conditions.iter().flat_map(|condition| &condition.namespace_regexes);
    // An expression that does not compile admits nobody.
    let by_pattern = patterns.filter_map(|pattern| Regex::new(pattern).ok()).any(|pattern| pattern.is_match(namespace));
    if by_pattern || conditions.iter().any(by_name) {
        return Ok(true);
    }
    let selectors: Vec<&LabelSelector> =
        conditions.iter().filter_map(|condition| condition.namespace_selector.as_ref()).collect();
    if selectors.is_empty() {
        return Ok(false);
    }
    let labels = inputs.gather.namespace(namespace).await?.and_then(|found| found.metadata.labels).unwrap_or_default();
    Ok(selectors.into_iter().any(|selector| selects(selector, &labels)))
}

fn selects(selector: &LabelSelector, labels: &std::collections::BTreeMap<String, String>) -> bool {
    let equal = selector.match_labels.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    equal
        && selector
            .match_expressions
            .iter()
            .flatten()
            .all(|requirement| holds(requirement, labels.get(&requirement.key)))
}

fn holds(requirement: &LabelSelectorRequirement, value: Option<&String>) -> bool {
    let listed = || value.is_some_and(|value| requirement.values.iter().flatten().any(|one| one == value));
    match requirement.operator.as_str() {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_means_what_it_means_in_kubernetes() {
        let selector = |json: serde_json::Value| -> LabelSelector { serde_json::from_value(json).unwrap() };
        let labels = [("team".to_owned(), "shop".to_owned())].into();
        for (json, expected) in [
            (serde_json::json!({}), true),
            (serde_json::json!({"matchLabels": {"team": "shop"}}), true),
            (serde_json::json!({"matchLabels": {"team": "bank"}}), false),
            (
                serde_json::json!({"matchExpressions": [{"key": "team", "operator": "In", "values": ["a", "shop"]}]}),
                true,
            ),
            (
                serde_json::json!({"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["shop"]}]}),
                false,
            ),
            (serde_json::json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["x"]}]}), true),
            (serde_json::json!({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}), false),
            (serde_json::json!({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}), true),
            (serde_json::json!({"matchExpressions": [{"key": "team", "operator": "Sounds like"}]}), false),
        ] {
            assert_eq!(selects(&selector(json.clone()), &labels), expected, "{json}");
        }
    }
}
