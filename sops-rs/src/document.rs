//! A file as a whole: its documents and its `sops` block.
//!
//! Loading takes the block off the tree; emitting puts it back into every document. Opened documents are wiped when
//! dropped. Nothing here reads a clock or draws randomness on its own, but for the ephemeral key of an age recipient.

use std::io;

use jiff::Timestamp;
use zeroize::{Zeroize as _, Zeroizing};

use crate::data_key::{self, DataKey};
use crate::error::Error;
use crate::format::Format;
use crate::mac::Mac;
use crate::master_key::age::{self, Identity, Recipient};
use crate::metadata::{self, KeyGroup, MasterKey, Metadata, MetadataError};
use crate::rules::{Rules, Selector};
use crate::tree::{Branch, Entry, Value};
use crate::value::cipher::Cipher;
use crate::walk::{Opener, Sealer, Tally, draw};

mod leaf;

#[cfg(test)]
mod tests;

pub use leaf::{Ambiguity, Leaf, LeafError};

/// A source of cryptographic randomness: fills the slice.
pub type Random<'a> = dyn FnMut(&mut [u8]) -> io::Result<()> + 'a;

/// A file, plain or encrypted.
#[derive(Clone)]
pub struct Document {
    format: Format,
    branches: Vec<Branch>,
    metadata: Option<Metadata>,
}

/// How a new file is encrypted.
pub struct Creation<'a> {
    /// Who can open it.
    pub recipients: &'a [Recipient],
    /// What is encrypted; `None` for everything but keys that end in `_unencrypted`.
    pub selector: Option<Selector>,
    /// Accept a selector that selects nothing: the file is then written in clear.
    pub allow_unencrypted: bool,
    /// Let the MAC cover encrypted values only.
    pub mac_only_encrypted: bool,
    /// Becomes `lastmodified`.
    pub now: Timestamp,
}

impl Document {
    /// Reads a file. It is encrypted when its first document has a key `sops` at the top.
    pub fn load(format: Format, bytes: &[u8]) -> Result<Document, Error> {
        let mut branches = format.load(bytes)?;
        let blocks = branches.first().map_or(0, |first| first.0.iter().filter(|entry| is_block(entry)).count());
        let metadata = match (blocks, branches.first().and_then(|first| first.get(metadata::KEY))) {
            (0, _) | (_, None) => None,
            (1, Some(block)) => Some(Metadata::read(block)?),
            _ => return Err(MetadataError::Twice.into()),
        };
        if metadata.is_some() {
            for branch in &mut branches {
                branch.0.retain(|entry| !is_block(entry));
            }
        }
        Ok(Document { format, branches, metadata })
    }

    /// The format it was read from.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether it has a `sops` block.
    pub fn is_encrypted(&self) -> bool {
        self.metadata.is_some()
    }

