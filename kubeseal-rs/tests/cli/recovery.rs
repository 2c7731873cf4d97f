//! `--recovery-unseal`: which keys it reads, what it opens and what it says when it does not.

use kubeseal::{CLUSTER_WIDE, SealingKey};
use serde_json::{Value, json};

use crate::place::Place;

const UNSEAL: [&str; 3] = ["--recovery-unseal", "--recovery-private-key", "key.pem"];

fn document(place: &Place) -> Value {
    json!({
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": { "name": "db", "namespace": "shop", "creationTimestamp": null },
        "spec": { "encryptedData": { "password": place.sealed("shop/db", "hunter2") } },
    })
}

fn key_secret(place: &Place) -> Value {
    let entry = |name| kubeseal::encode_base64(place.read(name).as_bytes());
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "sealed-secrets-key" },
        "data": { "tls.crt": entry("cert.pem"), "tls.key": entry("key.pem") },
    })
}

fn password(place: &Place, keys: &str, input: &str) -> String {
    let ended = place.run(&["--recovery-unseal", "--recovery-private-key", keys], input);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{keys}");
    let secret: Value = serde_json::from_str(&ended.stdout).unwrap();
    let text = secret["data"]["password"].as_str().unwrap();
    String::from_utf8(kubeseal::decode_base64(text).unwrap()).unwrap()
}

#[test]
fn keys_are_read_in_every_form_of_a_backup() {
    let place = Place::new();
    let secret = key_secret(&place);
    let mut bare = secret.clone();
    (bare["kind"], bare["apiVersion"]) = (Value::Null, Value::Null);
    let mut without_certificate = secret.clone();
    without_certificate["data"].as_object_mut().unwrap().remove("tls.crt");
    let list = |kind: &str, items: Value| json!({ "apiVersion": "v1", "kind": kind, "items": items });
    let indented = place.read("key.pem").replace('\n', "\n    ");
    let other =
        SealingKey::generate(2048, "", "2020-01-01T00:00:00Z".parse().unwrap(), std::time::Duration::from_hours(1));
    let other = other.unwrap().private_key_pem().unwrap().to_string();
    let forms = [
        ("json", secret.to_string()),
        ("yaml", serde_saphyr::to_string(&secret).unwrap()),
        ("without-certificate", without_certificate.to_string()),
        ("bare", bare.to_string()),
        ("list", list("List", json!([secret])).to_string()),
        ("list-of-bare", serde_saphyr::to_string(&list("List", json!([bare]))).unwrap()),
        ("bare-list", json!({ "items": [bare] }).to_string()),
        ("secret-list", list("SecretList", json!([secret])).to_string()),
        (
            "several",
            format!(
                "---\n---\n{}\n---\n{}\n",
                json!({ "data": { "tls.key": kubeseal::encode_base64(other.as_bytes()) } }),
                secret
            ),
        ),
        ("string-data", format!("stringData:\n  tls.key: |\n    {indented}\n")),
        ("pem-with-certificate", place.read("cert.pem") + &place.read("key.pem")),
        ("pem-with-text", format!("Bag Attributes\n{}", place.read("key.pem"))),
    ];
    for (name, text) in forms {
        place.write(name, &text);
        assert_eq!(password(&place, name, &document(&place).to_string()), "hunter2");
    }
    place.write("other.pem", &other);
    assert_eq!(password(&place, "other.pem,key.pem", &document(&place).to_string()), "hunter2");
}

#[test]
fn the_secret_is_the_one_that_the_controller_makes() {
    let place = Place::new();
    let mut sealed = document(&place);
    sealed["spec"]["template"] = json!({
        "type": "example.com/login", "immutable": true,
        "metadata": { "name": "ignored", "labels": { "app": "shop" }, "annotations": { "note": "ours" } },
        "data": { "greeting": "hello", "password": "collides" },
    });
    let ended = place.run(&UNSEAL, &sealed.to_string());
    let expected = concat!(
        "{\n  \"kind\": \"Secret\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {\n    \"name\": \"db\",\n    ",
        "\"namespace\": \"shop\",\n    \"labels\": {\n      \"app\": \"shop\"\n    },\n    \"annotations\": {\n      ",
        "\"note\": \"ours\"\n    },\n    \"ownerReferences\": [\n      {\n        \"apiVersion\": ",
        "\"bitnami.com/v1alpha1\",\n        \"kind\": \"SealedSecret\",\n        \"name\": \"db\",\n        ",
        "\"uid\": \"\",\n        \"controller\": true\n      }\n    ]\n  },\n  \"immutable\": true,\n  \"data\": {\n    ",
        "\"greeting\": \"aGVsbG8=\",\n    \"password\": \"aHVudGVyMg==\"\n  },\n  \"type\": \"example.com/login\"\n}\n",
    );
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), (expected, ""));
    // An annotation of the template asks for no owner, and null takes a key out.
    sealed["spec"]["template"] = json!({
        "metadata": { "annotations": { "sealedsecrets.bitnami.com/skip-set-owner-references": "true" } },
        "data": { "password": null },
    });
    let ended = place.run(&UNSEAL, &sealed.to_string());
    let secret: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&secret["metadata"]["ownerReferences"], &secret["data"]), (&Value::Null, &Value::Null));
}

