//! From a decrypted manifest to the content of a Secret. Only what a Secret may carry is taken; the rest is refused, so that
//! nothing that somebody wrote is dropped without a word.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops::Branch;
use sops::tree::{Entry, Value};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::reason::Reason;
use crate::secret_data::SecretData;

/// Labels and annotations by which reconcilers recognise what they have applied: they speak of the SopsSecret.
const TRACKING: [&str; 4] =
    ["kubectl.kubernetes.io/", "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/", "config.kubernetes.io/"];

/// Reads one `v1/Secret` manifest.
pub(super) fn read(manifest: &Branch) -> Result<SecretData, Failure> {
    if text(manifest, "apiVersion") != Some("v1") || text(manifest, "kind") != Some("Secret") {
        return Err(invalid("a manifest is not of apiVersion v1, kind Secret"));
    }
    let mut data = SecretData { type_: text(manifest, "type").map(str::to_owned), ..SecretData::default() };
    for entry in &manifest.0 {
        let Entry::Pair(key, value) = entry else { continue };
        match (key.as_str(), value) {
            // stringData is read last: as with the API server, it wins.
            ("apiVersion" | "kind" | "type", Value::Str(_)) | ("stringData", Value::Map(_)) | (_, Value::Null) => {}
            ("immutable", Value::Bool(immutable)) => data.immutable = Some(*immutable),
            ("metadata", Value::Map(metadata)) => read_metadata(metadata, &mut data)?,
            ("data", Value::Map(values)) => encoded(values, &mut data)?,
            (key, _) => return Err(invalid(&format!("the field `{key}` of a manifest cannot be used"))),
        }
    }
    if let Some(Value::Map(values)) = manifest.get("stringData") {
        plain(values, &mut data)?;
    }
    Ok(data)
}

fn read_metadata(metadata: &Branch, data: &mut SecretData) -> Result<(), Failure> {
    for entry in &metadata.0 {
        let Entry::Pair(key, value) = entry else { continue };
        match (key.as_str(), value) {
            ("name" | "namespace" | "creationTimestamp", _) | (_, Value::Null) => {}
            ("labels", Value::Map(labels)) => data.labels = strings(labels, "labels")?,
            ("annotations", Value::Map(annotations)) => data.annotations = strings(annotations, "annotations")?,
            (key, _) => return Err(invalid(&format!("the field `metadata.{key}` of a manifest cannot be used"))),
        }
    }
    Ok(())
}

fn strings(map: &Branch, field: &str) -> Result<BTreeMap<String, String>, Failure> {
    let mut all = BTreeMap::new();
    for entry in &map.0 {
        match entry {
            Entry::Pair(key, _) if TRACKING.iter().any(|prefix| key.starts_with(prefix)) => {}
            Entry::Pair(key, Value::Str(text)) => {
                all.insert(key.clone(), text.clone());
            }
            Entry::Pair(key, _) => return Err(invalid(&format!("`metadata.{field}.{key}` is not text"))),
            Entry::Comment(_) => {}
        }
    }
    Ok(all)
}

fn encoded(values: &Branch, data: &mut SecretData) -> Result<(), Failure> {
    for entry in &values.0 {
        match entry {
            Entry::Pair(key, Value::Str(text)) => {
                let packed: Zeroizing<Vec<u8>> =
                    Zeroizing::new(text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
                let value = STANDARD.decode(&*packed).map_err(|_| invalid(&format!("`data.{key}` is not base64")))?;
                data.insert(key.clone(), Zeroizing::new(value));
            }
            Entry::Pair(key, Value::Null) => data.insert(key.clone(), Zeroizing::default()),
            Entry::Pair(key, _) => return Err(invalid(&format!("`data.{key}` is not text"))),
            Entry::Comment(_) => {}
        }
    }
    Ok(())
}

fn plain(values: &Branch, data: &mut SecretData) -> Result<(), Failure> {
    for entry in &values.0 {
        match entry {
            Entry::Pair(key, Value::Str(text)) => data.insert(key.clone(), Zeroizing::new(text.as_bytes().to_vec())),
            Entry::Pair(key, Value::Null) => data.insert(key.clone(), Zeroizing::default()),
            Entry::Pair(key, _) => return Err(invalid(&format!("`stringData.{key}` is not text"))),
            Entry::Comment(_) => {}
        }
    }
    Ok(())
}

fn text<'a>(branch: &'a Branch, key: &str) -> Option<&'a str> {
    match branch.get(key) {
        Some(Value::Str(text)) => Some(text),
        _ => None,
    }
}

fn invalid(message: &str) -> Failure {
    Failure::lasting(Reason::InvalidSpec, message)
}
