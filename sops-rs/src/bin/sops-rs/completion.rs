//! `completion`: scripts that complete the command line in a shell.

use std::io::{self, Write as _};

use clap::{Args, Command, Subcommand};
use clap_complete::Shell;

use crate::failure::Failure;
use crate::program;

const EXAMPLES: &str = "\
Examples:
  sops-rs completion bash > ~/.local/share/bash-completion/completions/sops-rs
  sops-rs completion zsh > ~/.zfunc/_sops-rs
  sops-rs completion fish > ~/.config/fish/completions/sops-rs.fish";

/// Flags of `completion`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completion {
    #[command(subcommand)]
    shell: For,
}

#[derive(Subcommand, Clone, Copy)]
enum For {
    /// For bash
    Bash,
    /// For zsh
    Zsh,
    /// For fish
    Fish,
}

impl Completion {
    /// Prints the script for `command`.
    pub(crate) fn run(&self, mut command: Command) -> Result<(), Failure> {
        let shell = match self.shell {
            For::Bash => Shell::Bash,
            For::Zsh => Shell::Zsh,
            For::Fish => Shell::Fish,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command, program::name(), &mut script);
        Ok(io::stdout().write_all(&script)?)
    }
}
