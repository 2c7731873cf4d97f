//! From what an ExternalSecret lists, and what the stores hold, to the entries of its Secret. No IO: first [`parts`] says what
//! to read, then [`assemble`] puts together what was read. What is not supported is refused by name, for leaving it out would
//! make another Secret than the one that was asked for.

use std::collections::BTreeMap;

use crds::{ExternalSecretDataFrom, ExternalSecretSpec, RemoteRef, SecretStoreRef, SourceRef};
use zeroize::Zeroizing;

use super::refresh::interval;
use crate::failure::Failure;
use crate::provider::decoding::{EntryError, check_name, check_zero_bytes, convert_names, decode};
use crate::provider::property::{PropertyError, extract, select};
use crate::provider::{Content, RemoteKey};
use crate::reason::Reason;

/// One remote secret that the object needs, in the order in which later parts win over earlier ones.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// Where it stands in the object, such as `spec.data[0]`.
    pub place: String,
    /// The store that has it.
    pub store: &'a SecretStoreRef,
    /// What it is there and how to read it.
    pub remote: &'a RemoteRef,
    /// The entry that it becomes; `None` when each of its properties becomes one.
    pub entry: Option<&'a str>,
}

impl Part<'_> {
    /// What to ask the store for.
    pub fn remote_key(&self) -> RemoteKey {
        let version = self.remote.version.clone().filter(|version| !version.is_empty());
        RemoteKey { key: self.remote.key.clone(), version }
    }
}

/// What a store has answered for a part.
pub enum Fetched {
    /// The whole remote secret.
    Found {
        /// Its bytes.
        bytes: Zeroizing<Vec<u8>>,
        /// What kind of thing they are.
        content: Content,
    },
    /// The store knows for certain that there is none.
    Missing,
}

/// The entries of a Secret, and what was left out.
pub struct Assembled {
    /// Values by key.
    pub values: BTreeMap<String, Zeroizing<Vec<u8>>>,
    /// The places of the parts whose remote secrets do not exist, under a deletion policy that takes it.
    pub missing: Vec<String>,
}

/// The remote secrets that the object needs.
///
/// Fails with [`Reason::Unsupported`] for the first field that we do not understand and that matters, and with
/// [`Reason::InvalidSpec`] for what means nothing.
pub fn parts(spec: &ExternalSecretSpec) -> Result<Vec<Part<'_>>, Failure> {
    check_target(spec)?;
    if spec.data.is_empty() && spec.data_from.is_empty() {
        return Err(invalid("the object has neither spec.data nor spec.dataFrom"));
    }
    let many = spec.data_from.iter().enumerate().map(|(index, from)| {
        let place = format!("spec.dataFrom[{index}]");
        let remote = extract_of(&place, from)?;
        let store = store_of(&place, spec, from.source_ref.as_ref())?;
        Ok(Part { place, store, remote, entry: None })
    });
    let single = spec.data.iter().enumerate().map(|(index, data)| {
        let place = format!("spec.data[{index}]");
        check_remote(&format!("{place}.remoteRef"), &data.remote_ref)?;
        check_name(&data.secret_key).map_err(|error| invalid(format!("{place}.secretKey: {error}")))?;
        let store = store_of(&place, spec, data.source_ref.as_ref())?;
        Ok(Part { place, store, remote: &data.remote_ref, entry: Some(data.secret_key.as_str()) })
    });
    many.chain(single).collect()
}

