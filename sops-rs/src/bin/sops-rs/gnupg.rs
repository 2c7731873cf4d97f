//! The OpenPGP keys of the user: the old keyrings of GnuPG, read in this process, then the program `gpg`.
//!
//! GnuPG from 2.1 on keeps its keys in a keybox and with its agent, where only `gpg` gets at them.

use async_trait::async_trait;
use sops::{KeyError, KeyId, KeyService};
use zeroize::Zeroizing;

mod program;
#[cfg(feature = "pgp")]
mod rings;

/// Both ways to the keys.
#[derive(Default)]
pub(crate) struct GnuPg {
    #[cfg(feature = "pgp")]
    rings: rings::Rings,
}

#[async_trait]
impl KeyService for GnuPg {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        let KeyId::Pgp(fingerprint) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        #[cfg(feature = "pgp")]
        let first = match self.rings.wrap(key, plaintext).await {
            Ok(enc) => return Ok(enc),
            Err(error) => Some(error),
        };
        #[cfg(not(feature = "pgp"))]
        let first = None;
        program::encrypt(fingerprint, plaintext).map_err(|error| both(first, &error))
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let KeyId::Pgp(_) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        #[cfg(feature = "pgp")]
        let first = match self.rings.unwrap(key, enc).await {
            Ok(plain) => return Ok(plain),
            Err(error) => Some(error),
        };
        #[cfg(not(feature = "pgp"))]
        let first = None;
        program::decrypt(enc).map_err(|error| both(first, &error))
    }
}

/// Both answers, of the kind of the last.
fn both(first: Option<KeyError>, last: &KeyError) -> KeyError {
    let words = first.map(|first| format!("{first}\n")).unwrap_or_default() + &last.to_string();
    match last {
        KeyError::Unavailable(_) => KeyError::Unavailable(words),
        _ => KeyError::Refused(words),
    }
}
