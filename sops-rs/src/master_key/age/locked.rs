//! Identity files that are themselves encrypted with a passphrase (`age -p`).
//!
//! Opened when a file is to be decrypted and not before, once: scrypt is slow on purpose.

use std::io::Read as _;
use std::iter;
use std::sync::OnceLock;

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor};
use age_core::format::{FileKey, Stanza};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::dialog::Dialog;
use super::envelope;
use super::identity::{Failure, Identity, Opener};

/// The work factor from which on a file is refused, as in age: 2^22 rounds take about a minute and 4 GiB.
const MAX_WORK_FACTOR: u8 = 22;
/// Largest identity file, as in the original.
pub(super) const MAX_FILE: usize = 1 << 24;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// An encrypted identity file.
pub(super) struct Locked {
    /// The file without its armor.
    file: Vec<u8>,
    /// Where it comes from, for the dialog.
    name: String,
    /// What became of the one attempt to open it: nobody is asked twice, by however many threads.
    unlocked: OnceLock<Result<Vec<Identity>, String>>,
}

impl Locked {
    /// Whether a file starts as an age file does.
    pub(super) fn is_locked(contents: &[u8]) -> bool {
        contents.starts_with(b"age-encryption") || contents.starts_with(b"-----BEGIN AGE")
    }

    /// Takes the armor off; the error says what is wrong.
    pub(super) fn new(contents: &[u8], name: &str) -> Result<Locked, &'static str> {
        let file = envelope::without_armor(contents).map_err(|_| "its armor is damaged")?;
        if !envelope::has_whole_stanzas(&file) {
            return Err("its header is damaged");
        }
        Ok(Locked { file: file.into_owned(), name: name.to_owned(), unlocked: OnceLock::new() })
    }

    pub(super) fn unwrap(&self, stanzas: &[Stanza], opener: &Opener<'_>) -> Option<Result<FileKey, Failure>> {
        let Some(dialog) = &opener.callbacks().0 else { return Some(Err(Failure::Told(self.no_passphrase()))) };
        match self.unlocked.get_or_init(|| self.unlock(&**dialog)) {
            Ok(identities) => identities.iter().find_map(|identity| identity.unwrap(stanzas, opener)),
            Err(words) => Some(Err(Failure::Told(words.clone()))),
        }
    }

    fn unlock(&self, dialog: &dyn Dialog) -> Result<Vec<Identity>, String> {
        let decryptor = Decryptor::new_buffered(self.file.as_slice()).map_err(|_| self.told("is damaged"))?;
        if !decryptor.is_scrypt() {
            return Err(self.told("is not encrypted with a passphrase"));
        }
        let agent_name = self.agent_name();
        let question = format!("Enter passphrase for identity '{}':", self.name);
        let passphrase = dialog.passphrase(&question, Some(&agent_name)).ok_or_else(|| self.no_passphrase())?;
        let mut identity = age::scrypt::Identity::new(SecretString::from(passphrase.as_str()));
        identity.set_max_work_factor(MAX_WORK_FACTOR);
        let opened = decryptor.decrypt(iter::once(&identity as &dyn age::Identity)).map_err(|error| match error {
            DecryptError::DecryptionFailed | DecryptError::NoMatchingKeys => {
                dialog.forget(&agent_name);
                format!("the passphrase for the identity file {} is wrong", self.name)
            }
            DecryptError::ExcessiveWork { .. } => self.told("asks for more work than a passphrase is worth"),
            _ => self.told("is damaged"),
        })?;
        let mut text = Zeroizing::new(String::new());
        opened.take(MAX_FILE as u64).read_to_string(&mut text).map_err(|_| self.told("is damaged"))?;
        Identity::parse(&text).map_err(|error| self.told(&format!("is wrong inside: {error}")))
    }

    fn no_passphrase(&self) -> String {
        format!("no passphrase for the identity file {}", self.name)
    }

    fn told(&self, what: &str) -> String {
        format!("the identity file {} {what}", self.name)
    }

    /// The name under which the original has an agent remember the passphrase: `SopsAge` and 25 bytes of the file's
    /// SHA-256 in base 32.
    fn agent_name(&self) -> String {
        let digest = Sha256::digest(&self.file);
        let mut name = "SopsAge".to_owned();
        for group in digest[..25].chunks_exact(5) {
            let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for at in (0..40).step_by(5).rev() {
                let digit = usize::try_from(bits >> at & 31).unwrap_or_default();
                name.push(char::from(BASE32[digit]));
            }
        }
        name
    }
}
