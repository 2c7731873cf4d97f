//! `kubeseal-rs seal`: a tree of Secrets sealed again and again, so that each time only what has changed changes.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::keys::{FOREIGN, KEYS, NEW, OLD, opened, peer, values};
use crate::place::Place;

const DB: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop, labels: {app: shop}}\nstringData:\n  password: hunter2\n  token: abc\n";
const OTHERS: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {paused: yes}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: web, namespace: shop}\nstringData: {key: three}\n";

/// A tree with Secrets beside other things, and the certificates of two clusters.
fn tree() -> Place {
    let place = Place::new();
    fs::create_dir_all(place.path("secrets/app")).unwrap();
    fs::write(place.path("secrets/app/db.yaml"), DB).unwrap();
    fs::write(place.path("secrets/web.yml"), OTHERS).unwrap();
    fs::write(place.path("secrets/config.yaml"), "apiVersion: v1\nkind: ConfigMap\ndata: {a: [010]}\n").unwrap();
    fs::write(place.path("prod.pem"), KEYS[NEW].certificate_pem()).unwrap();
    fs::write(place.path("test.pem"), KEYS[FOREIGN].certificate_pem()).unwrap();
    fs::write(place.path("old.pem"), KEYS[OLD].certificate_pem()).unwrap();
    place
}

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path(name)).unwrap()
}

fn seal(place: &Place, arguments: &[&str]) -> String {
    let ended = place.run(&[&["seal"], arguments].concat(), "");
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    ended.stdout
}

/// The lines of one text that are not in the other.
fn new_lines<'a>(before: &str, after: &'a str) -> Vec<&'a str> {
    let before: BTreeSet<&str> = before.lines().collect();
    after.lines().filter(|line| !before.contains(line)).collect()
}

#[test]
fn a_tree_is_sealed_beside_itself() {
    let place = tree();
    let told = seal(&place, &["secrets", "--cert", "prod.pem"]);
    assert_eq!(
        told,
        "written    secrets/app/db.sealed.yaml (shop/db: password, shop/db: token)\nwritten    secrets/web.sealed.yml (shop/web: key)\n"
    );
    assert_eq!(
        opened(&read(&place, "secrets/app/db.sealed.yaml"), NEW),
        Some(values(&[("password", "hunter2"), ("token", "abc")]))
    );
    assert_eq!(opened(&read(&place, "secrets/web.sealed.yml"), NEW), Some(values(&[("key", "three")])));
    assert_eq!(read(&place, "secrets/app/db.yaml"), DB);
}

#[test]
fn only_changed_values_change() {
    let place = tree();
    let arguments = ["secrets", "--cert", "prod.pem", "--output", "sealed"];
    seal(&place, &arguments);
    let first = read(&place, "sealed/app/db.yaml");
    assert_eq!(seal(&place, &arguments), "unchanged  sealed/app/db.yaml\nunchanged  sealed/web.yml\n");
    assert_eq!(read(&place, "sealed/app/db.yaml"), first);

    fs::write(place.path("secrets/app/db.yaml"), DB.replace("abc", "abcd")).unwrap();
    let told = seal(&place, &arguments);
    assert_eq!(told, "written    sealed/app/db.yaml (shop/db: token)\nunchanged  sealed/web.yml\n");
    let second = read(&place, "sealed/app/db.yaml");
    let [line] = new_lines(&first, &second)[..] else { panic!("{second}") };
    assert!(line.starts_with("    token: "), "{line}");
    assert_eq!(opened(&second, NEW), Some(values(&[("password", "hunter2"), ("token", "abcd")])));

    // A value that is back is not known by the ciphertext that is there now.
    fs::write(place.path("secrets/app/db.yaml"), DB).unwrap();
    seal(&place, &arguments);
    let third = read(&place, "sealed/app/db.yaml");
    assert_eq!(new_lines(&second, &third).len(), 1);
    assert_ne!(third, first);
}

#[test]
fn comments_stay_and_keys_come_and_go() {
    let place = tree();
    let arguments = ["secrets/app", "--cert", "prod.pem", "--output", "sealed"];
    seal(&place, &arguments);
    let commented = format!(
        "# owned by shop\n{}",
        read(&place, "sealed/db.yaml").replace("  encryptedData:", "  encryptedData:  # values")
    );
    fs::write(place.path("sealed/db.yaml"), &commented).unwrap();
    fs::write(place.path("secrets/app/db.yaml"), DB.replace("token: abc", "user: me")).unwrap();
    seal(&place, &arguments);
    let text = read(&place, "sealed/db.yaml");
    assert_eq!(new_lines(&commented, &text).len(), 1, "{text}");
    assert!(text.starts_with("# owned by shop\n") && text.contains("  # values\n") && !text.contains("    token:"));
    assert_eq!(opened(&text, NEW), Some(values(&[("password", "hunter2"), ("user", "me")])));
}

