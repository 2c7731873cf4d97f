//! A command that is run with secrets: by the shell, in an environment that says which, as another user if asked.

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use clap::Args;

use crate::failure::{Failure, code, warn};

#[cfg(unix)]
mod signals;
#[cfg(not(unix))]
#[path = "child/no_signals.rs"]
mod signals;
#[cfg(unix)]
mod user;

pub(crate) use signals::Caught;

/// Flags of both ways to run a command.
#[derive(Args)]
pub(crate) struct ChildFlags {
    /// Do not wait for the command (deprecated)
    #[arg(long)]
    background: bool,
    /// Run the command as this user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

impl ChildFlags {
    /// Whether not to wait. Says that this goes away.
    pub(crate) fn background(&self) -> bool {
        if self.background {
            warn("--background is deprecated: let the command go to the background itself, with `&`");
        }
        self.background
    }

    /// Becomes the user that was asked for. From here on this process, too, can do what they can and no more.
    pub(crate) fn become_user(&self) -> Result<Vec<(OsString, OsString)>, Failure> {
        match self.user.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => become_user(name),
            None => Ok(Vec::new()),
        }
    }
}

#[cfg(unix)]
fn become_user(name: &str) -> Result<Vec<(OsString, OsString)>, Failure> {
    let user = user::User::find(name)?;
    user.become_it()?;
    Ok(user.variables())
}

#[cfg(not(unix))]
fn become_user(_: &str) -> Result<Vec<(OsString, OsString)>, Failure> {
    Err(Failure::new(code::GENERIC, "--user is not supported on this system"))
}

/// What is run.
pub(crate) struct Child<'a> {
    /// The command line for the shell.
    pub(crate) line: &'a str,
    /// Whether the variables below are all that it has.
    pub(crate) pristine: bool,
    /// Variables in the order in which they are set; a later one wins.
    pub(crate) variables: Vec<(OsString, OsString)>,
}

impl Child<'_> {
    fn command(&self) -> Command {
        let (shell, flag) = if cfg!(windows) { ("cmd.exe", "/C") } else { ("/bin/sh", "-c") };
        let mut command = Command::new(shell);
        command.arg(flag).arg(self.line);
        if self.pristine {
            command.env_clear();
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it and ends as it ends. Signals that this process gets, or has got since they are caught, are passed on to it.
    pub(crate) fn run(&self, caught: Caught) -> Result<ExitCode, Failure> {
        let mut child = self.command().spawn().map_err(|error| trouble(&error))?;
        let forwarding = caught.forward(child.id());
        let status = child.wait().map_err(|error| trouble(&error))?;
        drop(forwarding);
        Ok(end(status))
    }

    /// Starts it with nothing to read and nobody to read it.
    pub(crate) fn start(&self) -> Result<std::process::Child, Failure> {
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map_err(|error| trouble(&error))
    }

    /// Puts it in the place of this process; comes back only if that fails.
    #[cfg(unix)]
    pub(crate) fn replace(&self) -> Failure {
        trouble(&std::os::unix::process::CommandExt::exec(&mut self.command()))
    }

    /// Puts it in the place of this process; comes back only if that fails.
    #[cfg(not(unix))]
    pub(crate) fn replace(&self) -> Failure {
        Failure::new(code::GENERIC, "--same-process is not supported on this system")
    }
}

/// From here on signals wait for a command to pass them on to, and what was made for it is removed in any case.
pub(crate) fn catch() -> Result<Caught, Failure> {
    Caught::new().map_err(|error| trouble(&error))
}

fn trouble(error: &io::Error) -> Failure {
    Failure::new(code::GENERIC, format!("the command could not be run: {error}"))
}

/// The exit code of the command; that of one which a signal ended is 128 and the signal, as in a shell.
fn end(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    let code = status.code().or_else(|| signal.map(|signal: i32| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}
