//! Running `git`.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::process::{Command, Output, Stdio};

use zeroize::Zeroizing;

use crate::failure::{Failure, code};
use crate::lookup;

fn start(words: &[&OsStr]) -> Result<Output, Failure> {
    let program = lookup::program("git".as_ref())
        .ok_or_else(|| Failure::new(code::GENERIC, "git is not installed").hint("install Git, or add it to PATH"))?;
    let output = Command::new(program).args(words).stdin(Stdio::null()).output();
    output.map_err(|error| Failure::new(code::GENERIC, format!("git could not be started: {error}")))
}

/// Whether Git ends well; what it prints on standard error is passed on.
pub(super) fn succeeds(words: &[&OsStr]) -> Result<bool, Failure> {
    let output = start(words)?;
    io::stderr().write_all(&output.stderr)?;
    Ok(output.status.success())
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
