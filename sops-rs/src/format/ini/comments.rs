//! Comments: gathered from the lines above and from the end of a line, and written above.

/// What the next section or key gets as its comment.
#[derive(Default)]
pub(super) struct Pending(Vec<u8>);

impl Pending {
    /// Adds what stands from the first comment sign on.
    pub(super) fn add(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }

    /// The comment without the sign of its first line; `None` if there is none.
    ///
    /// # Errors
    /// The comment is no UTF-8.
    pub(super) fn take(&mut self) -> Result<Option<String>, std::str::Utf8Error> {
        let bytes = std::mem::take(&mut self.0);
        let text = std::str::from_utf8(&bytes)?.trim();
        let bare = match text.as_bytes().first() {
            Some(b';') => text.trim_start_matches([';', ' ']),
            Some(b'#') => text.trim_start_matches(['#', ' ']),
            _ => text,
        };
        Ok((!text.is_empty()).then(|| bare.to_owned()))
    }
}

/// The lines of a comment, each with a sign. That of a section keeps the space of lines that have none yet.
pub(super) fn write(text: &str, of_section: bool, out: &mut Vec<u8>) {
    if text.is_empty() {
        return;
    }
    for line in text.split('\n') {
        let (sign, line) = match line.split_at_checked(1) {
            Some((sign @ ("#" | ";"), line)) => (sign, line.trim()),
            _ if of_section => (";", line),
            _ => (";", line.trim()),
        };
        for part in [sign, " ", line, "\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
}
