//! The command line: subcommands, and the flags without one that `sops` had first.
//!
//! Each subcommand has its flags and its work in a file of its own; here is only the list of them.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::audit;
use crate::check::Check;
use crate::completion::{self, Completion};
use crate::decrypt::Decrypt;
use crate::edit::Edit;
use crate::encrypt::Encrypt;
use crate::exec_env::ExecEnv;
use crate::exec_file::ExecFile;
use crate::failure::{Failure, be_verbose, code, warn};
use crate::filestatus::FileStatus;
use crate::git::Git;
use crate::groups::Groups;
#[cfg(feature = "keyservice")]
use crate::keyservice::ServeKeys;
use crate::krm::{self, Krm};
use crate::program;
#[cfg(feature = "remote")]
use crate::publish::Publish;
use crate::rotate::Rotate;
use crate::set::Set;
use crate::unset::Unset;
use crate::updatekeys::UpdateKeys;
use crate::why::Why;

pub(crate) mod changes;
mod global;
pub(crate) mod keys;
mod legacy;
pub(crate) mod selectors;
pub(crate) mod services;
pub(crate) mod target;
pub(crate) mod tree;
pub(crate) mod types;
pub(crate) mod word;

pub(crate) use global::Global;
use legacy::Legacy;

const EXAMPLES: &str = "\
Examples:
  sops-rs encrypt --age age1… secrets.yaml > secrets.enc.yaml
  sops-rs encrypt --in-place secrets.yaml                     recipients and selector from .sops.yaml
  sops-rs decrypt secrets.enc.yaml
  sops-rs decrypt --extract '[\"db\"][\"password\"]' secrets.enc.yaml
  sops-rs set secrets.enc.yaml '[\"db\"][\"password\"]' '\"new\"'
  sops-rs -d -i secrets.enc.yaml                              a subcommand as a flag: its other flags work with it

Exit codes:
  0 done                   6 encryption context      25 a value does not open    100 no file
  1 anything else          7 index or value of set   49 keys of no file          112 --decryption-order
  2 unreadable             8 flags in conflict       51 the MAC does not match   128 no key opens the file
  3 not written           21 MAC not encrypted       91 path of --extract        200 unchanged in the editor
  4 not in this format    23 value not encrypted     92 no document              203 encrypted already
";

/// Encrypts and decrypts SOPS files.
#[derive(Parser)]
#[command(name = program::NAME, after_help = EXAMPLES, args_override_self = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    global: Global,

    #[command(flatten)]
    legacy: Legacy,

    /// Print the version
    #[arg(short, long, short_alias = 'V')]
    version: bool,
}

/// The subcommands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Encrypt a file, or standard input
    #[command(args_override_self = true)]
    Encrypt(Box<Encrypt>),
    /// Decrypt a file, or standard input
    #[command(args_override_self = true)]
    Decrypt(Box<Decrypt>),
    /// Edit a file in clear, in the editor
    #[command(args_override_self = true)]
    Edit(Box<Edit>),
    /// Encrypt a file under a new data key, for the same or other master keys
    #[command(args_override_self = true)]
    Rotate(Box<Rotate>),
    /// Set a value of an encrypted file
    #[command(args_override_self = true)]
    Set(Box<Set>),
    /// Remove a value of an encrypted file
    #[command(args_override_self = true)]
    Unset(Box<Unset>),
    /// Give files the master keys that .sops.yaml says
    #[command(name = "updatekeys", args_override_self = true)]
    UpdateKeys(Box<UpdateKeys>),
    /// Add or delete a key group of a file
    Groups(Groups),
    /// Run a command with the values of a file in its environment
    #[command(args_override_self = true)]
    ExecEnv(Box<ExecEnv>),
    /// Run a command with the name of a file that holds the plaintext
    #[command(args_override_self = true)]
    ExecFile(Box<ExecFile>),
    /// Use the keys of this machine for others, over gRPC
    #[cfg(feature = "keyservice")]
    #[command(name = "keyservice", args_override_self = true)]
    ServeKeys(ServeKeys),
    /// Put encrypted files where the destination rules of .sops.yaml say
    #[cfg(feature = "remote")]
    #[command(args_override_self = true)]
    Publish(Box<Publish>),
    /// Tell whether a file is encrypted, as JSON
    #[command(name = "filestatus", args_override_self = true)]
    FileStatus(FileStatus),
    /// Check, without any key, that everything that has to be encrypted is
    #[command(args_override_self = true)]
    Check(Box<Check>),
    /// Tell why a file does, or does not, open
    #[command(args_override_self = true)]
    Why(Box<Why>),
    /// Diffs and merges of encrypted files, and working trees in clear
    Git(Git),
    /// Print a script that completes the command line in a shell
    Completion(Completion),
    /// Run as a KRM function: a `ResourceList` on standard input, and on standard output with the decrypted objects
    Krm(Krm),
}

