//! The Git drivers with the real Git.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::path::Path;

#[path = "workspace/folder.rs"]
mod folder;

use folder::{Ended, Folder};

/// A repository with one encrypted file, the drivers set up.
fn repository(init: &[&str]) -> Folder {
    let mut folder = Folder::new();
    let path = std::env::var("PATH").expect("PATH");
    folder.variables.push(("PATH".to_owned(), path));
    for name in ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
        folder.variables.push((name.to_owned(), "somebody@example.com".to_owned()));
    }
    git(&folder, &["init", "-q", "-b", "main"]).text();
    folder.write(".gitignore", "key.txt\nhome\n");
    folder.write(".sops.yaml", format!("creation_rules:\n  - path_regex: secret\n    age: {}\n", folder.recipient));
    let words: Vec<&str> = ["git", "init"].iter().chain(init).copied().collect();
    folder.ours(&words).text();
    folder
}

fn git(folder: &Folder, words: &[&str]) -> Ended {
    folder.run(Path::new("git"), words, b"")
}

fn commit(folder: &Folder, message: &str) {
    git(folder, &["add", "-A"]).text();
    git(folder, &["commit", "-q", "--allow-empty", "-m", message]).text();
}

const PLAIN: &str = "a: 1\nb: two\nc:\n    - x\n    - z\n";

/// A repository with a branch `other` from the same start.
fn diverging(ours: impl Fn(&Folder), theirs: impl Fn(&Folder)) -> Folder {
    let folder = repository(&[]);
    folder.write("secret.yaml", PLAIN);
    folder.ours(&["encrypt", "-i", "secret.yaml"]).text();
    commit(&folder, "start");
    git(&folder, &["checkout", "-q", "-b", "other"]).text();
    theirs(&folder);
    commit(&folder, "theirs");
    git(&folder, &["checkout", "-q", "main"]).text();
    ours(&folder);
    commit(&folder, "ours");
    folder
}

fn set(folder: &Folder, path: &str, value: &str) {
    folder.ours(&["set", "secret.yaml", path, value]).text();
}

fn line<'a>(file: &'a str, key: &str) -> &'a str {
    file.lines().find(|line| line.trim_start().starts_with(key)).unwrap()
}

