//! Failing to get a Secret right is data: it becomes a condition, an event and a plan for the next attempt.

use std::time::Duration;

use crate::reason::Reason;

/// What has to happen before another attempt can end differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The object or the keys it needs must change. The failure is remembered, across restarts too, so that nothing
    /// is opened twice in vain.
    OnChange,
    /// Something else in the cluster must change, and that is watched.
    OnEvent,
    /// Time must pass: the delay doubles with each attempt and never ends.
    Backoff,
    /// This much time must pass.
    After(Duration),
}

/// Why a Secret was not written. The message never holds a value or a word of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The cause in one word.
    pub reason: Reason,
    /// The cause in one sentence that names the object at fault.
    pub message: String,
    /// When to try again.
    pub retry: Retry,
}

impl Failure {
    /// A failure that only a change of the object or its keys can mend.
    pub fn lasting(reason: Reason, message: impl Into<String>) -> Self {
        Failure { reason, message: message.into(), retry: Retry::OnChange }
    }

    /// A failure that a watched change elsewhere in the cluster can mend.
    pub fn waiting(reason: Reason, message: impl Into<String>) -> Self {
        Failure { reason, message: message.into(), retry: Retry::OnEvent }
    }

    /// A failure that time may mend.
    pub fn passing(reason: Reason, message: impl Into<String>) -> Self {
        Failure { reason, message: message.into(), retry: Retry::Backoff }
    }
}
