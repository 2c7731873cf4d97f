//! `kubeseal-rs reseal` with a backup of the keys: only what needs it moves, nothing else of a file changes, and the original
//! opens all of it with the newest key alone.

use std::fs;

use kubeseal::Scope;
use serde_json::Value;

use super::keys::{FOREIGN, KEYS, NEW, OLD, backup, opened, pem, sealed, values};
use crate::place::Place;

const DB: (&str, &str) = ("shop", "db");
const WEB: (&str, &str) = ("shop", "web");

/// A tree with a file of each kind and what its texts are, ciphertexts aside.
fn tree() -> Place {
    let place = Place::new();
    fs::create_dir_all(place.path("tree/.git")).unwrap();
    fs::create_dir_all(place.path("tree/app")).unwrap();
    let yaml = format!(
        "# the database\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: db   # strict\n  \
         namespace: shop\nspec:\n  encryptedData:\n    # rotated every year\n    password: {}\n    'token': \"{}\" # new\n\
         ---\nkind: ConfigMap\napiVersion: v1\nmetadata: {{name: x}}\n---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n\
         metadata: {{name: web, namespace: shop, annotations: {{sealedsecrets.bitnami.com/namespace-wide: \"true\"}}}}\n\
         spec: {{encryptedData: {{key: {}}}}}\n",
        sealed(OLD, Scope::Strict, DB, "one"),
        sealed(NEW, Scope::Strict, DB, "two"),
        sealed(OLD, Scope::NamespaceWide, WEB, "three"),
    );
    fs::write(place.path("tree/app/db.yaml"), &yaml).unwrap();
    let json = format!(
        "{{\n\t\"apiVersion\": \"bitnami.com/v1alpha1\",\n\t\"kind\": \"SealedSecret\",\n\t\"metadata\": {{\"name\": \"wide\", \
         \"annotations\": {{\"sealedsecrets.bitnami.com/cluster-wide\": \"true\"}}}},\n\t\"spec\": {{\"encryptedData\": \
         {{\"key\": \"{}\"}}}}\n}}\n",
        sealed(OLD, Scope::ClusterWide, ("", ""), "four"),
    );
    fs::write(place.path("tree/wide.json"), json).unwrap();
    fs::write(place.path("tree/.git/db.yaml"), &yaml).unwrap();
    fs::write(place.path("tree/notes.txt"), &yaml).unwrap();
    fs::write(place.path("tree/chart.yaml"), "{{ if .Values.secret }}\nkind: Secret\n{{ end }}\n").unwrap();
    fs::write(place.path("keys.yaml"), backup(&[OLD, NEW])).unwrap();
    place
}

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path(name)).unwrap()
}

/// A text without its ciphertexts.
fn mask(text: &str) -> String {
    let is_base64 = |character: char| character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '=');
    let pieces = text.split(|character| !is_base64(character)).filter(|piece| piece.len() > 300);
    pieces.fold(text.to_owned(), |text, piece| text.replace(piece, "(ciphertext)"))
}

#[test]
fn what_needs_it_moves_and_nothing_else_changes() {
    let place = tree();
    let before =
        ["tree/app/db.yaml", "tree/wide.json", "tree/.git/db.yaml", "tree/notes.txt"].map(|name| read(&place, name));
    let current = before[0].lines().find(|line| line.contains("'token'")).unwrap();
    let ended = place.run(&["reseal", "--key", "keys.yaml", "tree"], "");
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    let newest = KEYS[NEW].fingerprint();
    assert_eq!(
        ended.stdout,
        format!(
            "moved       tree/app/db.yaml: shop/db: password\nmoved       tree/app/db.yaml: shop/web: key\n\
             moved       tree/wide.json: wide: key\n3 values moved in 2 files, 1 current, 0 failed: key {newest}\n"
        )
    );
    let after = ["tree/app/db.yaml", "tree/wide.json"].map(|name| read(&place, name));
    assert_eq!(after.each_ref().map(|text| mask(text)), [&before[0], &before[1]].map(|text| mask(text)));
    assert!(after[0].contains(current), "a value that was current has changed");
    assert_eq!(read(&place, "tree/.git/db.yaml"), before[2]);
    assert_eq!(read(&place, "tree/notes.txt"), before[3]);
    let documents: Vec<&str> = after[0].split("---\n").collect();
    assert_eq!(opened(documents[0], NEW), Some(values(&[("password", "one"), ("token", "two")])));
    assert_eq!(opened(documents[2], NEW), Some(values(&[("key", "three")])));
    assert_eq!(opened(&after[1], NEW), Some(values(&[("key", "four")])));
    assert_eq!(opened(&after[1], OLD), None, "it still opens with the old key");

    let ended = place.run(&["reseal", "--key", "keys.yaml", "--no-cache", "tree"], "");
    assert_eq!(ended.stdout, format!("0 values moved in 0 files, 4 current, 0 failed: key {newest}\n"));
    assert_eq!(after, ["tree/app/db.yaml", "tree/wide.json"].map(|name| read(&place, name)));
}

