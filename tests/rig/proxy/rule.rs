//! A rule of the fault proxy: which requests, how many of them, and what becomes of them.

use std::time::Duration;

use http::Method;
use regex::Regex;

use super::request::Seen;

/// Which requests a rule is about. Every condition that is set must hold.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    method: Option<Method>,
    path: Option<Regex>,
    verb: Option<String>,
    resource: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
}

impl Matcher {
    /// Every request.
    pub fn any() -> Matcher {
        Matcher::default()
    }

    /// A call of the Kubernetes API by the words of its audit log: `update` and `secrets`, or `secrets/status`.
    pub fn call(verb: &str, resource: &str) -> Matcher {
        Matcher { verb: Some(verb.to_owned()), ..Matcher::resource(resource) }
    }

    /// Every call about a resource, `secrets` or `secrets/status`.
    pub fn resource(resource: &str) -> Matcher {
        Matcher { resource: Some(resource.to_owned()), ..Matcher::default() }
    }

    /// A request whose path and query `pattern` finds; the pattern is not anchored.
    ///
    /// # Panics
    /// When `pattern` is no regular expression.
    pub fn request(method: Method, pattern: &str) -> Matcher {
        Matcher {
            method: Some(method),
            path: Some(Regex::new(pattern).expect("a test writes its pattern right")),
            ..Matcher::default()
        }
    }

    /// Only in this namespace.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Matcher {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// Only for the object of this name. A create has its name in the body, which no rule reads.
    #[must_use]
    pub fn named(mut self, name: &str) -> Matcher {
        self.name = Some(name.to_owned());
        self
    }

    pub(super) fn matches(&self, seen: &Seen) -> bool {
        let same = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        self.method.as_ref().is_none_or(|method| *method == seen.method)
            && self.path.as_ref().is_none_or(|path| path.is_match(&seen.uri))
            && same(&self.verb, &seen.verb)
            && same(&self.resource, &seen.resource)
            && same(&self.namespace, &seen.namespace)
            && same(&self.name, &seen.name)
    }
}

/// What becomes of a request.
#[derive(Debug, Clone)]
pub enum Action {
    /// Holds it, also when its sender dies, until the rule's handle releases it or drops its connection.
    Hold,
    /// Forwards it and holds the answer, until the rule's handle releases that or drops the connection.
    HoldAnswer,
    /// Forwards it later.
    Delay(Duration),
    /// Closes the connection; the other side hears nothing of the request.
    Drop,
    /// Forwards it and closes the connection instead of answering: done, but nobody knows.
    DropAnswer,
    /// Answers with this HTTP status and the `Status` of an API server. 409 is `AlreadyExists` for a create, else `Conflict`;
    /// 429 asks to come back after a second.
    Answer(u16),
    /// Answers with this HTTP status and body: for stores, whose refusals look otherwise.
    AnswerWith(u16, String),
    /// Breaks off a watch, open ones included, between two events.
    CutWatch,
    /// Ends a watch, open ones included, with an ERROR event of code 410 in the stream that began with 200.
    ExpireWatch,
}

impl Action {
    /// Whether it acts on the events of a watch and not on the request for it.
    pub(super) fn acts_on_events(&self) -> bool {
        matches!(self, Action::CutWatch | Action::ExpireWatch)
    }
}

/// A rule for [`super::FaultProxy::add`].
#[derive(Debug, Clone)]
pub struct Rule {
    pub(super) matcher: Matcher,
    pub(super) action: Action,
    pub(super) skip: usize,
    pub(super) times: usize,
}

impl Rule {
    /// Acts on every request that matches.
    pub fn new(matcher: Matcher, action: Action) -> Rule {
        Rule { matcher, action, skip: 0, times: usize::MAX }
    }

    /// Acts on so many requests only.
    #[must_use]
    pub fn times(mut self, times: usize) -> Rule {
        self.times = times;
        self
    }

    /// Lets so many requests that match pass first; of each watch, so many events, bookmarks too.
    #[must_use]
    pub fn after(mut self, skip: usize) -> Rule {
        self.skip = skip;
        self
    }
}
