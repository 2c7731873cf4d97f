//! The files below folders, for work on whole trees.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, code};

/// Folders that hold no files of the user.
const SKIPPED: [&str; 3] = [".git", ".hg", ".jj"];

/// All files below the paths, in the order of their names; a path that is a file counts as itself. Links below a folder
/// are not followed: what they point to is met at its own place, or lies outside.
pub(crate) fn below(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let metadata = fs::metadata(path)
            .map_err(|error| Failure::new(code::NO_FILE, format!("{} could not be read: {error}", path.display())))?;
        if metadata.is_dir() { folder(path, &mut files)? } else { files.push(path.clone()) }
    }
    Ok(files)
}

fn folder(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable =
        |error| Failure::new(code::UNREADABLE, format!("the folder {} could not be read: {error}", path.display()));
    let mut entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().map_err(unreadable)?;
        // `.` as the root would only lengthen every name.
        let below = if path == Path::new(".") { PathBuf::from(entry.file_name()) } else { entry.path() };
        if kind.is_dir() && !SKIPPED.iter().any(|name| entry.file_name() == *name) {
            folder(&below, files)?;
        } else if kind.is_file() {
            files.push(below);
        }
    }
    Ok(())
}
