//! Work on whole trees, `check` and `why`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use serde_json::Value;

#[path = "workspace/folder.rs"]
mod folder;

use folder::Folder;

const FILES: [(&str, &str); 6] = [
    ("t/a.yaml", "a: 1\n"),
    ("t/deep/b.json", "{\n\t\"b\": 2\n}\n"),
    ("t/deep/c.env", "C=3\n"),
    ("t/d.ini", "[d]\nk = 4\n"),
    ("t/e.bin", "raw \n"),
    ("t/f.yaml", "f: 6\n"),
];

/// A tree of plain files with a rule for `t/`, and others.
fn tree() -> Folder {
    let folder = Folder::new();
    folder.write(".sops.yaml", format!("creation_rules:\n  - path_regex: ^t/\n    age: {}\n", folder.recipient));
    for (name, text) in FILES {
        folder.write(name, text);
    }
    folder.write("README.yaml", "plain: true\n");
    folder
}

fn encrypted() -> Folder {
    let folder = tree();
    let ended = folder.ours(&["encrypt", "-i", "-r", "."]);
    assert!(ended.stderr.contains("6 files encrypted, 0 unchanged, 0 failed"), "{}", ended.stderr);
    assert_eq!(ended.text().lines().count(), 6);
    folder
}

/// The same files for somebody with another identity.
fn of_a_stranger(folder: &Folder) -> Folder {
    let stranger = Folder::new();
    for name in FILES.map(|(name, _)| name).iter().chain(&[".sops.yaml"]) {
        stranger.write(name, folder.read(name));
    }
    stranger
}

#[test]
fn a_tree_is_encrypted_and_decrypted_as_its_rules_say() {
    let folder = encrypted();
    assert_eq!(folder.read("README.yaml"), "plain: true\n", "no rule is for it");
    assert!(folder.ours(&["encrypt", "-i", "-r", "."]).stderr.contains("0 files encrypted, 6 unchanged"));
    folder.ours(&["decrypt", "-r", "t", "--output", "out"]).text();
    for (name, text) in FILES {
        assert_eq!(folder.read(&name.replacen('t', "out", 1)), text);
        assert!(folder.read(name).contains("ENC["), "{name} stays as it is");
    }
    folder.ours(&["decrypt", "-i", "-r", "."]).text();
    assert_eq!(FILES.map(|(name, _)| folder.read(name)), FILES.map(|(_, text)| text.to_owned()));
}

#[cfg(unix)]
#[test]
fn decrypted_trees_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = encrypted();
    folder.ours(&["decrypt", "-r", "t", "--output", "out"]).text();
    let mode = |name: &str| folder.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("out"), mode("out/deep"), mode("out/a.yaml")), (0o700, 0o700, 0o600));
}

#[test]
fn a_rehearsal_writes_nothing() {
    let folder = tree();
    let ended = folder.ours(&["encrypt", "-r", ".", "--dry-run"]);
    assert_eq!(ended.text().lines().filter(|line| line.ends_with("would be encrypted")).count(), 6);
    assert_eq!(folder.read("t/a.yaml"), "a: 1\n");
    assert_eq!(folder.ours(&["encrypt", "-r", "."]).failure(8).lines().count(), 2, "nothing says where to");
    let folder = encrypted();
    let before = folder.read("t/a.yaml");
    assert!(folder.ours(&["rotate", "-r", ".", "--dry-run"]).stderr.contains("6 files would be rotated"));
    assert_eq!(folder.read("t/a.yaml"), before);
}

#[test]
fn one_failure_stops_nothing_but_itself() {
    let folder = tree();
    folder.write("t/bad.yaml", "a: [\n");
    let ended = folder.ours(&["encrypt", "-i", "-r", "."]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("t/bad.yaml: ") && ended.stderr.contains("6 files encrypted, 0 unchanged, 1 failed"));
    assert_eq!(folder.read("t/bad.yaml"), "a: [\n");
}

