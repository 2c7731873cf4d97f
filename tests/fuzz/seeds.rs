//! The seeds of a target: small inputs written by hand or by the originals, and every input that once failed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Where they are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

/// The seeds of a target, by name; there may be none.
pub(crate) fn of(name: &str) -> Result<Vec<Vec<u8>>> {
    let folder = folder().join(name);
    if !folder.is_dir() {
        return Ok(vec![Vec::new()]);
    }
    let read = || -> std::io::Result<Vec<Vec<u8>>> {
        let mut files = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
        files.sort();
        files.iter().map(fs::read).collect()
    };
    read().with_context(|| format!("could not read {}", folder.display()))
}
