//! The marks that the External Secrets Operator leaves on Secrets and in status, reproduced bit by bit: an operator that takes
//! over finds every Secret as it would have left it, and so reads and writes nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sha3::{Digest as _, Sha3_224};

use crate::secret_data::SecretData;
use crate::secrets::EXTERNAL_MANAGED;

/// The label with the digest of the ExternalSecret's name, on Secrets that it owns.
pub const CREATED_BY: &str = "reconcile.external-secrets.io/created-by";
/// The annotation with the digest of the Secret's data.
pub const DATA_HASH: &str = "reconcile.external-secrets.io/data-hash";
/// The finalizer that the original puts on every ExternalSecret.
pub const FINALIZER: &str = "externalsecrets.external-secrets.io/externalsecret-cleanup";

const FIELD_MANAGER: &str = "externalsecrets.external-secrets.io/";

/// The longest field manager that the original writes out.
const LONGEST_FIELD_MANAGER: usize = 63;

/// What `status.syncedResourceVersion` holds when the object, as it is, has been synced: its generation, and a digest of its
/// labels and annotations.
pub fn resource_version(meta: &ObjectMeta) -> String {
    let mut text = String::from("{annotations:");
    write_map(meta.annotations.as_ref(), &mut text);
    text.push_str(" labels:");
    write_map(meta.labels.as_ref(), &mut text);
    text.push('}');
    format!("{}-{}", meta.generation.unwrap_or_default(), hex(Sha3_224::digest(text)))
}

/// As Go's `%+v` prints a `map[string]string`: sorted by key, separated by spaces, nothing escaped.
fn write_map(map: Option<&BTreeMap<String, String>>, out: &mut String) {
    let entries: Vec<String> = map.into_iter().flatten().map(|(key, value)| format!("{key}:{value}")).collect();
    out.push_str("map[");
    out.push_str(&entries.join(" "));
    out.push(']');
}

/// The digest of a Secret's data, for entries in the order of their keys: that of what Go's `%+v` prints for a
/// `map[string][]byte`. It has no key, so whoever sees it can try values; it is written for compatibility only.
pub fn data_hash<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut digest = Sha3_224::new();
    digest.update("map[");
    for (index, (key, value)) in entries.into_iter().enumerate() {
        digest.update(if index > 0 { " " } else { "" });
        digest.update(key);
        digest.update(":[");
        for (index, byte) in value.iter().enumerate() {
            digest.update(if index > 0 { " " } else { "" });
            let digits = [b'0' + byte / 100, b'0' + byte / 10 % 10, b'0' + byte % 10];
            digest.update(
                &digits[if *byte >= 100 {
                    0
                } else if *byte >= 10 {
                    1
                } else {
                    2
                }..],
            );
        }
        digest.update("]");
    }
    digest.update("]");
    hex(digest.finalize())
}

/// The value of the label [`CREATED_BY`].
pub fn created_by(namespace: &str, name: &str) -> String {
    hex(Sha3_224::digest(format!("{namespace}/{name}")))
}

/// The field manager under which an ExternalSecret's writes are recorded.
pub fn field_manager(name: &str) -> String {
    let plain = format!("{FIELD_MANAGER}{name}");
    if plain.len() <= LONGEST_FIELD_MANAGER {
        plain
    } else {
        format!("{FIELD_MANAGER}sha3/{}", hex(Sha3_224::digest(name)))
    }
}

/// Puts on a Secret what the original puts there when the ExternalSecret has no template: all of the object's labels and
/// annotations, and the marks. `owns` says whether the Secret is owned by the object.
pub fn stamp(data: &mut SecretData, object: &ObjectMeta, owns: bool) {
    data.labels.extend(object.labels.clone().into_iter().flatten());
    data.annotations.extend(object.annotations.clone().into_iter().flatten());
    data.labels.insert(EXTERNAL_MANAGED.to_owned(), "true".to_owned());
    let name = object.name.as_deref().unwrap_or_default();
    let namespace = object.namespace.as_deref().unwrap_or_default();
    if owns {
        data.labels.insert(CREATED_BY.to_owned(), created_by(namespace, name));
    } else {
        data.labels.remove(CREATED_BY);
    }
    let hash = data_hash(data.values.iter().map(|(key, value)| (key.as_str(), value.as_slice())));
    data.annotations.insert(DATA_HASH.to_owned(), hash);
}

