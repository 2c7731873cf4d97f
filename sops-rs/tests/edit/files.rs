//! Files and what comes of them.

use std::fs;

use crate::desk::{Desk, TOOLS, Tool, changed};

const YAML: &str = "# head\npassword: hunter2\nnested:\n    list:\n        - one # inline\n        - two\n    number: 5\nplain_unencrypted: x\n";
const COPY: &str = "cat \"$1\" > seen; basename \"$1\" > name; stat -c %a \"$1\" \"$(dirname \"$1\")\" > modes";

#[test]
fn only_what_was_touched_changes() {
    for tool in TOOLS {
        for (name, plain, expected) in [
            ("x.yaml", YAML, ["password", "mac"].as_slice()),
            ("x.json", "{\"a\": {\"password\": \"hunter2\"}, \"b\": [1, true]}", &["password", "mac"]),
            ("x.env", "# c\npassword=hunter2\nother=1\n", &["password", "sops_mac"]),
            ("x.ini", "[s]\npassword = hunter2\nother = 1\n", &["password", "mac"]),
            // Files of one value get their metadata as they are read, the suffix that nobody gave among them.
            ("x.txt", "the password is hunter2", &["data", "mac", "unencrypted_suffix"]),
        ] {
            let mut desk = Desk::with(name, plain);
            let (before, plain) = (desk.folder.read(name), desk.decrypted(name));
            desk.editor("sed -i s/hunter2/correct-horse/ \"$1\"");
            let ended = desk.run(tool, &["edit", name]);
            assert_eq!(ended.code, 0, "{tool:?} {name}: {}", ended.stderr);
            assert_eq!(desk.decrypted(name), plain.replace("hunter2", "correct-horse"), "{tool:?} {name}");
            let mut changed = changed(&before, &desk.folder.read(name));
            // The original moves a comment that stands behind a value above it, and encrypts it anew.
            changed.retain(|key| !key.ends_with("lastmodified") && (tool == Tool::Ours || !key.starts_with('#')));
            assert_eq!(changed, expected, "{tool:?} {name}");
        }
    }
}

#[test]
fn the_editor_sees_what_it_sees_in_the_original() {
    let long = format!("{YAML}---\nsecond: document\ntext: |\n  a\n    b\n");
    for (name, plain) in [
        ("x.yaml", long.as_str()),
        ("x.json", "{\"a\": {\"b\": \"hunter2\"}, \"c\": [1, 2.5, null, true]}"),
        ("x.env", "# c\npassword=hunter2\\nx\n"),
        ("x.ini", "[s]\n; c\npassword = hunter2\n"),
        ("x.bin", "any\tthing"),
    ] {
        let mut desk = Desk::with(name, plain);
        desk.editor(COPY);
        for flags in [["edit"].as_slice(), &["edit", "-s"], &["edit", "--show-master-keys"], &[]] {
            let seen = |tool: Tool| {
                let ended = desk.run(tool, &[flags, &[name]].concat());
                assert_eq!(ended.code, 200, "{tool:?} {name} {flags:?}: {}", ended.stderr);
                assert_eq!(desk.folder.read("modes"), "600\n700\n", "{tool:?}");
                (desk.folder.read("name"), desk.folder.read("seen"))
            };
            assert_eq!(seen(Tool::Ours), seen(Tool::Theirs), "{name} {flags:?}");
        }
    }
}

