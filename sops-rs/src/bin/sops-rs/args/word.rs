//! Single words of the command line as Go's flag package reads them.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{ArgAction, Command};

/// A boolean of Go; an empty environment variable is `false`.
pub(crate) fn go_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "" | "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err("it is neither true nor false".to_owned()),
    }
}

/// A path, which may be empty when it comes from the environment.
#[expect(clippy::unnecessary_wraps, reason = "clap wants a Result")]
pub(crate) fn path(text: &str) -> Result<PathBuf, String> {
    Ok(PathBuf::from(text))
}

/// Rewrites Go's forms into clap's: long flags may have one dash, switches may have `=true` or `=false`.
pub(super) fn as_clap(command: &Command, words: Vec<OsString>) -> Vec<OsString> {
    let mut reader = Reader { root: command, current: command, settled: false };
    let mut rest = words.into_iter();
    let mut out: Vec<OsString> = rest.next().into_iter().collect();
    while let Some(word) = rest.next() {
        if word == "--" {
            out.push(word);
            out.extend(rest);
            return out;
        }
        match reader.read(&word) {
            Form::Positional => {
                reader.positional(&word);
                out.push(word);
            }
            Form::Flag { text, takes_next } => {
                out.extend(text);
                if takes_next {
                    out.extend(rest.next());
                }
            }
        }
    }
    out
}

/// Which flags are known where we are.
struct Reader<'c> {
    root: &'c Command,
    current: &'c Command,
    /// The first word without a dash was met: it decides the subcommand.
    settled: bool,
}

enum Form {
    Positional,
    /// What is left of it, and whether the word after it is its value.
    Flag {
        text: Option<OsString>,
        takes_next: bool,
    },
}

impl<'c> Reader<'c> {
    fn positional(&mut self, word: &OsStr) {
        let nested = word.to_str().and_then(|name| self.current.find_subcommand(name));
        match nested {
            Some(command) if !self.settled => self.current = command,
            _ => {}
        }
        self.settled |= self.current.get_subcommands().next().is_none() || nested.is_none();
    }

    fn read(&self, word: &OsStr) -> Form {
        let as_it_is = || Form::Flag { text: Some(word.to_owned()), takes_next: false };
        let Some(text) = word.to_str().filter(|text| text.starts_with('-') && text.len() > 1) else {
            return Form::Positional;
        };
        let (dashed, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let name = dashed.trim_start_matches('-');
        if name == "help" {
            return Form::Flag { text: Some("--help".into()), takes_next: false };
        }
        let Some(flag) = self.flag(name) else { return as_it_is() };
        let prefix = if name.len() > 1 { "--" } else { "-" };
        let switch = matches!(flag.get_action(), ArgAction::SetTrue);
        match value.map(go_bool) {
            Some(Ok(on)) if switch => {
                Form::Flag { text: on.then(|| format!("{prefix}{name}").into()), takes_next: false }
            }
            Some(_) => {
                Form::Flag { text: Some(format!("{prefix}{}", text.trim_start_matches('-')).into()), takes_next: false }
            }
            None => Form::Flag {
                text: Some(format!("{prefix}{name}").into()),
                takes_next: flag.get_action().takes_values() && !flag.is_require_equals_set(),
            },
        }
    }

    fn flag(&self, name: &str) -> Option<&'c clap::Arg> {
        let is = |flag: &&clap::Arg| {
            flag.get_long() == Some(name) || flag.get_short().is_some_and(|short| name.chars().eq([short]))
        };
        self.current
            .get_arguments()
            .find(is)
            .or_else(|| self.root.get_arguments().filter(|flag| flag.is_global_set()).find(is))
    }
}
