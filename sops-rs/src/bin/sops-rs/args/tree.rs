//! Flags of work on whole trees.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

/// Which folder, and what is told about it.
#[derive(Args, Clone, Default)]
pub(crate) struct TreeFlags {
    /// Work on every file below this folder, as .sops.yaml says, in parallel
    #[arg(short, long, value_name = "FOLDER", value_hint = ValueHint::DirPath, help_heading = "Whole trees")]
    recursive: Option<PathBuf>,

    /// Do everything but write
    #[arg(long, requires = "recursive", help_heading = "Whole trees")]
    pub(crate) dry_run: bool,

    /// Write what became of each file to this file, a line of JSON each
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "recursive", help_heading = "Whole trees")]
    pub(crate) report: Option<PathBuf>,

    /// Go on where the run that wrote the report stopped
    #[arg(long, requires = "report", help_heading = "Whole trees")]
    pub(crate) resume: bool,

    /// How many files at a time; by default as many as there are processors
    #[arg(long, value_name = "COUNT", requires = "recursive", help_heading = "Whole trees")]
    pub(crate) jobs: Option<usize>,
}

impl TreeFlags {
    /// The folder, if a whole tree is asked for.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.recursive.as_deref()
    }
}
