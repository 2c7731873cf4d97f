//! A directory to run the program in.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use kubeseal::{Keyring, SealingKey};
use tempfile::TempDir;

/// A Secret that can be sealed.
pub(crate) const SECRET: &str = "metadata: {name: db, namespace: shop}\ndata: {password: aHVudGVyMg==}\n";

/// A directory to run in, with a good certificate, its key and an expired certificate.
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
        let key = generate(100 * 365 * 24);
        fs::write(directory.path().join("cert.pem"), key.certificate_pem()).unwrap();
        fs::write(directory.path().join("key.pem"), key.private_key_pem().unwrap().as_bytes()).unwrap();
        fs::write(directory.path().join("expired.pem"), generate(24).certificate_pem()).unwrap();
        fs::write(directory.path().join("secret.yaml"), SECRET).unwrap();
        Place { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The key of the good certificate.
    pub(crate) fn key(&self) -> SealingKey {
        SealingKey::from_pem(self.read("key.pem").as_bytes(), self.read("cert.pem").as_bytes()).unwrap()
    }

    /// A value sealed for `label`, as `spec.encryptedData` holds it.
    pub(crate) fn sealed(&self, label: &str, value: &str) -> String {
        let blob = kubeseal::seal(self.key().certificate(), label.as_bytes(), value.as_bytes()).unwrap();
        kubeseal::encode_base64(&blob)
    }

    /// What a sealed value holds under `label`, if it opens.
    pub(crate) fn opened(&self, label: &str, sealed: &str) -> Option<String> {
        let keyring = Keyring::new(vec![(self.key(), "2020-01-01T00:00:00Z".parse().unwrap())]);
        let blob = kubeseal::decode_base64(sealed).unwrap();
        let unsealed = keyring.unseal(label.as_bytes(), &blob, None).ok()?;
        Some(String::from_utf8(unsealed.plaintext.to_vec()).unwrap())
    }

    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Ended {
        self.run_with(arguments, input, &[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Ended {
        self.start(Path::new(env!("CARGO_BIN_EXE_kubeseal-rs")), arguments, input, environment)
    }

    /// Runs it under the name of the original.
    #[cfg(unix)]
    pub(crate) fn run_as_kubeseal(&self, arguments: &[&str], input: &str) -> Ended {
        let program = self.path("kubeseal");
        if !program.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kubeseal-rs"), &program).unwrap();
        }
        self.start(&program, arguments, input, &[])
    }

    fn start(&self, program: &Path, arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Ended {
        let mut child = Command::new(program)
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