impl Command {
    /// Does it. The exit code is 0 unless a child process ended with another.
    pub(crate) fn run(&self, global: &Global) -> Result<ExitCode, Failure> {
        if global.verbose {
            be_verbose();
        }
        if !matches!(self, Command::Completion(_) | Command::FileStatus(_)) {
            audit::refuse()?;
        }
        match self {
            Command::Encrypt(encrypt) => encrypt.run(global).map(done),
            Command::Decrypt(decrypt) => decrypt.run(global).map(done),
            Command::Edit(edit) => edit.run(global).map(done),
            Command::Rotate(rotate) => rotate.run(global).map(done),
            Command::Set(set) => set.run(global).map(done),
            Command::Unset(unset) => unset.run(global).map(done),
            Command::UpdateKeys(update) => update.run(global).map(done),
            Command::Groups(groups) => groups.run(global).map(done),
            Command::ExecEnv(exec) => exec.run(),
            Command::ExecFile(exec) => exec.run(global),
            #[cfg(feature = "keyservice")]
            Command::ServeKeys(serve) => serve.run(global).map(done),
            #[cfg(feature = "remote")]
            Command::Publish(publish) => publish.run(global).map(done),
            Command::FileStatus(status) => status.run().map(done),
            Command::Check(check) => check.run(global),
            Command::Why(why) => why.run(global),
            Command::Git(git) => git.run(global),
            Command::Completion(completion) => completion.run(command()).map(done),
            Command::Krm(krm) => krm.run().map(done),
        }
    }
}

fn done((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

/// A command line that was understood.
pub(crate) enum Parsed {
    /// Help or version.
    Text(String),
    /// Something to do.
    Run(Command, Global),
}

/// Understands a command line.
pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<Parsed, Failure> {
    let words: Vec<OsString> = words.collect();
    program::called(words.first().map(OsString::as_os_str));
    if words.len() <= 1 {
        let called_ksops =
            words.first().is_some_and(|name| Path::new(name).file_stem().is_some_and(|stem| stem == "ksops"));
        let krm = if called_ksops { Krm::default() } else { krm::only_for_a_resource_list() };
        return Ok(Parsed::Run(Command::Krm(krm), Global::default()));
    }
    let mut command = command();
    if words.last().is_some_and(|word| word == completion::REQUEST) {
        return Ok(Parsed::Text(completion::candidates(&mut command, &words[1..words.len() - 1])));
    }
    check_booleans()?;
    let last = words.last().cloned().unwrap_or_default();
    let words = word::as_clap(&command, words);
    match command.try_get_matches_from_mut(words).and_then(|matches| understood(&matches)) {
        Ok(Cli { version: true, .. }) => Ok(Parsed::Text(program::version())),
        Ok(Cli { command: Some(command), global, .. }) => Ok(Parsed::Run(command, global)),
        Ok(Cli { global, legacy, .. }) => legacy.command(&global).map(|command| Parsed::Run(command, global)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Parsed::Text(program::as_called(&error.to_string())))
        }
        Err(error) => match help_of(&mut command, &last, &error) {
            Some(help) => Ok(Parsed::Text(program::as_called(&help))),
            None => Err(misused(&error)),
        },
    }
}

/// What a subcommand that has subcommands says when it stands alone.
fn help_of(command: &mut clap::Command, last: &OsStr, error: &clap::Error) -> Option<String> {
    let alone = [ErrorKind::MissingSubcommand, ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand];
    let below = command.find_subcommand_mut(last).filter(|_| alone.contains(&error.kind()))?;
    Some(below.render_help().to_string())
}

/// The flags that `--help` does not repeat for the form without a subcommand, by their headings.
const TOLD_BY_SUBCOMMANDS: [&str; 4] = ["Keys", "What is encrypted", "Formats", "Key services"];

/// The whole command line.
fn command() -> clap::Command {
    let told = |flag: &clap::Arg| flag.get_help_heading().is_some_and(|heading| TOLD_BY_SUBCOMMANDS.contains(&heading));
    Cli::command().bin_name(program::name()).mut_args(|flag| if told(&flag) { flag.hide(true) } else { flag })
}

/// Variables that are no booleans end every command, as in the original.
fn check_booleans() -> Result<(), Failure> {
    for name in ["SOPS_DISABLE_VERSION_CHECK", "SOPS_ENABLE_LOCAL_KEYSERVICE"] {
        let value = std::env::var_os(name).unwrap_or_default();
        if value.to_str().is_none_or(|value| word::go_bool(value).is_err()) {
            return Err(Failure::new(code::GENERIC, format!("{name} is neither true nor false")));
        }
    }
    Ok(())
}

/// The flags by name. What stands before a subcommand and is no global flag does nothing there, as in the original,
/// but not in silence.
fn understood(matches: &ArgMatches) -> Result<Cli, clap::Error> {
    let cli = Cli::from_arg_matches(matches)?;
    let Some(name) = matches.subcommand_name() else { return Ok(cli) };
    let typed = |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    for id in matches.ids().filter(typed) {
        let command = Cli::command();
        let flag = command.get_arguments().find(|flag| flag.get_id() == id && !flag.is_global_set());
        if let Some(flag) = flag.and_then(clap::Arg::get_long) {
            warn(&format!("--{flag} before `{name}` does nothing: write it behind"));
        }
    }
    Ok(cli)
}

fn misused(error: &clap::Error) -> Failure {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(first);
    Failure::new(code::GENERIC, message).hint("`sops-rs --help` lists the flags")
}
