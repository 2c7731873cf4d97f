//! What became of each file, as lines of JSON: written as it happens, so that a run that was stopped can go on.
//!
//! ```json
//! {"file":"prod/db.yaml","outcome":"rotated"}
//! {"file":"prod/old.yaml","outcome":"failed","message":"…"}
//! ```

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::{Done, Outcome};
use crate::args::tree::TreeFlags;
use crate::failure::{Failure, code};

/// One file.
pub(super) struct Entry<'a> {
    pub(super) file: &'a Path,
    pub(super) done: Done,
    pub(super) outcome: Result<Outcome, Failure>,
}

impl Entry<'_> {
    fn json(&self, dry_run: bool) -> Value {
        let file = self.file.to_string_lossy();
        match &self.outcome {
            Err(failure) => json!({ "file": file, "outcome": "failed", "message": failure.message }),
            Ok(Outcome::Changed) if dry_run => json!({ "file": file, "outcome": format!("would be {}", self.done) }),
            Ok(Outcome::Changed) => json!({ "file": file, "outcome": self.done }),
            Ok(_) => json!({ "file": file, "outcome": "unchanged" }),
        }
    }
}

/// The report, if one is asked for.
pub(super) struct Report {
    out: Option<Mutex<File>>,
    finished: HashSet<String>,
}

impl Report {
    /// Starts a report, or goes on with one.
    pub(super) fn open(flags: &TreeFlags, done: Done) -> Result<Report, Failure> {
        let Some(path) = flags.report.as_deref() else { return Ok(Report { out: None, finished: HashSet::new() }) };
        let failed = |error| Failure::new(code::NOT_WRITTEN, format!("the report {}: {error}", path.display()));
        let finished =
            if flags.resume { finished(&fs::read_to_string(path).map_err(failed)?, done) } else { HashSet::new() };
        let mut options = File::options();
        options.create(true).append(flags.resume).write(true).truncate(!flags.resume);
        Ok(Report { out: Some(Mutex::new(options.open(path).map_err(failed)?)), finished })
    }

    /// Whether an earlier run finished a file.
    pub(super) fn has(&self, file: &Path) -> bool {
        self.finished.contains(file.to_string_lossy().as_ref())
    }

    /// Adds a line.
    pub(super) fn write(&self, entry: &Entry<'_>, dry_run: bool) -> Result<(), Failure> {
        let Some(out) = &self.out else { return Ok(()) };
        let line = format!("{}\n", entry.json(dry_run));
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(line.as_bytes())
            .map_err(|error| Failure::new(code::NOT_WRITTEN, format!("the report could not be written: {error}")))
    }
}

/// The files that a report says are finished. A line that was cut off is none.
fn finished(text: &str, done: Done) -> HashSet<String> {
    let entries = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let finished = entries.filter_map(|entry| {
        let outcome = entry.get("outcome")?.as_str()?;
        (outcome == done || outcome == "unchanged").then(|| entry.get("file")?.as_str().map(str::to_owned))?
    });
    finished.collect()
}

#[cfg(test)]
mod tests {
    use super::finished;

    #[test]
    fn what_failed_or_was_cut_off_is_done_again() {
        let text = "{\"file\":\"a\",\"outcome\":\"rotated\"}\n{\"file\":\"b\",\"outcome\":\"failed\"}\n{\"file\":\"c\",\"outcome\":\"unchanged\"}\n{\"file\":\"d\",\"outcome\":\"would be rotated\"}\n{\"file\":\"e\",\"outc";
        let mut files: Vec<String> = finished(text, "rotated").into_iter().collect();
        files.sort();
        assert_eq!(files, ["a", "c"]);
        assert!(!finished(text, "decrypted").contains("a"));
    }
}
