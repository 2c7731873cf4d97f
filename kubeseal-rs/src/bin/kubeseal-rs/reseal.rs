//! `kubeseal-rs reseal`: every SealedSecret of a tree moved to the newest certificate, and nothing else of its files changed.
//!
//! A file is replaced in one step and told in the report before the next one is; no file is ever written in part.

mod backup;
mod mover;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::connection::Connection;
use crate::known::Known;
use crate::layout::located::documents;
use crate::layout::{self, Change};
use crate::reseal::mover::{Mover, Outcome};
use crate::reseal::report::{Form, Report};
use crate::sealed_file::{self, SealedObject};
use crate::{certificate, commands, files, in_order, recovery_keys, tree};

const EXAMPLES: &str = "\
Examples:
  See what the controller of the current cluster would move:
    kubeseal-rs reseal --dry-run clusters/prod

  Move everything that the newest key has not sealed:
    kubeseal-rs reseal clusters/prod

  Without a cluster, with a backup of the keys that is encrypted with age:
    age --decrypt -i identity.txt keys.age | kubeseal-rs reseal --key - clusters/prod

Exit status: 0 done, 1 something failed (what else needed it was moved all the same), 2 wrong usage, 3 with --dry-run:
something is to be moved.";

/// The exit status of a dry run that has found something to do.
const TO_DO: u8 = 3;

/// Moves every SealedSecret in files and folders to the newest certificate, comments and layout kept
///
/// The values go through the controller, which opens and seals them without showing them; with --key they are opened and
/// sealed here. Scope, namespace and name of every object stay. What the newest key has sealed already is left alone.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Files, and folders of which every YAML and JSON file is read; links and hidden files are passed over
    #[arg(required = true, value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,

    /// Sealing keys to open with instead of the controller: PEM private keys, or Secrets as kubectl prints them; `-` is
    /// standard input. May be repeated
    #[arg(long = "key", value_name = "FILE", visible_alias = "recovery-private-key")]
    keys: Vec<PathBuf>,

    /// With --key: the certificate to move to, instead of the newest among the keys
    #[arg(long, value_name = "FILE", requires = "keys")]
    cert: Option<String>,

    /// Refuse any other certificate than the one with this SHA-256 fingerprint
    #[arg(long, value_name = "SHA256:…")]
    cert_fingerprint: Option<String>,

    /// Change no file, only say what would change
    #[arg(long)]
    dry_run: bool,

    /// How to report: text, or json with a line for each file and one for the sum
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, value_name = "FORM")]
    report: Form,

    /// Neither ask nor fill the cache that knows what was sealed on this machine
    #[arg(long)]
    no_cache: bool,

    #[command(flatten)]
    connection: Connection,
}

/// A file, and what is to become of it.
struct Planned {
    read: Zeroizing<Vec<u8>>,
    /// The new text, when something moves.
    text: Option<String>,
    objects: Vec<(SealedObject, Outcome)>,
}

/// Does it, and answers with the exit status.
pub(crate) fn run(options: &Options, now: Timestamp) -> Result<u8> {
    let files = tree::files(&options.paths)?;
    let mover = mover(options, now)?;
    mover.check(options.cert_fingerprint.as_deref(), now)?;
    let mut known = if options.no_cache { Known::none() } else { Known::open() };
    let namespace = commands::namespace(&options.connection);
    let mut report = Report::new(options.report, options.dry_run);
    let progress = progress(files.len());
    let mut sealed = Vec::new();
    let mut broken = Ok(());
    let plan = |path: &PathBuf| planned(path, &mover, namespace.as_deref(), &known);
    let done = |path: &PathBuf, planned: Result<Option<Planned>>| {
        progress.inc(1);
        broken = progress.suspend(|| finish(path, planned, &mut report, &mut sealed));
        broken.is_ok()
    };
    match &mover {
        Mover::Backup(_) => in_order::for_each(&files, in_order::cores(), plan, done),
        // It limits how often it may be asked, and answers as fast as one asks.
        Mover::Controller(_) => in_order::one_by_one(&files, plan, done),
    }
    progress.finish_and_clear();
    broken?;
    if mover.is_still_newest() {
        for text in &sealed {
            known.remember_sealed_for(mover.newest(), text);
        }
        known.save();
    }
    report.end(mover.newest().fingerprint())?;
    Ok(match (report.has_failures(), options.dry_run && report.has_moved()) {
        (true, _) => crate::FAILED,
        (false, true) => TO_DO,
        (false, false) => 0,
    })
}

