//! Where the programs of this workspace are: beside the test binary, in the development profile. It never builds them; a build
//! started inside a test would wait for the lock of the build that runs the test.

use std::env::{self, consts::EXE_SUFFIX};
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

/// The built `strongroom`, `kubeseal-rs` or `sops-rs`.
pub fn built_binary(name: &str) -> Result<PathBuf> {
    let myself = env::current_exe().context("could not find the running program")?;
    // A test lies in `target/debug/deps`, a program in `target/debug`.
    let directory = myself
        .ancestors()
        .skip(1)
        .find(|directory| directory.file_name().is_none_or(|name| name != "deps" && name != "examples"))
        .context("the running program lies in no directory")?;
    let path = directory.join(format!("{name}{EXE_SUFFIX}"));
    ensure!(path.exists(), "{} is not built; run `cargo build --workspace --bins`", path.display());
    Ok(path)
}