#[test]
fn what_is_known_holds_for_one_place_one_certificate_and_one_machine() {
    let place = tree();
    let arguments = ["secrets/app", "--cert", "prod.pem", "--output", "sealed"];
    seal(&place, &arguments);
    let both = "written    sealed/db.yaml (shop/db: password, shop/db: token)\n";
    assert_eq!(seal(&place, &[&arguments[..], &["--no-cache"]].concat()), both);
    // The run without a cache has not told it what it has sealed.
    assert_eq!(seal(&place, &arguments), both);
    assert_eq!(seal(&place, &["secrets/app", "--cert", "old.pem", "--output", "sealed"]), both);
    assert_eq!(seal(&place, &[&arguments[..], &["--scope", "cluster-wide"]].concat()), both);
    assert_eq!(seal(&place, &[&arguments[..], &["--scope", "cluster-wide"]].concat()), "unchanged  sealed/db.yaml\n");
    fs::remove_dir_all(place.path(".cache/kubeseal-rs")).unwrap();
    assert_eq!(seal(&place, &[&arguments[..], &["--scope", "cluster-wide"]].concat()), both);
}

#[cfg(unix)]
#[test]
fn nothing_of_a_value_is_in_the_cache_for_others_to_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tree();
    seal(&place, &["secrets", "--cert", "prod.pem"]);
    let folder = place.path(".cache/kubeseal-rs");
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        let bytes = fs::read(&path).unwrap();
        for value in ["hunter2", "abc", "three"] {
            let value = value.as_bytes();
            assert!(value.len() < 4 || !bytes.windows(value.len()).any(|window| window == value));
        }
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = tree();
    let told = seal(&place, &["secrets", "--cert", "prod.pem", "--dry-run", "--report", "json"]);
    let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["file"], "secrets/app/db.sealed.yaml");
    assert_eq!(lines[0]["changed"], false);
    assert_eq!(lines[0]["sealed"][1], serde_json::json!({ "namespace": "shop", "name": "db", "key": "token" }));
    assert!(!place.path("secrets/app/db.sealed.yaml").exists());
}

#[test]
fn several_clusters_get_an_overlay_each() {
    let place = tree();
    let arguments = ["secrets", "--output", "deploy", "--cert", "prod=prod.pem", "--cert", "test=test.pem"];
    let told = seal(&place, &arguments);
    assert!(
        told.contains("written    deploy/overlays/prod/app/db.yaml (shop/db: password, shop/db: token)\n"),
        "{told}"
    );
    let build = |overlay: &str| {
        let mut command = Command::new(peer("kustomize"));
        let output = command.arg("build").arg(place.path(overlay)).env_clear().env("HOME", "/").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    for (cluster, own, other) in [("prod", NEW, FOREIGN), ("test", FOREIGN, NEW)] {
        let whole = build(&format!("deploy/overlays/{cluster}"));
        let objects: Vec<&str> = whole.split("---\n").collect();
        let [db, web] = objects[..] else { panic!("{whole}") };
        assert!(db.contains("app: shop"), "the template is not there:\n{db}");
        assert_eq!(opened(db, own), Some(values(&[("password", "hunter2"), ("token", "abc")])));
        assert_eq!(opened(web, own), Some(values(&[("key", "three")])));
        assert_eq!(opened(db, other), None);
        // The values alone are a SealedSecret too, which other commands read.
        let alone = read(&place, &format!("deploy/overlays/{cluster}/app/db.yaml"));
        assert_eq!(opened(&alone, own), Some(values(&[("password", "hunter2"), ("token", "abc")])));
    }
    // What all share stands once, without values.
    let base = read(&place, "deploy/base/app/db.yaml");
    assert!(base.contains("app: shop") && !base.contains("encryptedData"), "{base}");

    assert!(seal(&place, &arguments).lines().all(|line| line.starts_with("unchanged ")));
    let kustomization = "deploy/overlays/prod/kustomization.yaml";
    let edited = read(&place, kustomization).replace("patches:", "namePrefix: ''\npatches:  # the values");
    fs::write(place.path(kustomization), &edited).unwrap();
    fs::write(place.path("secrets/more.yaml"), DB.replace("name: db", "name: more")).unwrap();
    let told = seal(&place, &arguments);
    assert!(told.contains(&format!("written    {kustomization}\n")), "{told}");
    assert_eq!(new_lines(&edited, &read(&place, kustomization)), ["- path: more.yaml"]);
    assert!(build("deploy/overlays/prod").contains("name: more"));
}

#[test]
fn one_file_that_cannot_be_sealed_holds_up_no_other() {
    let place = tree();
    fs::write(place.path("secrets/a.yaml"), "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {k: '%%%'}\n")
        .unwrap();
    fs::write(place.path("secrets/empty.yaml"), "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\n")
        .unwrap();
    fs::write(place.path("secrets/broken.yaml"), "kind: Secret\n{{ x }}: [\n").unwrap();
    fs::create_dir_all(place.path("sealed")).unwrap();
    fs::write(place.path("sealed/web.yml"), "kind: ConfigMap\n").unwrap();
    let ended = place.run(&["seal", "secrets", "--cert", "prod.pem", "--output", "sealed"], "");
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(1), ""));
    for line in [
        "failed     secrets/a.yaml: document 1: `data.k` is not valid base64\n           hint: encode it without line wrapping",
        "failed     secrets/empty.yaml: Secret `a`: the Secret has no data\n           hint: --allow-empty-data",
        "failed     secrets/broken.yaml: ",
        "failed     secrets/web.yml: sealed/web.yml: it holds other objects than SealedSecrets; write to another file\n",
        "written    sealed/app/db.yaml (shop/db: password, shop/db: token)\n",
    ] {
        assert!(ended.stdout.contains(line), "{line} is not in\n{}", ended.stdout);
    }
    assert_eq!(read(&place, "sealed/web.yml"), "kind: ConfigMap\n");
}

