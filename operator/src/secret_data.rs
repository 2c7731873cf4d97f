//! Plaintext on its way from `materialize` to `apply`. It cannot be printed, compared by accident or cloned, and is
//! wiped when dropped.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

/// The content of one Secret to be: what was opened or fetched, and the metadata that came with it.
#[derive(Default)]
pub struct SecretData {
    /// Values by key, as bytes.
    pub values: BTreeMap<String, Zeroizing<Vec<u8>>>,
    /// The type of the Secret; `Opaque` when absent.
    pub type_: Option<String>,
    /// Whether the Secret is immutable.
    pub immutable: Option<bool>,
    /// Labels of the Secret.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the Secret.
    pub annotations: BTreeMap<String, String>,
    /// Finalizers of the Secret, set when it is created.
    pub finalizers: Vec<String>,
}

impl SecretData {
    /// Adds a value, replacing one of the same key.
    pub fn insert(&mut self, key: impl Into<String>, value: Zeroizing<Vec<u8>>) {
        self.values.insert(key.into(), value);
    }

    /// The size that Kubernetes counts against its limit of 1 MiB: the sum of the values.
    pub fn size(&self) -> usize {
        self.values.values().map(|value| value.len()).sum()
    }
}
