//! `--merge-into`: what is added, what stays, and where values are sealed so that the file opens as a whole.

use kubeseal::CLUSTER_WIDE;
use serde_json::{Value, json};

use crate::place::{Ended, Place};

const NEW: &str = "metadata: {name: other, namespace: elsewhere}\nstringData: {token: new}\n";

fn document(place: &Place) -> Value {
    json!({
        "kind": "SealedSecret",
        "apiVersion": "bitnami.com/v1alpha1",
        "metadata": { "name": "db", "namespace": "shop" },
        "spec": {
            "template": { "metadata": { "name": "db", "namespace": "shop" } },
            "encryptedData": { "password": place.sealed("shop/db", "hunter2") },
        },
    })
}

fn merge(place: &Place, file: &str, input: &str, more: &[&str]) -> Ended {
    let ended = place.run(&[&["--cert", "cert.pem", "--merge-into", file], more].concat(), input);
    assert_eq!((ended.status, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""));
    ended
}

fn read(place: &Place, file: &str) -> Value {
    serde_saphyr::from_str(&place.read(file)).unwrap()
}

fn value<'a>(object: &'a Value, key: &str) -> &'a str {
    object["spec"]["encryptedData"][key].as_str().unwrap()
}

#[test]
fn values_are_added_and_changed_under_the_name_of_the_file() {
    let place = Place::new();
    let before = document(&place);
    place.write("sealed.json", &before.to_string());
    merge(&place, "sealed.json", NEW, &[]);
    let after = read(&place, "sealed.json");
    assert_eq!(place.opened("shop/db", value(&after, "token")).as_deref(), Some("new"));
    assert_eq!(value(&after, "password"), value(&before, "password"));
    assert_eq!(after["metadata"], before["metadata"]);
    merge(&place, "sealed.json", "metadata: {name: x}\nstringData: {password: changed}\n", &[]);
    let again = read(&place, "sealed.json");
    assert_eq!(place.opened("shop/db", value(&again, "password")).as_deref(), Some("changed"));
    assert_eq!(value(&again, "token"), value(&after, "token"));
}

/// In the original the values then open nowhere: it seals for the scope of the Secret alone.
#[test]
fn values_take_the_scope_of_the_file() {
    let place = Place::new();
    for (annotation, label) in [(CLUSTER_WIDE, ""), ("sealedsecrets.bitnami.com/namespace-wide", "shop")] {
        let mut before = document(&place);
        before["metadata"]["annotations"] = json!({ annotation: "true" });
        place.write("sealed.json", &before.to_string());
        merge(&place, "sealed.json", NEW, &[]);
        let after = read(&place, "sealed.json");
        assert_eq!(place.opened(label, value(&after, "token")).as_deref(), Some("new"), "{annotation}");
        assert_eq!(after["spec"]["template"]["metadata"]["annotations"][annotation], "true");
    }
}

#[test]
fn another_scope_than_that_of_the_file_is_refused() {
    let place = Place::new();
    place.write("sealed.json", &document(&place).to_string());
    let annotated =
        format!("metadata: {{name: db, annotations: {{{CLUSTER_WIDE}: \"true\"}}}}\nstringData: {{token: new}}\n");
    for (flags, input, scope) in
        [(["--scope", "namespace-wide"].as_slice(), NEW, "namespace-wide"), (&[], annotated.as_str(), "cluster-wide")]
    {
        place.assert_fails(
            &[&["--cert", "cert.pem", "--merge-into", "sealed.json"], flags].concat(),
            input,
            1,
            &format!(
                "error: the SealedSecret `db` has the scope strict, not {scope}\n\
                 hint: leave --scope and the annotation of the Secret out: values take the scope of the file\n"
            ),
        );
    }
    assert_eq!(read(&place, "sealed.json"), document_with(&place, "sealed.json"));
}

fn document_with(place: &Place, file: &str) -> Value {
    let mut document = document(place);
    document["spec"]["encryptedData"] = read(place, file)["spec"]["encryptedData"].clone();
    document
}

/// The original writes into maps that are not there, and ends with a panic.
#[test]
fn a_file_without_template_gets_what_it_needs() {
    let place = Place::new();
    for spec in
        [json!({}), json!({ "encryptedData": null, "template": null }), json!({ "template": { "metadata": null } })]
    {
        let mut before = document(&place);
        before["spec"] = spec;
        place.write("sealed.json", &before.to_string());
        let input = "metadata: {name: x, labels: {app: shop}, annotations: {note: ours}}\nstringData: {token: new}\n";
        merge(&place, "sealed.json", input, &[]);
        let after = read(&place, "sealed.json");
        assert_eq!(place.opened("shop/db", value(&after, "token")).as_deref(), Some("new"));
        let metadata = json!({ "labels": { "app": "shop" }, "annotations": { "note": "ours" } });
        assert_eq!(after["spec"]["template"]["metadata"], metadata);
    }
}

