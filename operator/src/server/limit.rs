//! How often one caller may ask: the generic cell rate algorithm with the bounds of the original. A caller is whom the last
//! proxy has named; what callers write of themselves before that does not count.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

/// How many callers are remembered at once.
const CALLERS: usize = 65_536;

/// The limiter of one port.
pub struct Limiter {
    interval: Duration,
    burst: u32,
    hasher: RandomState,
    /// When the next request of a caller would come if all came evenly.
    arrivals: Mutex<HashMap<u64, Instant>>,
}

/// What a caller is told about the limit.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    limit: u32,
    remaining: u32,
    reset: Duration,
    retry_after: Option<Duration>,
}

impl Limiter {
    /// `rate` requests a second, and `burst` above that at once.
    pub fn new(rate: u32, burst: u32) -> Limiter {
        let interval = Duration::from_secs(1) / rate.max(1);
        Limiter { interval, burst, hasher: RandomState::new(), arrivals: Mutex::default() }
    }

    /// Counts a request.
    pub fn judge(&self, caller: &str, path: &str, now: Instant) -> Verdict {
        let key = self.hasher.hash_one((caller, path));
        let tolerance = self.interval * (self.burst.saturating_add(1));
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = arrivals.get(&key).copied().filter(|expected| *expected > now).unwrap_or(now);
        let next = expected + self.interval;
        let ahead = next.duration_since(now);
        let limit = self.burst.saturating_add(1);
        if ahead > tolerance {
            return Verdict {
                limit,
                remaining: 0,
                reset: expected.duration_since(now),
                retry_after: Some(ahead.saturating_sub(tolerance)),
            };
        }
        if arrivals.len() >= CALLERS && !arrivals.contains_key(&key) {
            make_room(&mut arrivals, now);
        }
        arrivals.insert(key, next);
        let rest = tolerance.saturating_sub(ahead).as_nanos() / self.interval.as_nanos().max(1);
        Verdict { limit, remaining: u32::try_from(rest).unwrap_or(u32::MAX), reset: ahead, retry_after: None }
    }
}

/// Forgets whoever is not limited any more, and when that is nobody, somebody.
fn make_room(arrivals: &mut HashMap<u64, Instant>, now: Instant) {
    arrivals.retain(|_, expected| *expected > now);
    if arrivals.len() >= CALLERS
        && let Some(key) = arrivals.keys().next().copied()
    {
        arrivals.remove(&key);
    }
}

impl Verdict {
    /// Whether the request is one too many.
    pub fn is_too_many(&self) -> bool {
        self.retry_after.is_some()
    }

    /// Tells the caller.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let seconds = |duration: Duration| duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
        headers.insert("x-ratelimit-limit", HeaderValue::from(self.limit));
        headers.insert("x-ratelimit-remaining", HeaderValue::from(self.remaining));
        headers.insert("x-ratelimit-reset", HeaderValue::from(seconds(self.reset)));
        if let Some(delay) = self.retry_after {
            headers.insert("retry-after", HeaderValue::from(seconds(delay)));
        }
    }
}

/// Whom the last proxy has named as the caller; nobody without a proxy.
pub fn caller(headers: &HeaderMap) -> &str {
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    forwarded.and_then(|list| list.rsplit(',').next()).unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn three_at_once_then_two_a_second_for_each_caller_and_path() {
        let limiter = Limiter::new(2, 2);
        let passes = |caller, path, now| !limiter.judge(caller, path, now).is_too_many();
        let now = Instant::now();
        let outcomes: Vec<bool> = (0..5).map(|_| passes("a", "/v1/verify", now)).collect();
        assert_eq!(outcomes, [true, true, true, false, false]);
        assert!(passes("b", "/v1/verify", now) && passes("a", "/v1/rotate", now));
        assert!(!passes("a", "/v1/verify", now + Duration::from_millis(499)));
        assert!(passes("a", "/v1/verify", now + Duration::from_millis(500)));
        assert!(!passes("a", "/v1/verify", now + Duration::from_millis(501)));
    }

    #[test]
    fn a_caller_is_told_what_is_left_and_when_to_come_back() {
        let (limiter, now) = (Limiter::new(1, 1), Instant::now());
        let told = |verdict: &Verdict| (verdict.limit, verdict.remaining, verdict.retry_after.is_some());
        assert_eq!(told(&limiter.judge("a", "/", now)), (2, 1, false));
        assert_eq!(told(&limiter.judge("a", "/", now)), (2, 0, false));
        let refused = limiter.judge("a", "/", now);
        assert_eq!(refused.retry_after, Some(Duration::from_secs(1)));
        let mut headers = HeaderMap::new();
        refused.tell(&mut headers);
        assert_eq!(
            (&headers["retry-after"], &headers["x-ratelimit-limit"]),
            (&HeaderValue::from(1), &HeaderValue::from(2))
        );
    }

    #[test]
    fn the_memory_of_callers_is_bounded() {
        let (limiter, now) = (Limiter::new(1, 0), Instant::now());
        for number in 0..CALLERS + 100 {
            limiter.judge(&number.to_string(), "/", now);
        }
        assert!(limiter.arrivals.lock().unwrap().len() <= CALLERS);
    }

    #[test]
    fn only_what_the_last_proxy_says_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(caller(&headers), "");
        headers.append("x-forwarded-for", HeaderValue::from_static("made-up"));
        headers.append("x-forwarded-for", HeaderValue::from_static("made-up, 10.0.0.7"));
        assert_eq!(caller(&headers), "10.0.0.7");
    }
}
