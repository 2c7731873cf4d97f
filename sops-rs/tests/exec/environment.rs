//! `exec-env`.

use crate::{alike, encrypted, theirs};

const FLAT: &str = "# head\ntext: a b  c\nlines: |-\n    one\n    two\nint: 12\nbig: 1000000.5\nwhole: 1.0\nyes_: true\nnone: null\n\
                    day: 2020-01-02T03:04:05.5Z\nHOME: /from/the/file\nempty: \"\"\n";

#[test]
fn values_arrive_as_the_original_writes_them() {
    let folder = encrypted(FLAT);
    let show = "for name in text lines int big whole yes_ none day HOME empty; do eval \"printf '%s=%s\\n' $name \\\"\\$$name\\\"\"; done";
    let shown = alike(&folder, &["exec-env", "secret.yaml", show]);
    assert!(shown.contains("lines=one\ntwo\nint=12\n") && shown.contains("HOME=/from/the/file"), "{shown}");
}

#[test]
fn a_pristine_environment_is_that_of_the_file() {
    let folder = encrypted("a: 1\nb: x\n");
    let shown =
        alike(&folder, &["exec-env", "--pristine", "secret.yaml", "env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= | sort"]);
    assert_eq!(shown, "a=1\nb=x\n");
    let shown = alike(&folder, &["exec-env", "secret.yaml", "echo $a $SOPS_DISABLE_VERSION_CHECK"]);
    assert_eq!(shown, "1 true\n");
}

#[test]
fn standard_input_is_that_of_the_command() {
    let folder = encrypted("a: 1\n");
    let ended = folder.run(env!("CARGO_BIN_EXE_sops-rs").as_ref(), &["exec-env", "secret.yaml", "cat"], b"typed\n");
    assert_eq!(ended.text(), "typed\n");
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    let folder = encrypted("a: 1\n");
    for code in ["0", "1", "7", "128", "255"] {
        alike(&folder, &["exec-env", "secret.yaml", &format!("exit {code}")]);
    }
    assert_eq!(folder.ours(&["exec-env", "secret.yaml", "kill -TERM $$"]).code, 128 + 15);
}

#[test]
fn what_cannot_be_a_variable_is_named_but_not_shown() {
    for (plain, name) in [
        ("a:\n    b: hunter2\n", "`a`"),
        ("list:\n    - hunter2\n", "`list`"),
        ("\"a=b\": hunter2\n", "`a=b`"),
        ("zero: \"hunter2\\0\"\n", "`zero`"),
    ] {
        let folder = encrypted(plain);
        let words = ["exec-env", "secret.yaml", "echo ran"];
        assert_ne!(theirs(&folder, &words).code, 0, "{plain}");
        let failure = folder.ours(&words).failure(1);
        assert!(failure.contains(name) && !failure.contains("hunter2"), "{failure}");
    }
}

#[test]
fn the_command_takes_the_place_of_the_process() {
    let folder = encrypted("a: 1\n");
    assert_eq!(alike(&folder, &["exec-env", "--same-process", "secret.yaml", "echo $a; exit 3"]), "1\n");
    folder.ours(&["exec-env", "--same-process", "--background", "secret.yaml", "true"]).failure(8);
}

#[test]
fn a_file_that_does_not_open_runs_nothing() {
    let folder = encrypted("a: 1\n");
    let text = folder.read("secret.yaml");
    folder.write("secret.yaml", text.replacen("mac: ENC[AES256_GCM,data:", "mac: ENC[AES256_GCM,data:AAAA", 1));
    let ended = folder.ours(&["exec-env", "secret.yaml", "echo ran"]);
    assert_eq!((ended.code, ended.stdout.as_slice()), (51, b"".as_slice()), "{}", ended.stderr);
    folder.ours(&["exec-env", "absent.yaml", "echo ran"]).failure(100);
    let one_word = folder.ours(&["exec-env", "secret.yaml"]);
    assert_eq!(one_word.code, theirs(&folder, &["exec-env", "secret.yaml"]).code, "{}", one_word.stderr);
}

#[test]
fn a_command_in_the_background_is_not_waited_for() {
    let folder = encrypted("a: 1\n");
    gate(&folder);
    let words = ["exec-env", "--background", "secret.yaml", "echo $a > done; cat gate > /dev/null"];
    let ended = folder.ours(&words);
    assert_eq!(ended.code, 0);
    assert!(ended.stderr.contains("deprecated"), "{}", ended.stderr);
    // The command waits at the gate until somebody opens it: had it been waited for, we would not be here.
    std::fs::write(folder.path("gate"), "go").unwrap();
    assert_eq!(folder.read("done"), "1\n");
}

/// A named pipe `gate`.
fn gate(folder: &crate::folder::Folder) {
    let made = std::process::Command::new("mkfifo").arg(folder.path("gate")).status().unwrap();
    assert!(made.success());
}
