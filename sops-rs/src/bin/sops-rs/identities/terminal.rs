//! The user at the terminal, for passphrases and what plugins ask.
//!
//! Reads from the terminal itself: standard input may be the file to decrypt.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};

use sops::master_key::age::Dialog;
use zeroize::Zeroizing;

use crate::failure::say;

const TERMINAL: &str = if cfg!(windows) { "CONIN$" } else { "/dev/tty" };

/// The terminal of this process, if it has one.
pub(super) struct Terminal;

impl Dialog for Terminal {
    fn tell(&self, message: &str) {
        say(&format!("age: {message}"));
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.tell(message);
        let choices = match no {
            Some(no) => format!("[1] {yes}\n[2] {no}\n1 or 2:"),
            None => format!("[1] {yes}\n1:"),
        };
        loop {
            match self.line(&choices)?.trim() {
                "1" => return Some(true),
                "2" if no.is_some() => return Some(false),
                _ => {}
            }
        }
    }

    fn line(&self, message: &str) -> Option<String> {
        let mut terminal = OpenOptions::new().read(true).write(true).open(TERMINAL).ok()?;
        write!(terminal, "{message} ").ok()?;
        let mut line = String::new();
        let read = BufReader::new(terminal).read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn passphrase(&self, message: &str, remembered_as: Option<&str>) -> Option<Zeroizing<String>> {
        #[cfg(unix)]
        if let Some(mut agent) = remembered_as.and_then(|_| super::agent::Agent::connect()) {
            return agent.passphrase(remembered_as.unwrap_or_default(), message);
        }
        rpassword::prompt_password(format!("{message} ")).ok().map(Zeroizing::new)
    }

    fn forget(&self, remembered_as: &str) {
        #[cfg(unix)]
        if let Some(mut agent) = super::agent::Agent::connect() {
            agent.forget(remembered_as);
        }
    }
}
