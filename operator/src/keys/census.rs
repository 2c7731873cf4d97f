//! Who needs which sealing key: every value of every SealedSecret is opened with the keys at hand and dropped at once. Where
//! the keys cannot be read, the statuses are counted instead, which name one key for an object and so prove less.

use std::collections::BTreeMap;
use std::thread;

use crds::SealedSecret;
use kube::core::DeserializeGuard;
use kube::{Api, Client, ResourceExt as _, api::ListParams};
use kubeseal::{Keyring, Opener, Place, diagnose};
use serde::Serialize;

use crate::name::ObjectName;
use crate::source::sealed_secret::{label, scope};

const PAGE: u32 = 500;

/// How it was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    /// Every value was opened.
    #[default]
    Opening,
    /// By what the operator has written into the statuses.
    Status,
}

/// What needs one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) objects: usize,
    /// Statuses do not tell of values.
    pub(crate) values: usize,
}

/// An object with values of which nobody knows the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Unknown {
    pub(crate) object: String,
    /// The keys of its values, each with the reason.
    pub(crate) values: BTreeMap<String, String>,
}

/// The outcome of counting.
#[derive(Debug, Default)]
pub(crate) struct Census {
    pub(crate) way: Way,
    pub(crate) objects: usize,
    pub(crate) values: usize,
    pub(crate) needs: BTreeMap<String, Need>,
    pub(crate) unknown: Vec<Unknown>,
}

impl Census {
    pub(crate) fn need(&self, fingerprint: &str) -> Need {
        self.needs.get(fingerprint).copied().unwrap_or_default()
    }

    fn add(&mut self, tally: Tally) {
        self.objects += 1;
        self.values += tally.keys.values().sum::<usize>() + tally.unknown.len();
        for (fingerprint, values) in tally.keys {
            let need = self.needs.entry(fingerprint).or_default();
            need.objects += 1;
            need.values += values;
        }
        if !tally.unknown.is_empty() {
            self.unknown.push(Unknown { object: tally.object, values: tally.unknown });
        }
    }
}

/// One object: how many values each key opens, and what opens with none.
struct Tally {
    object: String,
    keys: BTreeMap<String, usize>,
    unknown: BTreeMap<String, String>,
}

/// All SealedSecrets of the namespaces, of every one when none is named. One that cannot be decoded is named in place of it.
pub(crate) async fn sealed_secrets(
    client: &Client,
    namespaces: &[String],
    selector: Option<&str>,
) -> kube::Result<Vec<Result<SealedSecret, ObjectName>>> {
    type Guarded = DeserializeGuard<SealedSecret>;
    let apis: Vec<Api<Guarded>> = if namespaces.is_empty() {
        vec![Api::all(client.clone())]
    } else {
        namespaces.iter().map(|namespace| Api::namespaced(client.clone(), namespace)).collect()
    };
    let mut objects = Vec::new();
    for api in apis {
        let mut params = ListParams::default().limit(PAGE);
        params.label_selector = selector.map(str::to_owned);
        loop {
            let page = api.list(&params).await?;
            objects.extend(page.items.into_iter().map(|guard| {
                let name = ObjectName::of(&guard).unwrap_or_else(|| ObjectName::new("", ""));
                guard.0.map_err(|_| name)
            }));
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => break,
            }
        }
    }
    Ok(objects)
}

/// Opens every value, on all processors.
pub(crate) fn by_opening(keyring: &Keyring, objects: &[Result<SealedSecret, ObjectName>]) -> Census {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let part = objects.len().div_ceil(workers).max(1);
    let tally = |part: &[Result<SealedSecret, ObjectName>]| -> Vec<Tally> {
        part.iter().map(|object| object.as_ref().map_or_else(undecodable, |object| open(keyring, object))).collect()
    };
    let tallies = thread::scope(|scope| {
        let threads: Vec<_> = objects.chunks(part).map(|part| scope.spawn(|| tally(part))).collect();
        // A thread that panicked must not make objects vanish from the count.
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Vec<_>>()
    });
    let mut census = Census::default();
    for tally in tallies {
        census.add(tally);
    }
    census
}

fn undecodable(name: &ObjectName) -> Tally {
    let unknown = BTreeMap::from([("spec".to_owned(), "the object cannot be read as a SealedSecret".to_owned())]);
    Tally { object: name.to_string(), keys: BTreeMap::new(), unknown }
}

/// The sealed values of an object: the whole Secret of the first format counts as one.
fn sealed_values(object: &SealedSecret) -> impl Iterator<Item = (&str, Option<&str>)> {
    let first_format =
        object.spec.data.as_deref().filter(|text| !text.is_empty()).map(|text| ("spec.data", Some(text)));
    let values = object.spec.encrypted_data.iter().map(|(key, value)| (key.as_str(), value.as_deref()));
    values.chain(first_format)
}

/// The values of one object that do not open, each with the reason.
pub(crate) fn unopened(keyring: &Keyring, object: &SealedSecret) -> BTreeMap<String, String> {
    open(keyring, object).unknown
}

