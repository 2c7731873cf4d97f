//! Texts that expressions are matched against. Go reads a byte that is not UTF-8 as one replacement character.

use regex::Captures;
use zeroize::Zeroizing;

use crate::template::unicode::decode;

/// A text as the matcher sees it, and the way back to its own bytes.
pub(in super::super) struct Subject<'a> {
    bytes: &'a [u8],
    seen: Zeroizing<String>,
    /// Pairs of a position in `seen` and one in `bytes`, each right after a byte that was replaced.
    shifts: Vec<(usize, usize)>,
}

impl<'a> Subject<'a> {
    pub(in super::super) fn new(bytes: &'a [u8]) -> Subject<'a> {
        let mut seen = Zeroizing::new(String::with_capacity(bytes.len()));
        let mut shifts = Vec::new();
        let mut at = 0;
        while let Some((next, length, valid)) = bytes.get(at..).and_then(decode) {
            seen.push(next);
            at += length;
            if !valid {
                shifts.push((seen.len(), at));
            }
        }
        Subject { bytes, seen, shifts }
    }

    /// What the matcher works on.
    pub(in super::super) fn seen(&self) -> &str {
        &self.seen
    }

    /// The position in the bytes of one that the matcher found.
    pub(in super::super) fn position(&self, seen: usize) -> usize {
        let before = self.shifts.partition_point(|(shifted, _)| *shifted <= seen);
        let (from, to) = before.checked_sub(1).and_then(|at| self.shifts.get(at)).copied().unwrap_or((0, 0));
        to + (seen - from)
    }

    /// The bytes between two positions that the matcher found.
    pub(in super::super) fn part(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(self.position(start)..self.position(end)).unwrap_or_default()
    }
}

/// Writes a replacement, in which `$name` and `${name}` stand for groups and `$$` for itself.
pub(in super::super) fn expand(subject: &Subject<'_>, found: &Captures<'_>, replacement: &[u8], out: &mut Vec<u8>) {
    let mut rest = replacement;
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        out.extend(rest.get(..at).unwrap_or_default());
        let after = rest.get(at + 1..).unwrap_or_default();
        if let Some(after) = after.strip_prefix(b"$") {
            out.push(b'$');
            rest = after;
            continue;
        }
        rest = after;
        if let Some((name, after)) = reference(after) {
            let group = match name.parse::<usize>() {
                Ok(number) => found.get(number),
                Err(_) => found.name(name),
            };
            out.extend(group.map_or(&b""[..], |group| subject.part(group.start(), group.end())));
            rest = after;
        } else {
            out.push(b'$');
        }
    }
    out.extend(rest);
}

/// The name after a dollar sign, and what follows it.
fn reference(text: &[u8]) -> Option<(&str, &[u8])> {
    let braced = text.strip_prefix(b"{");
    let inside = braced.unwrap_or(text);
    let length = inside.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let name = std::str::from_utf8(inside.get(..length)?).ok().filter(|name| !name.is_empty())?;
    let after = inside.get(length..)?;
    match braced {
        Some(_) => Some((name, after.strip_prefix(b"}")?)),
        None => Some((name, after)),
    }
}