#[test]
fn a_run_that_stopped_goes_on() {
    let folder = encrypted();
    folder.ours(&["rotate", "-i", "-r", ".", "--report", "report.jsonl"]).text();
    let lines: Vec<Value> =
        folder.read("report.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().filter(|line| line["outcome"] == "rotated").count(), 6);
    // As if it had been stopped after two files, in the middle of a line.
    let report = folder.read("report.jsonl");
    let kept: String = report.split_inclusive('\n').take(2).collect();
    let done: Vec<&str> = kept.lines().filter_map(|line| line.split('"').nth(3)).collect();
    folder.write("report.jsonl", format!("{kept}{{\"file\":\"t/"));
    let before = done.iter().map(|name| folder.read(name)).collect::<Vec<_>>();
    let ended = folder.ours(&["rotate", "-i", "-r", ".", "--report", "report.jsonl", "--resume"]);
    assert!(ended.stderr.contains("4 files rotated"), "{}", ended.stderr);
    assert_eq!(done.iter().map(|name| folder.read(name)).collect::<Vec<_>>(), before);
    folder.ours(&["decrypt", "-i", "-r", "."]).text();
}

#[test]
fn keys_of_a_tree_are_updated() {
    let folder = encrypted();
    let newcomer = Folder::new();
    let rule = format!("creation_rules:\n  - path_regex: ^t/\n    age: {},{}\n", folder.recipient, newcomer.recipient);
    folder.write(".sops.yaml", rule);
    assert!(folder.ours(&["updatekeys", "-r", ".", "--dry-run"]).stderr.contains("6 files would be updated"));
    folder.ours(&["updatekeys", "-r", "."]).failure(1);
    folder.ours(&["updatekeys", "-r", ".", "--yes"]).text();
    newcomer.write("t/a.yaml", folder.read("t/a.yaml"));
    assert_eq!(newcomer.ours(&["decrypt", "t/a.yaml"]).text(), "a: 1\n");
    assert!(folder.ours(&["updatekeys", "-r", ".", "--yes"]).stderr.contains("0 files updated, 6 unchanged"));
}

#[cfg(unix)]
#[test]
fn files_that_share_their_wrapped_key_cost_one_unwrapping() {
    let mut folder = Folder::new();
    folder.write("t/0.yaml", "a: 1\n");
    let recipient = folder.recipient.clone();
    folder.ours(&["encrypt", "-i", "--age", &recipient, "t/0.yaml"]).text();
    for number in 1..20 {
        folder.write(&format!("t/{number}.yaml"), folder.read("t/0.yaml"));
    }
    // Whoever asks for the identity leaves a line.
    let script =
        format!("#!/bin/sh\necho x >> {}\ncat {}\n", folder.path("asked").display(), folder.path("key.txt").display());
    folder.write("identity.sh", script);
    let path = std::env::var("PATH").expect("PATH");
    folder.variables.push(("PATH".to_owned(), path));
    folder.variables.push(("SOPS_AGE_KEY_FILE".to_owned(), String::new()));
    folder.variables.push(("SOPS_AGE_KEY_CMD".to_owned(), format!("sh {}", folder.path("identity.sh").display())));
    assert_eq!(folder.ours(&["decrypt", "-i", "-r", "t", "--jobs", "4"]).text().lines().count(), 20);
    assert_eq!(folder.read("asked").lines().count(), 1);
}

#[test]
fn check_finds_what_is_in_clear_without_any_key() {
    let folder = of_a_stranger(&encrypted());
    let sound = folder.ours(&["check"]);
    assert!(sound.stderr.contains("6 encrypted files checked, 0 with faults"), "{}", sound.stderr);
    assert_eq!(sound.text(), "");
    folder.write("t/new.yaml", "password: hunter2\n");
    folder.write("t/f.yaml", folder.read("t/f.yaml").replacen("f: ENC", "g: hunter2\nf: ENC", 1));
    let ended = folder.ours(&["check"]);
    assert_eq!(ended.code, 1);
    let text = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(
        text,
        "t/f.yaml: `g` in document 0 is in clear [value-in-clear]\nt/new.yaml: the file is not encrypted though a creation rule is for it [not-encrypted]\n"
    );
    let json: Value = serde_json::from_slice(&folder.ours(&["check", "--format", "json", "t/f.yaml"]).stdout).unwrap();
    assert_eq!(json["files"][0]["findings"][0]["id"], "value-in-clear");
    let sarif: Value = serde_json::from_slice(&folder.ours(&["check", "--format", "sarif"]).stdout).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "t/f.yaml");
    assert!(!sarif.to_string().contains("hunter2"));
}

#[test]
fn check_compares_recipients_and_verifies_with_keys() {
    let folder = encrypted();
    let newcomer = Folder::new();
    folder.write(".sops.yaml", format!("creation_rules:\n  - path_regex: ^t/\n    age: {}\n", newcomer.recipient));
    let text = String::from_utf8(folder.ours(&["check", "t/a.yaml"]).stdout).unwrap();
    assert!(text.contains("[recipient-missing]") && text.contains("[recipient-unexpected]"), "{text}");
    folder.write(".sops.yaml", format!("creation_rules:\n  - path_regex: ^t/\n    age: {}\n", folder.recipient));
    assert_eq!(folder.ours(&["check", "--verify"]).text(), "");
    let moved = folder.read("t/a.yaml").replacen("a: ENC", "other: ENC", 1);
    folder.write("t/a.yaml", moved);
    assert_eq!(folder.ours(&["check"]).text(), "", "no key tells");
    let ended = folder.ours(&["check", "--verify"]);
    assert_eq!(ended.code, 1);
    assert!(String::from_utf8(ended.stdout).unwrap().contains("[not-verified]"));
}

#[test]
fn why_tells_the_rule_and_what_every_place_answered() {
    let folder = encrypted();
    let text = folder.ours(&["why", "t/a.yaml"]).text();
    for part in [
        "rule: number 1 of ",
        "encrypts by: unencrypted_suffix",
        &format!("age {}: opens", folder.recipient),
        "opens: yes",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let stranger = of_a_stranger(&folder);
    let ended = stranger.ours(&["why", "t/a.yaml"]);
    assert_eq!(ended.code, 128);
    let text = String::from_utf8(ended.stdout).unwrap();
    for part in
        ["SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY: not set", "keys.txt: not there", "opens: no: 0 of 1 key groups open"]
    {
        assert!(text.contains(part), "{text}");
    }
    folder.write("t/a.yaml", folder.read("t/a.yaml").replacen("a: ENC", "other: ENC", 1));
    assert_eq!(folder.ours(&["why", "t/a.yaml"]).code, 25);
}
