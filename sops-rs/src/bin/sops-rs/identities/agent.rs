//! gpg-agent as a keeper of passphrases: three commands of its protocol, a line each
//! (<https://www.gnupg.org/documentation/manuals/gnupg/Agent-Protocol.html>).

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// A connection to the agent of this user.
pub(super) struct Agent(BufReader<UnixStream>);

impl Agent {
    /// Connects, if an agent runs.
    pub(super) fn connect() -> Option<Agent> {
        let stream = UnixStream::connect(socket()?).ok()?;
        let mut agent = Agent(BufReader::new(stream));
        agent.answer().ok()?;
        Some(agent)
    }

    /// The passphrase that is remembered under a name, or else that the user gives the agent; `None` if they decline.
    pub(super) fn passphrase(&mut self, name: &str, message: &str) -> Option<Zeroizing<String>> {
        self.introduce();
        let request = format!("GET_PASSPHRASE {} X Passphrase {}", escaped(name), escaped(message));
        let passphrase = unhexed(&self.command(&request).ok()?)?;
        if passphrase.is_empty() {
            self.forget(name);
        }
        Some(passphrase)
    }

    /// Removes a passphrase from memory.
    pub(super) fn forget(&mut self, name: &str) {
        // An agent that cannot forget what it does not know has nothing to tell.
        let _ = self.command(&format!("CLEAR_PASSPHRASE {}", escaped(name)));
    }

    /// Where the agent finds the user. It may refuse an option, and then finds them by itself.
    fn introduce(&mut self) {
        let terminal = fs::read_link("/proc/self/fd/0").ok().map(|path| path.display().to_string());
        let options =
            [("display", env::var("DISPLAY").ok()), ("ttyname", terminal), ("ttytype", env::var("TERM").ok())];
        for (name, value) in options {
            if let Some(value) = value.filter(|value| !value.is_empty() && !value.contains(['\n', '\r'])) {
                let _ = self.command(&format!("OPTION {name}={value}"));
            }
        }
    }

    fn command(&mut self, line: &str) -> io::Result<Zeroizing<String>> {
        let stream = self.0.get_mut();
        stream.write_all(line.as_bytes())?;
        stream.write_all(b"\n")?;
        self.answer()
    }

    /// What follows `OK`.
    fn answer(&mut self) -> io::Result<Zeroizing<String>> {
        loop {
            let mut line = Zeroizing::new(String::new());
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(rest) = line.strip_prefix("OK") {
                return Ok(Zeroizing::new(rest.trim().to_owned()));
            }
            // Comments and reports of progress come between.
            if !line.starts_with(['#', 'S']) {
                return Err(io::Error::other("refused"));
            }
        }
    }
}

/// Where the agent listens: what the environment says, or one of the two standard places.
fn socket() -> Option<PathBuf> {
    if let Ok(told) = env::var("GPG_AGENT_INFO") {
        return told.split(':').next().filter(|path| !path.is_empty()).map(PathBuf::from);
    }
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".gnupg/S.gpg-agent"));
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("gnupg/S.gpg-agent"));
    let is_socket = |path: &PathBuf| fs::metadata(path).is_ok_and(|file| file.file_type().is_socket());
    home.filter(is_socket).or(runtime)
}

/// As in a query: the protocol separates arguments by spaces and reads `+` as one.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(char::from(byte)),
            b' ' => escaped.push('+'),
            // Writing to a string does not fail.
            _ => drop(write!(escaped, "%{byte:02X}")),
        }
    }
    escaped
}

fn unhexed(hex: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(hex.len() / 2));
    for pair in hex.as_bytes().chunks(2) {
        bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
    }
    std::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{escaped, unhexed};

    #[test]
    fn arguments_hold_no_space_and_no_line_break() {
        assert_eq!(
            escaped("Enter passphrase for identity '/k.txt':\n"),
            "Enter+passphrase+for+identity+%27%2Fk.txt%27%3A%0A"
        );
    }

    #[test]
    fn passphrases_come_in_hex() {
        assert_eq!(unhexed("68C3A9").unwrap().as_str(), "hé");
        assert!(unhexed("6").is_some() && unhexed("zz").is_none() && unhexed("ff").is_none());
    }
}