/// Puts the entries together. `fetched` has one answer for each part.
pub fn assemble(spec: &ExternalSecretSpec, parts: &[Part<'_>], fetched: Vec<Fetched>) -> Result<Assembled, Failure> {
    let is_retained = matches!(spec.target.deletion_policy.as_deref().unwrap_or_default(), "" | "Retain");
    let mut assembled = Assembled { values: BTreeMap::new(), missing: Vec::new() };
    for (part, fetched) in parts.iter().zip(fetched) {
        match fetched {
            Fetched::Missing if is_retained => {
                let message = format!("{}: the store has no secret `{}`", part.place, part.remote.key);
                return Err(Failure::passing(Reason::RemoteMissing, message));
            }
            Fetched::Missing => assembled.missing.push(part.place.clone()),
            Fetched::Found { bytes, content } => assembled.values.extend(entries(part, &bytes, content)?),
        }
    }
    Ok(assembled)
}

fn entries(part: &Part<'_>, secret: &[u8], content: Content) -> Result<BTreeMap<String, Zeroizing<Vec<u8>>>, Failure> {
    let remote = part.remote;
    let property = remote.property.as_deref();
    let no_property = |error| property_failure(part, error);
    let raw = if let Some(key) = part.entry {
        BTreeMap::from([(key.to_owned(), select(secret, content, property).map_err(no_property)?)])
    } else {
        let found = extract(secret, content, property).map_err(no_property)?;
        let converted = convert_names(remote.conversion_strategy.as_deref(), found);
        converted.map_err(|error| entry_failure(part, None, &error))?
    };
    let mut entries = BTreeMap::new();
    // The original leaves out what has no name at all.
    for (key, value) in raw.into_iter().filter(|(key, _)| !key.is_empty()) {
        let no_entry = |error| entry_failure(part, Some(&key), &error);
        check_name(&key).map_err(no_entry)?;
        let value = decode(remote.decoding_strategy.as_deref(), value).map_err(no_entry)?;
        check_zero_bytes(remote.null_byte_policy.as_deref(), &value).map_err(no_entry)?;
        entries.insert(key, value);
    }
    Ok(entries)
}

fn property_failure(part: &Part<'_>, error: PropertyError) -> Failure {
    let Part { place, remote: RemoteRef { key, property, .. }, .. } = part;
    let property = property.as_deref().filter(|property| !property.is_empty());
    let property = property.map_or_else(String::new, |property| format!(", property `{property}`"));
    let message = format!("{place}: `{key}`{property}: {error}");
    match error {
        PropertyError::Missing => Failure::passing(Reason::RemoteMissing, message),
        PropertyError::Unsupported => Failure::lasting(Reason::Unsupported, message),
        _ => Failure::passing(Reason::RemoteInvalid, message),
    }
}

fn entry_failure(part: &Part<'_>, entry: Option<&str>, error: &EntryError) -> Failure {
    let Part { place, remote, .. } = part;
    let entry = entry.map_or_else(String::new, |entry| format!(", entry `{entry}`"));
    let message = format!("{place}: `{}`{entry}: {error}", remote.key);
    match error {
        EntryError::Strategy(_) => Failure::lasting(Reason::InvalidSpec, message),
        _ => Failure::passing(Reason::RemoteInvalid, message),
    }
}

fn check_target(spec: &ExternalSecretSpec) -> Result<(), Failure> {
    let target = &spec.target;
    let unsupported_fields = [
        ("spec.target.template", target.template.is_some()),
        ("spec.target.manifest", target.manifest.is_some()),
        ("spec.syncWindows", spec.sync_windows.is_some()),
    ];
    if let Some((field, _)) = unsupported_fields.iter().find(|(_, given)| *given) {
        return Err(unsupported(field));
    }
    let words = [
        ("spec.refreshPolicy", &spec.refresh_policy, &["CreatedOnce", "Periodic", "OnChange"][..]),
        ("spec.target.creationPolicy", &target.creation_policy, &["Owner", "Orphan", "Merge", "None", "CreateOrMerge"]),
        ("spec.target.deletionPolicy", &target.deletion_policy, &["Delete", "Merge", "Retain"]),
    ];
    for (field, word, known) in words {
        let word = word.as_deref().unwrap_or_default();
        if !word.is_empty() && !known.contains(&word) {
            return Err(invalid(format!("{field} is none of {}", known.join(", "))));
        }
    }
    if interval(spec).is_none() {
        return Err(invalid("spec.refreshInterval is not a duration such as 1h30m"));
    }
    Ok(())
}

fn extract_of<'a>(place: &str, from: &'a ExternalSecretDataFrom) -> Result<&'a RemoteRef, Failure> {
    let generator = from.source_ref.as_ref().is_some_and(|source| source.generator_ref.is_some());
    match (&from.extract, &from.find, generator) {
        (Some(remote), None, false) if from.rewrite.is_empty() => {
            check_remote(&format!("{place}.extract"), remote)?;
            Ok(remote)
        }
        (Some(_), None, false) => Err(unsupported(&format!("{place}.rewrite"))),
        (None, Some(_), false) => Err(unsupported(&format!("{place}.find"))),
        (None, None, true) => Err(unsupported(&format!("{place}.sourceRef.generatorRef"))),
        _ => Err(invalid(format!("{place} needs exactly one of extract, find and sourceRef.generatorRef"))),
    }
}

fn check_remote(place: &str, remote: &RemoteRef) -> Result<(), Failure> {
    if remote.key.is_empty() {
        return Err(invalid(format!("{place} has no key")));
    }
    match remote.metadata_policy.as_deref().unwrap_or_default() {
        "" | "None" => Ok(()),
        "Fetch" => Err(unsupported(&format!("{place}.metadataPolicy: Fetch"))),
        _ => Err(invalid(format!("{place}.metadataPolicy is neither None nor Fetch"))),
    }
}

fn store_of<'a>(
    place: &str,
    spec: &'a ExternalSecretSpec,
    source: Option<&'a SourceRef>,
) -> Result<&'a SecretStoreRef, Failure> {
    if source.is_some_and(|source| source.generator_ref.is_some()) {
        return Err(unsupported(&format!("{place}.sourceRef.generatorRef")));
    }
    let own = source.and_then(|source| source.store_ref.as_ref()).filter(|store| !store.name.is_empty());
    let store = own.or(spec.secret_store_ref.as_ref()).filter(|store| !store.name.is_empty());
    let store = store.ok_or_else(|| invalid(format!("{place} names no store, and spec.secretStoreRef neither")))?;
    match store.kind.as_deref().unwrap_or_default() {
        "" | "SecretStore" | "ClusterSecretStore" => Ok(store),
        _ => Err(invalid(format!("the store of {place} is neither a SecretStore nor a ClusterSecretStore"))),
    }
}

fn unsupported(field: &str) -> Failure {
    Failure::lasting(Reason::Unsupported, format!("`{field}` is not supported"))
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::lasting(Reason::InvalidSpec, message)
}

#[cfg(test)]
mod tests;
