//! From the sealed values of one object to what its Secret holds: every value is opened, then the templates are rendered over
//! them. What goes wrong is told for each key at once, never with a value.

use std::collections::BTreeMap;

use crds::SealedSecret;
use jiff::Timestamp;
use kubeseal::{Keyring, Opener};
use zeroize::Zeroizing;

use super::{first_format, label, outline, templates};
use crate::failure::Failure;
use crate::reason::Reason;
use crate::secret_data::SecretData;

const NOT_BASE64: &str = "the value is not base64 text";
const NO_KEY: &str = "no key could decrypt secret";

/// What opening needs besides the object.
pub(super) struct Means<'a> {
    pub(super) keyring: &'a Keyring,
    /// Whether the deprecated first format is opened.
    pub(super) accepts_first_format: bool,
    pub(super) now: Timestamp,
}

/// What came out of an object, and what it took.
pub(super) struct Opened {
    pub(super) data: Result<SecretData, Failure>,
    /// The fingerprint of the key that has opened the last value.
    pub(super) sealing_key: Option<String>,
    /// RSA private-key operations.
    pub(super) attempts: usize,
}

/// Opens an object.
pub(super) fn open(object: &SealedSecret, means: &Means<'_>) -> Opened {
    let mut opener = opener(object, means.keyring);
    let data = match object.spec.data.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => first_format(&mut opener, (object, text), means.accepts_first_format),
        None => values(&mut opener, object, means.now),
    };
    let sealing_key = opener.hint().filter(|_| data.is_ok()).map(str::to_owned);
    Opened { data, sealing_key, attempts: opener.attempts() }
}

/// The faults found so far, with the keys that have them.
#[derive(Default)]
pub(super) struct Faults(BTreeMap<String, Vec<String>>);

impl Faults {
    pub(super) fn add(&mut self, fault: impl Into<String>, key: &str) {
        self.0.entry(fault.into()).or_default().push(key.to_owned());
    }

    /// All of them in one message: `fault (key, key)`, one a line.
    pub(super) fn into_result(self, reason: Reason) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> =
            self.0.into_iter().map(|(fault, keys)| format!("{fault} ({})", keys.join(", "))).collect();
        Err(Failure::lasting(reason, lines.join("\n")))
    }
}

/// The first guess is the key that has opened the object before, or else the one that was the newest when it was made.
fn opener<'a>(object: &SealedSecret, keyring: &'a Keyring) -> Opener<'a> {
    let before = object.status.as_ref().and_then(|status| status.sealing_key.clone());
    let of_that_day = || {
        let made = object.metadata.creation_timestamp.as_ref()?.0;
        keyring.newest_at(made).map(|key| key.fingerprint().to_owned())
    };
    Opener::new(keyring, label(object), before.or_else(of_that_day))
}

fn one(opener: &mut Opener<'_>, text: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let blob = kubeseal::decode_base64(text).map_err(|_| NOT_BASE64)?;
    opener.open(&blob).map(|unsealed| unsealed.plaintext).map_err(|_| NO_KEY)
}

/// Opens every value. All are tried, so that the failure names every key that is at fault.
fn values(opener: &mut Opener<'_>, object: &SealedSecret, now: Timestamp) -> Result<SecretData, Failure> {
    let mut data = outline(object);
    let mut faults = Faults::default();
    for (key, value) in &object.spec.encrypted_data {
        match value.as_deref().ok_or(NOT_BASE64).and_then(|text| one(opener, text)) {
            Ok(plaintext) => data.insert(key.clone(), plaintext),
            Err(fault) => faults.add(fault, key),
        }
    }
    faults.into_result(Reason::UnsealFailed)?;
    templates::render(object, &mut data, now)?;
    Ok(data)
}

fn first_format(
    opener: &mut Opener<'_>,
    (object, text): (&SealedSecret, &str),
    is_accepted: bool,
) -> Result<SecretData, Failure> {
    let failed = |message: &str| Failure::lasting(Reason::UnsealFailed, message);
    if !is_accepted {
        return Err(failed("using deprecated 'data' field, use 'encryptedData' or flip the feature flag"));
    }
    if !object.spec.encrypted_data.is_empty() {
        return Err(failed("cannot use the field 'encryptedData' and the deprecated field 'data' at the same time"));
    }
    let plaintext = one(opener, text).map_err(failed)?;
    first_format::read(&plaintext).ok_or_else(|| failed("the deprecated 'data' field does not hold a Secret"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use kubeseal::SealingKey;
    use serde_json::json;

    use super::*;

    fn at(year: i16) -> Timestamp {
        format!("{year}-01-01T00:00:00Z").parse().unwrap()
    }

    /// Keys of 2020, 2021, 2022 and 2023.
    fn keyring() -> Keyring {
        let key = |year| SealingKey::generate(2048, "", at(year), Duration::from_hours(24)).unwrap();
        Keyring::new((2020..2024).map(|year| (key(year), at(year))).collect())
    }

    fn object(key: &SealingKey, values: usize, made: i16) -> SealedSecret {
        let blob = kubeseal::seal(key.certificate(), b"shop/db", b"value").unwrap();
        let data: serde_json::Map<_, _> =
            (0..values).map(|number| (number.to_string(), json!(kubeseal::encode_base64(&blob)))).collect();
        let metadata = json!({ "name": "db", "namespace": "shop" });
        let mut object: SealedSecret =
            serde_json::from_value(json!({ "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": metadata, "spec": { "encryptedData": data } }))
                .unwrap();
        object.metadata.creation_timestamp = Some(Time(at(made)));
        object
    }

    fn attempts(object: &SealedSecret, keyring: &Keyring) -> usize {
        let opened = open(object, &Means { keyring, accepts_first_format: true, now: at(2026) });
        assert!(opened.data.is_ok());
        opened.attempts
    }

    #[test]
    fn the_key_of_the_day_on_which_an_object_was_made_is_tried_first() {
        let keyring = keyring();
        let oldest = keyring.keys().last().unwrap();
        assert_eq!(attempts(&object(oldest, 1, 2020), &keyring), 1);
        assert_eq!(attempts(&object(oldest, 1, 2026), &keyring), 4, "made today, sealed long ago");
    }

    #[test]
    fn the_search_is_made_once_for_an_object_and_not_again() {
        let keyring = keyring();
        let oldest = keyring.keys().last().unwrap();
        let mut object = object(oldest, 3, 2026);
        assert_eq!(attempts(&object, &keyring), 4 + 2);
        object.status =
            Some(crds::SealedSecretStatus { sealing_key: Some(oldest.fingerprint().into()), ..Default::default() });
        assert_eq!(attempts(&object, &keyring), 3);
    }

    #[test]
    fn what_goes_wrong_is_told_for_all_keys_at_once() {
        let keyring = keyring();
        let mut broken = object(&keyring.keys()[0], 2, 2026);
        broken.spec.encrypted_data.extend([
            ("a".into(), None),
            ("b".into(), Some("%".into())),
            ("c".into(), Some("AQAA".into())),
        ]);
        let opened = open(&broken, &Means { keyring: &keyring, accepts_first_format: true, now: at(2026) });
        let failure = opened.data.err().unwrap();
        assert_eq!(failure.message, "no key could decrypt secret (c)\nthe value is not base64 text (a, b)");
        assert_eq!(opened.sealing_key, None);
    }
}
