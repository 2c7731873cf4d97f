//! Signals while a command runs.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::encrypted;
use crate::folder::Folder;

/// A program that runs.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    fn start(folder: &Folder, words: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sops-rs"));
        command.args(words).current_dir(folder.path("")).env_clear();
        command.env("SOPS_AGE_KEY_FILE", folder.path("key.txt")).envs(folder.variables.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Running { child, stdout }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("/bin/kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// What it printed from here on, and its exit code.
    fn end(mut self) -> (String, i32) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (rest, self.child.wait().unwrap().code().unwrap())
    }
}

/// Says on a signal which it was, and ends with 9.
const PATIENT: &str = "for name in HUP INT QUIT TERM USR1 USR2; do trap \"echo $name; kill \\$!; exit 9\" $name; done; \
                       sleep 60 > /dev/null & echo ready; wait";

#[test]
fn signals_reach_the_command_and_its_answer_counts() {
    let folder = encrypted("a: hunter2\n");
    let file = format!("cat {{}} > /dev/null; {PATIENT}");
    for name in ["HUP", "INT", "QUIT", "TERM", "USR1", "USR2"] {
        for words in [
            ["exec-env", "secret.yaml", PATIENT].as_slice(),
            &["exec-file", "secret.yaml", &file],
            &["exec-file", "--no-fifo", "secret.yaml", &file],
        ] {
            let mut running = Running::start(&folder, words);
            assert_eq!(running.line(), "ready");
            running.signal(name);
            assert_eq!(running.end(), (format!("{name}\n"), 9), "{words:?}");
            let left = std::fs::read_dir(folder.path("tmp")).unwrap().count();
            assert_eq!(left, 0, "{name} leaves no plaintext behind");
        }
    }
}

#[test]
fn a_command_in_the_place_of_the_process_has_its_number() {
    let folder = encrypted("a: 1\n");
    let mut running = Running::start(&folder, &["exec-env", "--same-process", "secret.yaml", "echo $$"]);
    assert_eq!(running.line(), running.child.id().to_string());
    assert_eq!(running.end().1, 0);
}

#[test]
fn a_command_that_a_signal_ends_ends_us_as_a_shell_would_say() {
    let folder = encrypted("a: hunter2\n");
    let mut running =
        Running::start(&folder, &["exec-file", "--no-fifo", "secret.yaml", "echo ready; exec sleep 1000"]);
    assert_eq!(running.line(), "ready");
    running.signal("TERM");
    assert_eq!(running.end(), (String::new(), 128 + 15));
    assert_eq!(std::fs::read_dir(folder.path("tmp")).unwrap().count(), 0);
    assert_eq!(folder.ours(&["exec-env", "secret.yaml", "kill -9 $$"]).code, 128 + 9);
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_begins_with_no_signal_blocked_or_ignored() {
    let folder = encrypted("a: 1\n");
    let text = folder.ours(&["exec-env", "secret.yaml", "exec grep -E '^Sig(Blk|Ign)' /proc/self/status"]).text();
    let set = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    assert_eq!(set("SigBlk:"), 0, "{text}");
    // Hang-up, interrupt, quit, pipe and termination.
    assert_eq!(set("SigIgn:") & 0b0101_0000_0000_0111, 0, "{text}");
}
