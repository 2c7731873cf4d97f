//! The data key: the 32 random bytes that every value of a file is encrypted with.
//!
//! It is wiped when dropped and never printed.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::document::Random;
use crate::error::Error;

/// Length of a data key in bytes.
pub const LEN: usize = 32;

/// The key of one file.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; LEN]);

impl DataKey {
    /// A key from bytes that came from a cryptographic random source or from a master key.
    pub fn new(bytes: [u8; LEN]) -> DataKey {
        DataKey(bytes)
    }

    /// A new key.
    ///
    /// # Errors
    /// [`Error::Random`] if the source fails.
    pub fn draw(random: &mut Random<'_>) -> Result<DataKey, Error> {
        let mut key = DataKey([0; LEN]);
        random(&mut key.0).map_err(|_| Error::Random)?;
        Ok(key)
    }

    /// A key from a slice; `None` unless it has 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<DataKey> {
        bytes.try_into().ok().map(DataKey)
    }

    /// The bytes, for wrapping by a master key.
    pub fn as_bytes(&self) -> &[u8; LEN] {
        &self.0
    }
}