#[test]
fn a_yaml_file_stays_yaml_and_keeps_its_comments() {
    let place = Place::new();
    let password = place.sealed("shop/db", "hunter2");
    let before = format!(
        "# of the shop\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n    name: db\n    \
         namespace: shop # not the other\nspec:\n    encryptedData:\n        password: {password} # the old one\n"
    );
    place.write("sealed.yaml", &before);
    merge(&place, "sealed.yaml", NEW, &[]);
    let after = place.read("sealed.yaml");
    let token = value(&read(&place, "sealed.yaml"), "token").to_owned();
    assert_eq!(after, format!("{before}        token: {token}\n"));
    // Labels are no value: the file is then written as the original writes it.
    merge(&place, "sealed.yaml", "metadata: {name: x, labels: {a: b}}\nstringData: {token: new}\n", &["--no-cache"]);
    let again = place.read("sealed.yaml");
    assert!(again.starts_with("---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n"), "{again}");
    merge(&place, "sealed.yaml", NEW, &["--format", "json"]);
    assert!(place.read("sealed.yaml").starts_with("{\n  \"kind\": \"SealedSecret\",\n"));
}

#[test]
fn a_value_that_is_known_to_be_there_is_not_sealed_again() {
    let place = Place::new();
    place.write("sealed.json", &document(&place).to_string());
    merge(&place, "sealed.json", NEW, &[]);
    let first = place.read("sealed.json");
    merge(&place, "sealed.json", NEW, &[]);
    assert_eq!(place.read("sealed.json"), first);
    merge(&place, "sealed.json", NEW, &["--no-cache"]);
    assert_ne!(place.read("sealed.json"), first);
    merge(&place, "sealed.json", "metadata: {name: x}\nstringData: {token: changed}\n", &[]);
    assert_eq!(place.opened("shop/db", value(&read(&place, "sealed.json"), "token")).as_deref(), Some("changed"));
}

#[test]
fn files_that_cannot_be_merged_into_are_refused() {
    let place = Place::new();
    let good = document(&place);
    let with = |field: &str, value: Value| {
        let mut sealed = good.clone();
        *sealed.pointer_mut(field).unwrap() = value;
        sealed.to_string()
    };
    for (text, stderr) in [
        (
            format!("---\n{good}\n---\n{good}\n"),
            "error: file holds several SealedSecrets\nhint: give each a file of its own\n",
        ),
        (
            with("/metadata", json!({})),
            "error: file has no metadata.name\nhint: values are sealed for a name: add it\n",
        ),
        (
            with("/spec", json!({ "data": "AgB=" })),
            "error: file has the deprecated spec.data, one value for all\nhint: seal the whole Secret anew\n",
        ),
        (
            with("/kind", json!("Secret")),
            "error: file: document 1: not a SealedSecret but another kind\n\
             hint: give SealedSecrets, as kubeseal writes them\n",
        ),
        (
            String::new(),
            "error: file: the input holds no SealedSecret\nhint: give SealedSecrets, as kubeseal writes them\n",
        ),
    ] {
        place.write("file", &text);
        place.assert_fails(&["--cert", "cert.pem", "--merge-into", "file"], NEW, 1, stderr);
        assert_eq!(place.read("file"), text);
    }
    place.assert_fails(
        &["--cert", "cert.pem", "--merge-into", "absent"],
        NEW,
        1,
        "error: cannot read absent: no such file or directory\nhint: check the path and its permissions\n",
    );
    place.write("file", &good.to_string());
    place.assert_fails(
        &["--cert", "cert.pem", "--merge-into", "file"],
        &format!("{NEW}---\n{NEW}"),
        1,
        "error: --merge-into takes one Secret, not several\nhint: call it once for each\n",
    );
    place.assert_fails(
        &["--cert", "cert.pem", "--merge-into", "file", "-w", "out.json"],
        NEW,
        1,
        "error: --merge-into changes its own file and writes no other\n\
         hint: leave --sealed-secret-file out, or copy the file first\n",
    );
    assert_eq!(place.read("file"), good.to_string());
}
