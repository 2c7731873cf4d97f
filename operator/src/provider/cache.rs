//! Values that were read a moment ago, so that a thousand ExternalSecrets that mean the same remote secret cost one read. It
//! is bounded in bytes and in time, and wipes what it lets go; it never makes a value older than its short life.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::{ProviderError, Read, Reader, RemoteKey, Version};

/// How much and how long a store is remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The sum of the values of one store, in bytes.
    pub(super) bytes: usize,
    /// The age at which a value must be read again.
    pub(super) life: Duration,
}

impl Default for Limits {
    /// Four times what Kubernetes allows one Secret, and less time than anybody waits for a rotated value.
    fn default() -> Self {
        Limits { bytes: 4 << 20, life: Duration::from_secs(10) }
    }
}

/// A reader that remembers.
pub(super) struct Cached<R> {
    store: R,
    limits: Limits,
    shelf: Arc<Mutex<Shelf>>,
}

#[derive(Default)]
struct Shelf {
    values: HashMap<RemoteKey, Arc<Answer>>,
    /// Reads that are under way. Who holds the lock asks the store, the others wait for its answer.
    reads: HashMap<RemoteKey, Arc<tokio::sync::Mutex<Option<Arc<Answer>>>>>,
    bytes: usize,
    is_swept: bool,
}

struct Answer {
    when: Instant,
    outcome: Result<(Zeroizing<Vec<u8>>, Option<Version>), ProviderError>,
}

impl Answer {
    fn size(&self) -> usize {
        self.outcome.as_ref().map_or(0, |(bytes, _)| bytes.len())
    }

    fn read(&self, known: Option<&Version>) -> Result<Read, ProviderError> {
        let (bytes, version) = self.outcome.as_ref().map_err(Clone::clone)?;
        Ok(Read::unless_known(bytes.clone(), version.clone(), known))
    }
}

impl<R: Reader> Cached<R> {
    pub(super) fn new(store: R, limits: Limits) -> Cached<R> {
        Cached { store, limits, shelf: Arc::default() }
    }

    /// The answer from memory, unless it must be younger than the question, or from the store.
    async fn answer(&self, key: &RemoteKey, anew: bool) -> Arc<Answer> {
        let arrived = Instant::now();
        let under_way = {
            let mut held = lock(&self.shelf);
            if let Some(value) = held.values.get(key).filter(|value| !anew && value.when.elapsed() < self.limits.life) {
                return value.clone();
            }
            held.reads.entry(key.clone()).or_default().clone()
        };
        let mut turn = under_way.lock().await;
        // An answer that came after we arrived is an answer to us, an error as well: asking again would not be kinder.
        if let Some(answer) = turn.as_ref().filter(|answer| answer.when >= arrived) {
            return answer.clone();
        }
        let answer = self.ask(key).await;
        self.keep(key, &answer);
        *turn = Some(answer.clone());
        answer
    }

    async fn ask(&self, key: &RemoteKey) -> Arc<Answer> {
        let outcome = match self.store.read(key, None).await {
            Ok(Read::Value { bytes, version }) => Ok((bytes, version)),
            Ok(Read::Unchanged) => {
                Err(ProviderError::Unexpected { cause: "nothing was known of it, and yet it is unchanged" })
            }
            Err(error) => Err(error),
        };
        Arc::new(Answer { when: Instant::now(), outcome })
    }

    fn keep(&self, key: &RemoteKey, answer: &Arc<Answer>) {
        let mut held = lock(&self.shelf);
        held.reads.remove(key);
        held.drop_expired(self.limits.life);
        held.forget(key);
        let size = answer.size();
        if answer.outcome.is_err() || size > self.limits.bytes {
            return;
        }
        while held.bytes + size > self.limits.bytes {
            let Some(oldest) = held.values.iter().min_by_key(|(_, value)| value.when).map(|(key, _)| key.clone())
            else {
                break;
            };
            held.forget(&oldest);
        }
        held.bytes += size;
        held.values.insert(key.clone(), answer.clone());
        if !std::mem::replace(&mut held.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(&self.shelf), self.limits.life));
        }
    }
}

#[async_trait]
impl<R: Reader> Reader for Cached<R> {
    async fn read(&self, key: &RemoteKey, known: Option<&Version>) -> Result<Read, ProviderError> {
        self.answer(key, false).await.read(known)
    }

    async fn read_anew(&self, key: &RemoteKey) -> Result<Read, ProviderError> {
        self.answer(key, true).await.read(None)
    }

    async fn check(&self) -> Result<(), ProviderError> {
        self.store.check().await
    }
}

impl Shelf {
    fn forget(&mut self, key: &RemoteKey) {
        if let Some(gone) = self.values.remove(key) {
            self.bytes -= gone.size();
        }
    }

    fn drop_expired(&mut self, life: Duration) {
        let bytes = &mut self.bytes;
        self.values.retain(|_, value| {
            let keep = value.when.elapsed() < life;
            *bytes -= if keep { 0 } else { value.size() };
            keep
        });
    }
}

/// Wipes values whose time is over although nobody asks any more. Ends with the last value, or with the cache.
async fn sweep(shelf: Weak<Mutex<Shelf>>, life: Duration) {
    loop {
        tokio::time::sleep(life).await;
        let Some(shelf) = shelf.upgrade() else { return };
        let mut shelf = lock(&shelf);
        shelf.drop_expired(life);
        if shelf.values.is_empty() {
            shelf.is_swept = false;
            return;
        }
    }
}

fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
