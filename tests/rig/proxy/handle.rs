//! The test's end of a rule: learns what the rule has acted on, and decides what becomes of the requests it holds.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::watch;

/// What becomes of held requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not decided: they wait.
    Wait,
    /// They go on.
    Release,
    /// Their connections are closed.
    Drop,
}

/// How far a rule has come; shared by its handle and the requests it acts on.
pub(super) struct Progress {
    hits: watch::Sender<usize>,
    done: watch::Sender<usize>,
    verdict: watch::Sender<Verdict>,
}

impl Default for Progress {
    fn default() -> Progress {
        Progress {
            hits: watch::Sender::new(0),
            done: watch::Sender::new(0),
            verdict: watch::Sender::new(Verdict::Wait),
        }
    }
}

impl Progress {
    pub(super) fn hit(&self) {
        self.hits.send_modify(|hits| *hits += 1);
    }

    /// The request needs the rule no more: answered, or dropped.
    pub(super) fn done(&self) {
        self.done.send_modify(|done| *done += 1);
    }

    pub(super) async fn verdict(&self) -> Verdict {
        let mut verdict = self.verdict.subscribe();
        let decided = verdict.wait_for(|verdict| *verdict != Verdict::Wait).await;
        decided.map_or(Verdict::Drop, |verdict| *verdict)
    }
}

/// A rule in force. Dropping it ends the rule and releases what the rule holds.
pub struct RuleHandle {
    progress: Arc<Progress>,
    remove: Box<dyn Fn() + Send + Sync>,
}

impl RuleHandle {
    pub(super) fn new(progress: Arc<Progress>, remove: impl Fn() + Send + Sync + 'static) -> RuleHandle {
        RuleHandle { progress, remove: Box::new(remove) }
    }

    /// On how many requests the rule has acted.
    pub fn hits(&self) -> usize {
        *self.progress.hits.borrow()
    }

    /// Waits until the rule has acted on a request; for a rule that holds, until it holds one.
    pub async fn wait_hit(&self, deadline: Duration) -> Result<()> {
        self.wait_hits(1, deadline).await
    }

    /// Waits until the rule has acted on so many requests.
    pub async fn wait_hits(&self, count: usize, deadline: Duration) -> Result<()> {
        let mut hits = self.progress.hits.subscribe();
        let waited = tokio::time::timeout(deadline, hits.wait_for(|hits| *hits >= count)).await;
        let seen =
            waited.map(drop).with_context(|| format!("the rule acted on {} requests, not on {count}", self.hits()));
        seen.with_context(|| format!("waited {deadline:?} for the fault proxy"))
    }

    /// Lets the held requests go, and those that the rule would hold later. Waits until each is answered from behind, also when
    /// its sender is dead: what a released write did is done when this returns.
    pub async fn release(&self, deadline: Duration) -> Result<()> {
        self.decide(Verdict::Release, deadline).await
    }

    /// Closes the connections of the held requests, and of those that the rule would hold later. Nothing of them gets through.
    pub async fn drop_connection(&self, deadline: Duration) -> Result<()> {
        self.decide(Verdict::Drop, deadline).await
    }

    async fn decide(&self, verdict: Verdict, deadline: Duration) -> Result<()> {
        let held = self.hits();
        self.progress.verdict.send_replace(verdict);
        let mut done = self.progress.done.subscribe();
        let waited = tokio::time::timeout(deadline, done.wait_for(|done| *done >= held)).await;
        waited.map(drop).with_context(|| format!("{held} requests were not done with after {deadline:?}"))
    }
}

impl Drop for RuleHandle {
    fn drop(&mut self) {
        (self.remove)();
        self.progress.verdict.send_if_modified(|verdict| {
            let waits = *verdict == Verdict::Wait;
            if waits {
                *verdict = Verdict::Release;
            }
            waits
        });
    }
}
