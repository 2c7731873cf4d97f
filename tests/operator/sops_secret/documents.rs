//! Documents as their users make them: a manifest in a file, encrypted by the original or by our command line.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use anyhow::{Result, ensure};
use rig::Peers;
use tempfile::TempDir;

use crate::canary;

/// A command line that encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Original,
    Ours,
}

/// A format by the ending of its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Yaml,
    Json,
}

impl Tool {
    pub(crate) const BOTH: [Tool; 2] = [Tool::Original, Tool::Ours];

    fn program(self) -> Result<PathBuf> {
        match self {
            Tool::Original => Peers::locate()?.path("sops"),
            Tool::Ours => rig::built_binary("sops-rs"),
        }
    }

    /// Encrypts a manifest to one identity; `flags` are more flags of the command line.
    pub(crate) fn encrypt(self, format: Format, manifest: &str, to: &Identity, flags: &[&str]) -> Result<String> {
        let folder = TempDir::with_prefix("strongroom-sops-")?;
        let file = match format {
            Format::Yaml => "secret.yaml",
            Format::Json => "secret.json",
        };
        std::fs::write(folder.path().join(file), manifest)?;
        let recipient = to.to_public().to_string();
        let arguments = [&["--encrypt", "--age", &recipient], flags, &[file]].concat();
        let output = self.command(folder.path())?.args(arguments).output()?;
        ensure!(output.status.success(), "{self:?} did not encrypt: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Decrypts a YAML document, whatever comes of it.
    pub(super) fn decrypt(self, document: &str, with: &Identity) -> Result<Output> {
        let folder = TempDir::with_prefix("strongroom-sops-")?;
        std::fs::write(folder.path().join("secret.yaml"), document)?;
        let mut command = self.command(folder.path())?;
        command.env("SOPS_AGE_KEY", with.to_string().expose_secret());
        Ok(command.args(["--decrypt", "secret.yaml"]).output()?)
    }

    /// Without anything that the person who runs the tests has set up.
    fn command(self, folder: &Path) -> Result<Command> {
        let mut command = Command::new(self.program()?);
        command.env_clear().env("HOME", folder).current_dir(folder);
        Ok(command)
    }
}

/// A Secret manifest in YAML, with planted values.
pub(crate) fn manifest(namespace: &str, name: &str, values: &[(&str, &str)]) -> String {
    let lines = values.iter().map(|(key, value)| format!("    {key}: {}\n", canary::value(value)));
    let values: String = lines.collect();
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n    name: {name}\n    namespace: {namespace}\nstringData:\n{values}"
    )
}

/// The only line of a document that begins so, without its line break.
pub(super) fn line<'a>(document: &'a str, start: &str) -> &'a str {
    let mut lines = document.lines().filter(|line| line.trim_start().starts_with(start));
    let line = lines.next().expect("the document has that line");
    assert!(lines.next().is_none(), "the document has two such lines");
    line
}
