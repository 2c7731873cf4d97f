//! Commands that `exec-env` and `exec-file` run, beside `sops` 3.13.3.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "exec/environment.rs"]
mod environment;
#[path = "exec/file.rs"]
mod file;
#[path = "workspace/folder.rs"]
mod folder;
#[path = "workspace/peer.rs"]
mod peer;
#[path = "exec/running.rs"]
mod running;
#[path = "exec/user.rs"]
mod user;

use folder::{Ended, Folder};
use peer::peer;

/// A folder with `secret.yaml`, which is this text encrypted, and `tmp`, where temporary files are made.
fn encrypted(plain: &str) -> Folder {
    let mut folder = Folder::new();
    folder.write("plain.yaml", plain);
    folder.write("secret.yaml", folder.ours(&["-e", "-a", &folder.recipient, "plain.yaml"]).text());
    std::fs::create_dir(folder.path("tmp")).unwrap();
    let temporary = folder.path("tmp").to_str().unwrap().to_owned();
    folder.variables.push(("TMPDIR".to_owned(), temporary));
    folder
}

fn theirs(folder: &Folder, words: &[&str]) -> Ended {
    folder.run(&peer("sops"), words, b"")
}

/// Both print the same and end with the same code.
#[track_caller]
fn alike(folder: &Folder, words: &[&str]) -> String {
    let (theirs, ours) = (theirs(folder, words), folder.ours(words));
    assert_eq!(ours.code, theirs.code, "{words:?}: {} beside {}", ours.stderr, theirs.stderr);
    let (theirs, ours) = (String::from_utf8_lossy(&theirs.stdout), String::from_utf8_lossy(&ours.stdout).into_owned());
    assert_eq!(ours, theirs, "{words:?}");
    assert_eq!(std::fs::read_dir(folder.path("tmp")).unwrap().count(), 0, "{words:?} left something behind");
    ours
}
