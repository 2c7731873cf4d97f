//! The package for coverage-guided runs is outside of the workspace and is not built with it: this keeps it complete.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::seeds;
use crate::targets::TARGETS;

/// Every target has its binary and its seeds, and nothing else has.
pub(crate) fn check() -> Result<()> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let names: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    ensure!(entries(&seeds::folder())? == names, "the folders of tests/fuzz/corpus are not those of the targets");
    let sources: BTreeSet<String> = names.iter().map(|name| format!("{name}.rs")).collect();
    ensure!(
        entries(&package.join("fuzz_targets"))? == sources,
        "tests/fuzz/fuzz_targets has not one file for each target"
    );
    let manifest = fs::read_to_string(package.join("Cargo.toml"))?;
    for target in TARGETS {
        let path = format!("path = \"fuzz_targets/{}.rs\"", target.name);
        ensure!(manifest.contains(&path), "tests/fuzz/Cargo.toml has no binary for {}", target.name);
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<BTreeSet<String>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}
