//! The command line: subcommands, and the flags without one that `sops` had first.
//!
//! Flags of `sops` that are not there yet are known by name, so that a script that needs one hears so instead of getting
//! a file with fewer recipients.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::failure::{Failure, code};

mod later;

use later::Later;

const EXAMPLES: &str = "\
Examples:
  sops-rs --encrypt --age age1… secrets.yaml > secrets.enc.yaml
  sops-rs --encrypt --in-place secrets.yaml                  recipients from .sops.yaml
  sops-rs --decrypt secrets.enc.yaml
  sops-rs --decrypt --extract '[\"db\"][\"password\"]' secrets.enc.yaml
  kubectl create secret generic db … -o yaml | sops-rs encrypt --age age1… --filename-override db.yaml

Identities are read from SOPS_AGE_KEY, SOPS_AGE_KEY_FILE and keys.txt in the configuration folder of SOPS.
Exit codes: 2 unreadable, 25 a value does not open, 51 the MAC does not match, 100 no such file, 128 no key,
203 encrypted already; others as `sops` has them.
";

/// Encrypts and decrypts SOPS files.
#[derive(Parser)]
#[command(name = "sops-rs", version, after_help = EXAMPLES, args_override_self = true, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Encrypt the file
    #[arg(short, long)]
    encrypt: bool,

    /// Decrypt the file
    #[arg(short, long)]
    decrypt: bool,

    #[command(flatten)]
    flags: Flags,
}

#[derive(Subcommand)]
enum Command {
    /// Encrypt a file, or standard input
    #[command(args_override_self = true)]
    Encrypt(Box<Flags>),
    /// Decrypt a file, or standard input
    #[command(args_override_self = true)]
    Decrypt(Box<Flags>),
    /// Run as a KRM function: a `ResourceList` on standard input, and on standard output with the decrypted objects
    Krm,
}

/// Everything that both subcommands and the flags without one take.
#[derive(Args, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Flags {
    /// The file; `-` or none for standard input
    pub(crate) file: Option<PathBuf>,

    /// Write the result over the file
    #[arg(short, long)]
    pub(crate) in_place: bool,

    /// Write the result to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    #[arg(long, value_name = "PATH", help = "Print one part of the decrypted file: '[\"key\"][0]'")]
    pub(crate) extract: Option<String>,

    /// age recipients, separated by commas
    #[arg(short, long, value_name = "RECIPIENTS", env = "SOPS_AGE_RECIPIENTS", hide_env_values = true)]
    pub(crate) age: Vec<String>,

    /// Encrypt only below keys this expression finds
    #[arg(long, value_name = "REGEX")]
    pub(crate) encrypted_regex: Option<String>,

    /// Encrypt all but what is below keys this expression finds
    #[arg(long, value_name = "REGEX")]
    pub(crate) unencrypted_regex: Option<String>,

    /// Encrypt only below keys with this ending
    #[arg(long, value_name = "SUFFIX")]
    pub(crate) encrypted_suffix: Option<String>,

    /// Encrypt all but what is below keys with this ending
    #[arg(long, value_name = "SUFFIX")]
    pub(crate) unencrypted_suffix: Option<String>,

    /// Encrypt only what is under a comment this expression finds
    #[arg(long, value_name = "REGEX")]
    pub(crate) encrypted_comment_regex: Option<String>,

    /// Encrypt all but what is under a comment this expression finds
    #[arg(long, value_name = "REGEX")]
    pub(crate) unencrypted_comment_regex: Option<String>,

    /// Write a new file even if its selector selects nothing, so that it is in clear
    #[arg(long)]
    pub(crate) allow_unencrypted: bool,

    /// Let the MAC cover encrypted values only
    #[arg(long)]
    pub(crate) mac_only_encrypted: bool,

    /// Format of the input: yaml or json; by default that of the name
    #[arg(long, value_name = "FORMAT")]
    pub(crate) input_type: Option<String>,

    /// Format of the output: yaml or json; by default that of the input
    #[arg(long, value_name = "FORMAT")]
    pub(crate) output_type: Option<String>,

    /// Show what is in a file that was tampered with
    #[arg(long)]
    pub(crate) ignore_mac: bool,

    /// The configuration to use; by default .sops.yaml here or in a folder above
    #[arg(long, value_name = "FILE", env = "SOPS_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// The name that decides format and creation rule
    #[arg(long, value_name = "NAME")]
    pub(crate) filename_override: Option<PathBuf>,

    /// Spaces a level
    #[arg(long, value_name = "SPACES", allow_negative_numbers = true)]
    pub(crate) indent: Option<i32>,

    #[command(flatten)]
    later: Later,
}

