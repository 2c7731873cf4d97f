//! The Secrets among the documents of a file. Other kinds may stand beside them and are passed over.

use anyhow::{Context as _, Result};

use crate::input;
use crate::node::Node;
use crate::secret::Secret;

/// Whether a file names the kind Secret in some line; most files of a tree need not be read for that.
pub(crate) fn may_hold_some(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').any(|line| {
        let line = String::from_utf8_lossy(line);
        let mut words = line.split(|character: char| !character.is_alphanumeric());
        line.contains("kind") && words.any(|word| matches!(word, "Secret" | "SecretList"))
    })
}

/// The Secrets of a file in their order, those in Lists included.
pub(crate) fn secrets(bytes: &[u8]) -> Result<Vec<Secret>> {
    let mut secrets = Vec::new();
    for (number, document) in (1..).zip(input::documents_in(bytes)?) {
        for node in secrets_of(document) {
            let secret = Secret::from_document(node).with_context(|| format!("document {number}"))?;
            secrets.extend(secret);
        }
    }
    Ok(secrets)
}

/// A document that is a Secret, or those in a List.
fn secrets_of(document: Node) -> Vec<Node> {
    let Node::Map(mut fields) = document else { return Vec::new() };
    let text = |node: Option<&Node>| match node {
        Some(Node::Text(text)) => text.to_string(),
        _ => String::new(),
    };
    let is_core = text(fields.get("apiVersion")) == "v1";
    match (is_core, text(fields.get("kind")).as_str()) {
        (true, "Secret") => vec![Node::Map(fields)],
        (true, "List") => match fields.remove("items") {
            Some(Node::List(items)) => items.into_iter().flat_map(secrets_of).collect(),
            _ => Vec::new(),
        },
        // Its items may leave out what they are.
        (true, "SecretList") => match fields.remove("items") {
            Some(Node::List(items)) => items,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_beside_other_kinds() {
        let text = "\
{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {x: [010]}}
---
{apiVersion: v1, kind: Secret, metadata: {name: b}, stringData: {k: v}}
---
apiVersion: v1
kind: List
items: [{apiVersion: v1, kind: Secret, metadata: {name: c}}, {apiVersion: v1, kind: ConfigMap, metadata: {name: d}}]
---
{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: e}}
";
        assert!(may_hold_some(text.as_bytes()));
        let secrets = secrets(text.as_bytes()).unwrap();
        let names: Vec<&str> = secrets.iter().map(|secret| secret.metadata.name.as_str()).collect();
        assert_eq!(names, ["b", "c"]);
    }

    #[test]
    fn files_without_secrets_are_passed_over() {
        for text in
            ["kind: SealedSecret", "kind: SecretStore\n", "kind: Deployment\nname: Secret\n", "", "{{ if }} Secret"]
        {
            assert!(!may_hold_some(text.as_bytes()), "{text}");
        }
        for text in ["kind: Secret", "  kind: \"Secret\"", "{\"apiVersion\":\"v1\",\"kind\":\"Secret\"}"] {
            assert!(may_hold_some(text.as_bytes()), "{text}");
        }
    }
}
