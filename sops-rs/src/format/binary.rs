//! Any bytes at all: the text under the single key `data` of a JSON object once they are encrypted.

use crate::error::Error;
use crate::format::shape::ShapeError;
use crate::tree::{Branch, Entry, Value};

/// The key of the envelope.
pub const KEY: &str = "data";

/// The tree of a plain file.
pub fn load(bytes: &[u8]) -> Branch {
    Branch(vec![Entry::Pair(KEY.to_owned(), Value::from_bytes(bytes.to_vec()))])
}

/// The bytes that were encrypted, nothing added.
///
/// # Errors
/// [`Error::Shape`] if this is not the tree of such a file.
pub fn emit(branches: &[Branch]) -> Result<Vec<u8>, Error> {
    let [branch] = branches else { return Err(ShapeError::Documents.at(0, &[])) };
    match branch.get(KEY) {
        Some(Value::Str(text)) => Ok(text.clone().into_bytes()),
        Some(Value::Bytes(bytes)) => Ok(bytes.clone()),
        _ => Err(ShapeError::NoData.at(0, &[KEY])),
    }
}
