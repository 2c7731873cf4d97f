//! What the operator remembers of the objects of one kind between two looks: no ciphertext, no value, no annotation that is
//! not ours. What is needed to do the work is read anew when there is work.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use kube::core::error_boundary::InvalidObject;

use crate::name::ObjectName;
use crate::proof::Digest;

/// An object as it is remembered.
pub struct Entry<K> {
    /// The object without its payload, or its metadata when it cannot be decoded.
    pub object: Result<K, InvalidObject>,
    /// Keyed digest of everything in the specification that decides what its Secrets look like.
    pub specification: Digest,
    /// The version that decides whether a store has to be read again.
    pub version: Option<String>,
    /// The Secrets of its namespace that it describes or uses.
    pub targets: Vec<String>,
}

/// The objects of one kind, and which of them describe a given Secret.
pub struct Cache<K> {
    inner: Mutex<Inner<K>>,
}

struct Inner<K> {
    entries: HashMap<ObjectName, Arc<Entry<K>>>,
    by_target: HashMap<ObjectName, HashSet<String>>,
}

impl<K> Default for Cache<K> {
    fn default() -> Self {
        Cache { inner: Mutex::new(Inner { entries: HashMap::new(), by_target: HashMap::new() }) }
    }
}

impl<K> Cache<K> {
    /// The object of this name.
    pub fn get(&self, name: &ObjectName) -> Option<Arc<Entry<K>>> {
        self.with(|inner| inner.entries.get(name).cloned())
    }

    /// The names of all objects.
    pub fn names(&self) -> Vec<ObjectName> {
        self.with(|inner| inner.entries.keys().cloned().collect())
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.with(|inner| inner.entries.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The objects that satisfy `wanted`.
    pub fn matching(&self, wanted: impl Fn(&Entry<K>) -> bool) -> Vec<ObjectName> {
        self.with(|inner| {
            inner.entries.iter().filter(|(_, entry)| wanted(entry)).map(|(name, _)| name.clone()).collect()
        })
    }

    /// The objects that describe or use this Secret.
    pub fn describing(&self, secret: &ObjectName) -> Vec<ObjectName> {
        self.with(|inner| {
            let names = inner.by_target.get(secret);
            names.into_iter().flatten().map(|name| ObjectName::new(secret.namespace.clone(), name.clone())).collect()
        })
    }

    /// Remembers an object in its newest state.
    pub fn insert(&self, name: ObjectName, entry: Entry<K>) {
        self.with(|inner| {
            inner.unlink(&name);
            for target in &entry.targets {
                let target = ObjectName::new(name.namespace.clone(), target.clone());
                inner.by_target.entry(target).or_default().insert(name.name.clone());
            }
            inner.entries.insert(name, Arc::new(entry));
        });
    }

    /// Forgets an object; answers whether it was known.
    pub fn remove(&self, name: &ObjectName) -> bool {
        self.with(|inner| {
            inner.unlink(name);
            inner.entries.remove(name).is_some()
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner<K>) -> T) -> T {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<K> Inner<K> {
    fn unlink(&mut self, name: &ObjectName) {
        let Some(entry) = self.entries.get(name) else { return };
        for target in &entry.targets {
            let target = ObjectName::new(name.namespace.clone(), target.clone());
            if let Some(names) = self.by_target.get_mut(&target) {
                names.remove(&name.name);
                if names.is_empty() {
                    self.by_target.remove(&target);
                }
            }
        }
    }
}
