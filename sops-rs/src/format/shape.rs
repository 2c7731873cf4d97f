//! What a format cannot say.

use crate::path::Place;

/// Why a tree cannot be written in a format that has less to say than it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// dotenv has no lists and mappings.
    #[error("a dotenv file holds neither lists nor mappings")]
    DotenvNested,
    /// The top of an INI file is its sections.
    #[error("an INI file holds values only within sections")]
    IniTop,
    /// Below a section of an INI file there are values only.
    #[error("a section of an INI file holds neither lists nor mappings")]
    IniNested,
    /// A section or a key without a name.
    #[error("an INI file has no empty names")]
    IniUnnamed,
    /// There is no text under `data`.
    #[error("a binary file is the text under the key `data`, and there is none")]
    NoData,
    /// Several documents, or none.
    #[error("this format holds exactly one document")]
    Documents,
    /// The key belongs to the metadata of the format.
    #[error("the key is reserved for the sops metadata of this format")]
    Reserved,
    /// JSON and INI may repeat names, YAML may not.
    #[error("the name comes twice, which YAML has no room for")]
    Duplicate,
    /// What would be written encrypted does not read back as what was encrypted.
    #[error("this format cannot hold the value so that the encrypted file opens again")]
    Lossy,
}

impl ShapeError {
    /// The error at a place.
    pub(super) fn at(self, document: usize, keys: &[&str]) -> crate::Error {
        crate::Error::Shape { place: Place::new(document, keys), cause: self }
    }
}
