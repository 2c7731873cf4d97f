//! What opens, what comes back, and that nobody learns anything else.

use std::sync::LazyLock;
use std::time::Duration;

use kubeseal::{CLUSTER_WIDE, Keyring, NAMESPACE_WIDE, Scope, SealingKey};
use serde_json::{Value, json};

use super::{Document, MAX_COMMAS, MAX_VALUES, Malformed};

/// Private key and certificate of three sealing keys, oldest first. The last is in no keyring.
static PEMS: LazyLock<[(String, String); 3]> = LazyLock::new(|| {
    ["2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"].map(|day| {
        let key = SealingKey::generate(2048, "", day.parse().unwrap(), Duration::from_hours(24)).unwrap();
        (key.private_key_pem().unwrap().to_string(), key.certificate_pem().to_owned())
    })
});

fn key(at: usize) -> SealingKey {
    SealingKey::from_pem(PEMS[at].0.as_bytes(), PEMS[at].1.as_bytes()).unwrap()
}

fn keyring() -> Keyring {
    Keyring::new([0, 1].map(|at| (key(at), key(at).certificate().not_before())).into())
}

fn seal(at: usize, scope: Scope, value: &[u8]) -> String {
    kubeseal::encode_base64(&kubeseal::seal(key(at).certificate(), &scope.label("shop", "db"), value).unwrap())
}

fn document(scope: Scope, spec: &Value) -> Value {
    let mut document = json!({ "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret",
        "metadata": { "name": "db", "namespace": "shop" }, "spec": spec });
    if let Some(annotation) = scope.annotation() {
        document["metadata"]["annotations"] = json!({ annotation: "true" });
    }
    document
}

fn parse(document: &Value) -> Document {
    Document::parse(document.to_string().as_bytes()).unwrap()
}

fn verifies(document: &Value) -> bool {
    parse(document).verify(&keyring(), true).outcome.is_ok()
}

fn rotated(document: &Value) -> Option<Value> {
    parse(document).rotate(&keyring(), true).outcome.ok()
}

fn opened(text: &Value, scope: Scope, at: usize) -> Option<Vec<u8>> {
    let blob = kubeseal::decode_base64(text.as_str()?).ok()?;
    let only = Keyring::new(vec![(key(at), key(at).certificate().not_before())]);
    only.unseal(&scope.label("shop", "db"), &blob, None).ok().map(|unsealed| unsealed.plaintext.to_vec())
}

#[test]
fn json_and_yaml_are_read_and_nothing_else_is() {
    let whole = document(Scope::Strict, &json!({ "encryptedData": { "a": seal(0, Scope::Strict, b"1") } }));
    let yaml = serde_saphyr::to_string(&whole).unwrap();
    for body in [whole.to_string(), yaml.clone(), format!("---\n{yaml}")] {
        assert!(Document::parse(body.as_bytes()).unwrap().verify(&keyring(), true).outcome.is_ok(), "{body}");
    }
    let mut other = whole.clone();
    other["kind"] = json!("Secret");
    let mut bare = whole.clone();
    bare.as_object_mut().unwrap().remove("apiVersion");
    let several = format!("{yaml}---\n{yaml}");
    for body in
        [&other.to_string(), &bare.to_string(), &several, "", "[]", "\u{1}", "a: b: c", &format!("{whole} {whole}")]
    {
        assert_eq!(Document::parse(body.as_bytes()).err(), Some(Malformed::NotASealedSecret), "{body}");
    }
    assert_eq!(Document::parse(&[0xff, 0xfe]).err(), Some(Malformed::NotASealedSecret));
}

#[test]
fn what_grows_in_memory_is_refused_before_it_is_read() {
    let many: Value =
        (0..=MAX_VALUES).map(|number| (number.to_string(), json!("AQ=="))).collect::<serde_json::Map<_, _>>().into();
    let body = document(Scope::Strict, &json!({ "encryptedData": many })).to_string();
    assert_eq!(Document::parse(body.as_bytes()).err(), Some(Malformed::TooMany));
    let body = format!("[{}0]", "0,".repeat(MAX_COMMAS + 1));
    assert_eq!(Document::parse(body.as_bytes()).err(), Some(Malformed::TooMany));
}

#[test]
fn a_document_opens_under_the_scope_of_its_own_metadata_alone() {
    for scope in [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide] {
        let sealed = json!({ "encryptedData": { "a": seal(0, scope, b"1"), "b": seal(1, scope, b"2") } });
        assert!(verifies(&document(scope, &sealed)), "{scope}");
        for other in
            [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide].into_iter().filter(|other| *other != scope)
        {
            let mut lying = document(other, &sealed);
            lying["spec"]["template"] = document(scope, &json!({}));
            assert!(!verifies(&lying) && rotated(&lying).is_none(), "{scope} as {other}");
        }
    }
}

#[test]
fn one_value_that_does_not_open_is_enough() {
    let good = seal(0, Scope::Strict, b"1");
    for bad in [json!("AQAAAA=="), json!("%"), json!(null), json!(7), json!(seal(2, Scope::Strict, b"1"))] {
        let mixed = document(Scope::Strict, &json!({ "encryptedData": { "a": good, "b": bad } }));
        assert!(!verifies(&mixed) && rotated(&mixed).is_none(), "{bad}");
    }
    assert!(verifies(&document(Scope::Strict, &json!({ "encryptedData": {} }))));
}

