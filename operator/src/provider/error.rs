//! What can go wrong with a store, in the few cases that a caller can act on. No word of the store or of its SDK is kept:
//! such text may quote a value, and would end in a log or an event.

use std::time::Duration;

use crate::failure::{Failure, Retry};
use crate::reason::Reason;

/// A store must not be able to put us off for longer than this.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// Why a remote secret was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The store does not accept our credentials, or they may not read this.
    #[error("the store denies access")]
    Denied,
    /// The store has no such secret, or no such version of it.
    #[error("the store has no such secret")]
    NotFound,
    /// The store wants fewer requests.
    #[error("the store asks for fewer requests")]
    Throttled {
        /// How long it wants us to wait.
        retry_after: Option<Duration>,
    },
    /// The store could not be reached or does not work at the moment.
    #[error("the store is unavailable: {cause}")]
    Unavailable {
        /// What happened, in our own words.
        cause: &'static str,
    },
    /// The store answered, but not in a way we understand.
    #[error("the store gave an unexpected answer: {cause}")]
    Unexpected {
        /// What happened, in our own words.
        cause: &'static str,
    },
    /// The store was not asked at all: something on our side of the connection is missing or wrong.
    #[error("{}", .0.message)]
    Local(Failure),
}

impl ProviderError {
    /// What became of an attempt to do something, such as ``read `shop/db` ``.
    pub fn into_failure(self, attempt: &str) -> Failure {
        let message = format!("could not {attempt}: {self}");
        match self {
            ProviderError::Denied => Failure::passing(Reason::StoreDenied, message),
            ProviderError::NotFound => Failure::passing(Reason::RemoteMissing, message),
            ProviderError::Throttled { retry_after: Some(wait) } => {
                Failure { reason: Reason::StoreUnavailable, message, retry: Retry::After(wait.min(LONGEST_WAIT)) }
            }
            ProviderError::Throttled { retry_after: None }
            | ProviderError::Unavailable { .. }
            | ProviderError::Unexpected { .. } => Failure::passing(Reason::StoreUnavailable, message),
            ProviderError::Local(failure) => failure,
        }
    }
}

impl From<Failure> for ProviderError {
    fn from(failure: Failure) -> Self {
        ProviderError::Local(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_becomes_the_failure_that_says_what_to_do() {
        let failure = |error: ProviderError| error.into_failure("read `shop/db`");
        assert_eq!(failure(ProviderError::Denied).reason, Reason::StoreDenied);
        let missing = failure(ProviderError::NotFound);
        assert_eq!((missing.reason, missing.retry), (Reason::RemoteMissing, Retry::Backoff));
        assert_eq!(missing.message, "could not read `shop/db`: the store has no such secret");
        let unavailable = failure(ProviderError::Unavailable { cause: "no answer in time" });
        assert_eq!(unavailable.message, "could not read `shop/db`: the store is unavailable: no answer in time");
    }

    #[test]
    fn a_store_cannot_put_us_off_for_ever() {
        let retry = |seconds| {
            let error = ProviderError::Throttled { retry_after: Some(Duration::from_secs(seconds)) };
            error.into_failure("read").retry
        };
        assert_eq!(retry(7), Retry::After(Duration::from_secs(7)));
        assert_eq!(retry(u64::MAX), Retry::After(LONGEST_WAIT));
    }
}
