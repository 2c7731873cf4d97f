//! Files that are no use, given to every subcommand that writes files in place: each ends with an error and an exit code
//! of the original, quotes no value, leaves no temporary file, and the file is what it was.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "workspace/folder.rs"]
mod folder;

use std::fs;
use std::time::{Duration, Instant};

use folder::Folder;

const PLAIN: &str = "db:\n    password: hunter2\n    ports:\n        - 5432\nname: x\n";
/// The exit codes that exist.
const CODES: [i32; 11] = [1, 2, 3, 4, 7, 23, 25, 51, 92, 100, 128];
/// No input here takes longer, even in a build without optimisation on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

struct Bad {
    what: &'static str,
    name: &'static str,
    bytes: Vec<u8>,
    /// Whether a plain file of this kind can be encrypted.
    can_be_encrypted: bool,
}

fn bad(what: &'static str, name: &'static str, bytes: impl Into<Vec<u8>>) -> Bad {
    Bad { what, name, bytes: bytes.into(), can_be_encrypted: false }
}

fn plain(what: &'static str, name: &'static str, bytes: impl Into<Vec<u8>>) -> Bad {
    Bad { can_be_encrypted: true, ..bad(what, name, bytes) }
}

/// Aliases that multiply.
fn bomb() -> String {
    let line = |(name, of): (char, char)| {
        format!("{name}: &{name} [*{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}]\n")
    };
    let lines: String = "bcdefghijkl".chars().zip("abcdefghijk".chars()).map(line).collect();
    format!("a: &a [hunter2, hunter2, hunter2, hunter2, hunter2, hunter2, hunter2, hunter2]\n{lines}")
}

