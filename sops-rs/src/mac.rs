//! The message authentication code: a SHA-512 over all values in document order, itself encrypted with the data key.
//!
//! It is what catches swapped, added and removed values; each value alone is bound to its key path by the cipher. The
//! bytes of the values follow each other without separators, so the code does not tell where one ends: see
//! `Document::check_unambiguous` for what that leaves open.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

use crate::time;
use crate::value::cipher::{Cipher, NONCE_LEN};
use crate::value::{Encrypted, Kind, ValueError};

/// Fed first when only encrypted values count: the SHA-256 of `sops`, so that the two modes never agree.
const ONLY_ENCRYPTED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b, 0x97, 0x5b,
    0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// The file is not as it was encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MacError {
    /// The metadata has none.
    #[error("the file has no MAC")]
    Absent,
    /// It does not open, or opens to another code than that of the values.
    #[error("the MAC does not match: the file was changed after it was encrypted")]
    Mismatch,
}

/// The running code of one file.
pub(crate) struct Mac {
    hash: Sha512,
    only_encrypted: bool,
}

impl Mac {
    pub(crate) fn new(only_encrypted: bool) -> Mac {
        let mut hash = Sha512::new();
        if only_encrypted {
            hash.update(ONLY_ENCRYPTED);
        }
        Mac { hash, only_encrypted }
    }

    /// Adds the bytes of a value, unless its kind does not count.
    pub(crate) fn add(&mut self, bytes: &[u8], encrypted: bool) {
        if encrypted || !self.only_encrypted {
            self.hash.update(bytes);
        }
    }

    fn hex(self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(128));
        for byte in self.hash.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02X}");
        }
        text
    }

    /// The code as it is stored, bound to `lastmodified`.
    pub(crate) fn seal(
        self,
        cipher: &Cipher,
        lastmodified: &str,
        nonce: &[u8; NONCE_LEN],
    ) -> Result<String, ValueError> {
        let aad = time::to_seconds(lastmodified).ok_or(ValueError::Malformed)?;
        let sealed = cipher.seal((Kind::Str, self.hex().as_bytes()), aad.as_bytes(), nonce)?;
        Ok(sealed.to_string())
    }

    /// Compares with the stored code.
    pub(crate) fn verify(self, cipher: &Cipher, lastmodified: &str, stored: &str) -> Result<(), MacError> {
        if stored.is_empty() {
            return Err(MacError::Absent);
        }
        let aad = time::to_seconds(lastmodified).ok_or(MacError::Mismatch)?;
        let stored = Encrypted::parse(stored).map_err(|_| MacError::Mismatch)?;
        let opened = cipher.open(&stored, aad.as_bytes()).map_err(|_| MacError::Mismatch)?;
        if *opened == self.hex().as_bytes() { Ok(()) } else { Err(MacError::Mismatch) }
    }
}
