//! INI in the dialect of SOPS, which is that of Go's `ini.v1`: sections of pairs, one comment for each section and each
//! key, all values text.
//!
//! Pairs before the first header belong to the section `DEFAULT`, which every file has. In the tree the comment of a
//! section comes first within it, that of a key behind the key. A section may come twice; of a key that does, the last
//! value counts.
//!
//! | written | read |
//! |---|---|
//! | `k = v # c`, `k : v` | the value `v`; the comment becomes the key's |
//! | `k = "v"`, `k = 'v'` | `v` |
//! | `` k = `v # w` ``, `k = """v # w"""` | `v # w`; may span lines |
//! | `k = v\` and the next line | one value |
//! | `- = v` | the key `#1`, the next one `#2` |

use crate::error::Error;
use crate::tree::Branch;

mod bytes;
mod comments;
mod lines;
mod read;
mod value;
mod write;

#[cfg(test)]
mod tests;

/// The section of the pairs that stand before the first header.
pub const DEFAULT_SECTION: &str = "DEFAULT";

/// Why an INI file could not be read. Gives places, quotes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IniError {
    /// A header without its `]`.
    #[error("the section header in line {line} of the INI file is not closed")]
    OpenHeader {
        /// From 1.
        line: usize,
    },
    /// A section or key without a name.
    #[error("line {line} of the INI file has no name")]
    NoName {
        /// From 1.
        line: usize,
    },
    /// A quote that does not end.
    #[error("the quote that begins in line {line} of the INI file does not end")]
    OpenQuote {
        /// From 1.
        line: usize,
    },
    /// Neither a header, a comment nor a pair.
    #[error("line {line} of the INI file has neither `=` nor `:`")]
    NoSign {
        /// From 1.
        line: usize,
    },
    /// A name or comment is no UTF-8.
    #[error("line {line} of the INI file is not UTF-8")]
    NotUtf8 {
        /// From 1.
        line: usize,
    },
}

/// Reads a file: one document whose pairs are the sections.
pub fn load(bytes: &[u8]) -> Result<Branch, IniError> {
    read::load(bytes)
}

/// Writes documents one after the other into one file. Values that are no text lose their type.
///
/// # Errors
/// [`Error::Shape`] if a document is anything but mappings of scalars.
pub fn emit(branches: &[Branch]) -> Result<Vec<u8>, Error> {
    write::documents(branches)
}
