//! dotenv as SOPS reads it: a line is `KEY=value`, or a comment when it begins with `#`.
//!
//! Nothing is trimmed, quoted or expanded: the key is all before the first `=`, the value all after it. Only `\n` stands
//! for a line break, and there is no way to write a backslash before an `n`. Keys may repeat.

use crate::error::Error;
use crate::format::scalar;
use crate::format::shape::ShapeError;
use crate::tree::{Branch, Comment, Entry, Value};

#[cfg(test)]
mod tests;

/// Why a dotenv file could not be read. Gives places, quotes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DotenvError {
    /// Neither a comment nor a pair.
    #[error("line {line} of the dotenv file has no `=`")]
    NoEqualsSign {
        /// From 1.
        line: usize,
    },
    /// A key or comment is no UTF-8.
    #[error("line {line} of the dotenv file is not UTF-8")]
    NotUtf8 {
        /// From 1.
        line: usize,
    },
}

/// Reads a file.
pub fn load(bytes: &[u8]) -> Result<Branch, DotenvError> {
    let mut entries = Vec::new();
    for (line, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| DotenvError::NotUtf8 { line });
        match text {
            [] => {}
            [b'#', comment @ ..] => {
                entries.push(Entry::Comment(Comment { text: utf8(comment)?, inline: false }));
            }
            pair => {
                let sign = pair.iter().position(|byte| *byte == b'=');
                let (key, value) = pair.split_at(sign.ok_or(DotenvError::NoEqualsSign { line })?);
                entries.push(Entry::Pair(utf8(key)?, unescape(value.get(1..).unwrap_or_default())));
            }
        }
    }
    Ok(Branch(entries))
}

fn unescape(value: &[u8]) -> Value {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, after)) = rest.split_first() {
        if let [b'\\', b'n', after @ ..] = rest {
            out.push(b'\n');
            rest = after;
        } else {
            out.push(*first);
            rest = after;
        }
    }
    Value::from_bytes(out)
}

/// Writes one document. Values that are no text lose their type.
///
/// # Errors
/// [`Error::Shape`] at the first list or mapping.
pub fn emit(branch: &Branch) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    for entry in &branch.0 {
        match entry {
            Entry::Comment(comment) => {
                out.push(b'#');
                // A second line would be read as a pair.
                out.extend_from_slice(comment.text.replace('\n', "\n#").as_bytes());
            }
            Entry::Pair(key, value) => {
                let text = scalar::text(value).ok_or_else(|| ShapeError::DotenvNested.at(0, &[key]))?;
                out.extend_from_slice(key.as_bytes());
                out.push(b'=');
                for byte in text.iter() {
                    match byte {
                        b'\n' => out.extend_from_slice(b"\\n"),
                        other => out.push(*other),
                    }
                }
            }
        }
        out.push(b'\n');
    }
    Ok(out)
}
