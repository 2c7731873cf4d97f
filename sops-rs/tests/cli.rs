//! `sops-rs` as a user runs it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "workspace/folder.rs"]
mod folder;

use std::fs;

use folder::Folder;

const PLAIN: &str = "db:\n    password: hunter2\n    ports:\n        - 5432\n        - true\nname: x\n";

/// A folder with `plain.yaml` and `secret.yaml`, which is the same encrypted.
fn encrypted() -> Folder {
    let folder = Folder::new();
    folder.write("plain.yaml", PLAIN);
    let text = folder.ours(&["--encrypt", "--age", &folder.recipient, "plain.yaml"]).text();
    folder.write("secret.yaml", text);
    folder
}

#[test]
fn encrypt_and_decrypt_with_and_without_subcommand() {
    let folder = encrypted();
    assert!(!folder.read("secret.yaml").contains("hunter2"));
    for words in [
        ["--decrypt", "secret.yaml"].as_slice(),
        &["-d", "secret.yaml"],
        &["secret.yaml", "-d"],
        &["-decrypt", "secret.yaml"],
        &["decrypt", "secret.yaml"],
        &["--indent", "4", "decrypt", "secret.yaml"],
        &["decrypt", "secret.yaml", "--input-type=yaml", "--enable-local-keyservice=true"],
    ] {
        assert_eq!(folder.ours(words).text(), PLAIN, "{words:?}");
    }
    for words in [
        ["-e", "-a", &folder.recipient, "plain.yaml"].as_slice(),
        &["encrypt", "plain.yaml", "--age", &folder.recipient],
        &["encrypt", "plain.yaml", "--age", &format!("{0}, {0}", folder.recipient)],
    ] {
        folder.write("again.yaml", folder.ours(words).text());
        assert_eq!(folder.ours(&["-d", "again.yaml"]).text(), PLAIN);
    }
}

#[test]
fn several_recipients_can_all_open() {
    let (folder, other) = (Folder::new(), Folder::new());
    folder.write("plain.yaml", PLAIN);
    let text = folder.ours(&["-e", "-a", &folder.recipient, "-a", &other.recipient, "plain.yaml"]).text();
    for folder in [&folder, &other] {
        folder.write("secret.yaml", &text);
        assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
    }
}

#[test]
fn recipients_and_identities_come_from_the_environment() {
    let mut folder = Folder::new();
    folder.write("plain.yaml", PLAIN);
    let recipient = folder.recipient.clone();
    folder.variables.push(("SOPS_AGE_RECIPIENTS".to_owned(), recipient));
    folder.write("secret.yaml", folder.ours(&["-e", "plain.yaml"]).text());
    let key = folder.read("key.txt");
    fs::remove_file(folder.path("key.txt")).unwrap();
    let failure = folder.ours(&["-d", "secret.yaml"]).failure(128);
    assert!(failure.contains("hint: SOPS_AGE_KEY_FILE"), "{failure}");
    folder.variables.push(("SOPS_AGE_KEY".to_owned(), key.clone()));
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
    folder.variables.pop();
    folder.variables.push(("SOPS_AGE_KEY_FILE".to_owned(), String::new()));
    let failure = folder.ours(&["-d", "secret.yaml"]).failure(128);
    assert!(failure.contains("hint: set SOPS_AGE_KEY_FILE"), "{failure}");
    folder.write("home/.config/sops/age/keys.txt", format!("# mine\r\n{key}\r\n"));
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
    folder.variables.push(("XDG_CONFIG_HOME".to_owned(), folder.path("elsewhere").display().to_string()));
    folder.ours(&["-d", "secret.yaml"]).failure(128);
    folder.write("elsewhere/sops/age/keys.txt", key);
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
}

#[test]
fn the_wrong_identity_is_told_whose_the_file_is() {
    let (folder, other) = (encrypted(), Folder::new());
    folder.write("key.txt", other.read("key.txt"));
    let failure = folder.ours(&["-d", "secret.yaml"]).failure(128);
    assert!(failure.contains(&folder.recipient) && failure.contains(&other.recipient), "{failure}");
    folder.write("key.txt", "AGE-SECRET-KEY-1HUNTER2\n");
    let failure = folder.ours(&["-d", "secret.yaml"]).failure(128);
    assert!(failure.contains("line 1 is not an age identity") && !failure.contains("HUNTER2"), "{failure}");
}

