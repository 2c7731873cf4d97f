//! `completion`: scripts that complete the command line in a shell.

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::{Arg, Args, Command, Subcommand};
use clap_complete::Shell;

use crate::failure::Failure;
use crate::program;

const EXAMPLES: &str = "\
Examples:
  sops-rs completion bash > ~/.local/share/bash-completion/completions/sops-rs
  sops-rs completion zsh > ~/.zfunc/_sops-rs
  sops-rs completion fish > ~/.config/fish/completions/sops-rs.fish";

/// The last word of a command line by which the scripts of the original ask for what may stand there.
pub(crate) const REQUEST: &str = "--generate-bash-completion";
/// Set by the script for zsh, which wants a description behind each subcommand.
const WITH_WORDS: &str = "_CLI_ZSH_AUTOCOMPLETE_HACK";

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

/// What may stand behind these words, a line each: the flags that go on as the last word does, or subcommands.
pub(crate) fn candidates(root: &mut Command, words: &[OsString]) -> String {
    root.build();
    let texts: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    let mut command = &*root;
    for word in texts.iter().filter(|word| !word.starts_with('-')) {
        match command.find_subcommand(word) {
            Some(below) => command = below,
            None => break,
        }
    }
    match texts.last() {
        Some(word) if word.starts_with('-') => flags(command, word),
        _ => subcommands(command),
    }
}

fn flags(command: &Command, start: &str) -> String {
    let names = |flag: &Arg| {
        let long = flag.get_long_and_visible_aliases().unwrap_or_default().into_iter().map(|name| format!("--{name}"));
        let short = flag.get_short().map(|letter| format!("-{letter}"));
        long.chain(short).collect::<Vec<String>>()
    };
    let names = command.get_arguments().flat_map(names).filter(|name| name.starts_with(start));
    names.fold(String::new(), |text, name| text + &name + "\n")
}

fn subcommands(command: &Command) -> String {
    let with_words = env::var(WITH_WORDS).is_ok_and(|text| text == "1");
    let mut text = String::new();
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        let _ = match below.get_about().filter(|_| with_words) {
            Some(about) => writeln!(text, "{}:{about}", below.get_name()),
            None => writeln!(text, "{}", below.get_name()),
        };
    }
    text
}