#[test]
fn a_dry_run_changes_nothing_and_says_what_is_to_do() {
    let place = tree();
    let before = read(&place, "tree/app/db.yaml");
    let ended = place.run(&["reseal", "--key", "keys.yaml", "--dry-run", "tree"], "");
    assert_eq!(ended.status, Some(3), "{}", ended.stderr);
    assert!(ended.stdout.starts_with("would move  tree/app/db.yaml: shop/db: password\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("3 values to move in 2 files, 1 current, 0 failed"), "{}", ended.stdout);
    assert_eq!(read(&place, "tree/app/db.yaml"), before);
    assert_eq!(place.run(&["reseal", "--key", "keys.yaml", "tree"], "").status, Some(0));
    assert_eq!(place.run(&["reseal", "--key", "keys.yaml", "--dry-run", "tree"], "").status, Some(0));
}

#[test]
fn the_report_in_json_has_a_line_for_each_file_and_one_for_the_sum() {
    let place = tree();
    let ended = place.run(&["reseal", "--key", "keys.yaml", "--report", "json", "tree"], "");
    let lines: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [db, wide, sum] = lines.as_slice() else { panic!("{}", ended.stdout) };
    assert_eq!((&db["file"], &db["changed"]), (&Value::from("tree/app/db.yaml"), &Value::from(true)));
    assert_eq!(db["objects"][0]["moved"], serde_json::json!(["password"]));
    assert_eq!(db["objects"][0]["current"], serde_json::json!(["token"]));
    assert_eq!(wide["objects"][0]["scope"], "cluster-wide");
    assert_eq!(sum["summary"]["moved"], 3);
    assert_eq!(sum["summary"]["certificate"], KEYS[NEW].fingerprint());
}

#[test]
fn an_object_that_does_not_open_stays_as_it_is_and_holds_up_no_other() {
    let place = tree();
    let one = |name: &str, values: &str| {
        format!(
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  \
             encryptedData:\n{values}  template: {{metadata: {{name: db}}}}\n"
        )
    };
    let moved = sealed(OLD, Scope::Strict, DB, "one");
    let good = sealed(OLD, Scope::Strict, ("shop", "other"), "one");
    let foreign = sealed(FOREIGN, Scope::Strict, ("shop", "foreign"), "one");
    let shared = format!("    a: &x {}\n    b: *x\n", sealed(OLD, Scope::Strict, ("shop", "shared"), "one"));
    let files = [
        ("renamed.yaml", one("other", &format!("    good: {good}\n    password: {moved}\n"))),
        ("foreign.yaml", one("foreign", &format!("    password: {foreign}\n"))),
        ("odd.yaml", one("odd", "    empty:\n    broken: '%%%'\n    cut: AQA=\n")),
        ("shared.yaml", one("shared", &shared)),
        ("broken.yaml", "kind: SealedSecret # bitnami.com/\n{{ x }}: [\n".to_owned()),
        (
            "first.yaml",
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: v1}\nspec: {data: AAAA}\n"
                .to_owned(),
        ),
    ];
    for (name, text) in &files {
        fs::write(place.path("tree").join(name), text).unwrap();
    }
    let ended = place.run(&["reseal", "--key", "keys.yaml", "tree"], "");
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(1), ""));
    for line in [
        "failed      tree/renamed.yaml: shop/other: `password`: it was sealed for the name `db`\n",
        "failed      tree/foreign.yaml: shop/foreign: `password`: no key here opens it under any label that was tried\n",
        "failed      tree/odd.yaml: shop/odd: `empty`: there is no text\n",
        "failed      tree/odd.yaml: shop/odd: `broken`: not valid base64\n",
        "failed      tree/odd.yaml: shop/odd: `cut`: it is truncated\n",
        "failed      tree/shared.yaml: shop/shared: `b`: there is no text\n",
        "failed      tree/broken.yaml: line 2: it is neither YAML nor JSON, or nested too deep\n",
        "failed      tree/first.yaml: v1: it has the deprecated first format, spec.data: seal its Secret again\n",
        "moved       tree/app/db.yaml: shop/db: password\n",
        "3 values moved in 2 files, 1 current, 8 failed",
    ] {
        assert!(ended.stdout.contains(line), "{line} is not in\n{}", ended.stdout);
    }
    for (name, text) in &files {
        assert_eq!(&read(&place, &format!("tree/{name}")), text);
    }
}