#[test]
fn in_place_replaces_the_whole_file_and_keeps_its_mode() {
    let folder = encrypted();
    assert_eq!(folder.ours(&["-d", "-i", "secret.yaml"]).text(), "");
    assert_eq!(folder.read("secret.yaml"), PLAIN);
    folder.ours(&["encrypt", "-i", "--age", &folder.recipient, "secret.yaml"]).text();
    assert!(folder.read("secret.yaml").contains("sops:"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let mode = |name: &str| fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o777;
        fs::set_permissions(folder.path("secret.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("secret.yaml", folder.path("link.yaml")).unwrap();
        folder.ours(&["-d", "-i", "link.yaml"]).text();
        assert_eq!((folder.read("secret.yaml").as_str(), mode("secret.yaml")), (PLAIN, 0o640));
        assert!(fs::symlink_metadata(folder.path("link.yaml")).unwrap().is_symlink());
        folder.write("secret.yaml", folder.ours(&["-e", "-a", &folder.recipient, "plain.yaml"]).text());
        folder.ours(&["-d", "--output", "new.yaml", "secret.yaml"]).text();
        assert_eq!((folder.read("new.yaml").as_str(), mode("new.yaml")), (PLAIN, 0o600));
    }
    let left = fs::read_dir(folder.path(""))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".sops-rs"));
    assert_eq!(left.count(), 0, "a temporary file is left");
}

#[test]
fn a_failure_leaves_the_file_as_it_is() {
    let folder = encrypted();
    let broken = folder.read("secret.yaml").replace("name:", "eman:");
    folder.write("secret.yaml", &broken);
    folder.ours(&["-d", "-i", "secret.yaml"]).failure(25);
    assert_eq!(folder.read("secret.yaml"), broken);
    let failure = folder.ours(&["-d", "--output", "no/such/folder.yaml", "plain.yaml"]).failure(1);
    assert!(failure.contains("sops metadata not found"));
}

#[test]
fn one_part_is_extracted() {
    let folder = encrypted();
    let extract = |path: &str| folder.ours(&["-d", "--extract", path, "secret.yaml"]);
    assert_eq!(extract(r#"["db"]["password"]"#).text(), "hunter2");
    assert_eq!(extract("['db']['ports'][0]").text(), "5432\n");
    assert_eq!(extract(r#"["db"]["ports"][1]"#).text(), "true\n");
    assert_eq!(extract(r#"["db"]"#).text(), "password: hunter2\nports:\n    - 5432\n    - true\n");
    assert_eq!(
        folder.ours(&["-d", "--extract", "[\"db\"]", "--output-type", "json", "--indent", "0", "secret.yaml"]).text(),
        "{\n\"password\": \"hunter2\",\n\"ports\": [\n5432,\ntrue\n]\n}\n"
    );
    for (path, code) in [
        (r#"["nope"]"#, 1),
        (r#"["db"]["ports"][2]"#, 1),
        (r#"["name"]["x"]"#, 1),
        (r#"["db"][0]"#, 1),
        ("[-1]", 91),
        ("db", 91),
        ("", 91),
        (r#"["db""#, 91),
    ] {
        let failure = extract(path).failure(code);
        assert!(!failure.contains("hunter2"), "{failure}");
    }
}

#[test]
fn an_extracted_mapping_comes_without_the_other_documents() {
    let folder = Folder::new();
    folder.write("two.yaml", "m:\n    k: v\n---\nother: x\n");
    folder.ours(&["-e", "-i", "-a", &folder.recipient, "two.yaml"]).text();
    assert_eq!(folder.ours(&["-d", "--extract", "[\"m\"]", "two.yaml"]).text(), "k: v\n");
}

#[test]
fn standard_input_needs_a_name_or_a_type() {
    let folder = encrypted();
    let ours = std::path::Path::new(env!("CARGO_BIN_EXE_sops-rs"));
    let secret = folder.read("secret.yaml");
    for words in [
        ["-d", "--input-type", "yaml", "-"].as_slice(),
        &["-d", "--input-type", "yaml", "/dev/stdin"],
        &["decrypt", "--filename-override", "x.yml"],
    ] {
        assert_eq!(folder.run(ours, words, secret.as_bytes()).text(), PLAIN, "{words:?}");
    }
    folder.run(ours, &["encrypt", "-a", &folder.recipient], PLAIN.as_bytes()).failure(8);
    let text =
        folder.run(ours, &["encrypt", "-a", &folder.recipient, "--filename-override", "a.json"], b"{\"a\": 1}").text();
    assert!(text.starts_with("{\n\t\"a\": \"ENC["), "{text}");
    assert_eq!(
        folder.run(ours, &["decrypt", "--filename-override", "a.json"], text.as_bytes()).text(),
        "{\n\t\"a\": 1\n}\n"
    );
    folder.ours(&[]).failure(100);
    folder.ours(&["-d"]).failure(100);
}

#[test]
fn formats_are_told_by_name_or_flag() {
    let folder = encrypted();
    assert_eq!(
        folder.ours(&["-d", "--output-type", "json", "--indent", "1", "secret.yaml"]).text(),
        "{\n \"db\": {\n  \"password\": \"hunter2\",\n  \"ports\": [\n   5432,\n   true\n  ]\n },\n \"name\": \"x\"\n}\n"
    );
    assert_eq!(folder.ours(&["-d", "--indent", "2", "secret.yaml"]).text(), PLAIN.replace("    ", "  "));
    fs::copy(folder.path("secret.yaml"), folder.path("secret.txt")).unwrap();
    assert!(folder.ours(&["-d", "secret.txt"]).failure(2).contains("hint: give --input-type"));
    assert_eq!(folder.ours(&["-d", "--input-type", "yaml", "secret.txt"]).text(), PLAIN);
    folder.ours(&["-d", "--input-type", "ini", "secret.txt"]).failure(1);
    folder.ours(&["-d", "--indent", "-2", "secret.yaml"]).failure(4);
}

#[test]
fn what_is_not_there_yet_is_said() {
    let folder = encrypted();
    for words in [
        ["-e", "--kms", "arn:x", "plain.yaml"].as_slice(),
        &["encrypt", "--pgp", "ABCD", "--age", &folder.recipient, "plain.yaml"],
        &["encrypt", "--shamir-secret-sharing-threshold", "2", "--age", &folder.recipient, "plain.yaml"],
        &["-r", "secret.yaml"],
        &["rotate", "secret.yaml"],
        &["edit", "secret.yaml"],
        &["updatekeys"],
        &["secret.yaml"],
        &["-d", "--keyservice", "tcp://x", "secret.yaml"],
    ] {
        let failure = folder.ours(words);
        assert!(failure.code == 1 && failure.stderr.contains("hint: "), "{words:?}: {}", failure.stderr);
    }
    let mut folder = folder;
    folder.variables.push(("SOPS_PGP_FP".to_owned(), "ABCD".to_owned()));
    let failure = folder.ours(&["-e", "--age", &folder.recipient, "plain.yaml"]).failure(1);
    assert!(failure.contains("--pgp is not supported yet"), "a recipient would be lost: {failure}");
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
}

#[test]
fn wrong_command_lines_end_with_an_error_and_a_hint() {
    let folder = encrypted();
    for (words, code) in [
        (["--nonsense"].as_slice(), 1),
        (&["-e", "-d", "plain.yaml"], 1),
        (&["-d", "-i", "--output", "x", "secret.yaml"], 8),
        (&["-d", "-i", "-"], 8),
        (&["-d", "missing.yaml"], 100),
        (&["-e", "--age", &folder.recipient, "missing.yaml"], 100),
        (&["-e", "plain.yaml"], 1),
        (&["-e", "--age", "age1nonsense", "plain.yaml"], 1),
        (&["-e", "--age", &folder.recipient, "secret.yaml"], 203),
        (&["-d", "plain.yaml"], 1),
        (&["-e", "--age", &folder.recipient, "--encrypted-regex", "a", "--encrypted-suffix", "b", "plain.yaml"], 8),
        (&["-e", "--age", &folder.recipient, "--encrypted-regex", "(", "plain.yaml"], 1),
        (&["-d", "--output", "no/such/folder.yaml", "secret.yaml"], 3),
    ] {
        folder.ours(words).failure(code);
    }
}

#[test]
fn a_selector_that_selects_nothing_is_an_error() {
    let folder = encrypted();
    let words = ["-e", "--age", &folder.recipient, "--encrypted-regex", "^pasword$", "plain.yaml"];
    let failure = folder.ours(&words).failure(1);
    assert!(
        failure.contains("encrypted_regex selects nothing") && failure.contains("--allow-unencrypted"),
        "{failure}"
    );
    let text = folder.ours(&[words.as_slice(), &["--allow-unencrypted"]].concat()).text();
    assert!(text.contains("hunter2"));
}

#[test]
fn help_and_version() {
    let folder = Folder::new();
    let version = folder.ours(&["--version"]).text();
    assert_eq!(version.lines().next(), Some(concat!("sops-rs ", env!("CARGO_PKG_VERSION"))));
    let help = folder.ours(&["--help"]).text();
    assert!(help.contains("Examples:") && help.contains("--encrypted-regex") && help.contains("updatekeys"), "{help}");
    assert!(folder.ours(&["encrypt", "--help"]).text().contains("--age"));
}

#[test]
fn tampered_files_can_be_looked_at_but_not_in_silence() {
    let folder = encrypted();
    let text = folder.read("secret.yaml");
    folder.write("secret.yaml", text.replace("lastmodified: \"2", "lastmodified: \"1"));
    let failure = folder.ours(&["-d", "secret.yaml"]).failure(51);
    assert!(failure.contains("hint: "), "{failure}");
    let shown = folder.ours(&["-d", "--ignore-mac", "secret.yaml"]);
    assert!(shown.stderr.starts_with("warning: --ignore-mac"), "{}", shown.stderr);
    assert_eq!(shown.text(), PLAIN);
}

#[test]
fn bad_input_is_refused_without_quoting_it() {
    let folder = encrypted();
    let secret = folder.read("secret.yaml");
    let deep = format!("a: {}hunter2{}\n", "[".repeat(50_000), "]".repeat(50_000));
    let indented: Vec<String> = (0..50_000).map(|depth| format!("{}a:\n", " ".repeat(depth % 3000))).collect();
    let indented = indented.concat();
    let bomb = "a: &a [hunter2, hunter2, hunter2, hunter2, hunter2, hunter2, hunter2, hunter2]\n".to_owned()
        + &"bcdefghijkl"
            .chars()
            .zip("abcdefghijk".chars())
            .map(|(name, of)| format!("{name}: &{name} [*{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}]\n"))
            .collect::<Vec<_>>()
            .concat();
    for (name, bytes) in [
        ("truncated", secret.as_bytes()[..secret.len() / 2].to_vec()),
        ("not UTF-8", b"a: \"hunter2\xff\xfe\"\n".to_vec()),
        ("a list", b"- hunter2\n".to_vec()),
        ("nothing", Vec::new()),
        ("tab", b"a:\n\t- hunter2: [\n".to_vec()),
        ("deep flow", deep.clone().into_bytes()),
        ("deep block", indented.into_bytes()),
        ("bomb", bomb.into_bytes()),
        ("zeros", vec![0; 4096]),
    ] {
        folder.write("bad.yaml", &bytes);
        for words in [["-d", "bad.yaml"].as_slice(), &["-e", "-a", &folder.recipient, "bad.yaml"]] {
            let ended = folder.ours(words);
            assert!((1..=203).contains(&ended.code) && ended.code != 101, "{name}: {} {}", ended.code, ended.stderr);
            assert!(ended.stderr.contains("error: ") && !ended.stderr.contains("hunter2"), "{name}: {}", ended.stderr);
        }
    }
    folder.write("bad.json", format!("{{\"a\":{}1", "[".repeat(50_000)));
    folder.ours(&["-d", "bad.json"]).failure(1);
    folder.ours(&["-e", "-a", &folder.recipient, "bad.json"]).failure(2);
}

#[test]
fn creation_rules_decide_by_path() {
    let folder = Folder::new();
    let age = &folder.recipient;
    folder.write(
        ".sops.yaml",
        format!("creation_rules:\n  - path_regex: ^prod/\n    encrypted_regex: ^password$\n    age: {age}\n  - path_regex: ^kms/\n    age: {age}\n    kms: arn:aws:kms:x\n  - path_regex: \\.yaml$\n    age: [{age}]\n    mac_only_encrypted: true\nstores:\n  yaml:\n    indent: 2\n"),
    );
    for path in ["prod/a.yaml", "kms/a.yaml", "other.yaml", "other.json"] {
        folder.write(path, if path.ends_with("json") { "{\"a\":1}" } else { PLAIN });
    }
    let prod = folder.ours(&["-e", "prod/a.yaml"]).text();
    assert!(
        prod.contains("name: x") && prod.contains("  encrypted_regex: ^password$") && !prod.contains("hunter2"),
        "{prod}"
    );
    let other = folder.ours(&["-e", "other.yaml"]).text();
    assert!(other.contains("mac_only_encrypted: true") && !other.contains("name: x"), "{other}");
    assert!(folder.ours(&["-e", "kms/a.yaml"]).failure(1).contains("kms, which is not supported yet"));
    assert!(folder.ours(&["-e", "other.json"]).failure(1).contains("no creation rule matches"));
    folder.ours(&["-e", "--age", age, "--encrypted-suffix", "x", "prod/a.yaml"]).failure(8);
    let renamed = folder.ours(&["-e", "--filename-override", "prod/b.yaml", "other.yaml"]).text();
    assert!(renamed.contains("name: x"));
    folder.write("elsewhere.yaml", format!("creation_rules:\n  - age: {age}\n"));
    assert!(!folder.ours(&["-e", "--config", "elsewhere.yaml", "prod/a.yaml"]).text().contains("name: x"));
    folder.write(".sops.yaml", "creation_rules: [");
    folder.ours(&["-e", "--age", age, "other.yaml"]).failure(1);
}
