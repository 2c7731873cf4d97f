//! Running `git`.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use zeroize::Zeroizing;

use crate::failure::{Failure, code};

fn start(words: &[&OsStr]) -> Result<Output, Failure> {
    let mut command = Command::new("git");
    command.args(words).stdin(Stdio::null());
    command.output().map_err(|error| {
        Failure::new(code::GENERIC, format!("git could not be started: {error}")).hint("install Git, or add it to PATH")
    })
}

/// What Git prints; an error if it fails.
pub(crate) fn output<S: AsRef<OsStr>>(words: &[S]) -> Result<Vec<u8>, Failure> {
    let words: Vec<&OsStr> = words.iter().map(AsRef::as_ref).collect();
    let output = start(&words)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().next().unwrap_or("no reason given").trim_start_matches("fatal: ").to_owned();
    let command = words.first().map(|word| word.to_string_lossy()).unwrap_or_default();
    Err(Failure::new(code::GENERIC, format!("git {command}: {first}")))
}

/// A line that Git prints.
pub(super) fn line<S: AsRef<OsStr>>(words: &[S]) -> Result<String, Failure> {
    let bytes = output(words)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
}

/// A file as it stands in the index, in this stage (0 for no conflict); `None` if it does not.
pub(crate) fn staged(stage: u8, path: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    let name = format!(":{stage}:{path}");
    let output = start(&["cat-file", "blob", &name].map(OsStr::new))?;
    Ok(output.status.success().then(|| Zeroizing::new(output.stdout)))
}
