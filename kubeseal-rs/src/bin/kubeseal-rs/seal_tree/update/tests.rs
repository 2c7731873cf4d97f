use std::time::Duration;

use kubeseal::SealingKey;

use super::*;

fn key() -> SealingKey {
    SealingKey::generate(2048, "", "2026-01-01T00:00:00Z".parse().unwrap(), Duration::from_mins(1)).unwrap()
}

fn fresh(values: &[(&str, &str)], object: &str) -> Fresh {
    let mut object: Value = serde_json::from_str(object).unwrap();
    for (key, value) in values {
        object["spec"]["encryptedData"][*key] = Value::from(format!("new+{value}"));
    }
    let values =
        values.iter().map(|(key, value)| ((*key).to_owned(), Zeroizing::new(value.as_bytes().to_vec()))).collect();
    Fresh { object, values }
}

const OBJECT: &str = r#"{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret","metadata":{"name":"db","namespace":"shop"},
    "spec":{"encryptedData":{},"template":{"metadata":{"name":"db","namespace":"shop","labels":{"app":"shop"}},"type":"Opaque"}}}"#;

const FILE: &str = "\
# kept
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: db
  namespace: 'shop'
  annotations:
    argocd.argoproj.io/sync-wave: \"1\"   # ours
spec:
  encryptedData:
    a: AAAA
    b: BBBB # why
  template:
    data:
      url: '{{ .a }}'
    metadata: {name: db, namespace: shop, labels: {app: shop}}
    type: Opaque
";

fn updated(existing: &str, values: &[(&str, &str)], object: &str) -> Updated {
    let key = key();
    // Nothing is known here; what a cache knows is tested with a real one in the tests of the program.
    update(Some(existing), vec![fresh(values, object)], false, (Some(key.certificate()), &Known::none())).unwrap()
}

#[test]
fn a_file_in_which_values_changed_keeps_everything_else() {
    let updated = updated(FILE, &[("a", "1"), ("c", "3")], OBJECT);
    let expected = FILE.replace("AAAA", "new+1").replace("    b: BBBB # why\n", "    c: new+3\n");
    assert_eq!(updated.text, expected);
    assert_eq!(updated.sealed.len(), 2);
    assert_eq!(updated.made.len(), 2);
}

#[test]
fn what_people_added_stays_when_the_rest_changes() {
    let object = OBJECT.replace(r#""app":"shop""#, r#""app":"store""#);
    let text = updated(FILE, &[("a", "1"), ("b", "2")], &object).text;
    for part in ["sync-wave: \"1\"", "url: '{{ .a }}'", "app: store", "a: new+1", "b: new+2"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains("AAAA"));
}

#[test]
fn the_scope_is_that_of_the_secret() {
    let wide = OBJECT.replace(
        r#""namespace":"shop"},"#,
        r#""namespace":"shop","annotations":{"sealedsecrets.bitnami.com/cluster-wide":"true"}},"#,
    );
    let text = updated(FILE, &[("a", "1")], &wide).text;
    assert!(text.contains("sealedsecrets.bitnami.com/cluster-wide: \"true\"") && text.contains("sync-wave"));
    let text = updated(&text, &[("a", "1")], OBJECT).text;
    assert!(!text.contains("cluster-wide") && text.contains("sync-wave"), "{text}");
}

#[test]
fn files_of_somebody_else_are_refused() {
    let key = key();
    for (existing, expected) in [
        ("kind: ConfigMap\n", "it holds other objects than SealedSecrets; write to another file"),
        ("a: [", "it is neither YAML nor JSON; move it away to have it written anew"),
        (
            "kind: SealedSecret\nmetadata: &m {name: db}\n",
            "it has anchors, aliases or tags; move it away to have it written anew",
        ),
    ] {
        let certificate = (Some(key.certificate()), &Known::none());
        let refused = update(Some(existing), vec![fresh(&[("a", "1")], OBJECT)], false, certificate).err().unwrap();
        assert_eq!(refused.to_string(), expected);
    }
}
