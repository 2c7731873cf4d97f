//! The lines of a file, their ends kept.

/// Goes through a file line by line.
pub(super) struct Lines<'t> {
    rest: &'t [u8],
    number: usize,
}

impl<'t> Lines<'t> {
    /// A byte order mark is skipped, whatever its encoding.
    pub(super) fn new(bytes: &'t [u8]) -> Lines<'t> {
        let marks: [&[u8]; 3] = [&[0xfe, 0xff], &[0xff, 0xfe], &[0xef, 0xbb, 0xbf]];
        let rest = marks.iter().find_map(|mark| bytes.strip_prefix(*mark)).unwrap_or(bytes);
        Lines { rest, number: 0 }
    }

    /// Number of the line taken last, from 1.
    pub(super) fn number(&self) -> usize {
        self.number
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.iter().position(|byte| *byte == b'\n').map_or(self.rest.len(), |at| at + 1);
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.number += 1;
        Some(line)
    }
}
