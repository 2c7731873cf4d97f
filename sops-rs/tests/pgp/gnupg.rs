//! A folder of GnuPG of its own, with an agent that ends with it.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::folder::Folder;

/// The folder. Its path is short: sockets lie in it.
pub(crate) struct GnuPg {
    directory: TempDir,
}

impl GnuPg {
    pub(crate) fn new() -> GnuPg {
        let found = Command::new("gpg").arg("--version").output();
        assert!(found.is_ok(), "gpg is missing; install GnuPG (Debian: gnupg)");
        let directory = tempfile::Builder::new().prefix("g").rand_bytes(4).tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
        GnuPg { directory }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Runs `gpg`, which must succeed.
    #[track_caller]
    pub(crate) fn run(&self, words: &[&str], input: &[u8]) -> Vec<u8> {
        let output = self.try_run(words, input);
        assert!(output.status.success(), "gpg {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    pub(crate) fn try_run(&self, words: &[&str], input: &[u8]) -> Output {
        let mut command = Command::new("gpg");
        command.args(["--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]);
        command.args(words).env("GNUPGHOME", self.path()).env("LC_ALL", "C");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    /// A key for signing with a subkey of another algorithm for encryption: its fingerprint.
    pub(crate) fn generate(&self, name: &str, (primary, subkey): (&str, &str), more: &[&str]) -> String {
        self.run(&[more, &["--quick-gen-key", name, primary, "cert,sign", "never"]].concat(), b"");
        let fingerprint = self.fingerprints(name).remove(0);
        self.run(&[more, &["--quick-add-key", &fingerprint, subkey, "encr", "never"]].concat(), b"");
        fingerprint
    }

    /// Fingerprints of a key and of its subkeys, in their order.
    pub(crate) fn fingerprints(&self, name: &str) -> Vec<String> {
        let listed = self.run(&["--list-keys", "--with-colons", "--with-subkey-fingerprint", name], b"");
        let listed = String::from_utf8(listed).unwrap();
        let lines = listed.lines().filter(|line| line.starts_with("fpr:"));
        lines.map(|line| line.split(':').nth(9).unwrap().to_owned()).collect()
    }

    pub(crate) fn public(&self, name: &str) -> Vec<u8> {
        self.run(&["--armor", "--export", name], b"")
    }

    pub(crate) fn secret(&self, name: &str) -> Vec<u8> {
        self.run(&["--armor", "--export-secret-keys", name], b"")
    }

    /// A folder as GnuPG up to 2.0 had it: no keybox, and secret keys in `secring.gpg`.
    pub(crate) fn as_of_old(&self) -> GnuPg {
        let old = GnuPg::new();
        // An empty file makes gpg keep to this format, with the trust packets it has.
        fs::write(old.path().join("pubring.gpg"), "").unwrap();
        old.run(&["--import"], &self.run(&["--export"], b""));
        fs::write(old.path().join("secring.gpg"), self.run(&["--export-secret-keys"], b"")).unwrap();
        old
    }

    /// The long ids of the keys a message is encrypted to.
    pub(crate) fn recipients(&self, message: &str) -> Vec<String> {
        let output = self.try_run(&["--list-packets"], message.as_bytes());
        let listed = String::from_utf8_lossy(&output.stdout).into_owned();
        let packets = listed.lines().filter(|line| line.starts_with(":pubkey enc packet:"));
        packets.map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect()
    }
}

impl Drop for GnuPg {
    fn drop(&mut self) {
        // Only the agent of this folder.
        let _ = Command::new("gpgconf").arg("--homedir").arg(self.path()).args(["--kill", "all"]).output();
    }
}

/// A folder in which programs have these keys.
pub(crate) fn folder(home: &GnuPg) -> Folder {
    let mut folder = Folder::new();
    folder.write("plain.yaml", "password: hunter2\n");
    with(&mut folder, "PATH", std::env::var_os("PATH").unwrap_or_default());
    with(&mut folder, "GNUPGHOME", home.path().into());
    with(&mut folder, "LC_ALL", "C".into());
    folder
}

/// Sets a variable of the programs in a folder.
pub(crate) fn with(folder: &mut Folder, name: &str, value: OsString) {
    folder.variables.retain(|(known, _)| known != name);
    folder.variables.push((name.to_owned(), value.into_string().unwrap()));
}

/// A script that takes the place of `gpg`.
pub(crate) fn script(folder: &Folder, name: &str, text: &str) -> PathBuf {
    folder.write(name, format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(folder.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    folder.path(name)
}

/// The armored message of each OpenPGP key of an encrypted YAML file.
pub(crate) fn messages(file: &str) -> Vec<String> {
    let mut messages = Vec::new();
    let mut message: Option<String> = None;
    for line in file.lines().map(str::trim) {
        if line == "-----BEGIN PGP MESSAGE-----" {
            message = Some(String::new());
        }
        if let Some(text) = &mut message {
            *text += line;
            text.push('\n');
        }
        if line == "-----END PGP MESSAGE-----" {
            messages.extend(message.take());
        }
    }
    messages
}
