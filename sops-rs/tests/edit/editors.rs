//! Which editor it is, and how it ends.

use crate::desk::{Desk, TOOLS, Tool};

#[test]
fn the_variables_name_it_with_its_arguments() {
    for tool in TOOLS {
        let mut desk = Desk::with("x.yaml", "a: 1\n");
        desk.script("my editor", "for word; do echo \"$word\"; done > words");
        desk.script("other", "echo other > words");
        let path = format!("{}:/usr/bin:/bin", desk.folder.path("").display());
        desk.set("PATH", &path);
        desk.set("EDITOR", "other");
        assert_eq!(desk.run(tool, &["edit", "x.yaml"]).code, 200, "{tool:?}");
        assert_eq!(desk.folder.read("words"), "other\n");
        desk.set("SOPS_EDITOR", "'my editor' --wait \"two words\" a\\ b ''");
        assert_eq!(desk.run(tool, &["edit", "x.yaml"]).code, 200, "{tool:?}");
        let words = desk.folder.read("words");
        assert!(words.starts_with("--wait\ntwo words\na b\n\n/") && words.ends_with("/x.yaml\n"), "{tool:?}: {words}");
        desk.set("SOPS_EDITOR", "");
        assert_eq!(desk.run(tool, &["edit", "x.yaml"]).code, 200, "{tool:?}");
        assert_eq!(desk.folder.read("words"), "other\n", "an empty variable names none");
        desk.set("SOPS_EDITOR", "'not closed");
        assert_eq!(desk.run(tool, &["edit", "x.yaml"]).code, 201, "{tool:?}");
    }
}

#[test]
fn without_variables_it_is_vim_nano_or_vi() {
    for tool in TOOLS {
        let mut desk = Desk::with("x.yaml", "a: 1\n");
        let path = desk.folder.path("bin").display().to_string();
        desk.set("PATH", &path);
        assert_eq!(desk.run(tool, &["edit", "x.yaml"]).code, 201, "{tool:?}: there is none");
        for name in ["vi", "nano", "vim"] {
            desk.script(&format!("bin/{name}"), &format!("echo {name} > which"));
            assert_eq!(desk.run(tool, &["edit", "x.yaml"]).code, 200, "{tool:?}");
            assert_eq!(desk.folder.read("which"), format!("{name}\n"), "{tool:?}");
        }
    }
}

/// GHSA-x5c7-x7m2-rhmf.
#[test]
fn an_editor_of_the_current_folder_is_never_run() {
    let mut desk = Desk::with("x.yaml", "a: 1\n");
    for name in ["vim", "nano", "vi", "mine"] {
        desk.script(name, ": > trapped");
    }
    for path in [".", "", ":", ".:bin"] {
        desk.set("PATH", path);
        desk.set("EDITOR", "");
        desk.run(Tool::Ours, &["edit", "x.yaml"]).failure(201);
        desk.set("EDITOR", "mine");
        let failure = desk.run(Tool::Ours, &["edit", "x.yaml"]).failure(201);
        assert!(failure.contains("the editor of EDITOR, mine, is not installed"), "{failure}");
    }
    assert!(!desk.folder.path("trapped").exists());
    desk.set("EDITOR", "./mine");
    assert_eq!(desk.run(Tool::Ours, &["edit", "x.yaml"]).code, 200);
    assert!(desk.folder.path("trapped").exists(), "a path that was asked for is run");
}

#[test]
fn an_editor_that_fails_changes_nothing() {
    for tool in TOOLS {
        let mut desk = Desk::with("x.yaml", "a: 1\n");
        let before = desk.folder.read("x.yaml");
        for script in ["echo 'a: 2' > \"$1\"; exit 3", "kill -9 $$", "rm \"$1\"; exit 1"] {
            desk.editor(script);
            let ended = desk.run(tool, &["edit", "x.yaml"]);
            assert_eq!(ended.code, 201, "{tool:?} {script}: {}", ended.stderr);
            assert_eq!(desk.folder.read("x.yaml"), before);
        }
        desk.set("SOPS_EDITOR", "/nowhere/editor");
        assert_eq!(desk.run(tool, &["edit", "x.yaml"]).code, 201, "{tool:?}");
        // Editors put a new file in the place of the old one, and leave others beside it.
        desk.editor("sed 's/1/2/' \"$1\" > \"$1.new\"; cp \"$1\" \"$1~\"; mv \"$1.new\" \"$1\"; mkdir \"$(dirname \"$1\")/swap\"");
        assert_eq!(desk.run(tool, &["edit", "x.yaml"]).code, 0, "{tool:?}");
        assert_eq!(desk.decrypted("x.yaml"), "a: 2\n", "{tool:?}");
    }
}

#[test]
fn a_real_editor_works_too() {
    let Some(vim) = ["/usr/bin/vim", "/usr/bin/vi"].into_iter().find(|path| std::path::Path::new(path).exists()) else {
        panic!("vim is missing; install it (Debian: vim)");
    };
    let mut desk = Desk::with("x.yaml", "a: hunter2\n");
    desk.set("TERM", "dumb");
    desk.set("SOPS_EDITOR", &format!("{vim} -es -u NONE -c %s/hunter2/hunter3/ -c wq"));
    let ended = desk.run(Tool::Ours, &["edit", "x.yaml"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(desk.decrypted("x.yaml"), "a: hunter3\n");
}
