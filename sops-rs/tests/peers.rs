//! `sops-rs` beside `sops` 3.13.3: each reads what the other wrote, to the byte, and both end with the same codes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "workspace/folder.rs"]
mod folder;
#[path = "peers/generate.rs"]
mod generate;
#[path = "workspace/peer.rs"]
mod peer;
#[path = "peers/tampered.rs"]
mod tampered;

use std::process::Command;

use folder::{Ended, Folder};
use generate::Dice;
use peer::peer;
use regex::Regex;

/// The selectors each generated file is tried with in turn.
const SELECTORS: [&[&str]; 8] = [
    &[],
    &["--encrypted-regex", "^(data|beta|.*e$)"],
    &["--unencrypted-regex", r"\d[ae]"],
    &["--encrypted-suffix", "a"],
    &["--unencrypted-suffix", "e"],
    &["--mac-only-encrypted"],
    &["--mac-only-encrypted", "--unencrypted-comment-regex", "plain"],
    &["--encrypted-comment-regex", "sec"],
];

/// A folder whose identity was made by `age-keygen`.
fn folder() -> Folder {
    let mut folder = Folder::new();
    let made = Command::new(peer("age-keygen")).output().unwrap();
    let text = String::from_utf8(made.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().clone_into(&mut folder.recipient);
    folder.write("key.txt", text);
    folder
}

fn sops(folder: &Folder, words: &[&str]) -> Ended {
    folder.run(&peer("sops"), words, b"")
}

/// The file without what differs on every run: ciphertext keeps its length and type.
fn masked(text: &str) -> String {
    let sealed = Regex::new(r"ENC\[AES256_GCM,data:([^,]*),iv:[^,]*,tag:[^,]*,type:(\w+)\]").unwrap();
    let text = sealed.replace_all(text, |found: &regex::Captures<'_>| format!("ENC[{},{}]", found[1].len(), &found[2]));
    let key = Regex::new(r"(?s)-----BEGIN AGE ENCRYPTED FILE-----.*?-----END AGE ENCRYPTED FILE-----").unwrap();
    let time = Regex::new(r#"(lastmodified"?: )"[^"]*""#).unwrap();
    time.replace_all(&key.replace_all(&text, "AGE"), "${1}NOW").into_owned()
}

/// Encrypts with both, compares, and decrypts each with both. Returns how many values were compared.
#[track_caller]
fn agree(folder: &Folder, name: &str, selector: &[&str], case: &str) -> usize {
    let source = folder.read(name);
    let words = [["-e", "--age", &folder.recipient].as_slice(), selector, &[name]].concat();
    let ours_words = [words.as_slice(), &["--allow-unencrypted"]].concat();
    let (theirs, ours) = (sops(folder, &words), folder.ours(&ours_words));
    assert_eq!(ours.code, theirs.code, "{case}: {} / {}\n{source}", ours.stderr, theirs.stderr);
    let (theirs, ours) = (theirs.text(), ours.text());
    similar(&masked(&ours), &masked(&theirs), case, &source);
    let (by_them, by_us) = (format!("theirs.{name}"), format!("ours.{name}"));
    folder.write(&by_them, &theirs);
    folder.write(&by_us, &ours);
    let expected = sops(folder, &["-d", &by_them]).text();
    for (reader, opened) in [
        ("ours on theirs", folder.ours(&["-d", &by_them])),
        ("theirs on ours", sops(folder, &["-d", &by_us])),
        ("ours on ours", folder.ours(&["-d", &by_us])),
    ] {
        assert_eq!(opened.code, 0, "{case}, {reader}: {}\n{source}", opened.stderr);
        similar(&opened.text(), &expected, &format!("{case}, {reader}"), &source);
    }
    theirs.matches("ENC[AES256_GCM").count()
}

#[track_caller]
fn similar(ours: &str, theirs: &str, case: &str, source: &str) {
    let differing = ours.lines().zip(theirs.lines()).position(|(ours, theirs)| ours != theirs);
    if let Some(line) = differing {
        let around = |text: &str| text.lines().skip(line.saturating_sub(4)).take(9).collect::<Vec<_>>().join("\n");
        panic!(
            "{case}, line {line}:\n--- ours\n{}\n--- theirs\n{}\n--- source\n{source}",
            around(ours),
            around(theirs)
        );
    }
    assert_eq!(ours, theirs, "{case}\n{source}");
}

#[test]
fn generated_json_files_agree() {
    let folder = folder();
    let mut values = 0;
    for seed in 0..48 {
        folder.write("a.json", generate::json(&mut Dice(seed), 120));
        let selector = SELECTORS[usize::try_from(seed).unwrap() % 6];
        values += agree(&folder, "a.json", selector, &format!("seed {seed}, {selector:?}"));
    }
    assert!(values > 4000, "{values} values");
}

#[test]
fn generated_yaml_files_agree() {
    let folder = folder();
    let mut values = 0;
    for seed in 0..64 {
        let selector = SELECTORS[usize::try_from(seed).unwrap() % SELECTORS.len()];
        // With this selector the original cannot read a list comment it has encrypted.
        let list_comments = !selector.contains(&"--encrypted-comment-regex");
        folder.write("a.yaml", generate::yaml(&mut Dice(1000 + seed), 24, list_comments));
        values += agree(&folder, "a.yaml", selector, &format!("seed {seed}, {selector:?}"));
    }
    assert!(values > 4000, "{values} values");
}

const PLAIN: &str =
    "# top\na: one\nb_unencrypted: plain\nc: two\nl:\n    # in the list\n    - x\n    - y\nm:\n    n: 3\n";

#[test]
fn a_key_that_fits_is_needed_by_both() {
    let (folder, other) = (folder(), folder());
    folder.write("plain.yaml", PLAIN);
    folder.write("secret.yaml", sops(&folder, &["-e", "-a", &other.recipient, "plain.yaml"]).text());
    folder.ours(&["-d", "secret.yaml"]).failure(128);
    assert_eq!(sops(&folder, &["-d", "secret.yaml"]).code, 128);
    let both = format!("{},{}", other.recipient, folder.recipient);
    folder.write("secret.yaml", folder.ours(&["-e", "-a", &both, "plain.yaml"]).text());
    assert_eq!(sops(&folder, &["-d", "secret.yaml"]).text(), folder.ours(&["-d", "secret.yaml"]).text());
}

#[test]
fn files_for_several_key_groups_are_laid_out_alike() {
    let (folder, other) = (folder(), folder());
    folder.write("plain.yaml", PLAIN);
    let group = |person: &Folder| format!("      - age: [{}]\n", person.recipient);
    let (one, two) = (group(&folder), group(&other));
    for (threshold, groups) in
        [("", one.clone()), ("", format!("{one}{two}")), ("shamir_threshold: 2\n    ", one + &two)]
    {
        folder.write(".sops.yaml", format!("creation_rules:\n  - {threshold}key_groups:\n{groups}"));
        let (ours, theirs) = (folder.ours(&["-e", "plain.yaml"]).text(), sops(&folder, &["-e", "plain.yaml"]).text());
        similar(&masked(&ours), &masked(&theirs), &groups, PLAIN);
        let code = if groups.contains(&other.recipient) { 128 } else { 0 };
        for text in [ours, theirs] {
            folder.write("secret.yaml", text);
            assert_eq!(
                (folder.ours(&["-d", "secret.yaml"]).code, sops(&folder, &["-d", "secret.yaml"]).code),
                (code, code)
            );
        }
    }
    folder.write("key.txt", folder.read("key.txt") + &other.read("key.txt"));
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), sops(&folder, &["-d", "secret.yaml"]).text());
}

#[test]
fn blocks_of_older_versions_and_foreign_recipients_are_read() {
    let folder = folder();
    folder.write("plain.yaml", PLAIN);
    let text = folder.ours(&["-e", "-a", &folder.recipient, "plain.yaml"]).text();
    for (what, changed) in [
        ("empty lists", text.replace("sops:\n", "sops:\n    kms: []\n    gcp_kms: []\n    azure_kv: []\n    hc_vault: []\n    pgp: []\n")),
        ("a PGP recipient", text.replace("sops:\n", "sops:\n    pgp:\n        - created_at: \"2020-01-01T00:00:00Z\"\n          enc: x\n          fp: ABCD\n")),
        ("an unknown field", text.replace("sops:\n", "sops:\n    future: [1]\n    other: null\n")),
        ("an old version", text.replace("version: 3.13.3", "version: 3.5.0")),
    ] {
        assert_ne!(text, changed, "{what}");
        folder.write("secret.yaml", changed);
        let theirs = sops(&folder, &["-d", "secret.yaml"]).text();
        assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), theirs, "{what}");
    }
}

