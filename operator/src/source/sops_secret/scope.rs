//! What a document proves about where it may be opened, from encrypted leaves alone: the MAC covers plain leaves as one
//! stream of bytes, so that a plain name or namespace proves nothing.

use sops::tree::Value;
use sops::{Branch, DataKey, Document, Leaf};

use crate::failure::Failure;
use crate::name::ObjectName;
use crate::reason::Reason;
use crate::source::sops_secret::decrypt_failed;

const NAME: [&str; 2] = ["metadata", "name"];
const NAMESPACE: [&str; 2] = ["metadata", "namespace"];

/// The names of the Secrets, each proven to be meant for the object `for_object` and its namespace.
pub(super) fn proven(document: &Document, key: &DataKey, for_object: &ObjectName) -> Result<Vec<String>, Failure> {
    let count = document.branches().len();
    let mut names = Vec::new();
    for at in 0..count {
        let namespace = open(document, key, at, &NAMESPACE)?;
        if namespace != for_object.namespace {
            return Err(not_proven("it was encrypted for another namespace"));
        }
        let name = open(document, key, at, &NAME)?;
        let fits = name == for_object.name
            || (count > 1 && name.strip_prefix(&for_object.name).is_some_and(|rest| rest.starts_with('-')));
        if !fits {
            return Err(not_proven("it was encrypted for a Secret of another name"));
        }
        names.push(name);
    }
    distinct(names)
}

/// Opens one leaf that must have been encrypted at exactly this place.
fn open(document: &Document, key: &DataKey, at: usize, path: &[&str; 2]) -> Result<String, Failure> {
    match document.leaf(at, path) {
        Leaf::Encrypted => {
            let text = document.open_leaf(key, at, path).map_err(|error| not_proven(&error.to_string()))?;
            Ok(text.to_string())
        }
        Leaf::Plain => Err(not_proven(&format!("`{}` is in clear", path.join(".")))),
        Leaf::Absent => Err(not_proven(&format!("`{}` is absent", path.join(".")))),
    }
}

fn not_proven(why: &str) -> Failure {
    let hint = "encrypt the whole manifest, with its metadata (`sops --encrypt --age RECIPIENT secret.yaml`, without \
                encrypted_regex), or set `scope: unproven` to open it wherever it is put";
    Failure::lasting(
        Reason::ScopeNotProven,
        format!("the document does not prove that it may be opened here: {why}; {hint}"),
    )
}

/// The names as the document gives them. A namespace, where it has one, must still be the object's own.
pub(super) fn unproven(document: &Document, key: &DataKey, own_namespace: &str) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for at in 0..document.branches().len() {
        if let Some(namespace) = text(document, key, at, &NAMESPACE)?
            && namespace != own_namespace
        {
            let message = "the document names another namespace than the one it is in";
            return Err(Failure::lasting(Reason::InvalidSpec, message));
        }
        let missing = || Failure::lasting(Reason::InvalidSpec, format!("document {at} has no `metadata.name`"));
        names.push(text(document, key, at, &NAME)?.ok_or_else(missing)?);
    }
    distinct(names)
}

fn text(document: &Document, key: &DataKey, at: usize, path: &[&str; 2]) -> Result<Option<String>, Failure> {
    match document.leaf(at, path) {
        Leaf::Absent => Ok(None),
        Leaf::Plain => Ok(plain_text(&document.branches()[at], path)),
        Leaf::Encrypted => {
            let text = document.open_leaf(key, at, path).map_err(|error| decrypt_failed(&error))?;
            Ok(Some(text.to_string()))
        }
    }
}

fn plain_text(branch: &Branch, path: &[&str; 2]) -> Option<String> {
    let Some(Value::Map(metadata)) = branch.get(path[0]) else { return None };
    match metadata.get(path[1]) {
        Some(Value::Str(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

fn distinct(names: Vec<String>) -> Result<Vec<String>, Failure> {
    let mut seen = std::collections::HashSet::new();
    if names.iter().all(|name| seen.insert(name)) && !names.is_empty() {
        return Ok(names);
    }
    Err(Failure::lasting(Reason::InvalidSpec, "the document describes no Secret, or one Secret twice"))
}
