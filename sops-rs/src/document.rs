//! A file as a whole: its documents and its `sops` block.
//!
//! Loading takes the block off the tree; emitting puts it back into every document. Opened documents are wiped when
//! dropped. Nothing here reads a clock or draws randomness on its own, but for the ephemeral key of an age recipient.

use std::collections::HashMap;
use std::io;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::data_key::DataKey;
use crate::error::Error;
use crate::format::Format;
use crate::format::envelope::{self, Writing};
use crate::format::read_back::Reading;
use crate::mac::Mac;
use crate::master_key::KeyService;
use crate::metadata::{self, KeyGroup, Metadata, MetadataError};
use crate::rules::{Rules, Selector};
use crate::tree::{Branch, Entry};
use crate::value::cipher::Cipher;
use crate::walk::{Nonces, Sealer};

mod keys;
mod leaf;
mod old_context;
mod open;

#[cfg(test)]
mod tests;

pub use crate::walk::Tally;
pub use keys::{Attempts, GroupAttempt, KeyAttempt, wrap};
pub use leaf::{Ambiguity, Leaf, LeafError};
pub use open::{CheckMac, Opened};

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
    /// Who can open it: one group, or several of which `shamir_threshold` are needed.
    pub groups: &'a [KeyGroup],
    /// How many groups are needed; `None` for all. Kept and without effect when there is one group.
    pub shamir_threshold: Option<i64>,
    /// What is encrypted; `None` for everything but keys that end in `_unencrypted`.
    pub selector: Option<Selector>,
    /// Accept a selector that selects nothing: the file is then written in clear.
    pub allow_unencrypted: bool,
    /// Let the MAC cover encrypted values only.
    pub mac_only_encrypted: bool,
    /// Becomes `lastmodified`.
    pub now: Timestamp,
}

/// How an encrypted file is written again.
pub struct Change {
    /// Becomes `lastmodified`.
    pub now: Timestamp,
    /// Let `version` become ours if that of the file is older, as `edit` does.
    pub raise_version: bool,
}

impl Document {
    /// Reads a file. It is encrypted when its first document has a key `sops` at the top, in dotenv one that begins with
    /// `sops_`.
    pub fn load(format: Format, bytes: &[u8]) -> Result<Document, Error> {
        let (branches, block) = envelope::load(format, bytes)?;
        let metadata = block.as_ref().map(Metadata::read).transpose()?;
        Ok(Document { format, branches, metadata })
    }

    /// Reads a file that is to be encrypted into `output`: keys of its metadata are then in the way, and a binary file is
    /// not looked into.
    pub fn plain(format: Format, bytes: &[u8], output: Format) -> Result<Document, Error> {
        Ok(Document { format: output, branches: format.load(bytes)?, metadata: None })
    }

