//! Colours on a terminal; none elsewhere, nor with `NO_COLOR`.

use std::env;
use std::io::{self, IsTerminal as _};

/// Green text on standard output.
pub(crate) fn green(text: &str) -> String {
    painted("32", text)
}

/// Red text on standard output.
pub(crate) fn red(text: &str) -> String {
    painted("31", text)
}

/// Underlined text on standard output.
pub(crate) fn underlined(text: &str) -> String {
    painted("4", text)
}

fn painted(code: &str, text: &str) -> String {
    let colours = io::stdout().is_terminal()
        && env::var_os("NO_COLOR").is_none_or(|text| text.is_empty())
        && env::var_os("TERM").is_none_or(|term| term != "dumb");
    if colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}
