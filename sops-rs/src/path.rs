//! Where a value stands: the number of its document and its key path, for errors and reports.
//!
//! A path names keys and indexes only, never values.

use std::fmt;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the YAML document, from 0.
    pub document: usize,
    /// Map keys from the top. List elements share the path of their list, as they share its additional data.
    pub keys: Vec<String>,
}

impl Place {
    /// A place from its parts.
    pub fn new<S: AsRef<str>>(document: usize, keys: &[S]) -> Place {
        Place { document, keys: keys.iter().map(|key| key.as_ref().to_owned()).collect() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.keys.is_empty() {
            return write!(out, "the top of document {}", self.document);
        }
        write!(out, "`{}` in document {}", self.keys.join("."), self.document)
    }
}
