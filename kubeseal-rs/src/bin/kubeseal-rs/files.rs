//! Reading what a user names: a file, or standard input. What is read is wiped from memory afterwards, for it may be secret.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The contents of a file.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let read = fs::read(path).map_err(|error| {
        let message = format!("cannot read {}: {}", path.display(), reason(&error));
        Failure::with_hint(message, "check the path and its permissions")
    })?;
    Ok(Zeroizing::new(read))
}

/// What comes on standard input; somebody at a terminal is told what is `expected`.
pub(crate) fn standard_input(expected: &str) -> Result<Zeroizing<Vec<u8>>> {
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        let _ = writeln!(io::stderr(), "(reading {expected} from the terminal; end with Ctrl-D)");
    }
    let mut bytes = Zeroizing::new(Vec::new());
    stdin.read_to_end(&mut bytes).context("cannot read standard input")?;
    Ok(bytes)
}

/// The reason in the words of other command lines, without the number that Rust adds.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        _ => error.to_string(),
    }
}
