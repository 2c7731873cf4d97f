//! JSON: one object, keys in their order, duplicates kept, numbers as SOPS types them.
//!
//! What follows the closing brace is ignored, as in the original. Reading and writing are linear in the size of the
//! file.

use crate::tree::Branch;

mod read;
mod write;

#[cfg(test)]
mod tests;

/// Why JSON could not be read or written. Gives places, quotes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not JSON.
    #[error("not valid JSON at line {line}, column {column}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The file ends before its object does.
    #[error("the JSON ends too early, at line {line}, column {column}")]
    Truncated {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The top is no object.
    #[error("the top of the file is not a JSON object")]
    NotAnObject,
    /// An infinite number or none at all, which JSON cannot say.
    #[error("JSON has no way to write an infinite number")]
    NotFinite,
}

/// Reads a file.
pub fn load(bytes: &[u8]) -> Result<Branch, JsonError> {
    read::load(bytes)
}

/// Writes one document and a line end. `indent` is in spaces a level; without it a level is a tab.
pub fn emit(branch: &Branch, indent: Option<usize>) -> Result<Vec<u8>, JsonError> {
    write::branch(branch, indent)
}

/// Writes one value without a line end, for what is extracted from a document.
pub fn emit_value(value: &crate::tree::Value, indent: Option<usize>) -> Result<Vec<u8>, JsonError> {
    write::value(value, indent)
}