fn mover(options: &Options, now: Timestamp) -> Result<Mover> {
    if options.keys.is_empty() {
        return Mover::with_controller(&options.connection);
    }
    let keyring = recovery_keys::read(&commands::paths(&options.keys))?;
    let Some(source) = options.cert.as_deref() else { return Mover::with_backup(keyring, None, now) };
    let pem = certificate::pem(Some(source), &options.connection)?;
    Mover::with_backup(keyring, Some(certificate::current(&pem, now)?), now)
}

fn progress(files: usize) -> ProgressBar {
    let template = "{pos} of {len} files {wide_bar} {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    // Nothing is drawn where standard error is no terminal.
    ProgressBar::new(u64::try_from(files).unwrap_or(u64::MAX)).with_style(style)
}

/// What is to become of a file; `None` when there is no SealedSecret in it.
fn planned(path: &Path, mover: &Mover, namespace: Option<&str>, known: &Known) -> Result<Option<Planned>> {
    let read = files::read(path)?;
    if !sealed_file::may_hold_some(&read) {
        return Ok(None);
    }
    let Ok(text) = str::from_utf8(&read) else { bail!("it is not UTF-8") };
    let trees = documents(text).map_err(|malformed| {
        anyhow::anyhow!("line {}: it is neither YAML nor JSON, or nested too deep", malformed.line)
    })?;
    let objects = sealed_file::objects(&trees);
    if objects.is_empty() {
        return Ok(None);
    }
    let outcome = |object: SealedObject| {
        let mut outcome = mover.move_values(&object, namespace, known);
        // An object moves as a whole or not at all.
        if !outcome.failed.is_empty() {
            outcome.moved.clear();
        }
        (object, outcome)
    };
    let mut objects: Vec<(SealedObject, Outcome)> = objects.into_iter().map(outcome).collect();
    let text = rewritten(text, &mut objects);
    Ok(Some(Planned { read, text, objects }))
}

/// The new text of a file. When not all of it can be changed in place, an object whose layout cannot be kept fails alone.
fn rewritten(text: &str, objects: &mut [(SealedObject, Outcome)]) -> Option<String> {
    let all: Vec<Change> = objects.iter().flat_map(|(object, outcome)| changes(object, outcome)).collect();
    if all.is_empty() {
        return None;
    }
    if let Ok(rewritten) = layout::rewrite(text, &all) {
        return Some(rewritten);
    }
    let mut rewritten: Option<String> = None;
    for (object, outcome) in objects.iter_mut().filter(|(_, outcome)| !outcome.moved.is_empty()) {
        match layout::rewrite(rewritten.as_deref().unwrap_or(text), &changes(object, outcome)) {
            Ok(text) => rewritten = Some(text),
            Err(error) => {
                outcome.moved.clear();
                outcome.failed.push((String::new(), error.to_string()));
            }
        }
    }
    rewritten
}

fn changes(object: &SealedObject, outcome: &Outcome) -> Vec<Change> {
    let change = |(key, value): (&String, &String)| Change {
        object: object.position,
        key: key.clone(),
        value: Some(value.clone()),
    };
    outcome.moved.iter().map(change).collect()
}

/// Writes a file and says so. Only a report that cannot be written ends the run.
fn finish(path: &Path, planned: Result<Option<Planned>>, report: &mut Report, sealed: &mut Vec<String>) -> Result<()> {
    let planned = match planned {
        Ok(None) => return Ok(()),
        Ok(Some(planned)) => planned,
        Err(error) => return report.file_failed(path, &crate::sentence(&error)),
    };
    if let Some(text) = planned.text.as_deref().filter(|_| !report.dry_run) {
        if let Err(error) = tree::replace(path, &planned.read, text) {
            return report.file_failed(path, &crate::sentence(&error));
        }
        sealed.extend(planned.objects.iter().flat_map(|(_, outcome)| outcome.moved.values().cloned()));
    }
    report.file(path, &planned.objects)
}
