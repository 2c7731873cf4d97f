//! The age master key (<https://age-encryption.org/v1>): X25519 and post-quantum keys, SSH keys, plugins.
//!
//! Takes key material from its caller: it never looks at the environment or at files. It runs a program only when plugins
//! were allowed and a recipient or an identity names one.

use std::io::Read as _;
use std::iter;
use std::sync::Arc;

use age::{DecryptError, Decryptor};
use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::master_key::{KeyError, KeyId, KeyService};

mod dialog;
mod envelope;
mod hybrid;
mod identity;
mod locked;
#[cfg_attr(not(feature = "age-plugin"), path = "age/no_plugin.rs")]
mod plugin;
mod recipient;
#[cfg_attr(not(feature = "age-ssh"), path = "age/no_ssh.rs")]
mod ssh;
mod x_wing;

pub use dialog::Dialog;
pub use identity::Identity;
pub use recipient::Recipient;

use dialog::Callbacks;
use identity::Opener;

/// The most that a wrapped data key or share may hold: 33 bytes are what is stored.
const MAX_DATA_KEY: usize = 1024;
/// The most that the header of a file may take: the largest known stanza takes 2 KiB, and each costs every identity a try.
const MAX_HEADER: usize = 1 << 18;
const NO_PLUGINS: &str = "plugins are turned off";

/// A key file or recipient that cannot be used. Never quotes a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgeError {
    /// A line of an identity file is no identity.
    #[error("line {line} is not an age identity")]
    Identity {
        /// Number of the line, from 1.
        line: usize,
    },
    /// The file is no identity file.
    #[error("{0}")]
    File(String),
    /// The text is no recipient.
    #[error("`{0}` is not an age recipient")]
    Recipient(String),
    /// The text is a recipient, but not one that this build can encrypt to.
    #[error("`{recipient}` cannot be encrypted to: {cause}")]
    Unusable {
        /// The recipient.
        recipient: String,
        /// Why not.
        cause: String,
    },
    /// The data key could not be encrypted.
    #[error("the data key could not be encrypted to {recipient}: {cause}")]
    Wrap {
        /// The recipient.
        recipient: String,
        /// Why not; of a plugin, its own words.
        cause: String,
    },
}

/// Wraps data keys to recipients of age and opens them with the identities it holds.
#[derive(Clone, Default)]
pub struct AgeKeys {
    identities: Vec<Identity>,
    dialog: Option<Arc<dyn Dialog>>,
    plugins: bool,
}

impl AgeKeys {
    /// Keys that ask nobody and run no plugin.
    pub fn new(identities: Vec<Identity>) -> AgeKeys {
        AgeKeys { identities, dialog: None, plugins: false }
    }

    /// Lets identities ask the user.
    #[must_use]
    pub fn with_dialog(mut self, dialog: Arc<dyn Dialog>) -> AgeKeys {
        self.dialog = Some(dialog);
        self
    }

    /// Lets recipients and identities that name a plugin run `age-plugin-NAME` from the search path.
    #[must_use]
    pub fn with_plugins(mut self) -> AgeKeys {
        self.plugins = true;
        self
    }

    /// Opens an age file, armored or not, of which the plaintext has at most `limit` bytes.
    ///
    /// # Errors
    /// [`KeyError::NoIdentity`] if no identity fits, [`KeyError::Malformed`] if it is no age file or was changed.
    pub fn open(&self, file: &[u8], limit: usize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let malformed = |error: &DecryptError| KeyError::Malformed(damage(error).to_owned());
        if file.len() > limit.saturating_mul(2).saturating_add(MAX_HEADER) {
            return Err(KeyError::Malformed("the age file is too large".to_owned()));
        }
        let file = envelope::without_armor(file).map_err(|error| malformed(&error.into()))?;
        if !envelope::has_whole_stanzas(&file) {
            return Err(malformed(&DecryptError::InvalidHeader));
        }
        let decryptor = Decryptor::new_buffered(&*file).map_err(|error| malformed(&error))?;
        let opener = Opener::new(&self.identities, Callbacks(self.dialog.clone()), self.plugins);
        let reader = match decryptor.decrypt(iter::once(&opener as &dyn age::Identity)) {
            Ok(reader) => reader,
            Err(DecryptError::NoMatchingKeys) => return Err(self.no_identity(&opener.failures())),
            Err(error) => return Err(malformed(&error)),
        };
        // With its capacity set beforehand the plaintext is not left behind in a buffer that was outgrown.
        let mut plain = Zeroizing::new(Vec::with_capacity(limit.min(file.len()) + 1));
        let read = reader.take(limit as u64 + 1).read_to_end(&mut plain);
        read.map_err(|_| KeyError::Malformed("the age file is cut off or was changed".to_owned()))?;
        if plain.len() > limit {
            return Err(KeyError::Malformed(format!("the age file holds more than {limit} bytes")));
        }
        Ok(plain)
    }

    fn no_identity(&self, failures: &[String]) -> KeyError {
        let mut words = match self.identities.len() {
            0 => "there is no age identity".to_owned(),
            1 => "the age identity at hand does not fit".to_owned(),
            many => format!("none of the {many} age identities at hand fits"),
        };
        for failure in failures {
            words.push_str("; ");
            words.push_str(failure);
        }
        KeyError::NoIdentity(words)
    }
}

fn damage(error: &DecryptError) -> &'static str {
    match error {
        DecryptError::InvalidMac => "the header of the age file was changed",
        DecryptError::UnknownFormat => "the age file has a format of another version",
        _ => "it is not an age file",
    }
}

#[async_trait]
impl KeyService for AgeKeys {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        let KeyId::Age(recipient) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        let recipient: Recipient =
            recipient.parse().map_err(|error: AgeError| KeyError::Malformed(error.to_string()))?;
        let callbacks = self.plugins.then(|| Callbacks(self.dialog.clone()));
        recipient.encrypt(plaintext, callbacks).map_err(|error| KeyError::Refused(error.to_string()))
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let KeyId::Age(_) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        self.open(enc.as_bytes(), MAX_DATA_KEY)
    }
}

#[cfg(test)]
mod tests;