    /// The `sops` block.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_ref()
    }

    /// The documents as they stand in the file, without the block.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    fn encrypted(&self) -> Result<(&Metadata, Rules), Error> {
        let metadata = self.metadata.as_ref().ok_or(Error::NotEncrypted)?;
        Ok((metadata, Rules::new(&metadata.selector)?))
    }

    /// Opens the data key with the first identity that fits.
    ///
    /// # Errors
    /// [`Error::NoIdentity`] if none does, [`Error::KeyGroups`] if the key is in parts.
    pub fn data_key(&self, identities: &[Identity]) -> Result<DataKey, Error> {
        let (metadata, _) = self.encrypted()?;
        if metadata.groups.len() > 1 {
            return Err(Error::KeyGroups(metadata.groups.len()));
        }
        let opened = metadata.master_keys().find_map(|key| match key {
            MasterKey::Age { enc, .. } => age::unwrap(enc, identities),
            MasterKey::Other { .. } => None,
        });
        opened.ok_or_else(|| Error::NoIdentity { recipients: names(metadata) })
    }

    /// Opens all values and verifies the MAC.
    pub fn decrypt(&self, key: &DataKey) -> Result<Zeroizing<Vec<Branch>>, Error> {
        let (metadata, _) = self.encrypted()?;
        let cipher = Cipher::new(key);
        let (branches, mac) = self.open_all(&cipher)?;
        mac.verify(&cipher, &metadata.lastmodified, &metadata.mac)?;
        Ok(branches)
    }

    /// Opens all values and believes that they belong together. For a person who has to rescue a file, never for a
    /// program.
    pub fn decrypt_ignoring_mac(&self, key: &DataKey) -> Result<Zeroizing<Vec<Branch>>, Error> {
        self.open_all(&Cipher::new(key)).map(|(branches, _)| branches)
    }

    fn open_all(&self, cipher: &Cipher) -> Result<(Zeroizing<Vec<Branch>>, Mac), Error> {
        let (metadata, rules) = self.encrypted()?;
        let mut mac = Mac::new(metadata.mac_only_encrypted);
        let mut branches = Zeroizing::new(Vec::with_capacity(self.branches.len()));
        for (number, branch) in self.branches.iter().enumerate() {
            branches.push(Opener::new(cipher, &rules, &mut mac, number).branch(branch)?);
        }
        Ok((branches, mac))
    }

    /// Encrypts a plain file under a new data key drawn from `random`.
    ///
    /// # Errors
    /// [`Error::AlreadyEncrypted`], [`Error::NoRecipient`], [`Error::NothingSelected`], or a selector or recipient that
    /// cannot be used.
    pub fn encrypt(&self, creation: &Creation<'_>, random: &mut Random<'_>) -> Result<Document, Error> {
        self.check_encryptable(creation)?;
        let selector = creation.selector.clone().unwrap_or_default();
        let rules = Rules::new(&selector)?;
        let mut bytes = draw::<{ data_key::LEN }>(random)?;
        let key = DataKey::new(bytes);
        bytes.zeroize();
        let cipher = Cipher::new(&key);
        let mut sealer = Sealer {
            cipher: &cipher,
            rules: &rules,
            mac: Mac::new(creation.mac_only_encrypted),
            tally: Tally::default(),
        };
        let mut branches = Vec::with_capacity(self.branches.len());
        for (number, branch) in self.branches.iter().enumerate() {
            branches.push(sealer.document(number, branch, random)?);
        }
        let in_clear = sealer.tally.sealed == 0 && sealer.tally.values > 0;
        if in_clear && creation.selector.is_some() && !creation.allow_unencrypted {
            return Err(Error::NothingSelected(selector.name()));
        }
        let lastmodified = creation.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mac = sealer
            .mac
            .seal(&cipher, &lastmodified, &draw(random)?)
            .map_err(|_| MetadataError::Field("lastmodified"))?;
        let metadata = Metadata {
            groups: vec![wrap(&key, creation.recipients)?],
            shamir_threshold: None,
            selector,
            mac_only_encrypted: creation.mac_only_encrypted,
            lastmodified,
            mac,
            version: metadata::VERSION.to_owned(),
            others: Branch::default(),
        };
        Ok(Document { format: self.format, branches, metadata: Some(metadata) })
    }

    fn check_encryptable(&self, creation: &Creation<'_>) -> Result<(), Error> {
        if self.is_encrypted() || self.branches.iter().any(|branch| branch.0.iter().any(is_block)) {
            return Err(Error::AlreadyEncrypted);
        }
        if self.branches.is_empty() {
            return Err(Error::Empty);
        }
        if creation.recipients.is_empty() { Err(Error::NoRecipient) } else { Ok(()) }
    }

    /// Writes the file, the block at the end of every document. For `indent` see [`Format::emit`].
    pub fn emit(&self, format: Format, indent: Option<usize>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let Some(metadata) = &self.metadata else { return format.emit(&self.branches, indent) };
        let block = Entry::Pair(metadata::KEY.to_owned(), Value::Map(metadata.write()));
        let mut branches = self.branches.clone();
        for branch in &mut branches {
            branch.0.push(block.clone());
        }
        format.emit(&branches, indent)
    }
}

fn is_block(entry: &Entry) -> bool {
    matches!(entry, Entry::Pair(key, _) if key == metadata::KEY)
}

fn wrap(key: &DataKey, recipients: &[Recipient]) -> Result<KeyGroup, Error> {
    let mut keys = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        keys.push(MasterKey::Age { recipient: recipient.to_string(), enc: recipient.wrap(key)? });
    }
    Ok(KeyGroup(keys))
}

fn names(metadata: &Metadata) -> String {
    let names: Vec<&str> = metadata.master_keys().map(MasterKey::name).collect();
    names.join(", ")
}
