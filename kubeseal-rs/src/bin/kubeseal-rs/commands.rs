//! What the original does not have: commands, which begin with a word. Whatever does not is its flag grammar, and so is
//! everything when the program is called `kubeseal`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use jiff::Timestamp;

use crate::connection::{Connection, given};
use crate::failure::Failure;
use crate::{explain, kubeconfig, program, reseal, seal_tree};

/// The words; a test holds them equal to the commands.
const WORDS: [&str; 3] = ["seal", "reseal", "explain"];

#[derive(Parser)]
#[command(name = "kubeseal-rs", version, disable_help_subcommand = true)]
struct Commands {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(name = "seal")]
    Seal(Box<seal_tree::Options>),
    #[command(name = "reseal")]
    Reseal(Box<reseal::Options>),
    #[command(name = "explain")]
    Explain(Box<explain::Options>),
}

/// Runs the command of the command line, when its first word is one.
pub(crate) fn run(now: Timestamp) -> Option<ExitCode> {
    let first = std::env::args_os().nth(1);
    let word = first.as_deref().and_then(OsStr::to_str).filter(|word| WORDS.contains(word))?;
    if program::is_original() {
        return None;
    }
    let command = match Commands::try_parse() {
        Ok(commands) => commands.command,
        Err(error) => return Some(crate::usage(&error, &format!("{} {word}", program::name()))),
    };
    let ended = match command {
        Command::Seal(options) => seal_tree::run(&options, now),
        Command::Reseal(options) => reseal::run(&options, now),
        Command::Explain(options) => explain::run(&options, now),
    };
    Some(match ended {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            crate::report(&crate::sentence(&error), Failure::hint_of(&error));
            ExitCode::from(crate::FAILED)
        }
    })
}

/// The namespace of objects that name none, as kubectl would take it.
pub(crate) fn namespace(connection: &Connection) -> Option<String> {
    given(connection.namespace.as_ref()).map(str::to_owned).or_else(|| kubeconfig::default_namespace(connection))
}

pub(crate) fn paths(paths: &[PathBuf]) -> Vec<&Path> {
    paths.iter().map(PathBuf::as_path).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_words_are_those_of_the_commands() {
        Commands::command().debug_assert();
        let command = Commands::command();
        let words: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        assert_eq!(words, WORDS);
    }
}
