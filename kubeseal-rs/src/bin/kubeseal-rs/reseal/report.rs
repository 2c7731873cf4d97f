//! What was done to a tree, as text for people or as JSON, a line for each file and one for the sum: whatever ends the program
//! early, the lines that are there say which files were done.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::reseal::mover::Outcome;
use crate::sealed_file::SealedObject;

/// How it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    #[default]
    Text,
    Json,
}

/// The sums, and the lines on their way.
pub(crate) struct Report {
    form: Form,
    pub(crate) dry_run: bool,
    files: usize,
    moved: usize,
    current: usize,
    failed: usize,
    skipped_files: usize,
}

impl Report {
    pub(crate) fn new(form: Form, dry_run: bool) -> Report {
        Report { form, dry_run, files: 0, moved: 0, current: 0, failed: 0, skipped_files: 0 }
    }

    pub(crate) fn has_failures(&self) -> bool {
        self.failed + self.skipped_files > 0
    }

    pub(crate) fn has_moved(&self) -> bool {
        self.moved > 0
    }

    /// A file that could not be read, changed or written; nothing of it has changed.
    pub(crate) fn file_failed(&mut self, path: &Path, reason: &str) -> Result<()> {
        self.skipped_files += 1;
        match self.form {
            Form::Text => print(&format!("failed      {}: {reason}", path.display())),
            Form::Json => {
                print(&json!({ "file": path.display().to_string(), "changed": false, "error": reason }).to_string())
            }
        }
    }

    /// A file that is done.
    pub(crate) fn file(&mut self, path: &Path, objects: &[(SealedObject, Outcome)]) -> Result<()> {
        let changed = objects.iter().any(|(_, outcome)| !outcome.moved.is_empty());
        self.files += usize::from(changed);
        for (_, outcome) in objects {
            self.moved += outcome.moved.len();
            self.current += outcome.current.len();
            self.failed += outcome.failed.len();
        }
        match self.form {
            Form::Json => {
                let objects: Vec<Value> =
                    objects.iter().map(|(object, outcome)| object_json(object, outcome)).collect();
                let file = path.display().to_string();
                print(&json!({ "file": file, "changed": changed && !self.dry_run, "objects": objects }).to_string())
            }
            Form::Text => objects.iter().try_for_each(|(object, outcome)| self.object(path, object, outcome)),
        }
    }

    fn object(&self, path: &Path, object: &SealedObject, outcome: &Outcome) -> Result<()> {
        let name = named(object);
        if !outcome.moved.is_empty() {
            let done = if self.dry_run { "would move" } else { "moved     " };
            let keys: Vec<&str> = outcome.moved.keys().map(String::as_str).collect();
            print(&format!("{done}  {}: {name}: {}", path.display(), keys.join(", ")))?;
        }
        for (key, reason) in &outcome.failed {
            let key = if key.is_empty() { String::new() } else { format!("`{key}`: ") };
            print(&format!("failed      {}: {name}: {key}{reason}", path.display()))?;
        }
        Ok(())
    }

    /// The sum of everything.
    pub(crate) fn end(&self, certificate: &str) -> Result<()> {
        let (moved, current, failed) = (self.moved, self.current, self.failed + self.skipped_files);
        if self.form == Form::Json {
            let sum = json!({ "certificate": certificate, "dryRun": self.dry_run, "files": self.files,
                "moved": moved, "current": current, "failed": failed });
            return print(&json!({ "summary": sum }).to_string());
        }
        let done = if self.dry_run { "to move" } else { "moved" };
        print(&format!(
            "{} {done} in {}, {current} current, {failed} failed: key {certificate}",
            counted(moved, "value"),
            counted(self.files, "file")
        ))
    }
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn named(object: &SealedObject) -> String {
    let separator = if object.namespace.is_empty() { "" } else { "/" };
    format!("{}{separator}{}", object.namespace, object.name)
}

fn object_json(object: &SealedObject, outcome: &Outcome) -> Value {
    let failed: Vec<Value> =
        outcome.failed.iter().map(|(key, reason)| json!({ "key": key, "reason": reason })).collect();
    json!({
        "namespace": object.namespace,
        "name": object.name,
        "scope": object.scope.as_str(),
        "moved": outcome.moved.keys().collect::<Vec<_>>(),
        "current": outcome.current,
        "failed": failed,
    })
}

/// One line on standard output, at once.
fn print(line: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).context("cannot write to standard output")
}
