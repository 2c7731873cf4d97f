//! `sops-rs` as a KRM function: alone, and started by the real `kustomize`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "workspace/folder.rs"]
mod folder;
#[path = "workspace/peer.rs"]
mod peer;

use std::path::Path;

use folder::{Ended, Folder};
use peer::peer;

const OURS: &str = env!("CARGO_BIN_EXE_sops-rs");

fn secret(name: &str) -> String {
    format!(
        "# about {name}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: shop\nstringData:\n  password: hunter2\n  lines: |\n    one\n    two\n"
    )
}

/// A folder with an encrypted file of two Secrets, and one of one Secret in JSON.
fn encrypted() -> Folder {
    let folder = Folder::new();
    folder.write("two.yaml", format!("{}---\n{}", secret("a"), secret("b")));
    folder.write("one.json", r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"c"},"data":{"k":"dg=="}}"#);
    for name in ["two.yaml", "one.json"] {
        folder.ours(&["-e", "-i", "-a", &folder.recipient, name]).text();
    }
    folder
}

fn generator(kind: &str, program: &str, files: &str) -> String {
    format!(
        "{kind}\nmetadata:\n  name: secrets\n  annotations:\n    config.kubernetes.io/function: |\n      exec:\n        path: {program}\n        args: [krm]\nfiles: {files}\n"
    )
}

const KSOPS: &str = "apiVersion: viaduct.ai/v1\nkind: ksops";
const OWN: &str = "apiVersion: strongroom.dev/v1alpha1\nkind: SopsGenerator";

fn build(folder: &Folder) -> Ended {
    folder.run(&peer("kustomize"), &["build", "--enable-alpha-plugins", "--enable-exec", "."], b"")
}

fn krm(folder: &Folder, input: &str) -> Ended {
    folder.run(Path::new(OURS), &["krm"], input.as_bytes())
}

fn list(config: &str, items: &str) -> String {
    let indented = config.replace('\n', "\n  ");
    format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n  {indented}\nitems: {items}\n")
}

#[test]
fn kustomize_generates_the_secrets_of_encrypted_files() {
    let folder = encrypted();
    for kind in [KSOPS, OWN] {
        folder.write("generator.yaml", generator(kind, OURS, "[two.yaml, ./one.json]"));
        folder.write("kustomization.yaml", "generators: [generator.yaml]\nnamePrefix: x-\n");
        let built = build(&folder).text();
        for part in
            ["name: x-a", "name: x-b", "name: x-c", "password: hunter2", "lines: |\n    one\n    two\n", "k: dg=="]
        {
            assert!(built.contains(part), "{part}:\n{built}");
        }
        assert!(!built.contains("sops"), "{built}");
    }
}

#[test]
fn kustomize_fails_when_a_file_does_not_open() {
    let folder = encrypted();
    folder.write("generator.yaml", generator(KSOPS, OURS, "[two.yaml]"));
    folder.write("kustomization.yaml", "generators: [generator.yaml]\n");
    folder.write("key.txt", Folder::new().read("key.txt"));
    let failed = build(&folder);
    assert_ne!(failed.code, 0);
    assert!(
        failed.stdout.is_empty() && failed.stderr.contains("two.yaml: Failed to get the data key"),
        "{}",
        failed.stderr
    );
}

#[cfg(unix)]
#[test]
fn the_name_ksops_is_enough() {
    let folder = encrypted();
    std::os::unix::fs::symlink(OURS, folder.path("ksops")).unwrap();
    let program = folder.path("ksops").display().to_string();
    let config = generator(KSOPS, &program, "[two.yaml]").replace("        args: [krm]\n", "");
    folder.write("generator.yaml", config);
    folder.write("kustomization.yaml", "generators: [generator.yaml]\n");
    assert!(build(&folder).text().contains("password: hunter2"));
    let without_words = folder.run(Path::new(OURS), &[], list(&format!("{KSOPS}\nfiles: [one.json]"), "[]").as_bytes());
    assert!(without_words.text().contains("name: c"), "a ResourceList on standard input is enough, too");
}

#[test]
fn the_configuration_counts_before_items_and_other_items_stay() {
    let folder = encrypted();
    let config = format!("{KSOPS}\nfiles: [one.json]");
    let items = "[{apiVersion: v1, kind: ConfigMap, metadata: {name: kept}}, {apiVersion: viaduct.ai/v1, kind: ksops, files: [missing.yaml]}]";
    let answer = krm(&folder, &list(&config, items)).text();
    assert!(answer.starts_with("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n"), "{answer}");
    assert!(answer.contains("name: kept") && answer.contains("name: c") && !answer.contains("missing"), "{answer}");
    let items = "[{apiVersion: viaduct.ai/v1, kind: ksops, files: [two.yaml]}]";
    let answer = krm(&folder, &list("apiVersion: x/v1\nkind: Other", items)).text();
    assert!(answer.contains("name: a") && !answer.contains("# about"), "{answer}");
}

#[test]
fn a_failure_is_in_the_results_and_in_the_exit_code() {
    let folder = encrypted();
    folder.write("plain.yaml", secret("a"));
    folder.write("moved.yaml", folder.read("two.yaml").replace("password:", "passwort:"));
    for (config, code, message) in [
        (format!("{KSOPS}\nfiles: [missing.yaml]"), 100, "missing.yaml: there is no such file"),
        (format!("{KSOPS}\nfiles: [plain.yaml]"), 1, "plain.yaml: sops metadata not found"),
        (format!("{KSOPS}\nfiles: [moved.yaml]"), 25, "moved.yaml: `stringData.passwort` in document 0"),
        (format!("{KSOPS}\nfiles: [two.yaml, key.txt]"), 2, "key.txt: neither YAML nor JSON by its name"),
        (format!("{KSOPS}\nfiles: []"), 1, "names no files"),
        (KSOPS.to_owned(), 1, "has no list `files`"),
        (format!("{KSOPS}\nfiles: [two.yaml]\nsecretFrom: []"), 1, "secretFrom, which is not supported yet"),
        ("apiVersion: v1\nkind: ConfigMap".to_owned(), 1, "no configuration of kind ksops or SopsGenerator"),
    ] {
        let ended = krm(&folder, &list(&config, "[]"));
        let answer = String::from_utf8(ended.stdout).unwrap();
        assert_eq!(ended.code, code, "{config}: {}", ended.stderr);
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
        assert!(answer.contains("severity: error") && !answer.contains("hunter2"), "{answer}");
    }
}

#[test]
fn what_is_no_resource_list_is_refused() {
    let folder = encrypted();
    for input in ["", "kind: List\n", "- a\n", "a: [", "{}"] {
        krm(&folder, input).failure(2);
    }
    assert!(!matches!(krm(&folder, &"[".repeat(100_000)).code, 0 | -1 | 101));
}
