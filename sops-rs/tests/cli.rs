//! `sops-rs` as a user runs it, where the data of `tests/cli` cannot say it.

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
    assert!(failure.contains("SOPS_AGE_KEY_FILE"), "{failure}");
    folder.variables.push(("SOPS_AGE_KEY".to_owned(), key.clone()));
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
    folder.variables.pop();
    folder.variables.push(("SOPS_AGE_KEY_FILE".to_owned(), String::new()));
    let failure = folder.ours(&["-d", "secret.yaml"]).failure(128);
    assert!(failure.contains("hint: ") && failure.contains("set SOPS_AGE_KEY_FILE"), "{failure}");
    folder.write("home/.config/sops/age/keys.txt", format!("# mine\r\n{key}\r\n"));
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
    folder.variables.push(("XDG_CONFIG_HOME".to_owned(), folder.path("elsewhere").display().to_string()));
    folder.ours(&["-d", "secret.yaml"]).failure(128);
    folder.write("elsewhere/sops/age/keys.txt", key);
    assert_eq!(folder.ours(&["-d", "secret.yaml"]).text(), PLAIN);
}

/// The report on keys without its line breaks.
fn unwrapped(report: &str) -> String {
    report.split_whitespace().filter(|word| *word != "|").collect::<Vec<_>>().join(" ")
}

#[test]
fn the_wrong_identity_is_told_whose_the_file_is() {
    let (folder, other) = (encrypted(), Folder::new());
    folder.write("key.txt", other.read("key.txt"));
    let failure = folder.ours(&["-d", "secret.yaml"]).failure(128);
    assert!(failure.contains(&folder.recipient) && failure.contains(&other.recipient), "{failure}");
    folder.write("key.txt", "AGE-SECRET-KEY-1HUNTER2\n");
    let failure = folder.ours(&["-d", "secret.yaml"]).failure(128);
    assert!(unwrapped(&failure).contains("line 1 is not an age identity") && !failure.contains("HUNTER2"), "{failure}");
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

/// A program under another name beside the tests' own folder.
#[cfg(unix)]
fn called(folder: &Folder, name: &str, words: &[&str]) -> folder::Ended {
    let link = folder.path(name);
    if !link.exists() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sops-rs"), &link).unwrap();
    }
    folder.run(&link, words, b"")
}

#[test]
fn versions_are_read_by_scripts_from_the_first_line() {
    let mut folder = Folder::new();
    let first = |text: String| text.lines().next().unwrap().to_owned();
    for words in [["--version"].as_slice(), &["-v"], &["--version", "--check-for-updates"], &["-version"]] {
        assert_eq!(first(folder.ours(words).text()), concat!("sops-rs ", env!("CARGO_PKG_VERSION")), "{words:?}");
    }
    folder.variables.push(("SOPS_DISABLE_VERSION_CHECK".to_owned(), "0".to_owned()));
    #[cfg(unix)]
    assert_eq!(first(called(&folder, "sops", &["--version"]).text()), "sops 3.13.3");
}

#[cfg(unix)]
#[test]
fn messages_name_the_program_as_it_was_called() {
    let folder = encrypted();
    let failure = called(&folder, "sops", &["decrypt", "plain.yaml"]).failure(1);
    assert!(failure.contains("`sops encrypt ") && !failure.contains("sops-rs"), "{failure}");
    let help = called(&folder, "sops", &["set", "--help"]).text();
    assert!(help.contains("Usage: sops set ") && help.contains("\n  sops set ") && !help.contains("sops-rs"), "{help}");
}

#[test]
fn every_subcommand_has_help_with_examples() {
    let folder = Folder::new();
    let help = folder.ours(&["--help"]).text();
    assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
    assert_eq!(help, folder.ours(&["help"]).text());
    let commands = help.split("Commands:\n").nth(1).unwrap().lines().take_while(|line| !line.is_empty());
    let names: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names.into_iter().filter(|name| *name != "help") {
        let help = folder.ours(&[name, "--help"]).text();
        assert!(help.contains("Examples:"), "{name}: {help}");
        assert_eq!(help, folder.ours(&["help", name]).text(), "{name}");
        for line in help.lines() {
            assert!(line.chars().count() <= 132, "{name}: {line}");
        }
    }
}

#[test]
fn completion_scripts_know_the_subcommands() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = folder.ours(&["completion", shell]).text();
        for word in ["updatekeys", "encrypted-regex", "sops-rs"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let script = folder.ours(&["completion", "bash"]).text();
    let checked = folder.run(std::path::Path::new("/bin/bash"), &["-n"], script.as_bytes());
    assert_eq!((checked.code, checked.stderr.as_str()), (0, ""));
    folder.ours(&["completion", "elvish"]).failure(1);
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