fn hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().fold(String::with_capacity(56), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    /// The vector of the original's own tests.
    #[test]
    fn the_data_hash_is_that_of_the_original() {
        let entries = [("bar", b"value2".as_slice()), ("foo", b"value1")];
        assert_eq!(data_hash(entries), "1bed8bcbcb4547ffe19a19cd47d9078e84aa6598266d86b99f992d64");
    }

    #[test]
    fn the_data_hash_is_that_of_the_text_that_go_prints() {
        let all: Vec<u8> = (0..=255).collect();
        let printed = all.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
        let expected = hex(Sha3_224::digest(format!("map[a:[{printed}] b:[]]")));
        assert_eq!(data_hash([("a", all.as_slice()), ("b", b"")]), expected);
        assert_eq!(data_hash([]), hex(Sha3_224::digest("map[]")));
    }

    #[test]
    fn every_edit_of_labels_or_annotations_is_another_version() {
        let version = |labels: &[(&str, &str)], annotations: &[(&str, &str)]| {
            let (labels, annotations) = (Some(map(labels)), Some(map(annotations)));
            resource_version(&ObjectMeta { generation: Some(3), labels, annotations, ..ObjectMeta::default() })
        };
        let digest = |text: &str| format!("3-{}", hex(Sha3_224::digest(text)));
        assert_eq!(version(&[], &[]), digest("{annotations:map[] labels:map[]}"));
        assert_eq!(
            version(&[("b", "2"), ("a", "1")], &[("x", "y z")]),
            digest("{annotations:map[x:y z] labels:map[a:1 b:2]}")
        );
        let bare = resource_version(&ObjectMeta { generation: Some(3), ..ObjectMeta::default() });
        assert_eq!(bare, version(&[], &[]));
        assert_eq!(bare.len(), 2 + 56);
    }

    #[test]
    fn a_long_name_makes_a_hashed_field_manager() {
        assert_eq!(field_manager("db"), "externalsecrets.external-secrets.io/db");
        let longest = "a".repeat(63 - FIELD_MANAGER.len());
        assert_eq!(field_manager(&longest).len(), 63);
        let hashed = field_manager(&format!("{longest}a"));
        assert!(hashed.starts_with("externalsecrets.external-secrets.io/sha3/"), "{hashed}");
        assert_eq!(hashed.len(), FIELD_MANAGER.len() + 5 + 56);
    }

    #[test]
    fn a_secret_carries_the_marks_and_the_metadata_of_its_object() {
        let object = ObjectMeta {
            name: Some("db".into()),
            namespace: Some("shop".into()),
            labels: Some(map(&[("app", "shop"), (EXTERNAL_MANAGED, "no")])),
            annotations: Some(map(&[("team", "a")])),
            ..ObjectMeta::default()
        };
        let mut data = SecretData::default();
        data.insert("foo", Zeroizing::new(b"value1".to_vec()));
        data.insert("bar", Zeroizing::new(b"value2".to_vec()));
        stamp(&mut data, &object, true);
        let created_by = created_by("shop", "db");
        assert_eq!(data.labels, map(&[("app", "shop"), (EXTERNAL_MANAGED, "true"), (CREATED_BY, &created_by)]));
        let hash = "1bed8bcbcb4547ffe19a19cd47d9078e84aa6598266d86b99f992d64";
        assert_eq!(data.annotations, map(&[("team", "a"), (DATA_HASH, hash)]));
        stamp(&mut data, &object, false);
        assert!(!data.labels.contains_key(CREATED_BY));
    }
}
