//! White space around bytes that may be no UTF-8: that of Unicode, as in the original.

/// Without the white space in front.
pub(super) fn trim_start(bytes: &[u8]) -> &[u8] {
    let text = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    bytes.get(text.len() - text.trim_start().len()..).unwrap_or_default()
}

/// Without the white space behind.
pub(super) fn trim_end(bytes: &[u8]) -> &[u8] {
    let Some(last) = bytes.utf8_chunks().last().filter(|last| last.invalid().is_empty()) else { return bytes };
    let text = last.valid();
    bytes.get(..bytes.len() - (text.len() - text.trim_end().len())).unwrap_or_default()
}

/// Without either.
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    trim_end(trim_start(bytes))
}

/// Where `needle` stands first.
pub(super) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// Where `needle` stands last.
pub(super) fn rfind(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).rposition(|window| window == needle)
}

/// Where one of two bytes stands first.
pub(super) fn find_any(bytes: &[u8], either: [u8; 2]) -> Option<usize> {
    bytes.iter().position(|byte| either.contains(byte))
}
