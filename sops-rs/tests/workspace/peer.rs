//! Where the original programs are: `make peers` builds them, a test that misses one fails.

use std::env;
use std::path::PathBuf;

/// The program of a peer.
pub(crate) fn peer(name: &str) -> PathBuf {
    let cache = env::var_os("STRONGROOM_CACHE")
        .map(PathBuf::from)
        .or_else(|| env::var_os("XDG_CACHE_HOME").map(|cache| PathBuf::from(cache).join("strongroom")))
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/strongroom")))
        .expect("a cache: set STRONGROOM_CACHE or HOME");
    let path = cache.join("peers/bin").join(name);
    assert!(path.exists(), "the peer {name} is missing; run `make peers`");
    path
}
