//! Work on every file below a folder: in parallel, one failure stopping nothing but itself.

use std::io::{self, Write as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{fs, thread};

use sops::{Document, Error, Format};
use zeroize::Zeroizing;

use crate::args::target::TargetFlags;
use crate::args::tree::TreeFlags;
use crate::failure::{Failure, code, say};
use crate::files;
use crate::output::{self, Secrecy};

mod progress;
mod report;

use progress::Progress;
use report::{Entry, Report};

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was written, or would be.
    Changed,
    /// There was nothing to do.
    Unchanged,
    /// It is none of the files that this is about.
    Other,
}

/// A word for what is done: `encrypted`.
pub(crate) type Done = &'static str;

/// Does `work` on each file below the folder.
///
/// # Errors
/// After all files, if some failed: how many.
pub(crate) fn run(
    (folder, flags): (&Path, &TreeFlags),
    done: Done,
    work: impl Fn(&Path) -> Result<Outcome, Failure> + Sync,
) -> Result<(), Failure> {
    let report = Report::open(flags, done)?;
    let files: Vec<PathBuf> =
        files::below(&[folder.to_owned()])?.into_iter().filter(|file| !report.has(file)).collect();
    let progress = Progress::new(files.len());
    let totals = Mutex::new(Totals::default());
    let next = AtomicUsize::new(0);
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = flags.jobs.unwrap_or(processors).clamp(1, files.len().max(1));
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let entry = Entry { file, done, outcome: work(file) };
                    let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
                    progress.above(|| totals.add(&entry, &report, flags.dry_run));
                    progress.step();
                }
            });
        }
    });
    progress.finish();
    let totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
    totals.end(done, flags.dry_run)
}

#[derive(Default)]
struct Totals {
    changed: usize,
    unchanged: usize,
    failed: usize,
    lost: Option<Failure>,
}

impl Totals {
    fn add(&mut self, entry: &Entry<'_>, report: &Report, dry_run: bool) {
        let name = entry.file.display();
        match &entry.outcome {
            Ok(Outcome::Other) => return,
            Ok(Outcome::Unchanged) => self.unchanged += 1,
            Ok(Outcome::Changed) => {
                self.changed += 1;
                let would = if dry_run { "would be " } else { "" };
                self.tell(&format!("{name}: {would}{}\n", entry.done));
            }
            Err(failure) => {
                self.failed += 1;
                failure.clone().about(&name.to_string()).report();
            }
        }
        if let Err(failure) = report.write(entry, dry_run) {
            self.lost.get_or_insert(failure);
        }
    }

    fn tell(&mut self, line: &str) {
        if let Err(error) = io::stdout().lock().write_all(line.as_bytes()) {
            self.lost.get_or_insert(error.into());
        }
    }

    fn end(self, done: Done, dry_run: bool) -> Result<(), Failure> {
        if let Some(lost) = self.lost {
            return Err(lost);
        }
        let would = if dry_run { "would be " } else { "" };
        say(&format!("{} files {would}{done}, {} unchanged, {} failed", self.changed, self.unchanged, self.failed));
        match self.failed {
            0 => Ok(()),
            failed => Err(Failure::new(code::GENERIC, format!("{failed} files were not {done}"))
                .hint("the others are done: correct what is wrong and run the same command again")),
        }
    }
}

/// A file of the tree and its document. `None` if it has no encrypted content.
pub(crate) fn encrypted(file: &Path) -> Result<Option<(Format, Document)>, Failure> {
    let format = Format::from_path(file);
    Ok(encrypted_in(format, &read(file)?)?.map(|document| (format, document)))
}

/// The document in the content of a file. `None` if that is not encrypted.
pub(crate) fn encrypted_in(format: Format, bytes: &[u8]) -> Result<Option<Document>, Failure> {
    // Most files of a tree hold no such word, and need no parser.
    if !bytes.windows(4).any(|word| word == b"sops") {
        return Ok(None);
    }
    match Document::load(format, bytes) {
        Ok(document) => Ok(document.is_encrypted().then_some(document)),
        Err(error @ Error::Metadata(_)) => Err(error.into()),
        // Any file may have such a name; only one that has metadata is ours.
        Err(_) => Ok(None),
    }
}

/// The content of a file.
pub(crate) fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    fs::read(file)
        .map(Zeroizing::new)
        .map_err(|error| Failure::new(code::UNREADABLE, format!("the file could not be read: {error}")))
}

/// Where the results of a tree go.
pub(crate) enum Place<'a> {
    /// Each over its file.
    Over,
    /// Under another folder, at the same path.
    Under(&'a Path, &'a Path),
    /// Nowhere: it is a rehearsal.
    Nowhere,
}

impl<'a> Place<'a> {
    /// From the flags.
    pub(crate) fn new(folder: &'a Path, tree: &TreeFlags, target: &'a TargetFlags) -> Result<Place<'a>, Failure> {
        match (tree.dry_run, target.in_place, target.output()) {
            (true, ..) => Ok(Place::Nowhere),
            (_, true, Some(_)) => Err(Failure::new(code::CONFLICT, "--in-place and --output exclude each other")),
            (_, true, None) => Ok(Place::Over),
            (_, false, Some(output)) => Ok(Place::Under(folder, output)),
            (_, false, None) => Err(Failure::new(code::CONFLICT, "nothing says where the files go")
                .hint("give --in-place, --output FOLDER or --dry-run")),
        }
    }

    /// Writes what came of a file.
    pub(crate) fn write(&self, file: &Path, bytes: &[u8], secrecy: Secrecy) -> Result<(), Failure> {
        match self {
            Place::Nowhere => Ok(()),
            Place::Over => output::replace(file, bytes, secrecy),
            Place::Under(folder, output) => {
                let target = output.join(file.strip_prefix(folder).unwrap_or(file));
                if let Some(parent) = target.parent() {
                    output::folder(parent, secrecy)?;
                }
                output::replace(&target, bytes, secrecy)
            }
        }
    }
}
