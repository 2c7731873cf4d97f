//! What those who hold the keys are told: what each value was sealed for.

use kubeseal::{Diagnosis, Keyring, Place, SealedFacts, diagnose};
use serde_json::{Value, json};

use crate::explain::{Explained, ExplainedValue, first_format, scope_hint, unreadable};
use crate::sealed_file::SealedObject;

/// Where it is looked for.
pub(crate) struct Search<'a> {
    pub(crate) keyring: &'a Keyring,
    /// All of the file.
    pub(crate) objects: &'a [SealedObject],
    /// Of objects that name none.
    pub(crate) namespace: Option<&'a str>,
    /// The namespaces and names of the command line; either half may be empty.
    pub(crate) was: &'a [(String, String)],
}

impl Search<'_> {
    /// Tries the keys on every value of an object, under its own place, those that its template and the other objects of the file
    /// name, and those of the command line.
    pub(crate) fn explain(&self, object: &SealedObject) -> Explained {
        let place = object.place(self.namespace);
        let elsewhere = self.elsewhere(object);
        let value = |(key, text): &(String, Option<String>)| match unreadable(key, text.as_deref()) {
            Ok(blob) => judged(key, &blob, &diagnose(self.keyring, &blob, &place, &elsewhere)),
            Err(value) => value,
        };
        let mut values: Vec<ExplainedValue> = object.entries.iter().map(value).collect();
        if object.has_first_format {
            values.push(first_format());
        }
        let opens = Some(values.iter().all(|value| value.opens == Some(true)));
        Explained { place, observed: Vec::new(), values, opens }
    }

    /// Every combination of the namespaces and names that are in sight.
    fn elsewhere(&self, object: &SealedObject) -> Vec<Place> {
        let own = object.place(self.namespace);
        let (in_template, of_template) = &object.template;
        let mut namespaces = vec![own.namespace.clone()];
        let mut names = vec![own.name.clone()];
        namespaces.extend(self.was.iter().map(|(namespace, _)| namespace.clone()));
        names.extend(self.was.iter().map(|(_, name)| name.clone()));
        namespaces.extend(in_template.clone().into_iter().chain(self.namespace.map(str::to_owned)));
        names.extend(of_template.clone());
        namespaces.extend(self.objects.iter().map(|other| other.place(self.namespace).namespace));
        names.extend(self.objects.iter().map(|other| other.name.clone()));
        let mut places: Vec<Place> = Vec::new();
        for namespace in namespaces.iter().filter(|namespace| !namespace.is_empty()) {
            for name in names.iter().filter(|name| !name.is_empty()) {
                let place = Place::new(namespace, name, own.scope);
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        places
    }
}

fn judged(key: &str, blob: &[u8], diagnosis: &Diagnosis) -> ExplainedValue {
    let hint = match diagnosis {
        Diagnosis::ScopeChanged { sealed_for, .. } => {
            Some(format!("{}, or seal the value again for this scope", scope_hint(*sealed_for)))
        }
        diagnosis => diagnosis.hint().map(str::to_owned),
    };
    let mut facts = facts(diagnosis);
    if let Some(sealed) = SealedFacts::of(blob) {
        facts["keyBits"] = json!(sealed.key_bits);
        facts["valueLength"] = json!(sealed.value_len);
    }
    let opens = matches!(diagnosis, Diagnosis::Opens { .. });
    ExplainedValue { key: key.to_owned(), opens: Some(opens), finding: diagnosis.to_string(), hint, facts }
}

fn facts(diagnosis: &Diagnosis) -> Value {
    match diagnosis {
        Diagnosis::Opens { key } => json!({ "diagnosis": "opens", "sealingKey": key }),
        Diagnosis::Truncated => json!({ "diagnosis": "truncated" }),
        Diagnosis::Damaged { key } => json!({ "diagnosis": "damaged", "sealingKey": key }),
        Diagnosis::ScopeChanged { sealed_for, key } => {
            json!({ "diagnosis": "scopeChanged", "sealedForScope": sealed_for.as_str(), "sealingKey": key })
        }
        Diagnosis::Renamed { name, key } => {
            json!({ "diagnosis": "renamed", "sealedForName": name, "sealingKey": key })
        }
        Diagnosis::Moved { namespace, name, key } => {
            json!({ "diagnosis": "moved", "sealedForNamespace": namespace, "sealedForName": name, "sealingKey": key })
        }
        Diagnosis::OtherKeySize { .. } => json!({ "diagnosis": "otherKeySize" }),
        Diagnosis::NoKey => json!({ "diagnosis": "noKey" }),
        _ => json!({ "diagnosis": "unknown" }),
    }
}
