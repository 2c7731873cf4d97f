//! Recipients: what a data key is encrypted to.

use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::io::{self, Write as _};
use std::iter;
use std::str::FromStr;

use age::armor::{ArmoredWriter, Format};
use age::{EncryptError, Encryptor};
use age_core::format::{FileKey, Stanza};

use super::dialog::Callbacks;
use super::{AgeError, NO_PLUGINS, hybrid, plugin, ssh};
use crate::data_key::DataKey;

/// A public key that data keys are encrypted to: `age1…`, `age1pq1…`, `age1tag1…`, `age1tagpq1…`, `age1<plugin>1…`,
/// `ssh-ed25519 …` or `ssh-rsa …`.
///
/// Displayed as it was given, the comment of an SSH key included: that is what is stored in a file, and what makes two
/// recipients the same.
#[derive(Clone)]
pub struct Recipient {
    text: String,
    key: Key,
}

#[derive(Clone)]
enum Key {
    X25519(age::x25519::Recipient),
    Hybrid(Box<hybrid::Recipient>),
    Tag(age::tag::Recipient),
    TagPq(Box<age::tagpq::Recipient>),
    Ssh(ssh::Recipient),
    Plugin(plugin::Recipient),
}

impl FromStr for Recipient {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        let text = text.trim();
        Ok(Recipient { text: text.to_owned(), key: parse(text)? })
    }
}

/// What starts as which kind is tried as that kind only, so that the error speaks of what was meant.
fn parse(text: &str) -> Result<Key, AgeError> {
    let malformed = || AgeError::Recipient(text.to_owned());
    let names_plugin = text.starts_with("age1") && text.matches('1').count() > 1;
    if text.starts_with("age1pq1") {
        text.parse().map(|key| Key::Hybrid(Box::new(key))).map_err(|()| malformed())
    } else if text.starts_with("age1tag1") {
        text.parse().map(Key::Tag).map_err(|_: &str| malformed())
    } else if text.starts_with("age1tagpq1") {
        text.parse().map(|key| Key::TagPq(Box::new(key))).map_err(|_: &str| malformed())
    } else if names_plugin {
        plugin::Recipient::parse(text).map(Key::Plugin)
    } else if text.starts_with("ssh-") {
        ssh::Recipient::parse(text).map(Key::Ssh)
    } else if text.starts_with("age1") {
        text.parse().map(Key::X25519).map_err(|_: &str| malformed())
    } else {
        Err(malformed())
    }
}

impl Recipient {
    /// Parses recipients separated by commas, as `--age` and `SOPS_AGE_RECIPIENTS` have them.
    pub fn parse_list(text: &str) -> Result<Vec<Recipient>, AgeError> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::parse).collect()
    }

    /// Encrypts a data key: an armored age file with a final newline. Runs no plugin.
    pub fn wrap(&self, key: &DataKey) -> Result<String, AgeError> {
        self.encrypt(key.as_bytes(), None)
    }

    /// Encrypts; a plugin is run only with callbacks.
    pub(super) fn encrypt(&self, plaintext: &[u8], callbacks: Option<Callbacks>) -> Result<String, AgeError> {
        let failed = |cause: String| AgeError::Wrap { recipient: self.text.clone(), cause };
        let recipient = self.key.as_age(callbacks).map_err(failed)?;
        let encryptor =
            Encryptor::with_recipients(iter::once(&*recipient)).map_err(|error| failed(error.to_string()))?;
        let io = |error: io::Error| failed(error.to_string());
        let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).map_err(io)?;
        let mut writer = encryptor.wrap_output(armor).map_err(io)?;
        writer.write_all(plaintext).map_err(io)?;
        let armored = writer.finish().and_then(ArmoredWriter::finish).map_err(io)?;
        String::from_utf8(armored).map_err(|_| failed("the armor is no text".to_owned()))
    }
}

impl Key {
    fn as_age(&self, callbacks: Option<Callbacks>) -> Result<Box<dyn age::Recipient>, String> {
        Ok(match self {
            Key::X25519(recipient) => Box::new(recipient.clone()),
            Key::Hybrid(recipient) => recipient.clone(),
            Key::Tag(recipient) => Box::new(recipient.clone()),
            Key::TagPq(recipient) => recipient.clone(),
            Key::Ssh(recipient) => recipient.as_age(),
            Key::Plugin(recipient) => recipient.bound(callbacks.ok_or(NO_PLUGINS)?)?,
        })
    }
}

/// For files of one's own, to several recipients at once. Runs no plugin.
impl age::Recipient for Recipient {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let recipient = self.key.as_age(None).map_err(|cause| EncryptError::Io(io::Error::other(cause)))?;
        recipient.wrap_file_key(key)
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Recipient {}

impl Hash for Recipient {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
