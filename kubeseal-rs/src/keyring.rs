//! All sealing keys of a controller, newest first, and the search for the one that opens a blob.
//!
//! A blob does not say which key sealed it, so keys are tried. Each try costs a private RSA operation: the keyring asks
//! the caller's guess first, passes over keys that cannot fit without any, and counts those it made.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::SealingKey;
use crate::seal::{Parts, open_body};

/// The sealing keys to open with. An empty keyring, the default, opens nothing.
#[derive(Debug)]
pub struct Keyring {
    keys: Vec<SealingKey>,
    /// The instant beside each key, in the same order.
    instants: Vec<Timestamp>,
    version: [u8; 32],
}

impl Default for Keyring {
    fn default() -> Keyring {
        Keyring::new(Vec::new())
    }
}

/// A value that was opened.
pub struct Unsealed<'a> {
    /// The value; wiped when dropped.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// The key that opened it.
    pub key: &'a SealingKey,
    /// How many private RSA operations it took.
    pub attempts: usize,
}

impl fmt::Debug for Unsealed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Unsealed")
            .field("key", &self.key)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// Why a blob could not be opened. Which step of the cryptography failed is deliberately not told: it would help
/// nobody but those who forge blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsealError {
    /// The blob is shorter than its header says. No key was tried.
    #[error("the sealed value is truncated")]
    Truncated,
    /// No key opens the blob under this label.
    #[error("no key could decrypt the sealed value")]
    NoKey {
        /// How many private RSA operations were made.
        attempts: usize,
    },
}

impl UnsealError {
    /// How many private RSA operations were made.
    pub fn attempts(&self) -> usize {
        match self {
            UnsealError::Truncated => 0,
            UnsealError::NoKey { attempts } => *attempts,
        }
    }
}

impl Keyring {
    /// Orders the keys newest first by the instant beside each, which is [`Certificate::not_before`] unless a setting
    /// says otherwise. Of two with the same instant the one that was registered first stays before the other; a key
    /// that comes twice counts once.
    ///
    /// [`Certificate::not_before`]: crate::Certificate::not_before
    pub fn new(mut keys: Vec<(SealingKey, Timestamp)>) -> Keyring {
        keys.sort_by_key(|(_, instant)| Reverse(*instant));
        let mut seen = BTreeSet::new();
        keys.retain(|(key, _)| seen.insert(key.fingerprint().to_owned()));
        let (keys, instants) = keys.into_iter().unzip();
        // The set is sorted, so the version does not depend on dates or on the order of registration.
        let mut digest = Context::new(&SHA256);
        for fingerprint in &seen {
            digest.update(fingerprint.as_bytes());
            digest.update(b"\n");
        }
        let mut version = [0; 32];
        version.copy_from_slice(digest.finish().as_ref());
        Keyring { keys, instants, version }
    }

    /// The newest key: its certificate is the one to hand out.
    pub fn newest(&self) -> Option<&SealingKey> {
        self.keys.first()
    }

    /// The instant by which the newest key was ordered: the age of the keyring.
    pub fn newest_instant(&self) -> Option<Timestamp> {
        self.instants.first().copied()
    }

    /// The key that was the newest at `instant`, which is most likely the one that somebody sealed with then; the oldest
    /// when all are younger.
    pub fn newest_at(&self, instant: Timestamp) -> Option<&SealingKey> {
        let at = self.instants.iter().position(|began| *began <= instant);
        self.keys.get(at.unwrap_or(self.keys.len().checked_sub(1)?))
    }

    /// All keys, newest first.
    pub fn keys(&self) -> &[SealingKey] {
        &self.keys
    }

    /// A digest over the fingerprints of the keys. It changes when, and only when, a key comes or goes, so a failure
    /// remembered under one version holds until the next. Public data.
    pub fn version(&self) -> [u8; 32] {
        self.version
    }

    /// Opens a blob that was sealed under `label`. The key whose fingerprint is `hint` is tried first, then the others,
    /// newest first; keys whose modulus does not have the length of the blob's RSA part are passed over.
    ///
    /// # Errors
    /// [`UnsealError`], always with the number of RSA operations that were spent.
    pub fn unseal(&self, label: &[u8], blob: &[u8], hint: Option<&str>) -> Result<Unsealed<'_>, UnsealError> {
        let parts = Parts::of(blob).ok_or(UnsealError::Truncated)?;
        let is_hinted = |key: &&SealingKey| hint == Some(key.fingerprint());
        let hinted = self.keys.iter().filter(is_hinted);
        let others = self.keys.iter().filter(|key| !is_hinted(key));
        let mut attempts = 0;
        for key in hinted.chain(others).filter(|key| key.modulus_len() == parts.wrapped_key.len()) {
            attempts += 1;
            let session_key = key.unwrap_session_key(parts.wrapped_key, label);
            if let Some(plaintext) = session_key.and_then(|session_key| open_body(&session_key, parts.body)) {
                return Ok(Unsealed { plaintext, key, attempts });
            }
        }
        Err(UnsealError::NoKey { attempts })
    }
}

#[cfg(test)]
mod tests;