    /// A file of documents in clear, to be encrypted anew.
    pub fn of(format: Format, branches: Vec<Branch>) -> Document {
        Document { format, branches, metadata: None }
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

    /// Encrypts a plain file under a new data key drawn from `random`, which is wrapped with the master keys of
    /// `creation`.
    ///
    /// # Errors
    /// [`Error::AlreadyEncrypted`], [`Error::NoRecipient`], [`Error::NothingSelected`], or a selector or master key that
    /// cannot be used.
    pub async fn encrypt(
        &self,
        creation: &Creation<'_>,
        services: &[&dyn KeyService],
        random: &mut Random<'_>,
    ) -> Result<(Document, Tally), Error> {
        self.check_encryptable(creation)?;
        let key = DataKey::draw(random)?;
        let mut metadata = Metadata {
            groups: creation.groups.to_vec(),
            shamir_threshold: creation.shamir_threshold,
            selector: creation.selector.clone().unwrap_or_default(),
            mac_only_encrypted: creation.mac_only_encrypted,
            lastmodified: String::new(),
            mac: String::new(),
            version: metadata::VERSION.to_owned(),
            others: Branch::default(),
        };
        let (branches, tally) = seal(&self.branches, &mut metadata, &Cipher::new(&key), creation.now, random)?;
        let in_clear = tally.sealed == 0 && tally.values > 0;
        if in_clear && creation.selector.is_some() && !creation.allow_unencrypted {
            return Err(Error::NothingSelected(metadata.selector.name()));
        }
        let threshold = metadata.shamir_threshold;
        metadata.shamir_threshold = wrap(&key, (&mut metadata.groups, threshold), services, random).await?;
        Ok((Document { format: self.format, branches, metadata: Some(metadata) }, tally))
    }

    fn check_encryptable(&self, creation: &Creation<'_>) -> Result<(), Error> {
        if self.is_encrypted() || self.has_reserved(&self.branches) {
            return Err(Error::AlreadyEncrypted);
        }
        if self.branches.is_empty() {
            return Err(Error::Empty);
        }
        if creation.groups.iter().any(|group| group.0.is_empty()) || creation.groups.is_empty() {
            return Err(Error::NoRecipient);
        }
        Ok(())
    }

    /// Encrypts `branches` in place of what the file held, under the same data key: a value that was there before at the
    /// same path keeps its ciphertext.
    pub fn edit(
        &self,
        opened: &Opened,
        branches: &[Branch],
        change: &Change,
        random: &mut Random<'_>,
    ) -> Result<(Document, Tally), Error> {
        let (metadata, _) = self.encrypted()?;
        self.seal_again(metadata.clone(), (branches, &opened.cipher), change, random)
    }

    /// Encrypts `branches` under the new data key `key`, which `groups` have wrapped already.
    pub fn rotate(
        &self,
        branches: &[Branch],
        (key, groups): (&DataKey, Vec<KeyGroup>),
        change: &Change,
        random: &mut Random<'_>,
    ) -> Result<(Document, Tally), Error> {
        let (metadata, _) = self.encrypted()?;
        let metadata = Metadata { groups, ..metadata.clone() };
        self.seal_again(metadata, (branches, &Cipher::new(key)), change, random)
    }

    fn seal_again(
        &self,
        mut metadata: Metadata,
        (branches, cipher): (&[Branch], &Cipher),
        change: &Change,
        random: &mut Random<'_>,
    ) -> Result<(Document, Tally), Error> {
        if self.has_reserved(branches) {
            return Err(Error::AlreadyEncrypted);
        }
        let (branches, tally) = seal(branches, &mut metadata, cipher, change.now, random)?;
        let is_older = metadata::is_before(&metadata.version, metadata::VERSION);
        if change.raise_version && is_older && !old_context::may_be_in(&metadata) {
            metadata::VERSION.clone_into(&mut metadata.version);
        }
        Ok((Document { format: self.format, branches, metadata: Some(metadata) }, tally))
    }

    /// The same file for other master keys, which have wrapped its data key already. Values, MAC and `lastmodified` stay
    /// as they are.
    pub fn with_keys(&self, groups: Vec<KeyGroup>, shamir_threshold: Option<i64>) -> Result<Document, Error> {
        let (metadata, _) = self.encrypted()?;
        let metadata = Metadata { groups, shamir_threshold, ..metadata.clone() };
        Ok(Document { metadata: Some(metadata), ..self.clone() })
    }

    /// The same file with documents in clear in the place of its own, for a person to look at or to change together with
    /// the block. It is no file that could be kept.
    #[must_use]
    pub fn showing(&self, branches: &[Branch]) -> Document {
        Document { branches: branches.to_vec(), ..self.clone() }
    }

    /// Writes the file, the block at the end of every document. For `indent` see [`Format::emit`].
    pub fn emit(&self, format: Format, indent: Option<usize>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let Some(metadata) = &self.metadata else { return format.emit(&self.branches, indent) };
        let rules = Rules::new(&metadata.selector)?;
        let reading = Reading { rules: &rules, mac_only_encrypted: metadata.mac_only_encrypted };
        let writing = Writing { format, indent, reading };
        envelope::emit(&writing, &self.branches, &metadata.write()).map(Zeroizing::new)
    }

    fn has_reserved(&self, branches: &[Branch]) -> bool {
        let reserved = |entry: &Entry| matches!(entry, Entry::Pair(key, _) if envelope::is_reserved(self.format, key));
        branches.iter().any(|branch| branch.0.iter().any(reserved))
    }
}

/// Seals documents and writes `lastmodified` and the MAC.
fn seal(
    branches: &[Branch],
    metadata: &mut Metadata,
    cipher: &Cipher,
    now: Timestamp,
    random: &mut Random<'_>,
) -> Result<(Vec<Branch>, Tally), Error> {
    let rules = Rules::new(&metadata.selector)?;
    let mac = Mac::new(metadata.mac_only_encrypted);
    let nonces = Nonces::new(random);
    let mut sealer = Sealer { cipher, rules: &rules, nonces, mac, tally: Tally::default(), met: HashMap::new() };
    let mut written = Vec::with_capacity(branches.len());
    for (number, branch) in branches.iter().enumerate() {
        written.push(sealer.document(number, branch)?);
    }
    metadata.lastmodified = metadata::date(now);
    let mac = sealer.mac.seal(cipher, &metadata.lastmodified, &sealer.nonces.next()?);
    metadata.mac = mac.map_err(|_| MetadataError::Field("lastmodified"))?;
    Ok((written, sealer.tally))
}