fn open(keyring: &Keyring, object: &SealedSecret) -> Tally {
    let hint = object.status.as_ref().and_then(|status| status.sealing_key.clone());
    let mut opener = Opener::new(keyring, label(object), hint);
    let name = ObjectName::of(object).map(|name| name.to_string()).unwrap_or_default();
    let mut tally = Tally { object: name, keys: BTreeMap::new(), unknown: BTreeMap::new() };
    for (key, text) in sealed_values(object) {
        match text.and_then(|text| kubeseal::decode_base64(text).ok()) {
            None => drop(tally.unknown.insert(key.to_owned(), "it is not base64 text".to_owned())),
            Some(blob) => match opener.open(&blob) {
                Ok(unsealed) => *tally.keys.entry(unsealed.key.fingerprint().to_owned()).or_default() += 1,
                Err(_) => drop(tally.unknown.insert(key.to_owned(), why(keyring, object, &blob))),
            },
        }
    }
    tally
}

/// Why a value does not open, for whoever holds the keys anyway.
fn why(keyring: &Keyring, object: &SealedSecret, blob: &[u8]) -> String {
    let namespace = object.namespace().unwrap_or_default();
    diagnose(keyring, blob, &Place::new(namespace, object.name_any(), scope(object)), &[]).to_string()
}

/// Counts by the statuses. One that speaks of another generation, of a failure or of no key tells nothing.
pub(crate) fn by_status(objects: &[Result<SealedSecret, ObjectName>]) -> Census {
    let mut census = Census { way: Way::Status, objects: objects.len(), ..Census::default() };
    for object in objects {
        let told = object.as_ref().map_err(ObjectName::to_string).and_then(|object| {
            let name = ObjectName::of(object).map(|name| name.to_string()).unwrap_or_default();
            told(object).ok_or(name)
        });
        match told {
            Ok(fingerprint) => census.needs.entry(fingerprint).or_default().objects += 1,
            Err(object) => {
                let values = BTreeMap::from([(
                    "status".to_owned(),
                    "it names no sealing key, or not for this generation".to_owned(),
                )]);
                census.unknown.push(Unknown { object, values });
            }
        }
    }
    census
}

fn told(object: &SealedSecret) -> Option<String> {
    let status = object.status.as_ref()?;
    let is_synced = status.conditions.first().is_some_and(|synced| synced.status == "True");
    let is_current = status.observed_generation == object.metadata.generation;
    status.sealing_key.clone().filter(|_| is_synced && is_current)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kubeseal::SealingKey;
    use serde_json::{Value, json};

    use super::*;

    fn keys() -> [SealingKey; 2] {
        ["2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"]
            .map(|day| SealingKey::generate(2048, "", day.parse().unwrap(), Duration::from_hours(1)).unwrap())
    }

    fn blob(key: &SealingKey, label: &[u8]) -> Value {
        json!(kubeseal::encode_base64(&kubeseal::seal(key.certificate(), label, b"value").unwrap()))
    }

    fn object(name: &str, values: &Value, status: &Value) -> SealedSecret {
        let metadata = json!({ "name": name, "namespace": "shop", "generation": 2 });
        serde_json::from_value(json!({ "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret",
            "metadata": metadata, "spec": { "encryptedData": values }, "status": status }))
        .unwrap()
    }

    #[test]
    fn every_value_counts_for_the_key_that_opens_it_and_what_opens_with_none_is_unknown() {
        let [old, new] = keys();
        let mixed =
            json!({ "a": blob(&old, b"shop/mixed"), "b": blob(&new, b"shop/mixed"), "c": blob(&new, b"shop/mixed") });
        let renamed = json!({ "a": blob(&new, b"shop/before"), "b": "%", "c": null, "d": blob(&old, b"shop/renamed") });
        // The hint in a status is only where the search begins.
        let status = json!({ "observedGeneration": 2, "sealingKey": new.fingerprint() });
        let objects = vec![
            Ok(object("mixed", &mixed, &status)),
            Ok(object("renamed", &renamed, &json!({}))),
            Err(ObjectName::new("shop", "odd")),
        ];
        let fingerprints = [&old, &new].map(|key| key.fingerprint().to_owned());
        let instants = [&old, &new].map(|key| key.certificate().not_before());
        let keyring = Keyring::new([old, new].into_iter().zip(instants).collect());
        let census = by_opening(&keyring, &objects);
        assert_eq!((census.objects, census.values), (3, 8));
        assert_eq!(census.need(&fingerprints[0]), Need { objects: 2, values: 2 });
        assert_eq!(census.need(&fingerprints[1]), Need { objects: 1, values: 2 });
        let unknown: Vec<_> = census.unknown.iter().map(|one| (one.object.as_str(), one.values.len())).collect();
        assert_eq!(unknown, [("shop/renamed", 3), ("shop/odd", 1)]);
    }

    #[test]
    fn a_status_counts_only_when_it_speaks_of_success_and_of_this_generation() {
        let status = |generation: i64, synced: &str, key: &str| json!({ "observedGeneration": generation, "conditions": [{ "type": "Synced", "status": synced }], "sealingKey": key });
        let none = json!({});
        let objects = vec![
            Ok(object("a", &none, &status(2, "True", "SHA256:a"))),
            Ok(object("b", &none, &status(1, "True", "SHA256:a"))),
            Ok(object("c", &none, &status(2, "False", "SHA256:a"))),
            Ok(object("d", &none, &json!({}))),
        ];
        let census = by_status(&objects);
        assert_eq!(census.need("SHA256:a").objects, 1);
        let unknown: Vec<_> = census.unknown.iter().map(|one| one.object.as_str()).collect();
        assert_eq!(unknown, ["shop/b", "shop/c", "shop/d"]);
    }
}
