//! What was asked for through the proxy: every request as it arrived, read as a call of the Kubernetes API where it is one.

use std::sync::{Mutex, PoisonError};

use http::{Method, Uri};

/// One request, and what became of it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The HTTP method.
    pub method: Method,
    /// Path and query.
    pub uri: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`, as the API server's audit log says
    /// it; empty for paths that are no resource.
    pub verb: String,
    /// The plural, `secrets`; with a subresource, `secrets/status`; empty for paths that are no resource.
    pub resource: String,
    /// The namespace, or empty.
    pub namespace: String,
    /// The object's name, or empty.
    pub name: String,
    /// The HTTP status that the program got; `None` while it waits, and for good when its connection was dropped.
    pub code: Option<u16>,
}

impl Seen {
    pub(super) fn new(method: &Method, uri: &Uri) -> Seen {
        let mut seen = Seen {
            method: method.clone(),
            uri: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            verb: String::new(),
            resource: String::new(),
            namespace: String::new(),
            name: String::new(),
            code: None,
        };
        seen.read_path(uri.path());
        if !seen.resource.is_empty() {
            seen.verb = seen.verb_of(uri.query().unwrap_or_default()).to_owned();
        }
        seen
    }

    /// Whether the call has this verb and this resource, `secrets` or `secrets/status`.
    pub fn is(&self, verb: &str, resource: &str) -> bool {
        self.verb == verb && self.resource == resource
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.uri.split('?').next().unwrap_or_default()
    }

    /// `/api/VERSION/…` or `/apis/GROUP/VERSION/…`, then `[namespaces/NAMESPACE/]RESOURCE[/NAME[/SUBRESOURCE]]`.
    fn read_path(&mut self, path: &str) {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (["api", _, rest @ ..] | ["apis", _, _, rest @ ..]) = parts.as_slice() else {
            return;
        };
        let parts = match rest {
            // The subresources of a namespace itself look like objects in it.
            ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => rest,
            ["namespaces", namespace, rest @ ..] => {
                (*namespace).clone_into(&mut self.namespace);
                rest
            }
            _ => rest,
        };
        let mut parts = parts.iter();
        self.resource = parts.next().map(ToString::to_string).unwrap_or_default();
        self.name = parts.next().map(ToString::to_string).unwrap_or_default();
        if let Some(subresource) = parts.next() {
            self.resource = format!("{}/{subresource}", self.resource);
        }
    }

    fn verb_of(&self, query: &str) -> &'static str {
        let watches = query.split('&').any(|pair| matches!(pair, "watch=true" | "watch=1" | "watch"));
        match self.method {
            Method::GET if watches => "watch",
            Method::GET | Method::HEAD if self.name.is_empty() => "list",
            Method::GET | Method::HEAD => "get",
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if self.name.is_empty() => "deletecollection",
            Method::DELETE => "delete",
            _ => "",
        }
    }
}

/// The record of requests.
#[derive(Default)]
pub(super) struct Log {
    entries: Mutex<Entries>,
}

/// `first` is the number of the first entry: forgetting must not give a late answer to somebody else's request.
#[derive(Default)]
struct Entries {
    first: usize,
    seen: Vec<Seen>,
}

impl Log {
    pub(super) fn all(&self) -> Vec<Seen> {
        self.with(|entries| entries.seen.clone())
    }

    pub(super) fn clear(&self) {
        self.with(|entries| {
            entries.first += entries.seen.len();
            entries.seen.clear();
        });
    }

    /// Records an arrival, and answers its number.
    pub(super) fn arrived(&self, seen: &Seen) -> usize {
        self.with(|entries| {
            entries.seen.push(seen.clone());
            entries.first + entries.seen.len() - 1
        })
    }

    pub(super) fn answered(&self, number: usize, code: u16) {
        self.with(|entries| {
            let entry = number.checked_sub(entries.first).and_then(|index| entries.seen.get_mut(index));
            if let Some(seen) = entry {
                seen.code = Some(code);
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Entries) -> T) -> T {
        work(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
