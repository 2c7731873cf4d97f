//! Finding a program by its name, the way GHSA-x5c7-x7m2-rhmf asks for: never in the folder the user happens to be in.
//!
//! A repository may hold a file `gpg` or `vim`; to decrypt a file of it must not run that.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Endings of programs on Windows.
const ENDINGS: &[&str] = if cfg!(windows) { &["exe", "com", "bat", "cmd"] } else { &[] };

/// The program a name stands for. A name with a path in it is taken at its word; any other is looked for in the folders of
/// the search path, but for those that are not absolute.
pub(crate) fn program(name: &OsStr) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.components().count() > 1 || path.is_absolute() {
        return Some(path.to_owned());
    }
    let folders = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&folders).filter(|folder| folder.is_absolute()).collect();
    folders.iter().find_map(|folder| in_folder(folder, path))
}

fn in_folder(folder: &Path, name: &Path) -> Option<PathBuf> {
    let plain = folder.join(name);
    let with_endings = ENDINGS.iter().map(|ending| plain.with_added_extension(ending));
    std::iter::once(plain.clone()).chain(with_endings).find(|path| is_program(path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file())
}
