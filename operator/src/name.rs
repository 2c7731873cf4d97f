//! The name of a namespaced object, the one key of every cache and queue.

use std::fmt;
use std::str::FromStr;

/// An object of a kind that the context tells, written `NAMESPACE/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    /// Its namespace; empty for a cluster-scoped object.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ObjectName {
    /// The name of an object in a namespace.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        ObjectName { namespace: namespace.into(), name: name.into() }
    }

    /// The name in an object's metadata; `None` when it has none.
    pub fn of(resource: &impl kube::Resource) -> Option<Self> {
        let meta = resource.meta();
        Some(ObjectName::new(meta.namespace.clone().unwrap_or_default(), meta.name.clone()?))
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            out.write_str(&self.name)
        } else {
            write!(out, "{}/{}", self.namespace, self.name)
        }
    }
}

impl FromStr for ObjectName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(ObjectName::new(namespace, name))
            }
            _ => Err("expected NAMESPACE/NAME".into()),
        }
    }
}
