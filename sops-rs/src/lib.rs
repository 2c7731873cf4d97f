//! The SOPS file format: load, decrypt, encrypt and emit documents whose values are sealed one by one.
//!
//! The library does no IO and reads no clock: time and randomness are arguments, key material comes from the caller.
//! It never puts a value of a document into an error text. The format is that of SOPS 3.13.3 (<https://getsops.io>).

pub mod check;
#[cfg(feature = "cli")]
pub mod config;
pub mod data_key;
pub mod document;
pub mod error;
pub mod format;
pub mod index;
#[cfg(feature = "keyservice")]
pub mod keyservice;
pub mod mac;
pub mod master_key;
pub mod merge;
pub mod metadata;
pub mod path;
#[cfg(feature = "remote")]
pub mod remote;
pub mod rules;
pub mod shamir;
mod time;
pub mod tree;
pub mod value;
mod walk;

pub use crate::data_key::DataKey;
pub use crate::document::{
    Ambiguity, Attempts, Change, CheckMac, Creation, Document, GroupAttempt, KeyAttempt, Leaf, LeafError, Opened,
    Random, Tally,
};
pub use crate::error::Error;
pub use crate::format::Format;
pub use crate::master_key::age::{Identity, Recipient};
pub use crate::master_key::{KeyError, KeyId, KeyService};
pub use crate::metadata::{KeyGroup, MasterKey, Metadata};
pub use crate::rules::Selector;
pub use crate::tree::Branch;
