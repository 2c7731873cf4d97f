//! One file for several clusters, in the layout of Kustomize: what all clusters share stands once, in the base, and the values of
//! each cluster in an overlay of its own, as a patch that is a SealedSecret too.
//!
//! ```text
//! OUTPUT/base/kustomization.yaml            resources: FILE
//! OUTPUT/base/FILE                          SealedSecrets with their templates, without values
//! OUTPUT/overlays/NAME/kustomization.yaml   resources: ../../base, patches: FILE
//! OUTPUT/overlays/NAME/FILE                 the values, sealed for cluster NAME
//! ```

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::layout::located::{Content, Located, documents};

/// The folder of what all clusters share.
pub(crate) fn base(output: &Path) -> PathBuf {
    output.join("base")
}

/// The folder of one cluster.
pub(crate) fn overlay(output: &Path, cluster: &str) -> PathBuf {
    output.join("overlays").join(cluster)
}

/// The object without its values.
pub(crate) fn shared(object: &Value) -> Value {
    let mut shared = object.clone();
    let _ = shared["spec"].as_object_mut().and_then(|spec| spec.remove("encryptedData"));
    shared
}

/// The values alone, with all that says where they open.
pub(crate) fn values(object: &Value) -> Value {
    let mut spec = Map::new();
    spec.insert("encryptedData".to_owned(), object["spec"]["encryptedData"].clone());
    json!({ "apiVersion": object["apiVersion"], "kind": object["kind"], "metadata": object["metadata"], "spec": spec })
}

/// What a kustomization lists.
pub(crate) enum Listed {
    Resource(String),
    Patch(String),
}

impl Listed {
    fn field(&self) -> &'static str {
        match self {
            Listed::Resource(_) => "resources",
            Listed::Patch(_) => "patches",
        }
    }

    fn item(&self) -> String {
        match self {
            Listed::Resource(path) => path.clone(),
            Listed::Patch(path) => format!("path: {path}"),
        }
    }

    fn is(&self, node: &Located) -> bool {
        match self {
            Listed::Resource(path) => node.text() == Some(path.as_str()),
            Listed::Patch(path) => node.text_at("path") == Some(path.as_str()),
        }
    }
}

/// The text of a kustomization that lists all of these. One that exists keeps everything it has; what it lacks comes at the end of
/// its lists.
pub(crate) fn kustomization(existing: Option<&str>, wanted: &[Listed]) -> Result<String> {
    let header = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    let mut text = existing.map_or_else(|| header.to_owned(), str::to_owned);
    for listed in wanted {
        text = with(&text, listed)?;
    }
    Ok(text)
}

fn with(text: &str, listed: &Listed) -> Result<String> {
    let by_hand = || {
        let message = format!("`{}` cannot be added to its {}", listed.item(), listed.field());
        Failure::with_hint(message, "add it by hand, as a list with one item on each line")
    };
    let trees = documents(text).map_err(|_| by_hand())?;
    let list = trees.first().and_then(|tree| tree.get(listed.field()));
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let break_before = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    let Some(list) = list else {
        if trees.len() > 1 || trees.first().is_some_and(|tree| text[tree.span.start..].starts_with('{')) {
            return Err(by_hand());
        }
        return Ok(format!("{text}{break_before}{}:{end}- {}{end}", listed.field(), listed.item()));
    };
    if list.items().iter().any(|item| listed.is(item)) {
        return Ok(text.to_owned());
    }
    let [first, ..] = list.items() else { return Err(by_hand()) };
    let end_of_list = end_of(list);
    let line = text[..start_of(first)].rfind('\n').map_or(0, |at| at + 1);
    let dash = text[line..start_of(first)].trim_end();
    if dash.trim_start() != "-" {
        return Err(by_hand());
    }
    let at = text[end_of_list..].find('\n').map_or(text.len(), |at| end_of_list + at + 1);
    let break_before = if text[..at].ends_with('\n') { "" } else { end };
    Ok(format!("{}{break_before}{dash} {}{end}{}", &text[..at], listed.item(), &text[at..]))
}

fn start_of(node: &Located) -> usize {
    match &node.content {
        Content::Map(entries) => {
            entries.first().map_or(node.span.start, |(key, _)| key.span.start.min(node.span.start))
        }
        _ => node.span.start,
    }
}

/// Where the last letter of a node stands.
fn end_of(node: &Located) -> usize {
    match &node.content {
        Content::Map(entries) => entries.last().map_or(node.span.end, |(key, value)| end_of(value).max(key.span.end)),
        Content::List(items) => items.last().map_or(node.span.end, end_of),
        _ => node.span.end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(path: &str) -> Listed {
        Listed::Resource(path.to_owned())
    }

    fn patch(path: &str) -> Listed {
        Listed::Patch(path.to_owned())
    }

    #[test]
    fn a_new_kustomization_lists_what_is_there() {
        let overlay = [resource("../../base"), patch("db.yaml")];
        let text = kustomization(None, &overlay).unwrap();
        assert_eq!(
            text,
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- ../../base\npatches:\n- path: db.yaml\n"
        );
        assert_eq!(kustomization(Some(&text), &overlay).unwrap(), text);
    }

    #[test]
    fn one_that_exists_keeps_what_it_has() {
        let text = "# ours\nresources:  # what is deployed\n  - ../../base   # all of it\n  - web.yaml\n\nnamePrefix: a-\npatches:\n- path: x.yaml\n  target:\n    kind: Deployment\n# the end\n";
        let wanted = [resource("../../base"), resource("db.yaml"), patch("db.yaml")];
        let expected = text
            .replace("  - web.yaml\n", "  - web.yaml\n  - db.yaml\n")
            .replace("kind: Deployment\n", "kind: Deployment\n- path: db.yaml\n");
        assert_eq!(kustomization(Some(text), &wanted).unwrap(), expected);
        let without_end = "resources:\n- a.yaml";
        let expected = "resources:\n- a.yaml\n- b.yaml\n";
        assert_eq!(kustomization(Some(without_end), &[resource("b.yaml")]).unwrap(), expected);
    }

    #[test]
    fn one_that_is_written_otherwise_is_left_alone() {
        for text in ["resources: [a.yaml]\n", "resources:\n", "{resources: [a.yaml]}", "a: 1\n---\nb: 2\n", "a: ["] {
            let refused = kustomization(Some(text), &[resource("b.yaml")]).unwrap_err().to_string();
            assert_eq!(refused, "`b.yaml` cannot be added to its resources", "{text}");
        }
    }
}
