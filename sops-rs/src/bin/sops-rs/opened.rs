//! An encrypted file of the user and the ways to write it again: what `set`, `unset`, `rotate`, `updatekeys`, `groups` and
//! `edit` share.
//!
//! Nothing is written to disk here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sops::document::{Attempts, Change, CheckMac, Tally, wrap};
use sops::metadata::KeyGroup;
use sops::{Branch, DataKey, Document, Error, Format, KeyId};
use zeroize::Zeroizing;

use crate::args::services::{OrderFlag, ServiceFlags};
use crate::attempts;
use crate::chance::{now, random};
use crate::failure::{Failure, code, tell, visible_line, warn};
use crate::input::Source;
use crate::services::{Services, wait};

/// Reads an encrypted file.
pub(crate) fn load(source: &Source<'_>, format: Format) -> Result<Document, Failure> {
    let bytes = source.read()?;
    // The original ends with 2 only when a file to encrypt is not well formed.
    let document = Document::load(format, &bytes).map_err(|error| match error {
        Error::Yaml(_) | Error::Json(_) | Error::Dotenv(_) | Error::Ini(_) => {
            Failure::new(code::GENERIC, error.to_string()).about(&source.label())
        }
        other => Failure::from(other).about(&source.label()),
    })?;
    if document.is_encrypted() { Ok(document) } else { Err(Failure::from(Error::NotEncrypted).about(&source.label())) }
}

const OLD_CONTEXT: &str = "a key of AWS KMS opens with another encryption context than the file says: sops before 3.3.0 \
                           wrapped it so; `sops-rs rotate -i FILE` mends it";

/// A data key that is opened by whoever comes first.
type Slot = Arc<Mutex<Option<DataKey>>>;

/// Who opens data keys, and in which order.
pub(crate) struct Keyring {
    services: Services,
    order: Vec<String>,
    known: Mutex<HashMap<Vec<String>, Slot>>,
}

/// What a panic left behind is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keyring {
    /// From the flags.
    pub(crate) fn new(services: &ServiceFlags, order: &OrderFlag) -> Result<Keyring, Failure> {
        Ok(Keyring { services: Services::new(services)?, order: order.kinds()?, known: Mutex::default() })
    }

    /// Opens the data key of a file.
    pub(crate) fn open(&self, document: &Document) -> Result<DataKey, Failure> {
        let (key, attempts) = self.attempt(document)?;
        let opening = attempts.groups.iter().filter(|group| group.opened).filter_map(|group| group.keys.last());
        opening
            .for_each(|key| tell(|| format!("the data key, or a part of it, opens with {}", visible_line(&key.name))));
        if attempts.groups.iter().flat_map(|group| &group.keys).any(|key| key.old_context) {
            warn(OLD_CONTEXT);
        }
        key.ok_or_else(|| attempts::failure(&attempts))
    }

    /// The same, but each distinct set of wrapped keys is opened once, however many files have it and however many
    /// threads ask.
    pub(crate) fn open_once(&self, document: &Document) -> Result<DataKey, Failure> {
        let wrapped: Vec<String> = groups(document).into_iter().flat_map(|group| group.0).map(|key| key.enc).collect();
        let slot = lock(&self.known).entry(wrapped).or_default().clone();
        let mut slot = lock(&slot);
        if let Some(key) = &*slot {
            return Ok(key.clone());
        }
        let key = self.open(document)?;
        *slot = Some(key.clone());
        Ok(key)
    }

    /// The data key, if it opens, and what was tried.
    pub(crate) fn attempt(&self, document: &Document) -> Result<(Option<DataKey>, Attempts), Failure> {
        let order: Vec<&str> = self.order.iter().map(String::as_str).collect();
        Ok(wait(document.open_data_key(&self.services.all(), &order))?)
    }

    /// Wraps a data key for groups; gives back the threshold the file has to say.
    pub(crate) fn wrap(
        &self,
        key: &DataKey,
        groups: &mut [KeyGroup],
        threshold: Option<i64>,
    ) -> Result<Option<i64>, Failure> {
        if groups.is_empty() || groups.iter().any(|group| group.0.is_empty()) {
            return Err(Failure::empty_group());
        }
        Ok(wait(wrap(key, (groups, threshold), &self.services.all(), &mut random))?)
    }

    /// The key services.
    pub(crate) fn services(&self) -> &Services {
        &self.services
    }
}

/// A file that was opened for a change.
pub(crate) struct Opened {
    document: Document,
    content: sops::document::Opened,
    /// Empty where the caller names the file.
    name: String,
}

impl Opened {
    /// Reads and opens a file.
    pub(crate) fn open(
        source: &Source<'_>,
        format: Format,
        keyring: &Keyring,
        ignore_mac: bool,
    ) -> Result<Opened, Failure> {
        let document = load(source, format)?;
        let name = source.label();
        let key = keyring.open(&document).map_err(|failure| failure.about(&name))?;
        let opened = Opened::new(document, &key, ignore_mac).map_err(|failure| failure.about(&name))?;
        Ok(Opened { name, ..opened })
    }

