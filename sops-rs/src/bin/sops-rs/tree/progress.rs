//! A bar on a terminal, and lines that do not get in its way.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far the work is. Silent where standard error is no terminal.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(files: usize) -> Progress {
        let bar = ProgressBar::new(u64::try_from(files).unwrap_or(u64::MAX));
        if !io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} files, {elapsed}, {eta} to go") {
            bar.set_style(style);
        }
        Progress(bar)
    }

    /// One file is done.
    pub(super) fn step(&self) {
        self.0.inc(1);
    }

    /// Prints above the bar.
    pub(super) fn above(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
