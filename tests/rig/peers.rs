//! Where the real systems are that the tests run: built once by `make peers` into a cache outside the checkout. It never builds
//! or skips anything itself: a test that misses a peer fails and says what builds it.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

/// The directory of the built peers.
#[derive(Debug, Clone)]
pub struct Peers {
    directory: PathBuf,
}

impl Peers {
    /// Finds the cache: `$STRONGROOM_CACHE/peers/bin`, else `$XDG_CACHE_HOME/strongroom/peers/bin`, else
    /// `~/.cache/strongroom/peers/bin`.
    pub fn locate() -> Result<Peers> {
        let cache = env::var_os("STRONGROOM_CACHE")
            .map(PathBuf::from)
            .or_else(|| env::var_os("XDG_CACHE_HOME").map(|cache| PathBuf::from(cache).join("strongroom")))
            .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/strongroom")))
            .context("no cache directory: set STRONGROOM_CACHE or HOME")?;
        let directory = cache.join("peers/bin");
        ensure!(directory.is_dir(), "no peers at {}; run `make peers`", directory.display());
        Ok(Peers { directory })
    }

    /// The program of a peer, for example `etcd`, `sops` or `kubeseal`.
    pub fn path(&self, name: &str) -> Result<PathBuf> {
        let path = self.directory.join(name);
        ensure!(path.exists(), "peer {name} is missing from {}; run `make peers`", self.directory.display());
        Ok(path)
    }
}
