//! What the operator remembers of the objects of one kind between two looks: no ciphertext, no value, no annotation that is
//! not ours. What is needed to do the work is read anew when there is work.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use kube::Resource;
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

impl<K: Resource> Entry<K> {
    /// Since Kubernetes 1.35 resource versions are documented as numbers that grow.
    fn resource_version(&self) -> Option<u64> {
        let meta = match &self.object {
            Ok(object) => object.meta(),
            Err(invalid) => &invalid.metadata,
        };
        meta.resource_version.as_deref()?.parse().ok()
    }
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
        self.with(|inner| inner.insert(name, entry));
    }

    /// Remembers what a write of ours has answered, unless the watch has brought a later state meanwhile.
    pub fn insert_unless_newer(&self, name: ObjectName, entry: Entry<K>)
    where
        K: Resource,
    {
        self.with(|inner| {
            let known = inner.entries.get(&name).and_then(|known| known.resource_version());
            if known <= entry.resource_version() {
                inner.insert(name, entry);
            }
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
    fn insert(&mut self, name: ObjectName, entry: Entry<K>) {
        self.unlink(&name);
        for target in &entry.targets {
            let target = ObjectName::new(name.namespace.clone(), target.clone());
            self.by_target.entry(target).or_default().insert(name.name.clone());
        }
        self.entries.insert(name, Arc::new(entry));
    }

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

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    fn entry(version: &str, target: &str) -> Entry<ConfigMap> {
        let mut object = ConfigMap::default();
        object.metadata.resource_version = Some(version.to_owned());
        Entry { object: Ok(object), specification: Digest::default(), version: None, targets: vec![target.to_owned()] }
    }

    #[test]
    fn objects_are_found_by_what_they_describe_now() {
        let (cache, name) = (Cache::default(), ObjectName::new("a", "x"));
        cache.insert(name.clone(), entry("1", "old"));
        cache.insert(name.clone(), entry("2", "new"));
        assert!(cache.describing(&ObjectName::new("a", "old")).is_empty());
        assert!(cache.describing(&ObjectName::new("b", "new")).is_empty());
        assert_eq!(cache.describing(&ObjectName::new("a", "new")), std::slice::from_ref(&name));
        assert!(cache.remove(&name) && cache.describing(&ObjectName::new("a", "new")).is_empty());
    }

    #[test]
    fn the_answer_to_a_write_does_not_replace_what_came_after_it() {
        let (cache, name) = (Cache::default(), ObjectName::new("a", "x"));
        cache.insert(name.clone(), entry("9", "from the watch"));
        cache.insert_unless_newer(name.clone(), entry("8", "late"));
        assert!(cache.describing(&ObjectName::new("a", "late")).is_empty());
        cache.insert_unless_newer(name, entry("10", "newest"));
        assert_eq!(cache.describing(&ObjectName::new("a", "newest")).len(), 1, "9 < 10 as numbers");
    }
}
