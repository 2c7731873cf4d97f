//! How a Secret would differ from the one that is there: by names alone. No value and no digest of one leaves this file.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Secret;

/// The parts that would change, such as `data: password`.
pub(super) fn between(now: &Secret, then: &Secret) -> Vec<String> {
    let mut parts = Vec::new();
    let mut names = |part: &str, names: BTreeSet<&String>| {
        if !names.is_empty() {
            let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
            parts.push(format!("{part}: {}", names.join(", ")));
        }
    };
    names("data", changed(now.data.as_ref(), then.data.as_ref()));
    names("labels", changed(now.metadata.labels.as_ref(), then.metadata.labels.as_ref()));
    names("annotations", changed(now.metadata.annotations.as_ref(), then.metadata.annotations.as_ref()));
    let mut whole = |part: &str, is_changed: bool| parts.extend(is_changed.then(|| part.to_owned()));
    whole("type", now.type_ != then.type_);
    whole("immutable", now.immutable != then.immutable);
    whole("owner", now.metadata.owner_references != then.metadata.owner_references);
    parts
}

/// The keys that come, go or change their value.
fn changed<'a, V: PartialEq>(
    now: Option<&'a BTreeMap<String, V>>,
    then: Option<&'a BTreeMap<String, V>>,
) -> BTreeSet<&'a String> {
    let value = |map: Option<&'a BTreeMap<String, V>>, key: &String| map.and_then(|map| map.get(key));
    let keys = now.into_iter().chain(then).flat_map(BTreeMap::keys);
    keys.filter(|key| value(now, key) != value(then, key)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_are_named_and_values_are_not() {
        let secret = |value| serde_json::from_value::<Secret>(value).unwrap();
        let now = secret(
            json!({ "metadata": { "labels": { "a": "1", "b": "1" } }, "type": "Opaque", "data": { "same": "eA==", "changed": "eA==", "gone": "eA==" } }),
        );
        let then = secret(
            json!({ "metadata": { "labels": { "a": "2", "b": "1" }, "annotations": { "new": "" } }, "type": "other", "immutable": true, "data": { "same": "eA==", "changed": "eQ==", "new": "eA==" } }),
        );
        assert_eq!(
            between(&now, &then),
            ["data: changed, gone, new", "labels: a", "annotations: new", "type", "immutable"]
        );
        assert!(between(&now, &now).is_empty());
    }
}
