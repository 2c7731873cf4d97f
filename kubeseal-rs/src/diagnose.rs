//! Why a value does not open, for people who hold the keys.
//!
//! Opening itself answers with one opaque error, because whoever may send values to a controller must not learn more. Who has
//! the private keys, or a backup of them, can open everything anyway: for them every label that is worth a try is tried. It
//! must therefore never be reachable for anybody else, neither through a port nor through a status; [`SealedFacts`] is what
//! everybody may be told.

use std::collections::BTreeSet;
use std::fmt;

use crate::seal::{Parts, open_body};
use crate::{Keyring, Scope};

const TAG_LENGTH: usize = 16;

/// What anybody can read from a blob without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedFacts {
    /// The size of the RSA key that it was sealed for, in bits.
    pub key_bits: usize,
    /// The length of the value in bytes.
    pub value_len: usize,
}

impl SealedFacts {
    /// Reads a blob's header; `None` when the blob is shorter than it says.
    pub fn of(blob: &[u8]) -> Option<SealedFacts> {
        let parts = Parts::of(blob)?;
        Some(SealedFacts {
            key_bits: parts.wrapped_key.len() * 8,
            value_len: parts.body.len().checked_sub(TAG_LENGTH)?,
        })
    }
}

/// Where a value stands, or may have stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The namespace of the object.
    pub namespace: String,
    /// The name of the object.
    pub name: String,
    /// The scope that its annotations ask for.
    pub scope: Scope,
}

impl Place {
    /// The object `namespace`/`name` with annotations that ask for `scope`.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, scope: Scope) -> Place {
        Place { namespace: namespace.into(), name: name.into(), scope }
    }

    fn label(&self) -> Vec<u8> {
        self.scope.label(&self.namespace, &self.name)
    }

    /// The same object under every scope, its own first.
    fn scopes(&self) -> impl Iterator<Item = Place> + '_ {
        let others = [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide];
        let others = others.into_iter().filter(|scope| *scope != self.scope);
        std::iter::once(self.scope).chain(others).map(|scope| Place { scope, ..self.clone() })
    }
}

/// What is the matter with a value. Keys are named by their fingerprints.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Diagnosis {
    /// Nothing: it opens.
    Opens {
        /// The key that opens it.
        key: String,
    },
    /// It is shorter than its header says, or has no room for what every value has.
    Truncated,
    /// A key here fits, but what was sealed with it was cut off or changed afterwards.
    Damaged {
        /// The key that fits.
        key: String,
    },
    /// It was sealed for the same object under another scope.
    ScopeChanged {
        /// The scope that it was sealed for.
        sealed_for: Scope,
        /// The key that opens it.
        key: String,
    },
    /// It was sealed for another name in the same namespace.
    Renamed {
        /// The name that it was sealed for.
        name: String,
        /// The key that opens it.
        key: String,
    },
    /// It was sealed for another namespace.
    Moved {
        /// The namespace that it was sealed for.
        namespace: String,
        /// The name, unless any in that namespace will do.
        name: Option<String>,
        /// The key that opens it.
        key: String,
    },
    /// No key here has the size of the one that it was sealed for.
    OtherKeySize {
        /// The size of that key, in bits.
        bits: usize,
    },
    /// No key here opens it under any label that was tried.
    NoKey,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Diagnosis::Opens { key } => write!(formatter, "it opens with the sealing key {key}"),
            Diagnosis::Truncated => formatter.write_str("it is truncated"),
            Diagnosis::Damaged { key } => {
                write!(formatter, "it was sealed with {key} and has been cut off or changed since")
            }
            Diagnosis::ScopeChanged { sealed_for, .. } => {
                write!(formatter, "it was sealed for the scope {sealed_for}, which the annotations do not ask for")
            }
            Diagnosis::Renamed { name, .. } => write!(formatter, "it was sealed for the name `{name}`"),
            Diagnosis::Moved { namespace, name: Some(name), .. } => {
                write!(formatter, "it was sealed for `{name}` in the namespace `{namespace}`")
            }
            Diagnosis::Moved { namespace, name: None, .. } => {
                write!(formatter, "it was sealed for the namespace `{namespace}`")
            }
            Diagnosis::OtherKeySize { bits } => {
                write!(formatter, "it was sealed for a key of {bits} bits, and no key here has that size")
            }
            Diagnosis::NoKey => formatter.write_str("no key here opens it under any label that was tried"),
        }
    }
}

impl Diagnosis {
    /// What to do about it, when there is something.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Diagnosis::Opens { .. } => return None,
            Diagnosis::Truncated | Diagnosis::Damaged { .. } => {
                "take the value from the last commit that worked, or seal it again"
            }
            Diagnosis::ScopeChanged { .. } => {
                "put the annotation of that scope back, or seal the value again for this one"
            }
            Diagnosis::Renamed { .. } | Diagnosis::Moved { .. } => {
                "put the object back in its place, or seal the value again for this one"
            }
            Diagnosis::OtherKeySize { .. } | Diagnosis::NoKey => {
                "it was sealed for another cluster or with a key that is not here any more: restore that key, or seal the \
                 value again with the certificate of this cluster"
            }
        })
    }
}

/// Finds out why a value that stands at `place` does not open. `elsewhere` are places that it may have been sealed for: former
/// names, other namespaces. Every label costs one private RSA operation for each key of the right size.
pub fn diagnose(keyring: &Keyring, blob: &[u8], place: &Place, elsewhere: &[Place]) -> Diagnosis {
    let Some(parts) = Parts::of(blob) else { return Diagnosis::Truncated };
    if parts.wrapped_key.is_empty() {
        return Diagnosis::Truncated;
    }
    if !keyring.keys().iter().any(|key| key.modulus_len() == parts.wrapped_key.len()) {
        return Diagnosis::OtherKeySize { bits: parts.wrapped_key.len() * 8 };
    }
    let mut tried = BTreeSet::new();
    for candidate in place.scopes().chain(elsewhere.iter().flat_map(Place::scopes)) {
        if !tried.insert(candidate.label()) {
            continue;
        }
        match fit(keyring, &parts, &candidate.label()) {
            Some((key, true)) => return told(place, candidate, key),
            Some((key, false)) => return Diagnosis::Damaged { key },
            None => {}
        }
    }
    Diagnosis::NoKey
}

/// The key that fits a label, and whether the value itself opens too.
fn fit(keyring: &Keyring, parts: &Parts<'_>, label: &[u8]) -> Option<(String, bool)> {
    let mut fitting = keyring.keys().iter().filter(|key| key.modulus_len() == parts.wrapped_key.len());
    let found = fitting.find_map(|key| Some((key, key.unwrap_session_key(parts.wrapped_key, label)?)));
    found.map(|(key, session_key)| (key.fingerprint().to_owned(), open_body(&session_key, parts.body).is_some()))
}

fn told(place: &Place, found: Place, key: String) -> Diagnosis {
    if found == *place {
        Diagnosis::Opens { key }
    } else if found.scope == Scope::ClusterWide || (found.namespace == place.namespace && found.name == place.name) {
        Diagnosis::ScopeChanged { sealed_for: found.scope, key }
    } else if found.namespace == place.namespace {
        Diagnosis::Renamed { name: found.name, key }
    } else {
        let name = (found.scope == Scope::Strict).then_some(found.name);
        Diagnosis::Moved { namespace: found.namespace, name, key }
    }
}

#[cfg(test)]
mod tests;
