//! `pubring.gpg` and `secring.gpg`, the keyrings of GnuPG up to 2.0.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs, io};

use async_trait::async_trait;
use sops::master_key::pgp::PgpKeys;
use sops::{KeyError, KeyId, KeyService};
use zeroize::Zeroizing;

use crate::chance::now;

/// What is in them, read when the first key asks.
#[derive(Default)]
pub(super) struct Rings {
    public: OnceLock<Result<PgpKeys, String>>,
    secret: OnceLock<Result<PgpKeys, String>>,
}

impl Rings {
    fn public(&self) -> Result<&PgpKeys, KeyError> {
        let read = self.public.get_or_init(|| read(&home().join("pubring.gpg")).map(|keys| keys.at(now())));
        read.as_ref().map_err(|words| KeyError::NoIdentity(words.clone()))
    }

    /// Those of `secring.gpg`; where there is none, of `pubring.gpg`.
    fn secret(&self) -> Result<&PgpKeys, KeyError> {
        let path = home().join("secring.gpg");
        if fs::symlink_metadata(&path).is_err() {
            return self.public();
        }
        let read = self.secret.get_or_init(|| read(&path));
        read.as_ref().map_err(|words| KeyError::NoIdentity(words.clone()))
    }
}

#[async_trait]
impl KeyService for Rings {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        self.public()?.wrap(key, plaintext).await.map_err(|error| in_rings(&error))
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        self.secret()?.unwrap(key, enc).await.map_err(|error| in_rings(&error))
    }
}

fn in_rings(error: &KeyError) -> KeyError {
    KeyError::NoIdentity(format!("keyrings in {}: {error}", home().display()))
}

fn read(path: &Path) -> Result<PgpKeys, String> {
    let bytes = fs::read(path).map(Zeroizing::new).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("there is no keyring {}", path.display()),
        _ => format!("{} could not be read: {error}", path.display()),
    })?;
    PgpKeys::from_keyring(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// The folder of GnuPG.
fn home() -> PathBuf {
    let set = env::var_os("GNUPGHOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    set.unwrap_or_else(|| env::home_dir().unwrap_or_default().join(".gnupg"))
}
