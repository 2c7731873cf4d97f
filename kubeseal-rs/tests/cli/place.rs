//! A directory to run the program in.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use kubeseal::SealingKey;
use tempfile::TempDir;

/// A Secret that can be sealed.
pub(crate) const SECRET: &str = "metadata: {name: db, namespace: shop}\ndata: {password: aHVudGVyMg==}\n";

/// A directory to run in, with a good certificate and an expired one.
pub(crate) struct Place {
    directory: TempDir,
}

/// How the program ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Place {
        let directory = TempDir::new().unwrap();
        let generate = |hours| {
            let begin = "2020-01-01T00:00:00Z".parse().unwrap();
            SealingKey::generate(2048, "", begin, Duration::from_hours(hours)).unwrap()
        };
        fs::write(directory.path().join("cert.pem"), generate(100 * 365 * 24).certificate_pem()).unwrap();
        fs::write(directory.path().join("expired.pem"), generate(24).certificate_pem()).unwrap();
        fs::write(directory.path().join("secret.yaml"), SECRET).unwrap();
        Place { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Ended {
        self.run_with(arguments, input, &[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Ended {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kubeseal-rs"))
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program may refuse its arguments before it reads; the pipe is then closed.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs it and asserts that it fails with these words, nothing on standard output and no file written.
    pub(crate) fn assert_fails(&self, arguments: &[&str], input: &str, status: i32, stderr: &str) {
        let files = || fs::read_dir(self.directory.path()).unwrap().count();
        let before = files();
        let ended = self.run(arguments, input);
        let expected = Ended { status: Some(status), stdout: String::new(), stderr: stderr.to_owned() };
        assert_eq!(ended, expected, "{arguments:?} {input:?}");
        assert_eq!(files(), before, "{arguments:?} left a file");
    }
}
