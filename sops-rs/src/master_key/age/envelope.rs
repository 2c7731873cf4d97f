//! The outside of an age file: its armor, and the form of its header where the `age` crate is more forgiving than the
//! format (it still reads stanzas of the years before version 1) or less (blank lines around the armor).

use std::borrow::Cow;
use std::io::{self, Read as _};

use age::armor::ArmoredReader;

/// Length of all lines of a stanza's body but the last, which is shorter.
const FULL_LINE: usize = 64;

/// The file without its armor, if it has one.
///
/// # Errors
/// The armor is damaged.
pub(super) fn without_armor(file: &[u8]) -> io::Result<Cow<'_, [u8]>> {
    let inner = file.trim_ascii_start();
    if !inner.starts_with(b"-----BEGIN") {
        return Ok(Cow::Borrowed(file));
    }
    let mut binary = Vec::with_capacity(inner.len());
    ArmoredReader::new(without_blank_lines_after(inner)).read_to_end(&mut binary)?;
    Ok(Cow::Owned(binary))
}

/// White space may follow the last line, but not stand in it.
fn without_blank_lines_after(armored: &[u8]) -> &[u8] {
    let inner = armored.trim_ascii_end();
    let rest = &armored[inner.len()..];
    if rest.is_empty() || rest.starts_with(b"\n") || rest.starts_with(b"\r\n") { inner } else { armored }
}

/// Whether every stanza ends with a short line, be it an empty one.
pub(super) fn has_whole_stanzas(binary: &[u8]) -> bool {
    let mut within = false;
    for line in binary.split(|byte| *byte == b'\n').skip(1) {
        if line.starts_with(b"---") {
            return !within;
        }
        let starts = line.starts_with(b"-> ");
        if starts && within {
            return false;
        }
        within = starts || (within && line.len() >= FULL_LINE);
    }
    true
}