#[test]
fn a_file_that_does_not_exist_begins_as_the_example_of_the_original() {
    for name in ["new.yaml", "new.json", "new.env", "new.ini", "new.txt"] {
        let mut desk = Desk::new();
        let recipient = desk.folder.recipient.clone();
        let words = ["edit", "--age", &recipient, name];
        let seen = |desk: &mut Desk, tool: Tool| {
            desk.editor(COPY);
            let ended = desk.run(tool, &words);
            assert_eq!(ended.code, 200, "{tool:?} {name}: {}", ended.stderr);
            assert!(!desk.folder.path(name).exists(), "what was not changed is not written");
            desk.folder.read("seen")
        };
        assert_eq!(seen(&mut desk, Tool::Ours), seen(&mut desk, Tool::Theirs), "{name}");
        for tool in TOOLS {
            desk.editor("sed -i 's/Edit this file/It is mine/' \"$1\"");
            let ended = desk.run(tool, &words);
            assert_eq!(ended.code, 0, "{tool:?} {name}: {}", ended.stderr);
            assert!(desk.decrypted(name).contains("It is mine as you please!"), "{tool:?} {name}");
            fs::remove_file(desk.folder.path(name)).unwrap();
        }
    }
}

#[test]
fn keys_of_a_new_file_come_from_the_rules() {
    let mut desk = Desk::new();
    let rules = format!(
        "creation_rules:\n  - path_regex: \\.enc\\.yaml$\n    age: {}\n    encrypted_regex: ^hello$\n",
        desk.folder.recipient
    );
    desk.folder.write(".sops.yaml", rules);
    desk.editor("echo 'hello: world' > \"$1\"; echo 'name: public' >> \"$1\"");
    for tool in TOOLS {
        assert_eq!(desk.run(tool, &["edit", "new.enc.yaml"]).code, 0, "{tool:?}");
        let text = desk.folder.read("new.enc.yaml");
        assert!(
            text.contains("hello: ENC[") && text.contains("name: public") && text.contains("encrypted_regex: ^hello$"),
            "{text}"
        );
        assert_eq!(desk.decrypted("new.enc.yaml"), "hello: world\nname: public\n");
        fs::remove_file(desk.folder.path("new.enc.yaml")).unwrap();
        assert_eq!(desk.run(tool, &["edit", "other.yaml"]).code, 1, "{tool:?}: no rule matches");
    }
}

#[test]
fn a_text_that_cannot_be_read_goes_back_to_the_editor() {
    let broken =
        "if test -e tried; then sed -i 's/: : :/: changed/' \"$1\"; else echo 'a: : :' > \"$1\"; touch tried; fi";
    for tool in TOOLS {
        let mut desk = Desk::with("x.yaml", "a: 1\n");
        desk.editor(broken);
        let ended = desk.run(tool, &["edit", "x.yaml"]);
        assert_eq!(ended.code, 0, "{tool:?}: {}", ended.stderr);
        assert_eq!(desk.decrypted("x.yaml"), "a: changed\n", "{tool:?}: the editor gets the text as the user left it");
    }
    let mut desk = Desk::with("x.yaml", "a: 1\n");
    let before = desk.folder.read("x.yaml");
    // The original goes round for ever when nobody presses Enter.
    for text in ["a: : :", "", "- 1", "sops: 1", "a: 1\na: 2", "1: x"] {
        desk.editor(&format!("printf '%b\\n' '{text}' > \"$1\""));
        let failure = desk.folder.ours(&["edit", "x.yaml"]).failure(201);
        assert!(failure.contains("press Enter") && failure.contains("nobody is there"), "{text}: {failure}");
        assert_eq!(desk.folder.read("x.yaml"), before, "{text}");
        desk.assert_nothing_left();
    }
}

