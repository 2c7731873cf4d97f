//! What stands between a store and everybody who reads it: new credentials when the old ones are refused, and a pause when
//! the store hangs, so that one slow store does not hold every worker of the operator.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{ProviderError, Read, Reader, RemoteKey, Store, Version};
use crate::failure::Failure;

/// Credentials that were fetched this recently are not fetched again because of a refusal.
const FRESH: Duration = Duration::from_secs(10);

/// The longest pause after a store did not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Makes a connection, with the credentials of that moment.
#[async_trait]
pub(super) trait Connect: Send + Sync {
    async fn connect(&self) -> Result<Store, Failure>;
}

/// A store behind its guard.
pub(super) struct Guard<C> {
    connect: C,
    state: Mutex<State>,
}

struct State {
    store: Store,
    since: Instant,
    /// Until when the store is left alone.
    pause: Option<Instant>,
}

impl<C: Connect> Guard<C> {
    pub(super) async fn new(connect: C) -> Result<Guard<C>, Failure> {
        let store = connect.connect().await?;
        Ok(Guard { connect, state: Mutex::new(State { store, since: Instant::now(), pause: None }) })
    }

    pub(super) async fn store(&self) -> Store {
        self.state.lock().await.store.clone()
    }

    async fn current(&self) -> Result<(Store, Instant), ProviderError> {
        let state = self.state.lock().await;
        match state.pause {
            Some(until) if Instant::now() < until => {
                Err(ProviderError::Unavailable { cause: "it did not answer a moment ago" })
            }
            _ => Ok((state.store.clone(), state.since)),
        }
    }

    /// A connection with newer credentials than one made at `since`; `None` when that one is new enough.
    async fn renewed(&self, since: Instant) -> Result<Option<Store>, ProviderError> {
        let mut state = self.state.lock().await;
        if state.since == since {
            if since.elapsed() < FRESH {
                return Ok(None);
            }
            state.store = self.connect.connect().await?;
            state.since = Instant::now();
        }
        Ok(Some(state.store.clone()))
    }

    /// Leaves the store alone for as long as it has just wasted.
    async fn note<T>(&self, asked: Instant, answer: &Result<T, ProviderError>) {
        let pause = match answer {
            Err(ProviderError::Unavailable { .. }) => Some(Instant::now() + asked.elapsed().min(LONGEST_PAUSE)),
            Err(ProviderError::Throttled { retry_after: Some(wait) }) => {
                Some(Instant::now() + (*wait).min(LONGEST_PAUSE))
            }
            _ => None,
        };
        if pause.is_some() {
            self.state.lock().await.pause = pause;
        }
    }
}

#[async_trait]
impl<C: Connect> Reader for Guard<C> {
    async fn read(&self, key: &RemoteKey, known: Option<&Version>) -> Result<Read, ProviderError> {
        let (store, since) = self.current().await?;
        let asked = Instant::now();
        let mut answer = store.reader().read(key, known).await;
        if matches!(answer, Err(ProviderError::Denied))
            && let Some(store) = self.renewed(since).await?
        {
            answer = store.reader().read(key, known).await;
        }
        self.note(asked, &answer).await;
        answer
    }

    /// A check is asked for to learn how the store is now, so it does not mind a pause.
    async fn check(&self) -> Result<(), ProviderError> {
        let (store, since) = {
            let state = self.state.lock().await;
            (state.store.clone(), state.since)
        };
        let answer = store.reader().check().await;
        match answer {
            Err(ProviderError::Denied) => match self.renewed(since).await? {
                Some(store) => store.reader().check().await,
                None => answer,
            },
            _ => answer,
        }
    }
}

#[cfg(test)]
mod tests;
