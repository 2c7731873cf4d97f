//! The way of the plaintext to the command: a named pipe, or a file, in a folder of the user's own.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::Child;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;
use std::{fs, thread};

use zeroize::Zeroizing;

use crate::private_folder::PrivateFolder;

/// How often a command in the background is looked at that has not read its file yet.
const LOOK: Duration = Duration::from_millis(50);

/// Folder and file.
pub(super) struct Handover {
    folder: PrivateFolder,
    name: String,
    /// Where the end of the writing is told, of a pipe.
    written: Option<Receiver<()>>,
    pipe: bool,
}

impl Handover {
    pub(super) fn new(name: &str, pipe: bool) -> io::Result<Handover> {
        let folder = PrivateFolder::new()?;
        if pipe {
            make_pipe(&folder.path(name))?;
        }
        Ok(Handover { folder, name: name.to_owned(), written: None, pipe })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path(&self.name)
    }

    /// Writes the plaintext: into the file now, into a pipe as soon as somebody reads it.
    pub(super) fn give(&mut self, plaintext: Zeroizing<Vec<u8>>) -> io::Result<()> {
        if !self.pipe {
            return self.folder.write(&self.name, &plaintext);
        }
        let (tell, written) = mpsc::channel();
        let path = self.path();
        thread::spawn(move || {
            // A command may leave its file unread, or close it early.
            let _ = fs::File::options().write(true).open(path).and_then(|mut pipe| pipe.write_all(&plaintext));
            let _ = tell.send(());
        });
        self.written = Some(written);
        Ok(())
    }

    /// Waits until a command in the background has the plaintext, or has ended without.
    pub(super) fn wait_for_reader(&self, mut child: Child) {
        let Some(written) = &self.written else { return };
        while let Err(RecvTimeoutError::Timeout) = written.recv_timeout(LOOK) {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
        }
    }

    /// Wipes and removes all of it.
    pub(super) fn close(self) -> io::Result<()> {
        self.folder.close()
    }
}

#[cfg(unix)]
fn make_pipe(path: &std::path::Path) -> io::Result<()> {
    use nix::sys::stat::Mode;

    nix::unistd::mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).map_err(io::Error::from)
}

#[cfg(not(unix))]
fn make_pipe(_: &std::path::Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
