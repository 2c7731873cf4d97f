//! A folder that only the user can enter, for plaintext that has to stand in a file for a while.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

/// How the original begins the names of such folders.
const PREFIX: &str = ".sops";

/// The folder. Goes when dropped; [`PrivateFolder::close`] also overwrites what is in it.
pub(crate) struct PrivateFolder(TempDir);

impl PrivateFolder {
    /// Makes a folder where temporary files are made.
    pub(crate) fn new() -> io::Result<PrivateFolder> {
        let mut builder = Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        builder.tempdir().map(PrivateFolder)
    }

    /// Where a file of this name stands.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Makes a file that only the user can read.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(self.path(name))?.write_all(content)
    }

    /// Overwrites the files and removes the folder.
    pub(crate) fn close(self) -> io::Result<()> {
        for entry in fs::read_dir(self.0.path())? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                // The folder goes in any case.
                let _ = overwrite(&entry.path());
            }
        }
        self.0.close()
    }
}

fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    let length = file.metadata()?.len();
    io::copy(&mut io::repeat(0).take(length), &mut file).map(drop)
}
