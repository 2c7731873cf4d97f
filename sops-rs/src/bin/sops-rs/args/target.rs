//! Flags that say where the result goes.

use std::path::{Path, PathBuf};

use clap::Args;

use super::word::path;

/// Where the result goes; standard output by default.
#[derive(Args, Clone, Default)]
pub(crate) struct TargetFlags {
    /// Write the result over the file
    #[arg(short, long)]
    pub(crate) in_place: bool,

    /// Write the result to this file
    #[arg(long, value_name = "FILE", value_parser = path)]
    output: Option<PathBuf>,
}

impl TargetFlags {
    /// The file to write to, other than the input.
    pub(crate) fn output(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| !path.as_os_str().is_empty())
    }
}
