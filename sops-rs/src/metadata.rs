//! The `sops` block: who can open the file, which values are encrypted, and the MAC.
//!
//! Every 3.x layout is read; what is written is the layout of 3.13, keys in alphabetical order. Key types and fields
//! this build does not know are kept as they stand: writing a block again never loses a recipient. Nothing here is
//! plaintext.

use jiff::Timestamp;

use crate::master_key::KeyId;
use crate::rules::{Selector, SelectorError};
use crate::tree::{Branch, Value};

mod read;
mod write;

#[cfg(test)]
mod tests;

/// The key of the block in each document.
pub const KEY: &str = "sops";

/// The version of SOPS whose layout is written.
pub const VERSION: &str = "3.13.3";

/// A time as files have it: RFC 3339 in UTC, to the second.
pub fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whether a version comes before another; one that cannot be read does not.
pub(crate) fn is_before(version: &str, other: &str) -> bool {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        let core = text.split(['-', '+']).next()?;
        core.split('.').map(|part| part.parse().ok()).collect()
    };
    matches!((numbers(version), numbers(other)), (Some(version), Some(other)) if version < other)
}

/// Why a block cannot be used. Names fields, quotes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The value of `sops` is no mapping.
    #[error("is not a mapping")]
    NotAMapping,
    /// The first document has two of them.
    #[error("stands in the document twice")]
    Twice,
    /// The flattened keys of dotenv and INI do not fit together.
    #[error("cannot be put together from its flattened keys")]
    Flattened,
    /// A field has a value of the wrong type.
    #[error("has an unusable `{0}`")]
    Field(&'static str),
    /// A field that every file has is absent.
    #[error("has no `{0}`")]
    Missing(&'static str),
    /// No master key at all.
    #[error("names no keys")]
    NoKeys,
    /// More than one selector, or one that does not compile.
    #[error("cannot be used: {0}")]
    Selector(#[from] SelectorError),
}

/// The block of one file.
#[derive(Clone, PartialEq)]
pub struct Metadata {
    /// The key groups; a file without `key_groups` has one.
    pub groups: Vec<KeyGroup>,
    /// How many groups are needed.
    pub shamir_threshold: Option<i64>,
    /// What is encrypted.
    pub selector: Selector,
    /// Whether the MAC covers encrypted values only.
    pub mac_only_encrypted: bool,
    /// RFC 3339; additional data of the MAC.
    pub lastmodified: String,
    /// The encrypted MAC; empty if there is none.
    pub mac: String,
    /// The version of SOPS that wrote the file.
    pub version: String,
    /// Fields of other versions.
    pub others: Branch,
}

/// Master keys of which any one opens the share of its group.
#[derive(Clone, Default, PartialEq)]
pub struct KeyGroup(pub Vec<MasterKey>);

impl KeyGroup {
    /// A group of new keys, nothing wrapped yet. `created_at` is RFC 3339 in UTC.
    pub fn new(ids: impl IntoIterator<Item = KeyId>, created_at: &str) -> KeyGroup {
        KeyGroup(ids.into_iter().map(|id| MasterKey::new(id, created_at)).collect())
    }
}

/// One master key of a file and what it holds.
#[derive(Clone, PartialEq)]
pub struct MasterKey {
    /// Which key it is.
    pub id: KeyId,
    /// The wrapped data key, or share of it; the text depends on the kind of key.
    pub enc: String,
    /// When the key was added; RFC 3339. Empty for age, which has none.
    pub created_at: String,
}

impl MasterKey {
    /// A key that holds nothing yet.
    pub fn new(id: KeyId, created_at: &str) -> MasterKey {
        let created_at = if matches!(id, KeyId::Age(_)) { "" } else { created_at };
        MasterKey { id, enc: String::new(), created_at: created_at.to_owned() }
    }

    /// Name of the list it stands in.
    pub fn kind(&self) -> &str {
        self.id.kind()
    }

    /// What a person knows it by.
    pub fn name(&self) -> String {
        self.id.name()
    }
}

impl Metadata {
    /// Reads the value of `sops`.
    pub fn read(block: &Value) -> Result<Metadata, MetadataError> {
        read::metadata(block)
    }

    /// The value of `sops`.
    pub fn write(&self) -> Branch {
        write::metadata(self)
    }

    /// All recipients of all groups.
    pub fn master_keys(&self) -> impl Iterator<Item = &MasterKey> {
        self.groups.iter().flat_map(|group| &group.0)
    }
}
