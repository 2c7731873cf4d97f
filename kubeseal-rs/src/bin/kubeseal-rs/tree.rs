//! The YAML and JSON files of a tree, and the one way to replace one of them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::failure::Failure;
use crate::{files, output};

/// Every file named, and of a folder every YAML and JSON file in it, in the order of their names. Hidden files and folders are
/// passed over, such as `.git`, and so are links: what they point to is found where it is, or is no part of the tree.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        if metadata.is_dir() {
            walk(path, &mut found)?;
        } else {
            found.push(path.clone());
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())));
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let listed = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut entries = listed.map_err(|error| unreadable(folder, &error))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            walk(&path, found)?;
        } else if kind.is_file() && is_manifest(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether the name is that of a YAML or JSON file.
pub(crate) fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

fn unreadable(path: &Path, error: &std::io::Error) -> anyhow::Error {
    let message = format!("cannot read {}: {}", path.display(), files::reason(error));
    Failure::with_hint(message, "check the path and its permissions")
}

/// Replaces a file in one step, unless somebody has changed it since it was read.
pub(crate) fn replace(path: &Path, read: &[u8], by: &str) -> Result<()> {
    if *files::read(path)? != *read {
        let message = format!("{} was changed by somebody else meanwhile", path.display());
        return Err(Failure::with_hint(message, "run it again"));
    }
    output::write(Some(path), by.as_bytes())
}
