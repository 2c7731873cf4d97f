//! The OpenPGP master key (RFC 4880 and RFC 9580), worked in this process by rPGP.
//!
//! Takes keys from its caller: it looks at no keyring of GnuPG, runs no program and asks nobody for a passphrase. What it
//! cannot open, because the secret key has a passphrase or lies with an agent or on a card, the program `gpg` may.

use async_trait::async_trait;
use jiff::Timestamp;
use pgp::composed::{SignedPublicKey, SignedSecretKey};
use zeroize::Zeroizing;

use crate::master_key::{KeyError, KeyId, KeyService};

mod message;
mod recipient;
mod ring;

use recipient::Wanted;

/// Bytes in which no key was found. Never quotes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PgpError {
    /// Not an ASCII-armored block of keys.
    #[error("it is not an armored OpenPGP key")]
    Armor,
    /// No key that this build can read.
    #[error("there is no OpenPGP key in it")]
    NoKey,
}

/// Wraps data keys to OpenPGP keys and opens them with secret keys that have no passphrase.
#[derive(Clone, Default)]
pub struct PgpKeys {
    public: Vec<SignedPublicKey>,
    secret: Vec<SignedSecretKey>,
    now: Option<Timestamp>,
}

impl PgpKeys {
    /// Keys as `gpg --armor --export` and `--export-secret-keys` write them: one block or several.
    pub fn from_armored(bytes: &[u8]) -> Result<PgpKeys, PgpError> {
        let mut keys = PgpKeys::default();
        for block in ring::blocks(bytes)? {
            keys.add(&block);
        }
        keys.not_empty()
    }

    /// A keyring without armor, as the files `pubring.gpg` and `secring.gpg` are. Keys that this build cannot read are
    /// passed over.
    pub fn from_keyring(bytes: &[u8]) -> Result<PgpKeys, PgpError> {
        let mut keys = PgpKeys::default();
        keys.add(bytes);
        keys.not_empty()
    }

    /// These keys and those of another ring.
    #[must_use]
    pub fn and(mut self, other: PgpKeys) -> PgpKeys {
        self.public.extend(other.public);
        self.secret.extend(other.secret);
        self
    }

    /// Tells the time, which wrapping needs: an expired key is not encrypted to. Opening needs none.
    #[must_use]
    pub fn at(self, now: Timestamp) -> PgpKeys {
        PgpKeys { now: Some(now), ..self }
    }

    fn add(&mut self, bytes: &[u8]) {
        let (public, secret) = ring::read(bytes);
        self.public.extend(public);
        self.public.extend(secret.iter().map(SignedSecretKey::to_public_key));
        self.secret.extend(secret);
    }

    fn not_empty(self) -> Result<PgpKeys, PgpError> {
        if self.public.is_empty() { Err(PgpError::NoKey) } else { Ok(self) }
    }
}

#[async_trait]
impl KeyService for PgpKeys {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        let KeyId::Pgp(fingerprint) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        let wanted = Wanted::parse(fingerprint)?;
        let recipient = wanted.find(&self.public, self.now)?;
        message::seal(&recipient, plaintext).map_err(|_| KeyError::Refused(format!("{fingerprint} does not encrypt")))
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let KeyId::Pgp(_) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        message::open(&self.secret, enc)
    }
}

#[cfg(test)]
mod tests;