#[test]
fn a_secret_is_never_overwritten() {
    let place = tree();
    let ended = place.run(&["seal", "secrets", "--cert", "prod.pem", "--output", "secrets"], "");
    assert_eq!(ended.status, Some(1));
    assert!(ended.stdout.contains("failed     secrets/app/db.yaml: "), "{}", ended.stdout);
    assert_eq!(read(&place, "secrets/app/db.yaml"), DB);
    fs::create_dir_all(place.path("more/app")).unwrap();
    fs::write(place.path("more/app/db.yaml"), DB).unwrap();
    let ended = place.run(&["seal", "secrets", "more", "--cert", "prod.pem", "--output", "sealed"], "");
    let taken = "failed     more/app/db.yaml: it would be written to sealed/app/db.yaml, which is taken\n";
    assert!(ended.stdout.contains(taken), "{}", ended.stdout);
}

#[test]
fn wrong_usage_is_told() {
    let place = tree();
    let pin = format!("test={}", KEYS[NEW].fingerprint());
    for (arguments, error) in [
        (["--cert", "prod.pem", "--cert", "test.pem"].as_slice(), "error: several certificates need a name each\n"),
        (
            &["--cert", "a=prod.pem", "--cert", "a=test.pem", "--output", "o"],
            "error: --cert names the cluster a twice\n",
        ),
        (&["--cert", "a=prod.pem"], "error: sealing for named clusters needs --output\n"),
        (
            &["--cert", "prod.pem", "--cert-fingerprint", &pin],
            "error: --cert-fingerprint names a --cert that is not there\n",
        ),
        (
            &["--cert", "test=test.pem", "--output", "o", "--cert-fingerprint", &pin],
            "error: the certificate has the fingerprint ",
        ),
        (&["--cert", "expired.pem"], "error: the certificate expired on January 2, 2020\n"),
        (
            &["--cert", "absent=x/../absent.pem", "--output", "o"],
            "error: cannot read the certificate x/../absent.pem: ",
        ),
    ] {
        let ended = place.run(&[&["seal", "secrets"], arguments].concat(), "");
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(
            ended.stderr.starts_with(error) && ended.stderr.contains("\nhint: "),
            "{arguments:?}: {}",
            ended.stderr
        );
    }
    fs::remove_dir_all(place.path("secrets")).unwrap();
    fs::create_dir(place.path("secrets")).unwrap();
    place.assert_fails(
        &["seal", "secrets", "--cert", "prod.pem"],
        "",
        1,
        "error: there is no Secret in these files\nhint: a Secret has apiVersion v1 and kind Secret\n",
    );
}
