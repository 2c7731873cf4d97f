//! A text in the user's editor: in a file that only the user can read, in a folder that only the user can enter, both
//! gone when the editor or this program ends, by a signal too.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, thread};

use tempfile::{Builder, TempDir};
use zeroize::Zeroizing;

use crate::failure::{Failure, code, say};

/// Editors that are looked for when the user names none.
const EDITORS: [&str; 3] = ["vim", "nano", "vi"];

/// What the user made of the text. `name` gives the file its name, so that the editor knows its syntax.
///
/// # Errors
/// There is no editor, or it ended with another code than 0.
pub(crate) fn edit(name: &Path, text: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let folder = Builder::new().prefix(".sops").tempdir().map_err(|error| trouble(&error))?;
    let guard = signals::remove(folder.path())?;
    let file = folder.path().join(name.file_name().unwrap_or("text".as_ref()));
    let edited = in_file(&file, text);
    wipe(&file);
    drop(guard);
    close(folder)?;
    edited
}

fn in_file(file: &Path, text: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    create(file).and_then(|mut out| out.write_all(text)).map_err(|error| trouble(&error))?;
    run(file)?;
    fs::read(file).map(Zeroizing::new).map_err(|error| trouble(&error))
}

/// Says what is wrong with the text and waits for the Enter key.
pub(crate) fn again(failure: &Failure) -> Result<(), Failure> {
    failure.report();
    say("press Enter to go back to the editor, or Ctrl-C to give up");
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => Err(Failure::new(code::EDITOR, "nobody is there to correct the text")),
        Ok(_) => Ok(()),
    }
}

fn trouble(error: &io::Error) -> Failure {
    Failure::new(code::GENERIC, format!("the text for the editor: {error}"))
}

#[cfg(unix)]
fn create(file: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    File::options().write(true).create_new(true).mode(0o600).open(file)
}

#[cfg(not(unix))]
fn create(file: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).open(file)
}

/// Overwrites what stood in the file; some editors have put another in its place by then.
fn wipe(file: &Path) {
    if let Ok(length) = fs::metadata(file).map(|metadata| metadata.len())
        && let Ok(mut out) = File::options().write(true).open(file)
    {
        // The folder goes in any case.
        let _ = io::copy(&mut io::Read::take(io::repeat(0), length), &mut out);
    }
}

fn close(folder: TempDir) -> Result<(), Failure> {
    let path = folder.path().to_owned();
    folder.close().map_err(|error| {
        Failure::new(code::GENERIC, format!("{} could not be removed: {error}", path.display()))
            .hint("remove it by hand: it holds your text in clear")
    })
}

fn run(file: &Path) -> Result<(), Failure> {
    let mut words = editor()?;
    let program = words.remove(0);
    let status = Command::new(&program).args(words).arg(file).status().map_err(|error| {
        Failure::new(code::EDITOR, format!("the editor {} could not be started: {error}", program.to_string_lossy()))
            .hint("set SOPS_EDITOR or EDITOR to a program that waits until the file is closed")
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(code::EDITOR, format!("the editor {} failed: {status}", program.to_string_lossy())))
}

/// The editor and its arguments; at least one word.
fn editor() -> Result<Vec<OsString>, Failure> {
    for variable in ["SOPS_EDITOR", "EDITOR"] {
        let Ok(text) = env::var(variable) else { continue };
        let words = shell_words::split(&text)
            .map_err(|_| Failure::new(code::EDITOR, format!("{variable} has a quote that is not closed")))?;
        if !words.is_empty() {
            return Ok(words.into_iter().map(OsString::from).collect());
        }
    }
    let found = EDITORS.into_iter().find_map(on_path).ok_or_else(|| {
        Failure::new(code::EDITOR, format!("there is no editor: none of {} is installed", EDITORS.join(", ")))
            .hint("set SOPS_EDITOR or EDITOR")
    })?;
    Ok(vec![found.into_os_string()])
}

/// A program of the search path; never one of the current folder.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(name)).find(|file| file.is_file())
}

#[cfg(unix)]
mod signals {
    use std::path::Path;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::iterator::{Handle, Signals};

    use super::{Failure, fs, thread, trouble};

    /// Ends the watch when dropped.
    pub(super) struct Guard(Handle);

    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.close();
        }
    }

    /// Removes the folder and ends this program on a signal. An interrupt from the terminal reaches the editor too, which
    /// decides what to do with it.
    pub(super) fn remove(folder: &Path) -> Result<Guard, Failure> {
        let mut signals = Signals::new([SIGTERM, SIGHUP, SIGQUIT, SIGINT]).map_err(|error| trouble(&error))?;
        let (handle, folder) = (signals.handle(), folder.to_owned());
        thread::spawn(move || {
            for signal in &mut signals {
                if signal != SIGINT {
                    let _ = fs::remove_dir_all(&folder);
                    std::process::exit(128 + signal);
                }
            }
        });
        Ok(Guard(handle))
    }
}

#[cfg(not(unix))]
mod signals {
    use std::path::Path;

    use super::Failure;

    pub(super) fn remove(_: &Path) -> Result<(), Failure> {
        Ok(())
    }
}
