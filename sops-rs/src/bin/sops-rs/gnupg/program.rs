//! The program `gpg`, with the arguments the original gives it.
//!
//! It may ask for a passphrase or wait for a card to be touched, so nothing here has a time limit; Ctrl-C ends both.

use std::env;
use std::ffi::OsString;
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use sops::KeyError;
use zeroize::Zeroizing;

use crate::lookup;

/// Names the program to run instead of `gpg`.
const VARIABLE: &str = "SOPS_GPG_EXEC";
/// The most that is read of an answer.
const LIMIT: u64 = 1 << 20;

/// Encrypts to the key with this fingerprint: an armored message.
pub(super) fn encrypt(fingerprint: &str, plaintext: &[u8]) -> Result<String, KeyError> {
    let words =
        ["--no-default-recipient", "--yes", "--encrypt", "-a", "-r", fingerprint, "--trusted-key", key_id(fingerprint)];
    let armored = run(&[words.as_slice(), &["--no-encrypt-to"]].concat(), plaintext)?;
    let armored =
        str::from_utf8(&armored).map_err(|_| KeyError::Refused("gpg: the answer is not armored".to_owned()))?;
    Ok(armored.trim().to_owned())
}

/// Opens an armored message.
pub(super) fn decrypt(armored: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let plain = run(&["-d"], armored.as_bytes())?;
    if plain.is_empty() {
        // An old gpg passes over packets it does not know, and is content with nothing.
        let words = "gpg: the answer is empty: the message may need a newer gpg";
        return Err(KeyError::Refused(words.to_owned()));
    }
    Ok(plain)
}

/// The last 16 digits, and the `!` behind them: older versions take no longer id for `--trusted-key`.
fn key_id(fingerprint: &str) -> &str {
    let length = if fingerprint.ends_with('!') { 17 } else { 16 };
    let start = fingerprint.len().saturating_sub(length);
    fingerprint.get(start..).unwrap_or(fingerprint)
}

fn run(words: &[&str], input: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let name = env::var_os(VARIABLE).filter(|name| !name.is_empty()).unwrap_or_else(|| OsString::from("gpg"));
    let missing = |why: &str| {
        let name = Path::new(&name).display();
        KeyError::Unavailable(format!("{name} {why}: install GnuPG, or name the program in {VARIABLE}"))
    };
    let program = lookup::program(&name).ok_or_else(|| missing("is not in the search path"))?;
    let (status, output, complaints) =
        answer(&program, words, input).map_err(|error| missing(&format!("could not be run ({error})")))?;
    if status.success() {
        return Ok(output);
    }
    let complaints = complaints.trim();
    let words = if complaints.is_empty() { format!("gpg: {status}") } else { complaints.to_owned() };
    Err(KeyError::Refused(words))
}

/// How it ended, what it put out and what it complained of.
fn answer(program: &Path, words: &[&str], input: &[u8]) -> io::Result<(ExitStatus, Zeroizing<Vec<u8>>, String)> {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (output, complaints) = thread::scope(|scope| {
        // It may end before it has read everything; what it says then counts, not the broken pipe.
        scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(input)));
        let complaints = scope.spawn(|| read(stderr, 4096));
        let output = read(stdout, 4096);
        (output, complaints.join().unwrap_or_default())
    });
    Ok((child.wait()?, output, String::from_utf8_lossy(&complaints).into_owned()))
}

fn read(stream: Option<impl Read>, expected: usize) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected));
    let Some(mut stream) = stream else { return bytes };
    // A stream that breaks off is an end like any other: the exit status tells.
    let _ = stream.by_ref().take(LIMIT).read_to_end(&mut bytes);
    let _ = io::copy(&mut stream, &mut io::sink());
    bytes
}
