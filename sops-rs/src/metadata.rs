//! The `sops` block: who can open the file, which values are encrypted, and the MAC.
//!
//! Every 3.x layout is read; what is written is the layout of 3.13, keys in alphabetical order. Key types and fields
//! this build does not know are kept as they stand: writing a block again never loses a recipient. Nothing here is
//! plaintext.

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

/// The lists of master keys, in the order in which SOPS tries them.
const KINDS: [&str; 7] = ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp", "age"];

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

/// One recipient.
#[derive(Clone, PartialEq)]
pub enum MasterKey {
    /// age.
    Age {
        /// The public key.
        recipient: String,
        /// The data key as an armored age file.
        enc: String,
    },
    /// A key type of another build.
    Other {
        /// Name of its list.
        kind: String,
        /// Its fields.
        fields: Branch,
    },
}

impl MasterKey {
    /// Name of the list it stands in.
    pub fn kind(&self) -> &str {
        match self {
            MasterKey::Age { .. } => "age",
            MasterKey::Other { kind, .. } => kind,
        }
    }

    /// What a person knows it by: the recipient, or the kind of key.
    pub fn name(&self) -> &str {
        match self {
            MasterKey::Age { recipient, .. } => recipient,
            MasterKey::Other { kind, .. } => kind,
        }
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
