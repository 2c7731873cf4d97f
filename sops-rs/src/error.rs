//! What can go wrong with a document.
//!
//! An error names the document and the key path, never a value, neither plain nor encrypted. Failures of the cipher are
//! one opaque variant of [`ValueError`].

use crate::document::{Ambiguity, LeafError};
use crate::format::ShapeError;
use crate::format::dotenv::DotenvError;
use crate::format::ini::IniError;
use crate::format::json::JsonError;
use crate::format::yaml::YamlError;
use crate::mac::MacError;
use crate::master_key::KeyError;
use crate::master_key::age::AgeError;
use crate::metadata::MetadataError;
use crate::path::Place;
use crate::rules::SelectorError;
use crate::shamir::ShamirError;
use crate::value::ValueError;

/// A document that cannot be read, opened or sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are no YAML that SOPS reads.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// The bytes are no JSON that SOPS reads.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The bytes are no dotenv that SOPS reads.
    #[error(transparent)]
    Dotenv(#[from] DotenvError),
    /// The bytes are no INI that SOPS reads.
    #[error(transparent)]
    Ini(#[from] IniError),
    /// The output format cannot hold the tree.
    #[error("{place}: {cause}")]
    Shape {
        /// What it cannot hold.
        place: Place,
        /// Why.
        cause: ShapeError,
    },
    /// There is a `sops` block, but not one that can be used.
    #[error("the sops metadata {0}")]
    Metadata(#[from] MetadataError),
    /// There is no `sops` block in the first document.
    #[error("sops metadata not found")]
    NotEncrypted,
    /// A document to be encrypted has a top-level key `sops`, or in dotenv one that begins with `sops_`.
    #[error("the file has a top-level key `sops`, or `sops_…` in dotenv, so it is encrypted already")]
    AlreadyEncrypted,
    /// The file holds no document.
    #[error("the file holds no document")]
    Empty,
    /// A value did not open or could not be sealed.
    #[error("{place}: {cause}")]
    Value {
        /// Where it stands.
        place: Place,
        /// What is wrong with it.
        cause: ValueError,
    },
    /// The values opened, but the file as a whole is not what was encrypted.
    #[error(transparent)]
    Mac(#[from] MacError),
    /// None of the identities opens the data key.
    #[error("no identity opens the data key, which is encrypted to {recipients}")]
    NoIdentity {
        /// The public names of the master keys.
        recipients: String,
    },
    /// A master key did not wrap the data key.
    #[error("the data key could not be encrypted with {key}: {cause}")]
    Wrap {
        /// Public name of the master key.
        key: String,
        /// Why.
        cause: KeyError,
    },
    /// The threshold does not fit the key groups.
    #[error("the data key could not be split over the key groups: {0}")]
    Shamir(#[from] ShamirError),
    /// A file would be encrypted to nobody.
    #[error("no recipient to encrypt to")]
    NoRecipient,
    /// A data key could not be encrypted to a recipient.
    #[error(transparent)]
    Age(#[from] AgeError),
    /// The selector cannot be used.
    #[error(transparent)]
    Selector(#[from] SelectorError),
    /// A selector was given but no value of the new file falls under it.
    #[error("{0} selects nothing in this file: all of it would be written in clear")]
    NothingSelected(&'static str),
    /// The text of an encrypted comment would change what the selector decides when the file is read again.
    #[error("{0}: the encrypted comment would match unencrypted_comment_regex")]
    CommentMatches(Place),
    /// Two readings of the file are possible.
    #[error("{place}: {cause}")]
    Ambiguous {
        /// Where.
        place: Place,
        /// Why.
        cause: Ambiguity,
    },
    /// A leaf proves nothing.
    #[error("{place}: {cause}")]
    Leaf {
        /// Where it should stand.
        place: Place,
        /// Why it proves nothing.
        cause: LeafError,
    },
    /// The random source failed.
    #[error("the random source failed")]
    Random,
}
