//! Signals while the editor has the text.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::desk::Desk;

#[test]
fn a_signal_ends_the_editor_too_and_leaves_nothing() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT] {
        let mut desk = Desk::with("x.yaml", "a: hunter2\n");
        let before = desk.folder.read("x.yaml");
        desk.folder.run("/usr/bin/mkfifo".as_ref(), &["ready", "over"], b"").text();
        // The write end of `over` closes with the editor, whichever way it ends.
        desk.editor("exec 3> over; echo \"$1\" > ready; exec sleep 1000");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sops-rs"));
        command.args(["edit", "x.yaml"]).current_dir(desk.folder.path("")).env_clear();
        command.envs(desk.folder.variables.iter().cloned()).env("SOPS_AGE_KEY_FILE", desk.folder.path("key.txt"));
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let over = std::thread::spawn({
            let over = desk.folder.path("over");
            move || fs::read_to_string(over).unwrap()
        });
        let file = desk.folder.read("ready");
        assert!(fs::read_to_string(file.trim_end()).unwrap().contains("hunter2"));
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(128 + signal as i32), "{signal}: {:?}", status.signal());
        desk.assert_nothing_left();
        assert_eq!(desk.folder.read("x.yaml"), before);
        assert_eq!(over.join().unwrap(), "", "the editor has ended");
    }
}
