//! Commands as another user. Only root can do that: anybody else is told so.

use std::process::Command;

use crate::{alike, encrypted};

fn output(program: &str, words: &[&str]) -> String {
    String::from_utf8(Command::new(program).args(words).output().unwrap().stdout).unwrap()
}

#[test]
fn user_group_supplementary_groups_and_home_are_theirs() {
    let mut folder = encrypted("a: hunter2\n");
    // Where nobody may make a folder.
    folder.variables.retain(|(name, _)| name != "TMPDIR");
    let ids = ["-u", "-g", "-G"].map(|flag| output("id", &[flag, "nobody"])).concat();
    let show = "id -u; id -g; id -G; echo $USER $LOGNAME $HOME";
    let file = format!("cat {{}}; test -O {{}} && {show}");
    let cases = [
        vec!["exec-env", "--user", "nobody", "secret.yaml", show],
        vec!["exec-env", "--pristine", "--user", "nobody", "secret.yaml", show],
        vec!["exec-env", "--same-process", "--user", "nobody", "secret.yaml", show],
        vec!["exec-file", "--user", "nobody", "secret.yaml", &file],
        vec!["exec-file", "--no-fifo", "--user", "nobody", "secret.yaml", &file],
    ];
    for words in &cases {
        if output("id", &["-u"]) != "0\n" {
            let failure = folder.ours(words).failure(1);
            assert!(failure.contains("only root"), "{failure}");
            continue;
        }
        let shown = alike(&folder, words);
        assert!(shown.contains(&ids) && shown.contains("nobody nobody /"), "{words:?}: {shown} without {ids}");
    }
}

#[test]
fn a_user_that_is_not_there_is_named() {
    let folder = encrypted("a: 1\n");
    let failure = folder.ours(&["exec-env", "--user", "no-such-user", "secret.yaml", "echo ran"]).failure(1);
    assert!(failure.contains("no user no-such-user"), "{failure}");
}
