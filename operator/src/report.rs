//! What is said about an object after the work: status, at most one event, and when to look again. A function of its
//! arguments.

use crds::{ChildStatus, Condition, Proof};
use jiff::Timestamp;

use crate::condition::ready;
use crate::failure::{Failure, Retry};
use crate::lane::Again;
use crate::proof::{Digest, ProofKey};
use crate::reason::Reason;
use crate::secrets::SecretMeta;
use crate::source::{Due, SecretSource, State};

/// How long an object waits for something that is watched, before it is looked at in any case.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(10);

/// A Secret that holds what the object describes.
pub struct Written {
    /// Its metadata after the write.
    pub meta: SecretMeta,
    /// The digest of its content.
    pub content: Digest,
    /// Whether this pass has changed it.
    pub changed: bool,
}

/// What became of one Secret.
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// The Secret, or why it is not right.
    pub result: Result<Written, Failure>,
    /// The fingerprint of the sealing key that opened it.
    pub sealing_key: Option<String>,
}

/// An event to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Its reason.
    pub reason: Reason,
    /// Its message.
    pub message: String,
    /// Whether it tells of a failure.
    pub warning: bool,
}

/// What is said about an object.
pub struct Report {
    /// Its status.
    pub state: State,
    /// An event, when there is news.
    pub notice: Option<Notice>,
    /// When to look again.
    pub again: Again,
}

/// What the report is made from.
pub struct Facts<'a> {
    /// The key of proofs.
    pub proof: &'a ProofKey,
    /// The digest of the specification that was acted on.
    pub specification: &'a Digest,
    /// What must change before a failure can end differently.
    pub keys_version: &'a [u8],
    /// The version of the object for which its store was read.
    pub refreshed: Option<String>,
    /// The time.
    pub now: Timestamp,
}

/// Reports what became of each Secret, or why no Secret could even be named.
pub fn report<K: SecretSource>(object: &K, work: Result<Vec<Outcome>, Failure>, facts: &Facts<'_>) -> Report {
    let old = object.state();
    let changed =
        work.as_ref().is_ok_and(|all| all.iter().any(|one| one.result.as_ref().is_ok_and(|written| written.changed)));
    let failure = worst(&work);
    let children = match work {
        Ok(outcomes) => outcomes.into_iter().map(|outcome| child(outcome, &old, facts)).collect(),
        Err(failure) => failed_children(object, &old, &failure, facts),
    };
    let said = said_before(&old, object.meta().generation);
    let success = K::success();
    let verdict = failure.as_ref().map_or(Ok(success.ready), Err);
    let mut state = State {
        observed_generation: object.meta().generation,
        conditions: K::conditions(&said, ready(&said, verdict, facts.now), facts.now),
        sealing_key: children.iter().find_map(|(_, key)| key.clone()).or_else(|| old.sealing_key.clone()),
        children: children.into_iter().map(|(child, _)| child).collect(),
        refresh_time: old.refresh_time,
        synced_version: old.synced_version.clone(),
    };
    if let (None, Some(version)) = (&failure, &facts.refreshed) {
        state.refresh_time = Some(facts.now);
        state.synced_version = Some(version.clone());
    }
    let notice = match &failure {
        Some(failure) => is_news(object, &old, &state).then(|| object.warning(failure)),
        None => (changed || has_recovered(&old, &state)).then(|| Notice {
            reason: success.written.0,
            message: success.written.1.to_owned(),
            warning: false,
        }),
    };
    let again = again(object, failure.as_ref(), &state, facts.now);
    Report { state, notice, again }
}

/// The conditions as they were. What was said of another generation is said anew, if only by the time of its update.
fn said_before(old: &State, generation: Option<i64>) -> Vec<Condition> {
    let mut said = old.conditions.clone();
    if old.observed_generation != generation {
        for condition in &mut said {
            condition.last_update_time = None;
        }
    }
    said
}

/// Why the object as a whole is not right.
pub fn cause(work: &Result<Vec<Outcome>, Failure>) -> Option<Reason> {
    worst(work).map(|failure| failure.reason)
}

