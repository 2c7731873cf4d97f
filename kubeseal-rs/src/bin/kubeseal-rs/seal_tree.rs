//! `kubeseal-rs seal`: the Secrets of a tree as SealedSecrets, for one cluster beside them or in another folder, or for several
//! clusters at once. Run again, it changes what has changed.

mod overlays;
mod secrets;
mod targets;
mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use jiff::Timestamp;
use kubeseal::Scope;
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::failure::Failure;
use crate::known::Known;
use crate::seal_tree::overlays::Listed;
use crate::seal_tree::targets::{Files, Make, Target};
use crate::seal_tree::update::{Made, Updated};
use crate::{commands, in_order, output, tree};

const EXAMPLES: &str = "\
Examples:
  Seal every Secret of a folder for the current cluster; db.yaml becomes db.sealed.yaml beside it:
    kubeseal-rs seal secrets

  Into another folder, which alone is committed:
    kubeseal-rs seal secrets --output clusters/prod --cert prod.pem

  For two clusters, as a Kustomize base and two overlays:
    kubeseal-rs seal secrets --output deploy --cert prod=prod.pem --cert test=test.pem
    kustomize build deploy/overlays/prod

Run it again after a value has changed, and a diff of the sealed files shows that value alone: which ciphertext holds
which value is remembered in ~/.cache/kubeseal-rs, keyed, for this user only. Delete that folder, or give --no-cache,
and every value is sealed anew.

Exit status: 0 done, 1 something failed (the other files are sealed all the same), 2 wrong usage.";

/// Seals every Secret in files and folders into SealedSecrets of its own files, and touches only what has changed
///
/// Other objects in the files are passed over. A sealed file keeps its comments and layout when only values changed.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Files, and folders of which every YAML and JSON file is read; links and hidden files are passed over
    #[arg(required = true, value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,

    /// Write into this folder, under the names that the files have in theirs, instead of beside them as NAME.sealed.yaml
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// Certificate to seal with, a file or an address, instead of asking the controller. With NAME= it may be repeated, once for
    /// each cluster: --output then gets a Kustomize base, and an overlay for each NAME
    #[arg(long, value_name = "[NAME=]FILE", env = "SEALED_SECRETS_CERT", hide_env_values = true)]
    cert: Vec<String>,

    /// Refuse any other certificate than the one with this SHA-256 fingerprint; NAME= says for which --cert
    #[arg(long, value_name = "[NAME=]SHA256:…")]
    cert_fingerprint: Vec<String>,

    /// Where the values may be opened: strict, namespace-wide, cluster-wide; strict leaves the choice to the annotations of
    /// each Secret
    #[arg(long, env = "SEALED_SECRETS_SCOPE", default_value = "strict", hide_env_values = true)]
    scope: Scope,

    /// Accept Secrets without data
    #[arg(long)]
    allow_empty_data: bool,

    /// Write nothing, only say what would be written
    #[arg(long)]
    dry_run: bool,

    /// How to report: text, or json with a line for each file
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, value_name = "FORM")]
    report: Form,

    /// Neither ask nor fill the cache that knows what was sealed on this machine: every value is sealed anew
    #[arg(long)]
    no_cache: bool,

    #[command(flatten)]
    connection: Connection,
}

/// How it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    #[default]
    Text,
    Json,
}

/// A file with Secrets, and the name of what is made from it.
struct Job {
    input: PathBuf,
    /// Where it stands below its folder.
    name: PathBuf,
}

/// Does it, and answers with the exit status.
pub(crate) fn run(options: &Options, now: Timestamp) -> Result<u8> {
    let jobs = jobs(&options.paths)?;
    let target = Target::new(options, now)?;
    let mut known = if options.no_cache { Known::none() } else { Known::open() };
    let namespace = commands::namespace(&options.connection);
    let mut done = Done { options, written: BTreeSet::new(), made: Vec::new(), lists: BTreeMap::new(), failures: 0 };
    let mut told = Ok(());
    let make = Make { options, known: &known, namespace: &|| namespace.clone() };
    in_order::for_each(
        &jobs,
        in_order::cores(),
        |job| target.files(job, &make),
        |job, files| {
            told = done.job(job, files);
            told.is_ok()
        },
    );
    told?;
    done.lists()?;
    let Done { made, written, failures, .. } = done;
    for (path, made) in &made {
        if let Some(certificate) = target.certificate_of(path) {
            known.remember(certificate, &made.label, &made.ciphertext, &made.plaintext);
        }
    }
    known.save();
    if written.is_empty() && failures == 0 {
        return Err(Failure::with_hint(
            "there is no Secret in these files",
            "a Secret has apiVersion v1 and kind Secret",
        ));
    }
    Ok(if failures > 0 { crate::FAILED } else { 0 })
}

