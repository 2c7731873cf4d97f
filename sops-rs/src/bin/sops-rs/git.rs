//! `git`: what makes Git understand encrypted files: diffs, merges, and working trees in clear.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::args::Global;
use crate::failure::Failure;

mod attributes;
mod filter;
mod init;
mod merge;
mod pkt_line;
mod program;
mod resolve;
mod textconv;
mod versions;

pub(crate) use program::{output, staged};

const EXAMPLES: &str = "\
Examples:
  sops-rs git init                           git diff and git merge understand encrypted files from now on
  sops-rs git init --filter 'secrets/**'     encrypted in the repository, in clear in the working tree
  sops-rs git resolve secrets.yaml           after a merge with conflicts";

/// Flags of `git`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Git {
    #[command(subcommand)]
    command: GitCommand,
}

#[derive(Subcommand)]
enum GitCommand {
    /// Teach this repository to diff and merge encrypted files
    Init(init::Init),
    /// Show the conflicts of an encrypted file in the editor, and encrypt what comes out
    Resolve(resolve::Resolve),
    /// Print a file in clear; run by Git for diffs
    Textconv(textconv::Textconv),
    /// Merge three versions of a file; run by Git
    Merge(merge::Merge),
    /// Keep files encrypted in the repository and in clear in the working tree; run by Git
    FilterProcess(filter::FilterProcess),
}

impl Git {
    /// Does it. `merge` ends with 1 on a conflict, as Git wants it.
    pub(crate) fn run(&self, global: &Global) -> Result<ExitCode, Failure> {
        match &self.command {
            GitCommand::Init(init) => init.run().map(|()| ExitCode::SUCCESS),
            GitCommand::Resolve(resolve) => resolve.run(global).map(|()| ExitCode::SUCCESS),
            GitCommand::Textconv(textconv) => textconv.run(global).map(|()| ExitCode::SUCCESS),
            GitCommand::Merge(merge) => merge.run(global),
            GitCommand::FilterProcess(filter) => filter.run(global).map(|()| ExitCode::SUCCESS),
        }
    }
}