/// The failure that the object as a whole reports: the one that asks for the soonest retry, all messages together.
fn worst(work: &Result<Vec<Outcome>, Failure>) -> Option<Failure> {
    let outcomes = match work {
        Err(failure) => return Some(failure.clone()),
        Ok(outcomes) => outcomes,
    };
    let failures: Vec<&Failure> = outcomes.iter().filter_map(|outcome| outcome.result.as_ref().err()).collect();
    let first = failures.iter().min_by_key(|failure| patience(failure.retry))?;
    let mut messages: Vec<&str> = failures.iter().map(|failure| failure.message.as_str()).collect();
    messages.dedup();
    Some(Failure { message: messages.join("\n"), ..(*first).clone() })
}

fn patience(retry: Retry) -> std::time::Duration {
    match retry {
        Retry::Backoff => std::time::Duration::ZERO,
        Retry::After(delay) => delay,
        Retry::OnEvent => PATIENCE,
        Retry::OnChange => std::time::Duration::MAX,
    }
}

fn child(outcome: Outcome, old: &State, facts: &Facts<'_>) -> (ChildStatus, Option<String>) {
    let before = old.children.iter().find(|child| child.name == outcome.name);
    let child = match outcome.result {
        Ok(written) => ChildStatus {
            name: outcome.name,
            ready: true,
            proof: Some(facts.proof.current(facts.specification, &written.meta, &written.content)),
            ..ChildStatus::default()
        },
        Err(failure) => ChildStatus {
            name: outcome.name,
            ready: false,
            proof: proof_of_failure(&failure, before.and_then(|child| child.proof.clone()), facts),
            reason: Some(failure.reason.as_str().to_owned()),
            message: Some(failure.message),
        },
    };
    (child, outcome.sealing_key)
}

/// A lasting failure is remembered. Otherwise the proof of the last good Secret stays: it is what tells, after a restart,
/// that the Secret is still the one we wrote.
fn proof_of_failure(failure: &Failure, before: Option<Proof>, facts: &Facts<'_>) -> Option<Proof> {
    match failure.retry {
        Retry::OnChange => Some(facts.proof.futile(facts.specification, facts.keys_version)),
        _ => before.filter(|proof| !proof.uid.is_empty()),
    }
}

/// When nothing could be opened, every Secret known so far has failed; one without a name stands for the object itself.
fn failed_children<K: SecretSource>(
    object: &K,
    old: &State,
    failure: &Failure,
    facts: &Facts<'_>,
) -> Vec<(ChildStatus, Option<String>)> {
    let mut names: Vec<String> = object.targets();
    if names.is_empty() {
        names.push(String::new());
    }
    let outcomes = names.into_iter().map(|name| Outcome { name, result: Err(failure.clone()), sealing_key: None });
    outcomes.map(|outcome| child(outcome, old, facts)).collect()
}

/// Whether a failure differs from what was reported last, or speaks of another generation.
fn is_news<K: SecretSource>(object: &K, old: &State, new: &State) -> bool {
    let told = |state: &State| {
        let ready = state.conditions.iter().find(|condition| condition.type_ == "Ready");
        ready.map(|ready| (ready.status.clone(), ready.reason.clone(), ready.message.clone()))
    };
    told(old) != told(new) || old.observed_generation != object.meta().generation
}

/// Whether the object was known to be unwell and is well: its Secret may have been right all the time.
fn has_recovered(old: &State, new: &State) -> bool {
    let is = |state: &State, status: &str| state.conditions.first().is_some_and(|first| first.status == status);
    is(new, "True") && is(old, "False")
}

fn again<K: SecretSource>(object: &K, failure: Option<&Failure>, state: &State, now: Timestamp) -> Again {
    match failure.map(|failure| failure.retry) {
        Some(Retry::Backoff) => Again::Backoff,
        Some(Retry::After(delay)) => Again::After(delay),
        Some(Retry::OnEvent) => Again::After(PATIENCE),
        Some(Retry::OnChange) => Again::OnChange,
        None => wait(object.due(state, object.version().as_deref(), now), now),
    }
}

/// When to look again at an object that is due at a time.
pub fn wait(due: Due, now: Timestamp) -> Again {
    match due {
        Due::Never => Again::OnChange,
        Due::Now => Again::Now,
        Due::At(time) => Again::After(time.duration_since(now).try_into().unwrap_or_default()),
    }
}

impl Notice {
    /// The event that tells of a failure.
    pub fn warning(failure: &Failure) -> Notice {
        Notice { reason: failure.reason, message: failure.message.clone(), warning: true }
    }
}
