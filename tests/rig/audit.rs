//! What the API server was asked for, read from its own audit log: the only count that no program under test can get wrong.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::wait::eventually;

/// How long the API server may take to write down a call that it has answered.
const PATIENCE: Duration = Duration::from_secs(20);

/// Two marks must never look alike, whichever part of a test sets them.
static MARKS: AtomicUsize = AtomicUsize::new(0);

/// The audit log of a control plane. Every call is in it, those of the control plane itself too: count by user.
pub struct AuditLog {
    path: PathBuf,
    probe: reqwest::Client,
    url: String,
    token: String,
}

/// A place in the audit log.
#[derive(Debug, Clone, Copy)]
pub struct Mark(usize);

/// One call that the API server has answered; a watch counts when it is opened.
#[derive(Debug, Clone)]
pub struct Call {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`.
    pub verb: String,
    /// The plural, `secrets`; with a subresource, `secrets/status`; empty for paths that are no resource.
    pub resource: String,
    /// The namespace, or empty.
    pub namespace: String,
    /// The object's name, or empty.
    pub name: String,
    /// For example `system:serviceaccount:NAMESPACE:NAME`.
    pub user: String,
    /// The client's own name for itself.
    pub user_agent: String,
    /// Path and query.
    pub uri: String,
    /// The HTTP status of the answer, 0 when there was none.
    pub code: u64,
}

impl Call {
    /// Whether the call has this verb and this resource, `secrets` or `secrets/status`.
    pub fn is(&self, verb: &str, resource: &str) -> bool {
        self.verb == verb && self.resource == resource
    }

    /// Whether the call changes something in the cluster.
    pub fn writes(&self) -> bool {
        !matches!(self.verb.as_str(), "get" | "list" | "watch")
    }

    fn parse(event: &Value) -> Option<Call> {
        let verb = event["verb"].as_str()?;
        let counted = if verb == "watch" { "ResponseStarted" } else { "ResponseComplete" };
        if event["stage"] != counted {
            return None;
        }
        let target = &event["objectRef"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut resource = text(&target["resource"]);
        if let Some(subresource) = target["subresource"].as_str() {
            resource = format!("{resource}/{subresource}");
        }
        Some(Call {
            verb: verb.to_owned(),
            resource,
            namespace: text(&target["namespace"]),
            name: text(&target["name"]),
            user: text(&event["user"]["username"]),
            user_agent: text(&event["userAgent"]),
            uri: text(&event["requestURI"]),
            code: event["responseStatus"]["code"].as_u64().unwrap_or_default(),
        })
    }
}

impl AuditLog {
    pub(crate) fn new(path: PathBuf, probe: reqwest::Client, url: &str, token: &str) -> AuditLog {
        AuditLog { path, probe, url: url.to_owned(), token: token.to_owned() }
    }

    /// The place after every call answered so far.
    pub async fn mark(&self) -> Result<Mark> {
        Ok(Mark(self.settled().await?.len()))
    }

    /// The calls answered since `mark`, in the order in which they were answered.
    pub async fn since(&self, mark: Mark) -> Result<Vec<Call>> {
        let log = self.settled().await?;
        let events = log.get(mark.0..).context("the audit log has become shorter")?.lines();
        let events = events.map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
        let calls = events.iter().filter_map(Call::parse);
        Ok(calls.filter(|call| !call.uri.starts_with("/version?rig-mark=")).collect())
    }

    /// A call is written down just after its answer went out. So make one that can be recognised and wait until it is there:
    /// those before it are there too.
    async fn settled(&self) -> Result<String> {
        let number = MARKS.fetch_add(1, Ordering::Relaxed);
        let uri = format!("/version?rig-mark={number}");
        let answer = self.probe.get(format!("{}{uri}", self.url)).bearer_auth(&self.token).send().await?;
        ensure!(answer.status().is_success(), "the API server answered {} to a mark", answer.status());
        let needle = format!("\"{uri}\"");
        eventually(PATIENCE, "the audit log having our mark", async || {
            let log = fs::read_to_string(&self.path).ok()?;
            let at = log.rfind(&needle)?;
            let end = at + log[at..].find('\n')? + 1;
            Some(log[..end].to_owned())
        })
        .await
    }
}
