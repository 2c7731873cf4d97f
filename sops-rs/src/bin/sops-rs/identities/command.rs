//! Commands that print identities: `SOPS_AGE_KEY_CMD` and `SOPS_AGE_SSH_PRIVATE_KEY_CMD`.

use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use crate::lookup;

/// Tells a command for whom an identity is wanted.
const RECIPIENT: &str = "SOPS_AGE_RECIPIENT";

/// Runs a command line, split into words as a shell would, but by no shell, and answers what it prints. What it says on
/// standard error reaches the user; an error names the program only, since arguments may hold secrets.
pub(super) fn output(line: &str, recipient: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let words = shell_words::split(line).map_err(|_| "its quotes are not closed")?;
    let Some((program, arguments)) = words.split_first() else { return Err("names no program".to_owned()) };
    let path = lookup::program(program.as_ref()).ok_or_else(|| format!("{program} is not on the search path"))?;
    let mut command = Command::new(path);
    command.args(arguments).env(RECIPIENT, recipient).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("{program} could not be run: {error}"))?;
    let printed = Zeroizing::new(output.stdout);
    if output.status.success() { Ok(printed) } else { Err(format!("{program} failed: {}", output.status)) }
}
