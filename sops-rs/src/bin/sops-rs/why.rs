//! `why`: which rule a file falls under, whom it is for, and what every place with keys answered. The way out of "cannot
//! get the data key". Prints public names only.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use sops::check;
use sops::document::{Attempts, KeyAttempt};
use sops::{Document, Error, Format, Metadata};

use crate::args::Global;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::failure::{Failure, code};
use crate::input::Source;
use crate::opened::{Keyring, load};
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  sops-rs why secrets.yaml        why this file does, or does not, open

Exit codes: 0 the file opens, 128 no key opens it, 51 it opens but was changed.";

/// Flags of `why`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Why {
    /// The file
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

impl Why {
    /// Tells.
    pub(crate) fn run(&self, global: &Global) -> Result<ExitCode, Failure> {
        let source = Source::new(Some(&self.file), None);
        let format = Format::from_path(&self.file);
        let document = load(&source, format)?;
        let metadata = document.metadata().ok_or(Error::NotEncrypted)?;
        let keyring = Keyring::new(&self.services, &self.order)?;
        let (key, attempts) = keyring.attempt(&document)?;
        let mut text = format!("{}: {}, written by sops {}\n", source.label(), format.name(), metadata.version);
        text.push_str(&self.rule(metadata, global)?);
        text.push_str(&keys(metadata, &attempts));
        let (verdict, exit) = match &key {
            None => (format!("no: {} of {} key groups open", attempts.opened(), attempts.needed), code::NO_KEY),
            Some(key) => verdict(&document, key),
        };
        let _ = writeln!(text, "opens: {verdict}");
        io::stdout().lock().write_all(text.as_bytes())?;
        Ok(ExitCode::from(exit))
    }

    fn rule(&self, metadata: &Metadata, global: &Global) -> Result<String, Failure> {
        let settings = Settings::load(global)?;
        let Some(path) = settings.path() else { return Ok("rule: there is no .sops.yaml\n".to_owned()) };
        let mut text = match settings.matching_rule(&self.file)? {
            None => format!("rule: none of {} is for this file\n", path.display()),
            Some(rule) => {
                let mut text = format!("rule: number {} of {}\n", rule.number, path.display());
                for finding in check::against(metadata, &rule) {
                    let _ = writeln!(text, "  but {finding}");
                }
                text
            }
        };
        let selector = &metadata.selector;
        let _ = writeln!(text, "encrypts by: {} `{}`", selector.name(), selector.text());
        Ok(text)
    }
}

fn verdict(document: &Document, key: &sops::DataKey) -> (String, u8) {
    match document.decrypt(key) {
        Ok(_) => ("yes".to_owned(), 0),
        Err(error) => {
            let failure = Failure::from(error);
            (format!("the data key does, but {}", failure.message), failure.code)
        }
    }
}

fn keys(metadata: &Metadata, attempts: &Attempts) -> String {
    let mut text = String::new();
    let several = metadata.groups.len() > 1;
    for (number, (group, attempt)) in metadata.groups.iter().zip(&attempts.groups).enumerate() {
        if several {
            let opened = if attempt.opened { "opens" } else { "does not open" };
            let _ = writeln!(
                text,
                "key group {number}: {opened}; {} of {} are needed",
                attempts.needed,
                metadata.groups.len()
            );
        }
        for tried in &attempt.keys {
            text.push_str(&key(tried));
        }
        for key in group.0.iter().filter(|key| !attempt.keys.iter().any(|tried| tried.name == key.name())) {
            let _ = writeln!(text, "{} {}: not tried, another key had opened", key.kind(), key.name());
        }
    }
    text
}

fn key(tried: &KeyAttempt) -> String {
    let mut text = format!("{} {}:", tried.kind, tried.name);
    for answer in &tried.answers {
        match answer {
            Ok(()) => text.push_str(" opens\n"),
            Err(error) => {
                let words = error.to_string();
                let mut lines = words.lines();
                let _ = writeln!(text, " {}", lines.next().unwrap_or_default());
                for line in lines {
                    let _ = writeln!(text, "    {line}");
                }
            }
        }
    }
    if tried.answers.is_empty() {
        text.push_str(" no key service was asked\n");
    }
    text
}