#[test]
fn changes_beside_the_master_keys_count_and_those_of_the_keys_too() {
    let other = crate::folder::Folder::new();
    for tool in TOOLS {
        let mut desk = Desk::new();
        let both = format!("{},{}", desk.folder.recipient, other.recipient);
        desk.folder.write("plain.yaml", "a: hunter2\nb: 1\n");
        let text = desk.folder.ours(&["encrypt", "--age", &both, "plain.yaml"]).text();
        desk.folder.write("x.yaml", &text);
        // Without the second entry of the list.
        let cut = "/- enc:/ {entry++} entry==2 {if (/recipient:/) entry=3; next} {print}";
        desk.editor(&format!("awk '{cut}' \"$1\" | sed s/hunter2/hunter3/ > new; cat new > \"$1\""));
        let ended = desk.run(tool, &["edit", "-s", "x.yaml"]);
        assert_eq!(ended.code, 0, "{tool:?}: {}", ended.stderr);
        let after = desk.folder.read("x.yaml");
        if tool == Tool::Theirs {
            // It writes what was there before: whatever is changed beside the master keys is lost without a word.
            assert_eq!(desk.decrypted("x.yaml"), "a: hunter2\nb: 1\n");
            continue;
        }
        assert!(after.contains(&desk.folder.recipient) && !after.contains(&other.recipient), "{tool:?}: {after}");
        assert_eq!(desk.decrypted("x.yaml"), "a: hunter3\nb: 1\n");
        let line = |text: &str| text.lines().find(|line| line.starts_with("b: ")).unwrap().to_owned();
        assert_eq!(line(&text), line(&after), "{tool:?}: an untouched value keeps its ciphertext");
    }
    let mut desk = Desk::with("x.yaml", "a: 1\n");
    for text in [
        "a: 2",
        "a: 2\\nsops: {}",
        "a: 2\\nsops:\\n    mac: x\\n    version: 3.13.3\\n    lastmodified: 2024-01-01T00:00:00Z",
    ] {
        desk.editor(&format!("printf '%b\\n' '{text}' > \"$1\""));
        desk.folder.ours(&["edit", "-s", "x.yaml"]).failure(201);
    }
}

#[test]
fn a_file_that_was_tampered_with_needs_insisting() {
    for tool in TOOLS {
        let mut desk = Desk::with("x.yaml", "a: 1\nb_unencrypted: 2\n");
        desk.folder.write("x.yaml", desk.folder.read("x.yaml").replace("b_unencrypted: 2", "b_unencrypted: 3"));
        desk.editor("sed -i 's/a: 1/a: 4/' \"$1\"");
        assert_eq!(desk.run(tool, &["edit", "x.yaml"]).code, 51, "{tool:?}");
        assert_eq!(desk.run(tool, &["edit", "--ignore-mac", "x.yaml"]).code, 0, "{tool:?}");
        assert_eq!(desk.decrypted("x.yaml"), "a: 4\nb_unencrypted: 3\n", "{tool:?}");
    }
}

#[test]
fn the_version_is_raised_and_never_lowered() {
    for tool in TOOLS {
        for (before, after) in [("3.7.3", "3.13.3"), ("3.13.3", "3.13.3"), ("9.0.0", "9.0.0")] {
            let mut desk = Desk::with("x.yaml", "a: 1\n");
            desk.folder
                .write("x.yaml", desk.folder.read("x.yaml").replace("version: 3.13.3", &format!("version: {before}")));
            desk.editor("sed -i 's/a: 1/a: 4/' \"$1\"");
            assert_eq!(desk.run(tool, &["edit", "x.yaml"]).code, 0, "{tool:?}");
            assert!(desk.folder.read("x.yaml").contains(&format!("version: {after}\n")), "{tool:?} {before}");
        }
    }
}

#[test]
fn files_that_cannot_be_edited_end_as_in_the_original() {
    let mut desk = Desk::with("x.yaml", "a: 1\n");
    desk.folder.write("plain.yaml", "a: 1\n");
    desk.folder.write("broken.yaml", "a: : :\n");
    desk.editor("touch started");
    let recipient = desk.folder.recipient.clone();
    for words in [
        ["edit"].as_slice(),
        &["edit", "plain.yaml"],
        &["edit", "broken.yaml"],
        &["edit", "--age", &recipient, "no/such/folder.yaml"],
        &["edit", "--decryption-order", "age,age", "x.yaml"],
    ] {
        let (ours, theirs) = (desk.run(Tool::Ours, words), desk.run(Tool::Theirs, words));
        assert_eq!(ours.code, theirs.code, "{words:?}: {} {}", ours.stderr, theirs.stderr);
    }
}