#[test]
fn creation_rules_agree() {
    let folder = folder();
    let age = &folder.recipient;
    for name in ["a.yaml", "dir/b.yaml", "dir/sub/c.json", "d.yml"] {
        folder.write(
            name,
            if name.ends_with("json") {
                "{\"data\": {\"x\": 1}, \"e\": true}"
            } else {
                "data:\n    x: 1\ne: true # why\n"
            },
        );
    }
    for rules in [
        format!("- age: {age}"),
        format!(
            "- path_regex: ^dir/\n    age: {age}\n    encrypted_regex: ^data$\n  - age: {age}\n    encrypted_suffix: e"
        ),
        format!("- path_regex: \\.json$\n    age: [{age}, {age}]\n    mac_only_encrypted: true"),
        format!("- path_regex: ^(a|d)\n    age: '{age},{age}'\n    unencrypted_regex: ^e$\n    pgp: ''"),
        format!("- path_regex: sub\n    encrypted_comment_regex: why\n    age: >-\n      {age},\n      {age}"),
        format!("- path_regex: (\n    age: {age}"),
        format!("- encrypted_regex: a\n    encrypted_suffix: b\n    age: {age}"),
        "- path_regex: .*".to_owned(),
        "[]".to_owned(),
    ] {
        folder.write(
            ".sops.yaml",
            format!("creation_rules:\n  {rules}\nstores:\n  yaml:\n    indent: 2\n  json:\n    indent: 3\n"),
        );
        for name in ["a.yaml", "dir/b.yaml", "dir/sub/c.json", "d.yml"] {
            let case = format!("{name} under {rules}");
            let (ours, theirs) = (folder.ours(&["-e", "--allow-unencrypted", name]), sops(&folder, &["-e", name]));
            assert_eq!(ours.code, theirs.code, "{case}: {} / {}", ours.stderr, theirs.stderr);
            if ours.code == 0 {
                similar(&masked(&ours.text()), &masked(&theirs.text()), &case, &folder.read(name));
            }
        }
    }
}