#[test]
fn keys_come_from_standard_input_or_from_pem_files() {
    let place = tree();
    let ended = place.run(&["reseal", "--key", "-", "tree"], &backup(&[NEW, OLD]));
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);

    let place = tree();
    fs::write(place.path("old.pem"), pem(OLD)).unwrap();
    fs::write(place.path("new.pem"), pem(NEW)).unwrap();
    let ended = place.run(&["reseal", "--key", "old.pem", "--recovery-private-key", "new.pem", "tree"], "");
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("3 values moved"), "{}", ended.stdout);
}

#[test]
fn the_certificate_can_be_named() {
    let place = tree();
    fs::write(place.path("old.key"), KEYS[OLD].private_key_pem().unwrap().as_bytes()).unwrap();
    fs::write(place.path("new.crt"), KEYS[NEW].certificate_pem()).unwrap();
    place.assert_fails(
        &["reseal", "--key", "old.key", "tree"],
        "",
        1,
        "error: the key backup does not say which key is the newest: it has no certificates\n\
         hint: name the certificate to move to with --cert\n",
    );
    // What the newest key has sealed cannot be opened here.
    let ended = place.run(&["reseal", "--key", "old.key", "--cert", "new.crt", "tree"], "");
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    let reason = "`token`: no key here opens it, unless the newest has sealed it, whose private key is not here\n";
    assert!(ended.stdout.contains(reason), "{}", ended.stdout);
    assert!(ended.stdout.contains("2 values moved in 2 files"), "{}", ended.stdout);
    assert_eq!(opened(&read(&place, "tree/wide.json"), NEW), Some(values(&[("key", "four")])));
    // This machine has sealed the others itself, and knows it.
    let ended = place.run(&["reseal", "--key", "old.key", "--cert", "new.crt", "tree"], "");
    assert!(ended.stdout.contains("0 values moved in 0 files, 2 current, 1 failed"), "{}", ended.stdout);
}

#[test]
fn another_certificate_than_the_one_that_was_meant_is_refused() {
    let place = tree();
    let before = read(&place, "tree/app/db.yaml");
    let ended = place.run(&["reseal", "--key", "keys.yaml", "--cert-fingerprint", KEYS[OLD].fingerprint(), "tree"], "");
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.starts_with("error: the certificate has the fingerprint SHA256:"), "{}", ended.stderr);
    assert_eq!(read(&place, "tree/app/db.yaml"), before);
    let ended = place.run(&["reseal", "--key", "keys.yaml", "--cert-fingerprint", KEYS[NEW].fingerprint(), "tree"], "");
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
}

#[test]
fn a_certificate_that_expires_soon_is_told_once() {
    let place = tree();
    #[expect(clippy::disallowed_methods, reason = "the program asks the clock, too")]
    let now = jiff::Timestamp::now();
    let key = kubeseal::SealingKey::generate(2048, "", now, std::time::Duration::from_hours(240)).unwrap();
    fs::write(place.path("soon.pem"), key.certificate_pem()).unwrap();
    let ended = place.run(&["reseal", "--key", "keys.yaml", "--cert", "soon.pem", "--dry-run", "tree"], "");
    assert_eq!(ended.status, Some(3), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("warning: the certificate expires on ").count(), 1, "{}", ended.stderr);
}

#[test]
fn wrong_usage_is_told() {
    let place = Place::new();
    for (arguments, status, stderr) in [
        (["reseal"].as_slice(), 2, "error: the following required arguments were not provided:"),
        (&["reseal", "--cert", "cert.pem", "."], 2, "error: the following required arguments were not provided:"),
        (&["reseal", "--key", "absent", "."], 1, "error: cannot read absent: no such file or directory\n"),
        (&["reseal", "absent"], 1, "error: cannot read absent: no such file or directory\n"),
        (&["reseal", "."], 1, "error: no cluster is configured\n"),
    ] {
        let ended = place.run(arguments, "");
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(status), ""), "{arguments:?}");
        let hint = "hint: `kubeseal-rs reseal --help` lists the flags\n";
        assert_eq!(ended.stderr.ends_with(hint), status == 2, "{arguments:?}: {}", ended.stderr);
        assert!(
            ended.stderr.starts_with(stderr) && ended.stderr.contains("\nhint: "),
            "{arguments:?}: {}",
            ended.stderr
        );
    }
    let help = place.run(&["reseal", "--help"], "");
    assert_eq!((help.status, help.stderr.as_str()), (Some(0), ""));
    for part in ["Examples:", "Exit status: 0 done", "--dry-run", "--controller-namespace"] {
        assert!(help.stdout.contains(part), "{part}");
    }
}
