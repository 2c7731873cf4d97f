use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use zeroize::Zeroizing;

use super::super::Content;
use super::*;

/// A store that accepts a connection only as long as it is the newest, and hangs on the key `hang`.
#[derive(Default)]
struct World {
    connections: AtomicUsize,
    valid_from: AtomicUsize,
    reads: AtomicUsize,
}

struct Connection {
    number: usize,
    world: Arc<World>,
}

#[async_trait]
impl Connect for Arc<World> {
    async fn connect(&self) -> Result<Store, Failure> {
        let number = self.connections.fetch_add(1, Ordering::SeqCst);
        Ok(Store { reader: Arc::new(Connection { number, world: self.clone() }), content: Content::Text })
    }
}

#[async_trait]
impl Reader for Connection {
    async fn read(&self, key: &RemoteKey, _: Option<&Version>) -> Result<Read, ProviderError> {
        self.world.reads.fetch_add(1, Ordering::SeqCst);
        if key.key == "hang" {
            tokio::time::sleep(Duration::from_secs(5)).await;
            return Err(ProviderError::Unavailable { cause: "no answer in time" });
        }
        self.check().await?;
        Ok(Read::Value { bytes: Zeroizing::new(b"value".to_vec()), version: None })
    }

    async fn check(&self) -> Result<(), ProviderError> {
        if self.number >= self.world.valid_from.load(Ordering::SeqCst) { Ok(()) } else { Err(ProviderError::Denied) }
    }
}

fn key(name: &str) -> RemoteKey {
    RemoteKey { key: name.into(), version: None }
}

#[tokio::test(start_paused = true)]
async fn rotated_credentials_cost_nobody_an_error() {
    let world = Arc::new(World::default());
    let guard = Guard::new(world.clone()).await.unwrap();
    assert!(guard.read(&key("a"), None).await.is_ok());
    world.valid_from.store(1, Ordering::SeqCst);
    tokio::time::advance(FRESH).await;
    let (first, second) = (key("a"), key("b"));
    let (first, second) = tokio::join!(guard.read(&first, None), guard.read(&second, None));
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(world.connections.load(Ordering::SeqCst), 2, "both use the one new connection");
    world.valid_from.store(2, Ordering::SeqCst);
    tokio::time::advance(FRESH).await;
    assert_eq!(guard.check().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_fresh_credentials_is_believed() {
    let world = Arc::new(World::default());
    let guard = Guard::new(world.clone()).await.unwrap();
    world.valid_from.store(usize::MAX, Ordering::SeqCst);
    for _ in 0..20 {
        assert!(matches!(guard.read(&key("a"), None).await, Err(ProviderError::Denied)));
    }
    assert_eq!(world.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_left_alone_for_as_long_as_it_hung() {
    let world = Arc::new(World::default());
    let guard = Guard::new(world.clone()).await.unwrap();
    assert!(guard.read(&key("hang"), None).await.is_err());
    let asked = Instant::now();
    assert!(matches!(guard.read(&key("a"), None).await, Err(ProviderError::Unavailable { .. })));
    assert_eq!((asked.elapsed(), world.reads.load(Ordering::SeqCst)), (Duration::ZERO, 1));
    assert_eq!(guard.check().await, Ok(()), "a check does not mind");
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!(guard.read(&key("a"), None).await.is_ok());
}
