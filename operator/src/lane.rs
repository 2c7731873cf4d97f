//! One kind at work: what is remembered of its objects, which of them wait, and how often each has failed in a row.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::cache::Cache;
use crate::name::ObjectName;
use crate::queue::Queue;

/// The first delay after a failure. Not shorter: whoever replaces an object deletes and makes it within a second.
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// The longest delay; retries never end.
const LONGEST_DELAY: Duration = Duration::from_mins(5);

/// When an object is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// When something changes.
    OnChange,
    /// At once: what was seen is out of date.
    Now,
    /// After this much time.
    After(Duration),
    /// After a delay that doubles with each failure in a row.
    Backoff,
}

/// The cache and the queue of a kind.
pub struct Lane<K> {
    /// What is remembered of its objects.
    pub cache: Cache<K>,
    /// The names that wait.
    pub queue: Queue,
    failures: Mutex<HashMap<ObjectName, u32>>,
}

impl<K> Default for Lane<K> {
    fn default() -> Self {
        Lane { cache: Cache::default(), queue: Queue::default(), failures: Mutex::default() }
    }
}

impl<K> Lane<K> {
    /// A worker has finished with an object and knows when it is due again.
    pub fn finish(&self, name: &ObjectName, again: Again) {
        self.queue.done(name);
        let failures = self.count(name, matches!(again, Again::Backoff | Again::Now));
        match again {
            Again::OnChange => {}
            Again::After(delay) => self.queue.push_after(name.clone(), delay),
            // A conflict is resolved by looking again, but a storm of them must not become a hot loop.
            Again::Now if failures < 3 => self.queue.push(name.clone()),
            Again::Now => self.queue.push_after(name.clone(), backoff(name, failures - 2) / 8),
            Again::Backoff => self.queue.push_after(name.clone(), backoff(name, failures)),
        }
    }

    /// Forgets how often an object has failed.
    pub fn forget(&self, name: &ObjectName) {
        self.count(name, false);
    }

    fn count(&self, name: &ObjectName, failed: bool) -> u32 {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if !failed {
            failures.remove(name);
            return 0;
        }
        let count = failures.entry(name.clone()).or_default();
        *count = count.saturating_add(1);
        *count
    }
}

/// The delay after `failures` in a row: doubling, spread by up to a quarter, so that objects which failed together do not
/// come back together.
fn backoff(name: &ObjectName, failures: u32) -> Duration {
    let doubled = FIRST_DELAY.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_DELAY);
    let spread = name
        .name
        .bytes()
        .chain(name.namespace.bytes())
        .fold(u32::from(failures == 0) + 7, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    doubled + doubled.mul_f64(f64::from(spread % 256) / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_differ_and_end_at_five_minutes() {
        let (one, two) = (ObjectName::new("a", "x"), ObjectName::new("a", "y"));
        assert!(backoff(&one, 1) >= FIRST_DELAY);
        assert!(backoff(&one, 3) >= FIRST_DELAY * 4);
        assert!(backoff(&one, 1_000_000) <= LONGEST_DELAY * 5 / 4);
        assert_ne!(backoff(&one, 1), backoff(&two, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn conflicts_slow_down() {
        let lane = Lane::<()>::default();
        let name = ObjectName::new("a", "x");
        let started = tokio::time::Instant::now();
        for _ in 0..12 {
            lane.queue.push(name.clone());
            let next = lane.queue.next().await;
            lane.finish(&next, Again::Now);
            lane.queue.done(&lane.queue.next().await);
        }
        assert!(started.elapsed() > Duration::from_secs(10), "a storm of conflicts is a hot loop");
    }
}
