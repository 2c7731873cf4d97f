//! `kubeseal-rs explain` with a backup of the keys: each way in which an object can have been spoilt has its own answer.

use std::fs;
use std::time::Duration;

use kubeseal::{Scope, SealingKey};
use serde_json::Value;

use super::keys::{FOREIGN, KEYS, NEW, OLD, backup, sealed};
use crate::place::{Ended, Place};

fn place() -> Place {
    let place = Place::new();
    fs::write(place.path("keys.yaml"), backup(&[OLD, NEW])).unwrap();
    place
}

fn file(name: &str, annotations: &str, value: &str) -> String {
    format!(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: {name}, namespace: shop, annotations: {{{annotations}}}}}\n\
         spec:\n  encryptedData:\n    password: {value}\n  template: {{metadata: {{name: db, namespace: shop}}}}\n"
    )
}

fn explain(place: &Place, text: &str, more: &[&str]) -> Ended {
    place.run(&[&["explain", "--key", "keys.yaml"], more, &["-"]].concat(), text)
}

#[test]
fn what_opens_is_said_to_open() {
    let text = file("db", "", &sealed(OLD, Scope::Strict, ("shop", "db"), "one"));
    let ended = explain(&place(), &text, &[]);
    let expected =
        format!("shop/db (scope strict)\n  `password`: it opens with the sealing key {}\n", KEYS[OLD].fingerprint());
    assert_eq!((ended.status, ended.stdout, ended.stderr.as_str()), (Some(0), expected, ""));
}

#[test]
fn each_way_of_spoiling_it_has_its_answer() {
    let place = place();
    let value = sealed(OLD, Scope::Strict, ("shop", "db"), "one");
    let wide = "sealedsecrets.bitnami.com/cluster-wide: \"true\"";
    let mut damaged = kubeseal::decode_base64(&value).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    let large =
        SealingKey::generate(3072, "", "2025-01-01T00:00:00Z".parse().unwrap(), Duration::from_mins(1)).unwrap();
    let large = kubeseal::encode_base64(&kubeseal::seal(large.certificate(), b"shop/db", b"one").unwrap());
    let of_another_place = sealed(OLD, Scope::Strict, ("store", "data"), "one");
    for (text, more, finding, diagnosis) in [
        (
            file("other", "", &value),
            [].as_slice(),
            "it was sealed for the name `db`\n    hint: put the object back in its place",
            "renamed",
        ),
        (
            file("db", "", &of_another_place),
            &["--was", "store/data"],
            "it was sealed for `data` in the namespace `store`\n",
            "moved",
        ),
        (
            file("db", "", &of_another_place),
            &["--was", "store/", "--was", "/data"],
            "it was sealed for `data` in the namespace `store`\n",
            "moved",
        ),
        (file("db", "", &of_another_place), &[], "no key here opens it under any label that was tried\n", "noKey"),
        (
            file("db", wide, &value),
            &[],
            "it was sealed for the scope strict, which the annotations do not ask for\n    hint: take the annotations of a wider scope away",
            "scopeChanged",
        ),
        (
            file("db", "", &sealed(NEW, Scope::ClusterWide, ("", ""), "one")),
            &[],
            "it was sealed for the scope cluster-wide, which the annotations do not ask for\n    hint: annotate it with sealedsecrets.bitnami.com/cluster-wide: \"true\"",
            "scopeChanged",
        ),
        (file("db", "", &value[..100]), &[], "it is truncated\n", "truncated"),
        (file("db", "", &kubeseal::encode_base64(&damaged)), &[], "it was sealed with SHA256:", "damaged"),
        (file("db", "", &sealed(FOREIGN, Scope::Strict, ("shop", "db"), "one")), &[], "no key here opens it", "noKey"),
        (
            file("db", "", &large),
            &[],
            "it was sealed for a key of 3072 bits, and no key here has that size\n",
            "otherKeySize",
        ),
    ] {
        let ended = explain(&place, &text, more);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(1), ""), "{diagnosis}");
        assert!(ended.stdout.contains(&format!("  `password`: {finding}")), "{diagnosis}: {}", ended.stdout);
        assert!(ended.stdout.contains("    hint: "), "{diagnosis}");
        let ended = explain(&place, &text, &[more, &["--report", "json"]].concat());
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(report[0]["values"][0]["diagnosis"], diagnosis);
        assert_eq!(report[0]["values"][0]["opens"], false);
    }
}

#[test]
fn what_cannot_be_explained_is_told() {
    let place = place();
    for (text, status, expected) in [
        ("", 1, "error: the file holds no SealedSecret\nhint: its apiVersion is bitnami.com/v1alpha1\n"),
        ("a: [", 1, "error: line 1 is neither YAML nor JSON\nhint: check the indentation and the quotes there\n"),
    ] {
        let ended = explain(&place, text, &[]);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(status), expected));
    }
    let text = file("db", "", "");
    assert!(explain(&place, &text, &[]).stdout.contains("`password`: there is no text\n"));
    place.assert_fails(
        &["explain", "--key", "keys.yaml", "--was", "shop", "secret.yaml"],
        "",
        1,
        "error: the file holds no SealedSecret\nhint: its apiVersion is bitnami.com/v1alpha1\n",
    );
    let ended = explain(&place, &text, &["--was", "shop"]);
    assert!(
        ended.stderr.starts_with("error: --was shop names no place\nhint: write NAMESPACE/NAME"),
        "{}",
        ended.stderr
    );
}
