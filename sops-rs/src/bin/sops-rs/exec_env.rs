//! `exec-env`: runs a command with the values of a file in its environment.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use sops::Branch;
use sops::format::plain_text;
use sops::tree::{Entry, Value};

use crate::args::services::{OrderFlag, ServiceFlags};
use crate::child::{self, Child, ChildFlags};
use crate::failure::{Failure, code};
use crate::input::Source;
use crate::opened::{self, Keyring};

const EXAMPLES: &str = "\
Examples:
  sops-rs exec-env secrets.env 'echo \"$PASSWORD\"'
  sops-rs exec-env --pristine secrets.yaml ./server     no variables but those of the file
  sops-rs exec-env --user www-data secrets.yaml ./server
  sops-rs exec-env --same-process secrets.yaml ./server

The file is a flat one: lists and mappings have no place in an environment.
The exit code is that of the command.";

/// Flags of `exec-env`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExecEnv {
    /// The encrypted file
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// The command, for the shell
    #[arg(value_hint = ValueHint::CommandString, allow_hyphen_values = true)]
    command: String,
    /// Leave out the variables of this process
    #[arg(long)]
    pristine: bool,
    /// Put the command in the place of this process
    #[arg(long)]
    same_process: bool,
    #[command(flatten)]
    child: ChildFlags,
    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

impl ExecEnv {
    /// Runs the command.
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let background = self.child.background();
        if background && self.same_process {
            return Err(Failure::new(code::CONFLICT, "--same-process and --background exclude each other"));
        }
        let values = self.values()?;
        let mut variables = self.child.become_user()?;
        variables.extend(values);
        let child = Child { line: &self.command, pristine: self.pristine, variables };
        if self.same_process {
            return Err(child.replace());
        }
        if background {
            return child.start().map(|_| ExitCode::SUCCESS);
        }
        child.run(child::catch()?)
    }

    fn values(&self) -> Result<Vec<(OsString, OsString)>, Failure> {
        let source = Source::new(Some(&self.file), None);
        source.check_exists()?;
        let keyring = Keyring::new(&self.services, &self.order)?;
        let document = opened::load(&source, source.input_format(None))?;
        let about = |failure: Failure| failure.about(&source.label());
        let key = keyring.open(&document).map_err(about)?;
        let branches = document.decrypt(&key).map_err(|error| about(error.into()))?;
        branches.first().map_or_else(|| Ok(Vec::new()), variables).map_err(about)
    }
}

/// The pairs of a document as variables. Comments have no place there either.
fn variables(document: &Branch) -> Result<Vec<(OsString, OsString)>, Failure> {
    let pairs = document.0.iter().filter_map(|entry| match entry {
        Entry::Pair(key, value) => Some((key, value)),
        Entry::Comment(_) => None,
    });
    pairs.map(|(key, value)| variable(key, value)).collect()
}

fn variable(key: &str, value: &Value) -> Result<(OsString, OsString), Failure> {
    let refused = |why: &str| Failure::new(code::GENERIC, format!("`{key}` cannot be a variable: {why}"));
    let Some(text) = plain_text(value) else { return Err(refused("it is a list or a mapping")) };
    if key.contains('=') {
        return Err(refused("its name has a `=`"));
    }
    if key.contains('\0') || text.contains(&0) {
        return Err(refused("it has a zero byte"));
    }
    Ok((OsString::from(key), os_string(&text)))
}

/// The value as the system takes it: any bytes where it allows them.
#[cfg(unix)]
fn os_string(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