/// What the command line asks for.
pub(crate) enum Invocation {
    Encrypt(Box<Flags>),
    Decrypt(Box<Flags>),
    Krm,
    /// No arguments at all.
    Nothing,
}

/// A command line that was understood.
pub(crate) enum Parsed {
    /// Help or version.
    Text(String),
    Run(Invocation),
}

/// Understands a command line.
pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<Parsed, Failure> {
    let words: Vec<OsString> = words.collect();
    let called_ksops =
        words.first().is_some_and(|name| Path::new(name).file_stem().is_some_and(|stem| stem == "ksops"));
    if words.len() <= 1 {
        return Ok(Parsed::Run(if called_ksops { Invocation::Krm } else { Invocation::Nothing }));
    }
    match Cli::try_parse_from(words.into_iter().map(two_dashes)) {
        Ok(cli) => invocation(cli).map(Parsed::Run),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Parsed::Text(error.to_string()))
        }
        Err(error) => Err(misused(&error)),
    }
}

/// Long flags may have one dash, as in Go.
fn two_dashes(word: OsString) -> OsString {
    let Some(rest) = word.to_str().and_then(|word| word.strip_prefix('-')) else { return word };
    let name = rest.split('=').next().unwrap_or(rest);
    let is_long = name.len() > 1 && Cli::command().get_arguments().any(|flag| flag.get_long() == Some(name));
    if is_long { OsString::from(format!("--{rest}")) } else { word }
}

fn misused(error: &clap::Error) -> Failure {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(first);
    Failure::new(code::GENERIC, message).hint("`sops-rs --help` lists the flags")
}

fn invocation(cli: Cli) -> Result<Invocation, Failure> {
    let (decrypts, mut flags) = match cli.command {
        Some(Command::Krm) => return Ok(Invocation::Krm),
        Some(Command::Encrypt(flags)) => (false, inherit(flags, &cli.flags)),
        Some(Command::Decrypt(flags)) => (true, inherit(flags, &cli.flags)),
        None => (without_subcommand(&cli)?, Box::new(cli.flags)),
    };
    flags.later.refuse(decrypts)?;
    if flags.in_place && flags.output.is_some() {
        return Err(Failure::new(code::CONFLICT, "--in-place and --output exclude each other"));
    }
    if flags.file.as_deref().is_some_and(|file| file == Path::new("-") || file == Path::new("/dev/stdin")) {
        flags.file = None;
    }
    if flags.in_place && flags.file.is_none() {
        return Err(Failure::new(code::CONFLICT, "--in-place needs a file"));
    }
    Ok(if decrypts { Invocation::Decrypt(flags) } else { Invocation::Encrypt(flags) })
}

/// Whether the flags ask for decryption; they must ask for one thing.
fn without_subcommand(cli: &Cli) -> Result<bool, Failure> {
    let Some(file) = &cli.flags.file else {
        return Err(Failure::new(code::NO_FILE, "no file given").hint("`sops-rs --help` shows examples"));
    };
    match (cli.encrypt, cli.decrypt) {
        (true, true) => Err(Failure::new(code::CONFLICT, "--encrypt and --decrypt exclude each other")),
        (false, false) => {
            cli.flags.later.refuse(true)?;
            Err(later::without_mode(file))
        }
        (_, decrypts) => Ok(decrypts),
    }
}

/// The flags that may stand before the subcommand.
fn inherit(mut flags: Box<Flags>, global: &Flags) -> Box<Flags> {
    flags.config = flags.config.or_else(|| global.config.clone());
    flags.indent = flags.indent.or(global.indent);
    flags.mac_only_encrypted |= global.mac_only_encrypted;
    flags
}
