//! Opening the values of one object, one after the other.
//!
//! They were mostly sealed in one go, with one key: what has opened one value is tried first on the next, so that a long
//! keyring costs its search once for an object.

use crate::keyring::{Keyring, UnsealError, Unsealed};

/// The values of one object: one label, one first guess.
pub struct Opener<'a> {
    keyring: &'a Keyring,
    label: Vec<u8>,
    hint: Option<String>,
    attempts: usize,
}

impl<'a> Opener<'a> {
    /// For values that were sealed under `label`; `hint` is the fingerprint of the key to try first.
    pub fn new(keyring: &'a Keyring, label: Vec<u8>, hint: Option<String>) -> Opener<'a> {
        Opener { keyring, label, hint, attempts: 0 }
    }

    /// The label of all of them.
    pub fn label(&self) -> &[u8] {
        &self.label
    }

    /// The fingerprint of the key that is tried next: the one that has opened the last value, if any has opened.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// How many private RSA operations were made.
    pub fn attempts(&self) -> usize {
        self.attempts
    }

    /// Opens a value; see [`Keyring::unseal`].
    ///
    /// # Errors
    /// [`UnsealError`].
    pub fn open(&mut self, blob: &[u8]) -> Result<Unsealed<'a>, UnsealError> {
        let opened = self.keyring.unseal(&self.label, blob, self.hint.as_deref());
        match &opened {
            Ok(unsealed) => {
                self.attempts += unsealed.attempts;
                self.hint = Some(unsealed.key.fingerprint().to_owned());
            }
            Err(error) => self.attempts += error.attempts(),
        }
        opened
    }
}