#[test]
fn concurrent_edits_of_two_keys_merge_without_conflict() {
    let folder =
        diverging(|folder| set(folder, r#"["a"]"#, r#""ours""#), |folder| set(folder, r#"["c"][1]"#, r#""theirs""#));
    let before = folder.read("secret.yaml");
    let theirs = git(&folder, &["cat-file", "blob", "other:secret.yaml"]).text();
    git(&folder, &["merge", "-q", "-m", "merged", "other"]).text();
    let after = folder.read("secret.yaml");
    assert_eq!(folder.ours(&["decrypt", "secret.yaml"]).text(), "a: ours\nb: two\nc:\n    - x\n    - theirs\n");
    for key in ["a:", "b:"] {
        assert_eq!(line(&before, key), line(&after, key), "the ciphertext of our side stays");
    }
    let element = |file: &str| file.lines().filter(|line| line.contains("- ENC[")).nth(1).map(str::to_owned);
    assert_eq!(element(&theirs), element(&after), "the ciphertext of their side stays");
    assert!(git(&folder, &["status", "--porcelain"]).text().is_empty());
}

#[test]
fn a_conflict_leaves_a_file_that_opens_and_is_resolved_in_the_editor() {
    let mut folder = diverging(
        |folder| set(folder, r#"["b"]"#, r#""from us""#),
        |folder| {
            set(folder, r#"["b"]"#, r#""from them""#);
            set(folder, r#"["a"]"#, "5");
        },
    );
    let ended = git(&folder, &["merge", "-q", "other"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("secret.yaml: both sides changed `b` in document 0"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("from us") && !ended.stderr.contains("from them"), "{}", ended.stderr);
    assert_eq!(folder.ours(&["decrypt", "secret.yaml"]).text(), "a: 5\nb: from us\nc:\n    - x\n    - z\n");
    assert_eq!(git(&folder, &["status", "--porcelain"]).text(), "UU secret.yaml\n");

    let seen = folder.path("home/seen");
    let script = format!(
        "#!/bin/sh\nmkdir -p {0}\ncp \"$1\" {0}/text\nstat -c %a \"$1\" > {0}/mode\ngrep -v -e '^<<<' -e '^===' -e '^>>>' -e 'from us' \"$1\" > \"$1.new\"\nmv \"$1.new\" \"$1\"\n",
        seen.display()
    );
    folder.write("home/editor.sh", script);
    folder.variables.push(("EDITOR".to_owned(), format!("sh {}", folder.path("home/editor.sh").display())));
    folder.ours(&["git", "resolve", "secret.yaml"]).text();
    assert_eq!(
        folder.read("home/seen/text"),
        "a: 5\n<<<<<<< ours\nb: from us\n=======\nb: from them\n>>>>>>> theirs\nc:\n    - x\n    - z\n"
    );
    assert_eq!(folder.read("home/seen/mode"), "600\n");
    assert_eq!(folder.ours(&["decrypt", "secret.yaml"]).text(), "a: 5\nb: from them\nc:\n    - x\n    - z\n");
    assert_eq!(git(&folder, &["status", "--porcelain"]).text(), "M  secret.yaml\n");
    folder.ours(&["git", "resolve", "secret.yaml"]).failure(1);
}

#[test]
fn new_recipients_of_one_side_come_through_a_merge() {
    let newcomer = Folder::new();
    let folder = diverging(
        |folder| set(folder, r#"["a"]"#, "7"),
        |folder| {
            let rule = format!("creation_rules:\n  - age: {},{}\n", folder.recipient, newcomer.recipient);
            folder.write(".sops.yaml", rule);
            folder.ours(&["updatekeys", "--yes", "secret.yaml"]);
        },
    );
    git(&folder, &["merge", "-q", "-m", "merged", "other"]).text();
    newcomer.write("secret.yaml", folder.read("secret.yaml"));
    assert!(newcomer.ours(&["decrypt", "secret.yaml"]).text().starts_with("a: 7\n"));
}

#[test]
fn a_rotation_on_both_sides_keeps_one_data_key() {
    let rotate = |folder: &Folder, key: &str| {
        folder.ours(&["rotate", "-i", "secret.yaml"]).text();
        set(folder, key, "9");
    };
    let folder = diverging(|folder| rotate(folder, r#"["a"]"#), |folder| rotate(folder, r#"["b"]"#));
    git(&folder, &["merge", "-q", "-m", "merged", "other"]).text();
    assert!(folder.ours(&["decrypt", "secret.yaml"]).text().starts_with("a: 9\nb: 9\n"));
}

#[test]
fn different_recipients_on_both_sides_are_a_conflict_that_says_what_to_do() {
    let (one, two) = (Folder::new(), Folder::new());
    let give = |folder: &Folder, other: &Folder| {
        folder.ours(&["rotate", "-i", "--add-age", &other.recipient, "secret.yaml"]).text();
    };
    let folder = diverging(|folder| give(folder, &one), |folder| give(folder, &two));
    let before = folder.read("secret.yaml");
    let ended = git(&folder, &["merge", "-q", "other"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("both sides changed the master keys"), "{}", ended.stderr);
    assert_eq!(folder.read("secret.yaml"), before, "our version stays");
}

#[test]
fn diffs_are_in_clear_and_never_fail() {
    let mut folder = diverging(|folder| set(folder, r#"["b"]"#, r#""three""#), |_| ());
    let diff = git(&folder, &["diff", "HEAD~1", "--", "secret.yaml"]).text();
    assert!(diff.contains("-b: two\n+b: three\n"), "{diff}");
    assert_eq!(diff.lines().filter(|line| line.starts_with(['+', '-'])).count(), 4, "{diff}");
    folder.variables.push(("SOPS_AGE_KEY_FILE".to_owned(), "/nowhere".to_owned()));
    let diff = git(&folder, &["diff", "HEAD~1", "--", "secret.yaml"]);
    assert_eq!(diff.code, 0);
    assert!(diff.stderr.contains("is shown encrypted"), "{}", diff.stderr);
    assert!(String::from_utf8(diff.stdout).unwrap().contains("+b: ENC["));
}

#[test]
fn plain_files_merge_as_text() {
    let folder = diverging(
        |folder| {
            folder.write("plain.yaml", "a: 1\n");
        },
        |folder| {
            folder.write("plain.yaml", "a: 2\n");
            folder.write("broken.json", "{");
        },
    );
    assert_eq!(git(&folder, &["merge", "-q", "other"]).code, 1);
    assert!(folder.read("plain.yaml").contains("<<<<<<<"));
    assert_eq!(folder.read("broken.json"), "{");
}

#[test]
fn the_filter_keeps_the_repository_encrypted_and_the_tree_in_clear() {
    let mut folder = repository(&["--filter", "secret*"]);
    folder.write("secret.yaml", PLAIN);
    folder.write("secret.env", "K=v\n");
    commit(&folder, "start");
    let blob = |folder: &Folder, name: &str| git(folder, &["cat-file", "blob", &format!(":{name}")]).text();
    let first = blob(&folder, "secret.yaml");
    assert!(first.contains("a: ENC[") && blob(&folder, "secret.env").contains("K=ENC["), "{first}");
    assert_eq!(folder.read("secret.yaml"), PLAIN);

    folder.write("secret.yaml", PLAIN);
    git(&folder, &["add", "--renormalize", "."]).text();
    assert!(git(&folder, &["status", "--porcelain"]).text().is_empty(), "the same text keeps its ciphertext");

    folder.write("secret.yaml", PLAIN.replace("two", "three"));
    commit(&folder, "edit");
    let second = blob(&folder, "secret.yaml");
    let changed = second.lines().filter(|line| !first.contains(line) && !line.contains("lastmodified"));
    let keys: Vec<&str> = changed.filter_map(|line| line.trim().split(':').next()).collect();
    assert_eq!(keys, ["b", "mac"]);

    git(&folder, &["checkout", "-q", "HEAD~1"]).text();
    assert_eq!(folder.read("secret.yaml"), PLAIN);
    folder.variables.push(("SOPS_AGE_KEY_FILE".to_owned(), "/nowhere".to_owned()));
    git(&folder, &["worktree", "add", "-q", "without-key", "main"]).text();
    assert_eq!(folder.read("without-key/secret.yaml"), second, "without a key the file is checked out as it is");
    folder.write("without-key/secret.yaml", "a: in clear\n");
    let ended = git(&folder, &["-C", "without-key", "add", "secret.yaml"]);
    assert_ne!(ended.code, 0, "what cannot be encrypted is not added");
}

#[test]
fn files_without_a_rule_are_not_added_in_clear() {
    let folder = repository(&["--filter", "*.yaml"]);
    folder.write("other.yaml", "a: 1\n");
    let ended = git(&folder, &["add", "other.yaml"]);
    assert_ne!(ended.code, 0);
    assert!(ended.stderr.contains("no creation rule matches"), "{}", ended.stderr);
}

#[test]
fn setting_up_twice_changes_nothing() {
    let folder = repository(&["secret*"]);
    assert_eq!(folder.read(".gitattributes"), "secret* diff=sops merge=sops\n");
    folder.ours(&["git", "init", "secret*"]).text();
    assert_eq!(folder.read(".gitattributes"), "secret* diff=sops merge=sops\n");
    assert_eq!(Folder::new().ours(&["git", "init"]).code, 1, "outside a repository");
    folder.ours(&["git", "init", "--filter"]).failure(1);
}