#[test]
fn extracted_parts_agree() {
    let folder = folder();
    folder.write("plain.yaml", "s: text\ni: 5\nf: 1e21\nb: true\nn: null\nd: 2024-01-01\nt: |\n    two\n    lines\nm:\n    k: v\n    l:\n        - a\nl:\n    - 1\n    - x: y\n      z: [1, 2]\n    - two\n");
    folder.write("plain.json", r#"{"s":"text","i":5,"f":1e21,"b":true,"n":null,"d":"<","m":{"k":"v","l":["a"]},"l":[1,{"x":"y"},"two"],"t":""}"#);
    for name in ["plain.yaml", "plain.json"] {
        folder.ours(&["-e", "-i", "-a", &folder.recipient, name]).text();
        for path in [
            "[\"s\"]",
            "[\"i\"]",
            "['f']",
            "[\"b\"]",
            "[\"n\"]",
            "[\"d\"]",
            "[\"t\"]",
            "[\"m\"]",
            "[\"m\"][\"k\"]",
            "[\"m\"][\"l\"]",
            "[\"l\"]",
            "[\"l\"][1]",
            "[\"l\"][1][\"x\"]",
            "[\"l\"][2]",
            "[\"l\"][3]",
            "[\"x\"]",
            "[x]",
            "x",
            "[\"s\"",
        ] {
            let words = ["-d", "--extract", path, name];
            let (ours, theirs) = (folder.ours(&words), sops(&folder, &words));
            assert_eq!(
                (ours.code, String::from_utf8(ours.stdout)),
                (theirs.code, String::from_utf8(theirs.stdout)),
                "{path} of {name}: {}",
                ours.stderr
            );
        }
    }
}

#[test]
fn a_negative_zero_opens_in_both() {
    let folder = folder();
    for zero in ["-0", "-0.0"] {
        folder.write("plain.json", format!("{{\"a_unencrypted\": {zero}, \"b\": {zero}, \"c\": \"x\"}}"));
        folder.write("ours.json", folder.ours(&["-e", "-a", &folder.recipient, "plain.json"]).text());
        let opened = folder.ours(&["-d", "ours.json"]).text();
        assert_eq!(sops(&folder, &["-d", "ours.json"]).text(), opened, "{zero}");
    }
    folder.write("plain.json", "{\"a_unencrypted\": -0, \"b\": -0, \"c\": \"x\"}");
    folder.write("theirs.json", sops(&folder, &["-e", "-a", &folder.recipient, "plain.json"]).text());
    assert_eq!(folder.ours(&["-d", "theirs.json"]).text(), sops(&folder, &["-d", "theirs.json"]).text());
}

#[test]
fn formats_are_converted_alike() {
    let folder = folder();
    for (seed, name, other) in
        [(1, "a.yaml", "json"), (2, "a.yaml", "json"), (3, "a.json", "yaml"), (4, "a.json", "yaml")]
    {
        let dice = &mut Dice(7000 + seed);
        let text = if other == "json" {
            let several = generate::yaml(dice, 30, true).replace(".inf", "7").replace("-.Inf", "8");
            // JSON holds one document, and nothing is lost in silence here.
            several.split_inclusive("\n---\n").next().unwrap().replace("\n---\n", "\n")
        } else {
            generate::json(dice, 40)
        };
        folder.write(name, &text);
        folder.ours(&["-e", "-i", "-a", &folder.recipient, name]).text();
        let words = ["-d", "--output-type", other, name];
        similar(&folder.ours(&words).text(), &sops(&folder, &words).text(), name, &text);
        folder.write("plain.any", &text);
        let words = [
            "-e",
            "-a",
            &folder.recipient,
            "--input-type",
            if other == "json" { "yaml" } else { "json" },
            "--output-type",
            other,
            "plain.any",
        ];
        similar(&masked(&folder.ours(&words).text()), &masked(&sops(&folder, &words).text()), name, &text);
    }
}