    /// Opens a file that was read.
    pub(crate) fn new(document: Document, key: &DataKey, ignore_mac: bool) -> Result<Opened, Failure> {
        let content = document.open(key, if ignore_mac { CheckMac::No } else { CheckMac::Yes })?;
        if ignore_mac {
            warn_about_mac();
        }
        Ok(Opened { document, content, name: String::new() })
    }

    fn about(&self, failure: Failure) -> Failure {
        if self.name.is_empty() { failure } else { failure.about(&self.name) }
    }

    /// The documents in clear, to be changed.
    pub(crate) fn branches(&mut self) -> &mut Vec<Branch> {
        &mut self.content.branches
    }

    /// The file in clear without its block, to be encrypted anew.
    #[cfg(feature = "remote")]
    pub(crate) fn into_plain(mut self) -> Document {
        Document::of(self.document.format(), std::mem::take(&mut *self.content.branches))
    }

    /// The file in clear together with its block.
    pub(crate) fn shown(&self) -> Document {
        self.document.showing(&self.content.branches)
    }

    /// Puts what the user made of that in its place, the block too.
    pub(crate) fn take(&mut self, shown: Document) {
        *self.content.branches = shown.branches().to_vec();
        self.document = shown;
    }

    /// The first document in clear.
    pub(crate) fn first(&mut self) -> Result<&mut Branch, Failure> {
        let empty = self.about(Error::Empty.into());
        self.content.branches.first_mut().ok_or(empty)
    }

    /// The file with its changes, under the same data key; values that were there keep their ciphertext.
    pub(crate) fn encrypt(&self, raise_version: bool) -> Result<Document, Failure> {
        let edited = edit(&self.document, &self.content, &self.content.branches, raise_version);
        let (document, tally) = edited.map_err(|failure| self.about(failure))?;
        warn_if_in_clear(&self.name, tally);
        Ok(document)
    }

    /// The file under a new data key for these groups.
    pub(crate) fn rotate(&self, mut groups: Vec<KeyGroup>, keyring: &Keyring) -> Result<Document, Failure> {
        let about = |failure: Failure| self.about(failure);
        let key = DataKey::draw(&mut random)?;
        keyring.wrap(&key, &mut groups, threshold(&self.document)).map_err(about)?;
        let change = Change { now: now(), raise_version: false };
        let rotated = self.document.rotate(&self.content.branches, (&key, groups), &change, &mut random);
        let (document, tally) = rotated.map_err(|error| about(Failure::from(error).sealing()))?;
        warn_if_in_clear(&self.name, tally);
        Ok(document)
    }

    /// The key groups of the file.
    pub(crate) fn groups(&self) -> Vec<KeyGroup> {
        groups(&self.document)
    }
}

/// The file with these documents in place of its own, under the same data key.
pub(crate) fn edit(
    document: &Document,
    content: &sops::document::Opened,
    branches: &[Branch],
    raise_version: bool,
) -> Result<(Document, Tally), Failure> {
    let change = Change { now: now(), raise_version };
    document.edit(content, branches, &change, &mut random).map_err(|error| Failure::from(error).sealing())
}

/// Says that a file which is to be encrypted has no encrypted value.
pub(crate) fn warn_if_in_clear(name: &str, tally: Tally) {
    if tally.sealed == 0 && tally.values > 0 {
        let name = if name.is_empty() { "a file" } else { name };
        warn(&format!("{name}: no value is encrypted, as its selector says"));
    }
}

/// Says what `--ignore-mac` means.
pub(crate) fn warn_about_mac() {
    warn("--ignore-mac: nothing tells whether values were swapped, added, removed or replaced by older ones");
}

/// The key groups of a file.
pub(crate) fn groups(document: &Document) -> Vec<KeyGroup> {
    document.metadata().map(|metadata| metadata.groups.clone()).unwrap_or_default()
}

/// How many groups of a file are needed.
pub(crate) fn threshold(document: &Document) -> Option<i64> {
    document.metadata().and_then(|metadata| metadata.shamir_threshold)
}

/// Whether two keys are the same one.
pub(crate) fn same(one: &KeyId, other: &KeyId) -> bool {
    one.kind() == other.kind() && one.name() == other.name()
}

/// Whether a group has a key.
pub(crate) fn holds(group: &KeyGroup, key: &KeyId) -> bool {
    group.0.iter().any(|held| same(&held.id, key))
}

/// The bytes of an encrypted file.
pub(crate) fn emit(document: &Document, format: Format, indent: Option<usize>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    document.emit(format, indent).map_err(Failure::not_emitted)
}

/// The bytes of documents in clear.
pub(crate) fn emit_plain(
    branches: &[Branch],
    format: Format,
    indent: Option<usize>,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    format.emit(branches, indent).map_err(Failure::not_emitted)
}
