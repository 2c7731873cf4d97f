use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;

use super::*;

/// Answers each key with as many bytes as its name says, after a while; one named `missing` is not there.
#[derive(Default)]
struct Slow {
    reads: AtomicUsize,
}

#[async_trait]
impl Reader for Arc<Slow> {
    async fn read(&self, key: &RemoteKey, _: Option<&Version>) -> Result<Read, ProviderError> {
        let count = self.reads.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let size = key.key.split('-').next().unwrap().parse().map_err(|_| ProviderError::NotFound)?;
        Ok(Read::Value { bytes: Zeroizing::new(vec![1; size]), version: Some(Version::new(count.to_string())) })
    }

    async fn check(&self) -> Result<(), ProviderError> {
        Ok(())
    }
}

fn key(name: &str) -> RemoteKey {
    RemoteKey { key: name.into(), version: None }
}

fn cached(bytes: usize) -> (Arc<Slow>, Cached<Arc<Slow>>) {
    let slow = Arc::new(Slow::default());
    (slow.clone(), Cached::new(slow, Limits { bytes, life: Duration::from_secs(10) }))
}

fn reads(slow: &Slow) -> usize {
    slow.reads.load(Ordering::SeqCst)
}

#[tokio::test(start_paused = true)]
async fn a_burst_costs_one_read_a_remote_secret() {
    let (slow, cached) = cached(1 << 20);
    let keys: Vec<_> = (0..3000).map(|index| key(&format!("8-{}", index % 100))).collect();
    let all = join_all(keys.iter().map(|key| cached.read(key, None))).await;
    assert!(all.iter().all(|read| matches!(read, Ok(Read::Value { bytes, .. }) if bytes.len() == 8)));
    assert_eq!(reads(&slow), 100);
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert!(cached.read(&keys[0], None).await.is_ok());
    assert_eq!(reads(&slow), 100);
}

#[tokio::test(start_paused = true)]
async fn versions_are_remembered_apart_and_a_known_one_is_not_handed_out() {
    let (slow, cached) = cached(1 << 20);
    let old = RemoteKey { version: Some("1".into()), ..key("8") };
    for key in [&key("8"), &old] {
        let Ok(Read::Value { version, .. }) = cached.read(key, None).await else { panic!("no value") };
        assert!(matches!(cached.read(key, version.as_ref()).await, Ok(Read::Unchanged)));
        assert!(matches!(cached.read(key, Some(&Version::new("other"))).await, Ok(Read::Value { .. })));
    }
    assert_eq!(reads(&slow), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shared_by_those_who_wait_and_not_remembered() {
    let (slow, cached) = cached(1 << 20);
    let missing = key("missing");
    let all = join_all((0..50).map(|_| cached.read(&missing, None))).await;
    assert!(all.iter().all(|read| matches!(read, Err(ProviderError::NotFound))));
    assert_eq!(reads(&slow), 1);
    assert!(cached.read(&missing, None).await.is_err());
    assert_eq!(reads(&slow), 2);
}

#[tokio::test(start_paused = true)]
async fn the_bound_in_bytes_holds_and_the_oldest_goes_first() {
    let (slow, cached) = cached(100);
    for name in ["40-a", "40-b", "40-c"] {
        assert!(cached.read(&key(name), None).await.is_ok());
        tokio::time::advance(Duration::from_millis(10)).await;
        assert!(lock(&cached.shelf).bytes <= 100);
    }
    assert_eq!(lock(&cached.shelf).bytes, 80);
    assert!(cached.read(&key("40-b"), None).await.is_ok());
    assert_eq!(reads(&slow), 3, "b is still there");
    assert!(cached.read(&key("40-a"), None).await.is_ok());
    assert_eq!(reads(&slow), 4, "a had to go");
    assert!(cached.read(&key("101-big"), None).await.is_ok());
    assert_eq!(lock(&cached.shelf).bytes, 80, "what fits nowhere displaces nothing");
}

#[tokio::test(start_paused = true)]
async fn values_go_when_their_time_is_over_although_nobody_asks() {
    let (slow, cached) = cached(1 << 20);
    assert!(cached.read(&key("8"), None).await.is_ok());
    assert_eq!(lock(&cached.shelf).values.len(), 1);
    tokio::time::sleep(Duration::from_secs(21)).await;
    assert_eq!(lock(&cached.shelf).values.len(), 0);
    assert_eq!(lock(&cached.shelf).bytes, 0);
    assert!(cached.read(&key("8"), None).await.is_ok());
    assert_eq!(reads(&slow), 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_does_not_hold_up_the_others() {
    let (slow, cached) = cached(1 << 20);
    let (impatient, patient) = (key("8"), key("8"));
    let given_up = tokio::time::timeout(Duration::from_millis(20), cached.read(&impatient, None));
    let (given_up, read) = tokio::join!(given_up, cached.read(&patient, None));
    assert!(given_up.is_err() && read.is_ok());
    assert_eq!(reads(&slow), 2, "the second took over");
}
