//! `check`: whether the encrypted files of a tree are what their rules say, without any key; for hooks and pipelines.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum, ValueHint};
use sops::check::{self, Finding};
use sops::{Document, Error, Format};

use crate::args::Global;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::failure::{Failure, code, say};
use crate::files;
use crate::git;
use crate::opened::Keyring;
use crate::settings::Settings;

mod report;

const EXAMPLES: &str = "\
Examples:
  sops-rs check                        every encrypted file below this folder
  sops-rs check secrets/ k8s/db.yaml   these
  sops-rs check --staged               what is about to be committed
  sops-rs check --verify               with keys: the MACs too
  sops-rs check --format sarif > sops.sarif

A file is checked if it is encrypted, or if a creation rule with a path_regex is for it.
Exit codes: 0 all is well, 1 there are findings.";

/// Flags of `check`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    /// Files and folders; this folder if none is given
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,

    /// Check what is in the index of Git instead of the working tree
    #[arg(long)]
    staged: bool,

    /// Open the files with the keys of the user and verify their MACs
    #[arg(long)]
    verify: bool,

    /// How findings are printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Output,

    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

/// How findings are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// A line for each
    Text,
    /// One object
    Json,
    /// SARIF 2.1.0
    Sarif,
}

/// What was found in one file.
pub(crate) struct Checked {
    file: String,
    findings: Vec<Finding>,
}

impl Checked {
    fn has_faults(&self) -> bool {
        self.findings.iter().any(|finding| !finding.is_remark())
    }
}

impl Check {
    /// Checks; ends with 1 if something is wrong.
    pub(crate) fn run(&self, global: &Global) -> Result<ExitCode, Failure> {
        let settings = Settings::load(global)?;
        let keyring = if self.verify { Some(Keyring::new(&self.services, &self.order)?) } else { None };
        let mut checked = Vec::new();
        for file in self.files()? {
            let bytes = self.read(&file)?;
            if let Some(findings) = findings(&file, &bytes, (&settings, keyring.as_ref()))? {
                checked.push(Checked { file: file.to_string_lossy().into_owned(), findings });
            }
        }
        let mut out = io::stdout().lock();
        out.write_all(report::write(&checked, self.format).as_bytes()).and_then(|()| out.flush())?;
        let faulty = checked.iter().filter(|checked| checked.has_faults()).count();
        say(&format!("{} encrypted files checked, {faulty} with faults", checked.len()));
        Ok(ExitCode::from(u8::from(faulty > 0)))
    }

    fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let here = [PathBuf::from(".")];
        let paths = if self.paths.is_empty() { &here[..] } else { &self.paths };
        if !self.staged {
            return files::below(paths);
        }
        let mut words: Vec<&OsStr> =
            ["diff", "--cached", "--name-only", "--diff-filter=ACMR", "--relative", "-z", "--"]
                .map(OsStr::new)
                .to_vec();
        words.extend(paths.iter().map(|path| path.as_os_str()));
        let names = git::output(&words)?;
        let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| PathBuf::from(String::from_utf8_lossy(name).into_owned())).collect())
    }

    fn read(&self, file: &Path) -> Result<Vec<u8>, Failure> {
        if self.staged {
            let staged = git::staged(0, &format!("./{}", file.to_string_lossy()))?;
            return Ok(staged.map(|bytes| bytes.to_vec()).unwrap_or_default());
        }
        fs::read(file)
            .map_err(|error| Failure::new(code::UNREADABLE, format!("{} could not be read: {error}", file.display())))
    }
}

/// What is wrong with a file; `None` if it is none of ours.
fn findings(
    file: &Path,
    bytes: &[u8],
    (settings, keyring): (&Settings, Option<&Keyring>),
) -> Result<Option<Vec<Finding>>, Failure> {
    let format = Format::from_path(file);
    let rule = settings.matching_rule(file)?;
    let is_ours = rule.as_ref().is_some_and(|rule| rule.is_by_path);
    let document = match Document::load(format, bytes) {
        Ok(document) => document,
        Err(Error::Metadata(error)) => {
            return Ok(Some(vec![Finding::Unreadable(Error::Metadata(error).to_string())]));
        }
        // What no rule is for may be a template, or anything else with such a name.
        Err(error) => return Ok(is_ours.then(|| vec![Finding::Unreadable(error.to_string())])),
    };
    let Some(metadata) = document.metadata() else { return Ok(is_ours.then(|| vec![Finding::NotEncrypted])) };
    let mut findings = check::file(&document)?;
    if let Some(rule) = rule {
        findings.extend(check::against(metadata, &rule));
    }
    if let Some(keyring) = keyring
        && let Err(failure) = keyring.open(&document).and_then(|key| Ok(document.decrypt(&key).map(drop)?))
    {
        findings.push(Finding::NotVerified(failure.message.lines().next().unwrap_or_default().to_owned()));
    }
    Ok(Some(findings))
}
