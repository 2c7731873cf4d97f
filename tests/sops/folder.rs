//! A folder for each test, in which `sops-rs` and the original run without anything of the user's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rig::{Peers, built_binary};
use tempfile::TempDir;
use tokio::process::Command;

/// Every call of every program here ends by itself, long before this.
const PATIENCE: Duration = Duration::from_mins(3);

/// The file that most tests encrypt.
pub(crate) const PLAIN: &str = "password: correct-horse\nport: 5432\n";

/// The folder and the environment of the programs in it.
pub(crate) struct Folder {
    directory: TempDir,
    pub(crate) ours: PathBuf,
    pub(crate) original: PathBuf,
    pub(crate) variables: Vec<(String, String)>,
}

/// What a program left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Standard error in one line, without the layout of its report.
    pub(crate) fn words(&self) -> String {
        self.stderr.replace("| ", "").split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Folder {
    pub(crate) fn new(variables: &[(&str, &str)]) -> Result<Folder> {
        let folder = Folder {
            directory: tempfile::tempdir()?,
            ours: built_binary("sops-rs")?,
            original: Peers::locate()?.path("sops")?,
            variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        folder.write("plain.yaml", PLAIN)?;
        Ok(folder)
    }

    /// Both programs, ours first.
    pub(crate) fn both(&self) -> [&Path; 2] {
        [&self.ours, &self.original]
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path(name);
        fs::create_dir_all(path.parent().context("no parent")?)?;
        fs::write(path, text).context("could not write")
    }

    pub(crate) fn read(&self, name: &str) -> Result<String> {
        fs::read_to_string(self.path(name)).with_context(|| format!("no {name}"))
    }

    /// A command here, not started yet.
    pub(crate) fn command(&self, program: &Path, words: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command.args(words).current_dir(self.directory.path()).env_clear();
        command.env("HOME", self.path("home")).env("SOPS_DISABLE_VERSION_CHECK", "true");
        // Nobody answers for the metadata service of a machine in a cloud, and nobody is asked.
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("NO_COLOR", "1");
        command.envs(self.variables.iter().cloned());
        command
    }

    /// Runs a program here.
    pub(crate) async fn run(&self, program: &Path, words: &[&str]) -> Result<Ended> {
        let mut command = Command::from(self.command(program, words));
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE, command.output()).await.context("a program hangs")??;
        Ok(Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs a program that must succeed; its standard output.
    pub(crate) async fn text(&self, program: &Path, words: &[&str]) -> Result<String> {
        let ended = self.run(program, words).await?;
        ensure!(ended.code == 0, "{} {words:?}: {}", program.display(), ended.stderr);
        Ok(ended.stdout)
    }

    /// Encrypts `plain.yaml` to `name` with these flags.
    pub(crate) async fn encrypt(&self, program: &Path, flags: &[&str], name: &str) -> Result<String> {
        let words = [&["encrypt"], flags, &["plain.yaml"]].concat();
        let text = self.text(program, &words).await?;
        ensure!(!text.contains("correct-horse"), "not encrypted");
        self.write(name, &text)?;
        Ok(text)
    }
}