#[test]
fn rotation_seals_with_the_newest_key_under_the_label_that_opened_it() {
    for scope in [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide] {
        let newest = seal(1, scope, b"new");
        let before = document(scope, &json!({ "encryptedData": { "old": seal(0, scope, b"old"), "new": newest } }));
        let after = rotated(&before).unwrap();
        let data = &after["spec"]["encryptedData"];
        assert_eq!(opened(&data["old"], scope, 1).as_deref(), Some(b"old".as_slice()), "{scope}");
        assert_eq!(data["new"], json!(newest), "what the newest key has sealed stays");
        assert_eq!(opened(&data["old"], scope, 0), None);
        assert!(verifies(&after), "{scope}");
    }
}

/// CVE-2026-22728: the scope of what came back was that of the template, which anybody may write.
#[test]
fn rotation_never_widens_the_scope() {
    let mut stolen = document(Scope::Strict, &json!({ "encryptedData": { "a": seal(0, Scope::Strict, b"1") } }));
    stolen["spec"]["template"] = json!({ "metadata": { "annotations": { CLUSTER_WIDE: "true", "note": "kept" } } });
    let after = rotated(&stolen).unwrap();
    assert_eq!(opened(&after["spec"]["encryptedData"]["a"], Scope::ClusterWide, 1), None);
    assert!(opened(&after["spec"]["encryptedData"]["a"], Scope::Strict, 1).is_some());
    assert_eq!(after["spec"]["template"]["metadata"]["annotations"], json!({ "note": "kept" }));
    assert!(after["metadata"]["annotations"].is_null());
    // A wide one says so in both places, and only in the words of its own scope.
    let mut wide =
        document(Scope::NamespaceWide, &json!({ "encryptedData": { "a": seal(0, Scope::NamespaceWide, b"1") } }));
    wide["spec"]["template"] = json!({ "metadata": { "annotations": { CLUSTER_WIDE: "true" } } });
    let after = rotated(&wide).unwrap();
    let only = json!({ NAMESPACE_WIDE: "true" });
    assert_eq!(
        (&after["metadata"]["annotations"], &after["spec"]["template"]["metadata"]["annotations"]),
        (&only, &only)
    );
}

#[test]
fn rotation_keeps_what_people_wrote_and_drops_what_the_server_added() {
    let mut before = document(
        Scope::Strict,
        &json!({ "encryptedData": { "a": seal(0, Scope::Strict, b"1") },
        "template": { "type": "example.com/x", "data": { "t": "{{ .a | fail }}", "gone": null }, "metadata": { "labels": { "app": "shop" } } },
        "later": { "field": [1, 2] } }),
    );
    before["metadata"] = json!({ "name": "db", "namespace": "shop", "uid": "u", "resourceVersion": "7", "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z", "managedFields": [], "labels": { "team": "a" }, "annotations":
        { "note": "kept", "kubectl.kubernetes.io/last-applied-configuration": "{}" } });
    before["status"] = json!({ "observedGeneration": 3 });
    let after = rotated(&before).unwrap();
    assert_eq!(
        after["metadata"],
        json!({ "name": "db", "namespace": "shop", "labels": { "team": "a" }, "annotations": { "note": "kept" } })
    );
    assert_eq!(
        (&after["spec"]["template"], &after["spec"]["later"]),
        (&before["spec"]["template"], &before["spec"]["later"])
    );
    assert!(after["status"].is_null());
}

#[test]
fn the_first_format_is_opened_and_never_read() {
    // Neither of them is a Secret: whether it is one would be a bit of the plaintext.
    let whole = document(Scope::Strict, &json!({ "data": seal(0, Scope::Strict, b"no secret") }));
    assert!(verifies(&whole));
    assert!(parse(&whole).verify(&keyring(), false).outcome.is_err(), "not accepted");
    let after = rotated(&whole).unwrap();
    assert_eq!(opened(&after["spec"]["data"], Scope::Strict, 1).as_deref(), Some(b"no secret".as_slice()));
    let both = document(
        Scope::Strict,
        &json!({ "data": seal(0, Scope::Strict, b"1"), "encryptedData": { "a": seal(0, Scope::Strict, b"1") } }),
    );
    assert!(!verifies(&both) && rotated(&both).is_none());
}

#[test]
fn without_a_key_nothing_opens_and_nothing_is_sealed() {
    let empty = document(Scope::Strict, &json!({ "encryptedData": {} }));
    assert!(parse(&empty).rotate(&Keyring::default(), true).outcome.is_err());
}

/// The template cannot make a difference: it is not rendered, whatever it would do with the values.
#[test]
fn no_template_makes_a_difference() {
    let texts = [
        "{{ fail `x` }}",
        "{{ if eq .a `1` }}{{ fail `x` }}{{ end }}",
        "{{",
        "{{ index .a 99 }}",
        "{{ template `no` }}",
    ];
    for (at, opens) in [(0, true), (2, false)] {
        for text in texts {
            let spec = json!({ "encryptedData": { "a": seal(at, Scope::Strict, b"1") }, "template": { "data": { "t": text } } });
            assert_eq!(verifies(&document(Scope::Strict, &spec)), opens, "{text}");
            assert_eq!(rotated(&document(Scope::Strict, &spec)).is_some(), opens, "{text}");
        }
    }
}