#[test]
fn several_documents_give_several_secrets() {
    let place = Place::new();
    let mut wide = document(&place);
    wide["metadata"] = json!({ "name": "anything", "annotations": { CLUSTER_WIDE: "true" } });
    wide["spec"]["encryptedData"]["password"] = place.sealed("", "wide").into();
    place.write("all.yaml", &format!("---\n{}\n---\n---\n{wide}\n", document(&place)));
    let ended = place.run(&[&UNSEAL[..], &["-f", "all.yaml", "-w", "secrets.yaml"]].concat(), "");
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    let secrets: Vec<Value> = serde_saphyr::from_multiple(&place.read("secrets.yaml")).unwrap();
    let values: Vec<&Value> = secrets.iter().map(|secret| &secret["data"]["password"]).collect();
    assert_eq!(values, ["aHVudGVyMg==", "d2lkZQ=="]);
}

#[test]
fn a_file_without_namespace_opens_in_the_one_that_is_given() {
    let place = Place::new();
    let mut sealed = document(&place);
    sealed["metadata"] = json!({ "name": "db" });
    let ended = place.run(&[&UNSEAL[..], &["-n", "shop"]].concat(), &sealed.to_string());
    assert!(ended.stdout.contains("aHVudGVyMg=="), "{}", ended.stderr);
    place.assert_fails(
        &UNSEAL,
        &sealed.to_string(),
        1,
        "error: document 1: no key could decrypt secret `db` (password)\n\
         hint: the key is missing, or the object was renamed, moved or given another scope since it was sealed\n",
    );
}

#[test]
fn what_cannot_be_opened_is_named_and_nothing_is_written() {
    let place = Place::new();
    let good = document(&place);
    let with = |field: &str, value: Value| {
        let mut sealed = good.clone();
        *sealed.pointer_mut(field).unwrap() = value;
        sealed.to_string()
    };
    let closed = |place: &str, keys: &str| {
        format!(
            "error: document 1: no key could decrypt secret `{place}` ({keys})\n\
             hint: the key is missing, or the object was renamed, moved or given another scope since it was sealed\n"
        )
    };
    let two = json!({ "b": "AgB=", "a": "not base64!" });
    for (input, stderr) in [
        (with("/metadata/name", json!("other")), closed("shop/other", "password")),
        (with("/spec/encryptedData", two), closed("shop/db", "a, b")),
        (
            with("/spec", json!({ "data": "AgB=", "encryptedData": {} })),
            "error: document 1: the deprecated spec.data is not opened here\n\
             hint: the controller opens it; in a file of today the values are in spec.encryptedData\n"
                .to_owned(),
        ),
        (
            with("/spec", json!({ "encryptedData": {}, "template": { "data": { "url": "{{ .password }}" } } })),
            "error: document 1: `url` of the template is not rendered here\n\
             hint: the controller does it; take spec.template.data out of the file to have the sealed values alone\n"
                .to_owned(),
        ),
        (
            with("/kind", json!("Secret")),
            "error: document 1: not a SealedSecret but another kind\n\
             hint: give SealedSecrets, as kubeseal writes them\n"
                .to_owned(),
        ),
        (
            with("/apiVersion", json!("v1")),
            "error: document 1: the SealedSecret has another apiVersion than bitnami.com/v1alpha1\n\
             hint: give SealedSecrets, as kubeseal writes them\n"
                .to_owned(),
        ),
        (
            "---\n".to_owned(),
            "error: the input holds no SealedSecret\nhint: give SealedSecrets, as kubeseal writes them\n".to_owned(),
        ),
    ] {
        place.assert_fails(&[&UNSEAL[..], &["-w", "secret.json"]].concat(), &input, 1, &stderr);
    }
}

#[test]
fn keys_that_cannot_be_used_are_named_and_never_shown() {
    let place = Place::new();
    let input = document(&place).to_string();
    place.assert_fails(
        &["--recovery-unseal"],
        &input,
        1,
        "error: --recovery-unseal needs --recovery-private-key\n\
         hint: it names a private key in PEM, or a backup of the key Secrets\n",
    );
    let broken =
        kubeseal::encode_base64(b"-----BEGIN RSA PRIVATE KEY-----\naHVudGVyMg==\n-----END RSA PRIVATE KEY-----\n");
    let unusable = "hint: an entry tls.key holds an RSA key in PEM\n";
    for (name, text, stderr) in [
        ("empty.yaml", String::new(), "error: no sealing key was given\nhint: give the private keys in PEM, or the key Secrets as kubectl writes them\n".to_owned()),
        ("age", "-----BEGIN AGE ENCRYPTED FILE-----\n".to_owned(), "error: age is encrypted\nhint: decrypt it first: age --decrypt --identity KEY FILE\n".to_owned()),
        (
            "broken.json",
            json!({ "metadata": { "name": "k" }, "data": { "tls.key": broken } }).to_string(),
            format!("error: broken.json: Secret `k`: the sealing key cannot be used: the private key is malformed or not an RSA key of 2048 to 8192 bits\n{unusable}"),
        ),
        (
            "other.json",
            json!({ "metadata": { "name": "k" }, "data": { "password": "aHVudGVyMg==" } }).to_string(),
            "error: other.json: the Secret `k` has no entry tls.key\n\
             hint: the key Secrets have the label sealedsecrets.bitnami.com/sealed-secrets-key\n".to_owned(),
        ),
    ] {
        place.write(name, &text);
        place.assert_fails(&["--recovery-unseal", "--recovery-private-key", name], &input, 1, &stderr);
    }
    // Beside a good key, a bad one is told and does no harm.
    let ended = place.run(&["--recovery-unseal", "--recovery-private-key=broken.json,key.pem"], &input);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(
        ended.stderr.starts_with("warning: broken.json: Secret `k`: the sealing key cannot be used"),
        "{}",
        ended.stderr
    );
    assert!(ended.stdout.contains("aHVudGVyMg=="));
}
