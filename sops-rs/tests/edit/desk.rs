//! A folder with a file to edit and scripts for editors.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::folder::{Ended, Folder};
use crate::peer::peer;

/// Which of the two programs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tool {
    Ours,
    Theirs,
}

pub(crate) const TOOLS: [Tool; 2] = [Tool::Ours, Tool::Theirs];

/// The folder.
pub(crate) struct Desk {
    pub(crate) folder: Folder,
}

impl Desk {
    pub(crate) fn new() -> Desk {
        let mut folder = Folder::new();
        fs::create_dir(folder.path("tmp")).unwrap();
        folder.variables.push(("TMPDIR".to_owned(), folder.path("tmp").display().to_string()));
        folder.variables.push(("PATH".to_owned(), "/usr/bin:/bin".to_owned()));
        Desk { folder }
    }

    /// With a file `name`, encrypted.
    pub(crate) fn with(name: &str, plain: &str) -> Desk {
        let desk = Desk::new();
        desk.encrypt(name, plain);
        desk
    }

    pub(crate) fn encrypt(&self, name: &str, plain: &str) {
        let recipient = self.folder.recipient.clone();
        let words = ["encrypt", "--age", &recipient, "--filename-override", name];
        let ended = self.folder.run(Path::new(env!("CARGO_BIN_EXE_sops-rs")), &words, plain.as_bytes());
        self.folder.write(name, ended.text());
    }

    /// Sets a variable.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.folder.variables.retain(|(known, _)| known != name);
        self.folder.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Makes a script the editor. It has the name of the file in `$1`.
    pub(crate) fn editor(&mut self, text: &str) {
        let script = self.script("editor", text);
        self.set("SOPS_EDITOR", script.to_str().unwrap());
    }

    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        self.folder.write(name, format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(self.folder.path(name), fs::Permissions::from_mode(0o755)).unwrap();
        self.folder.path(name)
    }

    /// Runs a program with a line feed on its standard input: the Enter key.
    pub(crate) fn run(&self, tool: Tool, words: &[&str]) -> Ended {
        let program = match tool {
            Tool::Ours => PathBuf::from(env!("CARGO_BIN_EXE_sops-rs")),
            Tool::Theirs => peer("sops"),
        };
        let ended = self.folder.run(&program, words, b"\n");
        self.assert_nothing_left();
        ended
    }

    #[track_caller]
    pub(crate) fn assert_nothing_left(&self) {
        let left: Vec<_> = fs::read_dir(self.folder.path("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
    }

    pub(crate) fn decrypted(&self, name: &str) -> String {
        self.folder.ours(&["decrypt", name]).text()
    }
}

/// The keys of the lines that were not there before.
pub(crate) fn changed(before: &str, after: &str) -> Vec<String> {
    let lines = after.lines().filter(|line| !before.lines().any(|old| old == *line));
    lines.map(|line| line.trim().split([':', '=', ' ']).next().unwrap().trim_matches('"').to_owned()).collect()
}