fn files(folder: &Folder) -> Vec<Bad> {
    folder.write("plain.yaml", PLAIN);
    let encrypted = folder.ours(&["encrypt", "--age", &folder.recipient, "plain.yaml"]).text();
    let json = folder.ours(&["encrypt", "--age", &folder.recipient, "--output-type", "json", "plain.yaml"]).text();
    let block = &encrypted[encrypted.find("sops:").unwrap()..];
    let deep = format!("a: {}hunter2{}\n", "[".repeat(50_000), "]".repeat(50_000));
    vec![
        bad("cut off", "a.yaml", &encrypted[..encrypted.len() / 2]),
        bad("cut off", "a.json", &json[..json.len() / 2]),
        bad("a plain document first", "a.yaml", format!("a: hunter2\n---\n{encrypted}")),
        bad("a plain document behind", "a.yaml", format!("{encrypted}---\na: hunter2\n")),
        bad("plain values in it", "a.yaml", encrypted.replace("db:\n", "db:\n    user: hunter2\n")),
        bad("another file's block", "a.yaml", format!("password: hunter2\n{block}")),
        bad("no version", "a.yaml", encrypted.replace("version: 3.13.3", "version: \"\"")),
        bad("the block is text", "a.yaml", "a: hunter2\nsops: text\n"),
        bad("the block is empty", "a.yaml", "a: hunter2\nsops: {}\n"),
        bad("the block is a list", "a.json", r#"{"a": "hunter2", "sops": [1]}"#),
        bad("a date that is none", "a.yaml", encrypted.replace("lastmodified: \"20", "lastmodified: \"xx")),
        bad("not UTF-8", "a.yaml", b"a: \"hunter2\xff\xfe\"\n".to_vec()),
        bad("a list", "a.yaml", "- hunter2\n"),
        bad("nothing", "a.yaml", ""),
        bad("nothing", "a.json", ""),
        bad("a tab", "a.yaml", "a:\n\t- hunter2: [\n"),
        bad("zeros", "a.yaml", vec![0; 100 << 20]),
        bad("zeros", "a.json", vec![0; 4096]),
        bad("brackets", "a.json", format!("{{\"a\":{}\"hunter2\"", "[".repeat(1 << 20))),
        bad("brackets", "a.yaml", deep),
        bad("aliases", "a.yaml", bomb()),
        bad("no dotenv", "a.env", "A=1\nhunter2\n"),
        bad("no INI", "a.ini", "[s\nhunter2\n"),
        plain("plain", "a.yaml", PLAIN),
        plain("plain", "a.json", r#"{"a": "hunter2"}"#),
        plain("plain", "a.env", "A=hunter2\n"),
        plain("plain", "a.ini", "[s]\na = hunter2\n"),
        plain("bytes", "a.bin", b"\xff\xfehunter2\n".to_vec()),
    ]
}

#[test]
fn files_that_are_no_use_stay_as_they_are() {
    let folder = Folder::new();
    folder.write(".sops.yaml", format!("creation_rules:\n  - age: {}\n", Folder::new().recipient));
    for bad in files(&folder) {
        for words in [
            ["decrypt", "-i", bad.name].as_slice(),
            &["-d", "-i", bad.name],
            &["rotate", "-i", bad.name],
            &["set", bad.name, "[\"a\"]", "\"x\""],
            &["unset", bad.name, "[\"a\"]"],
            &["updatekeys", "-y", bad.name],
            &["groups", "add", "-i", "-f", bad.name, "--age", &folder.recipient],
            &["groups", "delete", "-i", "-f", bad.name, "0"],
            &["encrypt", "-i", "--age", &folder.recipient, bad.name],
        ] {
            let keys_only = ["updatekeys", "groups"].contains(&words[0]);
            if (bad.can_be_encrypted && words[0] == "encrypt") || (keys_only && bad.bytes.starts_with(b"db: ")) {
                continue;
            }
            refused(&folder, &bad, words);
        }
    }
}

fn refused(folder: &Folder, bad: &Bad, words: &[&str]) {
    folder.write(bad.name, &bad.bytes);
    let start = Instant::now();
    let ended = folder.ours(words);
    let about = format!("{} in {}, {}: {}", bad.what, bad.name, words[0], ended.stderr);
    assert!(start.elapsed() < LIMIT, "{about}: took {:?}", start.elapsed());
    assert!(!ended.stderr.contains("hunter2"), "a value is quoted: {about}");
    // Values that cannot be opened do no harm to those who change only keys.
    if ended.code == 0 && ["updatekeys", "groups"].contains(&words[0]) {
        return;
    }
    assert!(CODES.contains(&ended.code) || ended.code == 203, "exit code {}: {about}", ended.code);
    assert!(ended.stderr.contains("error: "), "no error: {about}");
    assert!(fs::read(folder.path(bad.name)).unwrap() == bad.bytes, "the file has changed: {about}");
    let left = fs::read_dir(folder.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with(".sops-rs")).collect();
    assert!(left.is_empty(), "{left:?} is left: {about}");
}

#[test]
fn a_large_file_of_bytes_comes_back() {
    let folder = Folder::new();
    let bytes: Vec<u8> = (0_u32..8 << 20).map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    folder.write("large.bin", &bytes);
    folder.ours(&["encrypt", "-i", "--age", &folder.recipient, "large.bin"]).text();
    assert!(folder.ours(&["decrypt", "large.bin"]).stdout == bytes);
}

#[test]
fn names_from_a_file_do_not_move_the_cursor() {
    let folder = Folder::new();
    folder.write("plain.yaml", PLAIN);
    let text = folder.ours(&["encrypt", "--age", &Folder::new().recipient, "plain.yaml"]).text();
    let start = text.find("recipient: ").unwrap();
    let line = text[start..].lines().next().unwrap();
    let hostile = text.replace(line, "recipient: \"age1\\e[2J\\e]0;title\\a\\nerror: all is well\"");
    folder.write("secret.yaml", hostile);
    folder.write(".sops.yaml", format!("creation_rules:\n  - age: {}\n", folder.recipient));
    for words in [["decrypt", "secret.yaml"].as_slice(), &["updatekeys", "secret.yaml"], &["rotate", "secret.yaml"]] {
        let ended = folder.ours(words);
        let said = format!("{}{}", ended.stderr, String::from_utf8_lossy(&ended.stdout));
        assert!(ended.code != 0 && !said.contains('\u{1b}') && !said.contains('\u{7}'), "{said}");
        assert!(!said.lines().any(|line| line == "error: all is well"), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_takes_no_files_is_an_error() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new();
    folder.write("there/plain.yaml", PLAIN);
    fs::set_permissions(folder.path("there"), fs::Permissions::from_mode(0o555)).unwrap();
    let ended = folder.ours(&["encrypt", "-i", "--age", &folder.recipient, "there/plain.yaml"]);
    // The superuser may write everywhere.
    if ended.code != 0 {
        assert_eq!(ended.code, 3, "{}", ended.stderr);
        assert_eq!(folder.read("there/plain.yaml"), PLAIN);
    }
    fs::set_permissions(folder.path("there"), fs::Permissions::from_mode(0o755)).unwrap();
    folder.ours(&["encrypt", "--output", "/dev/full", "--age", &folder.recipient, "plain.yaml"]).failure(100);
}
