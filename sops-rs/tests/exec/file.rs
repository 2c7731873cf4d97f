//! `exec-file`.

use crate::{alike, encrypted, theirs};

const PLAIN: &str = "db:\n    password: hunter2\n";

#[test]
fn the_plaintext_comes_through_a_pipe() {
    let folder = encrypted(PLAIN);
    assert_eq!(alike(&folder, &["exec-file", "secret.yaml", "cat {}"]), PLAIN);
    let show = "test -p {} && stat -c %a {} && stat -c %a $(dirname {}) && basename {} && cat {} > /dev/null";
    assert_eq!(alike(&folder, &["exec-file", "secret.yaml", show]), "600\n700\ntmp-file\n");
    let shown = folder.ours(&["exec-file", "secret.yaml", "echo {}; cat {} > /dev/null"]).text();
    let begin = folder.path("tmp/.sops").to_str().unwrap().to_owned();
    assert!(shown.starts_with(&begin), "{shown}");
}

#[test]
fn without_pipes_there_is_a_file_for_its_time() {
    let folder = encrypted(PLAIN);
    assert_eq!(alike(&folder, &["exec-file", "--no-fifo", "secret.yaml", "cat {} {}"]), format!("{PLAIN}{PLAIN}"));
    let show = "test -f {} && stat -c %a {} && stat -c %a $(dirname {})";
    assert_eq!(alike(&folder, &["exec-file", "--no-fifo", "secret.yaml", show]), "600\n700\n");
}

#[test]
fn a_file_that_is_never_read_holds_nobody_up() {
    let folder = encrypted(PLAIN);
    assert_eq!(alike(&folder, &["exec-file", "secret.yaml", "echo {} > /dev/null; exit 5"]), "");
    assert_eq!(alike(&folder, &["exec-file", "secret.yaml", "head -c 1 {}"]), "d");
}

#[test]
fn names_and_formats() {
    let folder = encrypted("a: 1\nb: x\n");
    for more in [[].as_slice(), &["--no-fifo"]] {
        let words = [
            ["exec-file", "--filename", "my settings.json"].as_slice(),
            more,
            &["secret.yaml", "basename '{}'; cat '{}'"],
        ];
        assert_eq!(alike(&folder, &words.concat()), "my settings.json\na: 1\nb: x\n");
    }
    assert_eq!(alike(&folder, &["exec-file", "--output-type", "dotenv", "secret.yaml", "cat {}"]), "a=1\nb=x\n");
    assert_eq!(
        alike(&folder, &["exec-file", "--input-type", "yaml", "--output-type", "json", "secret.yaml", "cat {}"]),
        "{\n\t\"a\": 1,\n\t\"b\": \"x\"\n}\n"
    );
}

#[test]
fn a_name_leads_nowhere_else() {
    let folder = encrypted(PLAIN);
    for name in ["../out", "/tmp/strongroom-out", "a/../../out", "..", "a/b", "./a/b"] {
        for more in [[].as_slice(), &["--no-fifo"]] {
            let words = [["exec-file", "--filename", name].as_slice(), more, &["secret.yaml", "echo ran"]].concat();
            assert_eq!(theirs(&folder, &words).code, 1, "{name}");
            let failure = folder.ours(&words).failure(1);
            assert!(failure.contains("is no file name"), "{failure}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path("tmp")).unwrap().count(), 0);
    assert!(!folder.path("out").exists());
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    let folder = encrypted(PLAIN);
    for code in ["0", "3", "42"] {
        alike(&folder, &["exec-file", "secret.yaml", &format!("cat {{}} > /dev/null; exit {code}")]);
    }
}

#[test]
fn in_the_background_the_pipe_stays_until_it_is_read() {
    let folder = encrypted(PLAIN);
    let ended = folder.ours(&["exec-file", "--background", "secret.yaml", "cat {} > copied"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    folder.ours(&["exec-file", "--background", "--no-fifo", "secret.yaml", "cat {}"]).failure(8);
    assert_eq!(std::fs::read_dir(folder.path("tmp")).unwrap().count(), 0);
}