fn jobs(paths: &[PathBuf]) -> Result<Vec<Job>> {
    let mut jobs = Vec::new();
    for root in paths {
        for input in tree::files(std::slice::from_ref(root))? {
            let name = match input.strip_prefix(root) {
                Ok(name) if !name.as_os_str().is_empty() => name.to_owned(),
                _ => input.file_name().map(PathBuf::from).unwrap_or_default(),
            };
            jobs.push(Job { input, name });
        }
    }
    Ok(jobs)
}

/// What a run has done.
struct Done<'a> {
    options: &'a Options,
    /// What was written, or is as it should be.
    written: BTreeSet<PathBuf>,
    made: Vec<(PathBuf, Made)>,
    /// The kustomizations, and what each has to list.
    lists: BTreeMap<PathBuf, Vec<Listed>>,
    failures: usize,
}

impl Done<'_> {
    /// Writes what is made from one file. Only a report that cannot be written ends the run.
    fn job(&mut self, job: &Job, files: Result<Files>) -> Result<()> {
        let files = match files.and_then(|files| self.refuse_taken(job, files)) {
            Ok(files) => files,
            Err(error) => return self.failed(&job.input, &error),
        };
        for (path, updated) in files.files {
            self.file(&job.input, path, updated)?;
        }
        for (path, listed) in files.lists {
            self.lists.entry(path).or_default().push(listed);
        }
        Ok(())
    }

    fn refuse_taken(&self, job: &Job, files: Files) -> Result<Files> {
        for (path, _) in &files.files {
            let is_input = path.exists() && fs::canonicalize(path).ok() == fs::canonicalize(&job.input).ok();
            if is_input || self.written.contains(path) {
                let message = format!("it would be written to {}, which is taken", path.display());
                return Err(Failure::with_hint(message, "give another --output, or one folder at a time"));
            }
        }
        Ok(files)
    }

    /// Brings the kustomizations up to date.
    fn lists(&mut self) -> Result<()> {
        for (path, lists) in std::mem::take(&mut self.lists) {
            let text =
                targets::existing(&path).and_then(|existing| overlays::kustomization(existing.as_deref(), &lists));
            match text {
                Ok(text) => self.file(&path.clone(), path, Updated { text, sealed: Vec::new(), made: Vec::new() })?,
                Err(error) => self.failed(&path, &error)?,
            }
        }
        Ok(())
    }

    fn file(&mut self, input: &Path, path: PathBuf, updated: Updated) -> Result<()> {
        let is_current = fs::read(&path).is_ok_and(|bytes| bytes == updated.text.as_bytes());
        if !is_current && !self.options.dry_run {
            let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
            let folder = folder.with_context(|| format!("cannot make the folder of {}", path.display()));
            if let Err(error) = folder.and_then(|()| output::write(Some(&path), updated.text.as_bytes())) {
                return self.failed(input, &error);
            }
        }
        self.say(&path, is_current, &updated)?;
        if !self.options.dry_run {
            self.made.extend(updated.made.into_iter().map(|made| (path.clone(), made)));
        }
        self.written.insert(path);
        Ok(())
    }

    fn failed(&mut self, input: &Path, error: &anyhow::Error) -> Result<()> {
        self.failures += 1;
        let reason = crate::sentence(error);
        if self.options.report == Form::Json {
            let hint = Failure::hint_of(error);
            return print(&json!({ "file": input.display().to_string(), "error": reason, "hint": hint }).to_string());
        }
        print(&format!("failed     {}: {reason}", input.display()))?;
        Failure::hint_of(error).map_or(Ok(()), |hint| print(&format!("           hint: {hint}")))
    }

    fn say(&self, path: &Path, is_current: bool, updated: &Updated) -> Result<()> {
        if self.options.report == Form::Json {
            let sealed: Vec<Value> = updated
                .sealed
                .iter()
                .map(|(namespace, name, key)| json!({ "namespace": namespace, "name": name, "key": key }))
                .collect();
            let changed = !is_current && !self.options.dry_run;
            return print(
                &json!({ "file": path.display().to_string(), "changed": changed, "sealed": sealed }).to_string(),
            );
        }
        let done = match (is_current, self.options.dry_run) {
            (true, _) => "unchanged ",
            (false, true) => "would write",
            (false, false) => "written   ",
        };
        let sealed: Vec<String> =
            updated.sealed.iter().map(|(namespace, name, key)| format!("{namespace}/{name}: {key}")).collect();
        let detail = if sealed.is_empty() { String::new() } else { format!(" ({})", sealed.join(", ")) };
        print(&format!("{done} {}{detail}", path.display()))
    }
}

/// One line on standard output, at once.
fn print(line: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).context("cannot write to standard output")
}
