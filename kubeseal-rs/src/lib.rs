//! The Sealed Secrets format: what `kubeseal` writes and the Sealed Secrets controller opens.
//!
//! A value is sealed with the RSA key of a [`Certificate`] for one [`Scope`], and opened with the [`SealingKey`]s of a
//! [`Keyring`]. The library works on bytes alone: it reads no file, asks no clock and knows no Kubernetes type, so that
//! the operator, the command line and a test use it alike.
//!
//! ```
//! # use std::time::Duration;
//! use kubeseal::{Keyring, Scope, SealingKey};
//!
//! let now = "2026-01-01T00:00:00Z".parse()?;
//! let key = SealingKey::generate(2048, "", now, Duration::from_secs(3600))?;
//! let label = Scope::Strict.label("shop", "db");
//! let blob = kubeseal::seal(key.certificate(), &label, b"hunter2")?;
//!
//! let keyring = Keyring::new(vec![(key, now)]);
//! assert_eq!(&*keyring.unseal(&label, &blob, None)?.plaintext, b"hunter2");
//! assert!(keyring.unseal(&Scope::Strict.label("other", "db"), &blob, None).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod certificate;
mod diagnose;
#[cfg(test)]
mod fixtures;
mod keyring;
mod label;
mod opener;
mod seal;
mod sealing_key;

pub use certificate::{Certificate, CertificateError, MINIMUM_BITS};
pub use diagnose::{Diagnosis, Place, SealedFacts, diagnose};
pub use keyring::{Keyring, UnsealError, Unsealed};
pub use label::{
    CLUSTER_WIDE, MANAGED, NAMESPACE_WIDE, PATCH, SEALING_KEY_ACTIVE, SEALING_KEY_LABEL, SKIP_SET_OWNER_REFERENCES,
    Scope, UnknownScope,
};
pub use opener::Opener;
pub use seal::{InvalidBase64, SealError, decode_base64, encode_base64, seal};
pub use sealing_key::{KeyError, SealingKey};
