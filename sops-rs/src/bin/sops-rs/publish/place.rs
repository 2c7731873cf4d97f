//! A place for one file, and how it gets there.

use std::fmt;

use sops::KeyError;
use sops::config::Destination;

use super::Content;
use crate::failure::{Failure, code, visible_line};

/// Where a file goes, under its whole name.
pub(super) enum Place {
    #[cfg(feature = "aws-kms")]
    S3(super::s3::Object),
    #[cfg(feature = "gcp-kms")]
    Storage(super::storage::Object),
    #[cfg(feature = "vault-transit")]
    Vault(super::vault::Secret),
}

impl Place {
    /// The place of a file with this name; `None` if this build cannot publish there.
    #[cfg_attr(
        all(feature = "aws-kms", feature = "gcp-kms", feature = "vault-transit"),
        expect(clippy::unnecessary_wraps, reason = "builds with fewer features know fewer places")
    )]
    pub(super) fn new(destination: &Destination, name: &str) -> Option<Place> {
        Some(match destination {
            #[cfg(feature = "aws-kms")]
            Destination::S3 { bucket, prefix } => {
                Place::S3(super::s3::Object { bucket: bucket.clone(), key: format!("{prefix}{name}") })
            }
            #[cfg(feature = "gcp-kms")]
            Destination::Gcs { bucket, prefix } => {
                Place::Storage(super::storage::Object { bucket: bucket.clone(), key: format!("{prefix}{name}") })
            }
            #[cfg(feature = "vault-transit")]
            Destination::Vault { address, path, mount, version } => {
                Place::Vault(super::vault::Secret::new((address, mount), (path, name), *version))
            }
            #[cfg(not(all(feature = "aws-kms", feature = "gcp-kms", feature = "vault-transit")))]
            _ => return None,
        })
    }

    /// Whether it gets the values in clear.
    pub(super) fn takes_plaintext(&self) -> bool {
        match self {
            #[cfg(feature = "vault-transit")]
            Place::Vault(_) => true,
            _ => false,
        }
    }

    /// Puts it there.
    pub(super) fn put(self, content: Content) -> Result<(), Failure> {
        let put = match (self, content) {
            #[cfg(feature = "aws-kms")]
            (Place::S3(object), Content::Encrypted(bytes)) => object.put(bytes),
            #[cfg(feature = "gcp-kms")]
            (Place::Storage(object), Content::Encrypted(bytes)) => object.put(bytes),
            #[cfg(feature = "vault-transit")]
            (Place::Vault(secret), Content::Plain(mut opened)) => return secret.put(opened.branches()),
            _ => Err(KeyError::Malformed("this place does not take such a file".to_owned())),
        };
        put.map_err(|error| failure(&error))
    }
}

/// An upload that failed.
pub(super) fn failure(error: &KeyError) -> Failure {
    Failure::new(code::GENERIC, visible_line(&error.to_string()))
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "aws-kms")]
            Place::S3(object) => write!(out, "s3://{}/{}", object.bucket, object.key),
            #[cfg(feature = "gcp-kms")]
            Place::Storage(object) => write!(out, "gcs://{}/{}", object.bucket, object.key),
            #[cfg(feature = "vault-transit")]
            Place::Vault(secret) => secret.fmt(out),
        }
    }
}
