//! A text in the user's editor: in a file that only the user can read, in a folder that only the user can enter, both
//! gone when the editor or this program ends, by a signal too.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use zeroize::Zeroizing;

use crate::failure::{Failure, code, say};
use crate::lookup;
use crate::private_folder::PrivateFolder;

#[cfg(not(unix))]
#[path = "editor/no_watch.rs"]
mod watch;
#[cfg(unix)]
mod watch;

use watch::Watch;

/// Editors that are looked for when the user names none.
const EDITORS: [&str; 3] = ["vim", "nano", "vi"];

/// What the user made of the text. `name` gives the file its name, so that the editor knows its syntax.
///
/// # Errors
/// There is no editor, or it ended with another code than 0.
pub(crate) fn edit(name: &Path, text: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let folder = PrivateFolder::new().map_err(|error| trouble(&error))?;
    let watch = Watch::over(&folder.path("")).map_err(|error| trouble(&error))?;
    let name = name.file_name().unwrap_or("text".as_ref()).to_string_lossy();
    let edited = in_file(&folder, &name, text, &watch);
    watch.end();
    let place = folder.path("");
    folder.close().map_err(|error| {
        Failure::new(code::GENERIC, format!("{} could not be removed: {error}", place.display()))
            .hint("remove it by hand: it holds your text in clear")
    })?;
    edited
}

fn in_file(folder: &PrivateFolder, name: &str, text: &[u8], watch: &Watch) -> Result<Zeroizing<Vec<u8>>, Failure> {
    folder.write(name, text).map_err(|error| trouble(&error))?;
    let file = folder.path(name);
    run(&file, watch)?;
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

fn run(file: &Path, watch: &Watch) -> Result<(), Failure> {
    let (program, words) = editor()?;
    let name = program.display().to_string();
    let spawned = Command::new(program).args(words).arg(file).spawn();
    let ended = spawned.and_then(|mut editor| {
        watch.runs(editor.id());
        editor.wait()
    });
    let status = ended.map_err(|error| {
        Failure::new(code::EDITOR, format!("the editor {name} could not be started: {error}"))
            .hint("set SOPS_EDITOR or EDITOR to a program that waits until the file is closed")
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(code::EDITOR, format!("the editor {name} failed: {status}")))
    }
}

/// The editor and its arguments.
fn editor() -> Result<(PathBuf, Vec<OsString>), Failure> {
    for variable in ["SOPS_EDITOR", "EDITOR"] {
        let Ok(text) = env::var(variable) else { continue };
        let words = shell_words::split(&text)
            .map_err(|_| Failure::new(code::EDITOR, format!("{variable} has a quote that is not closed")))?;
        let mut words = words.into_iter().map(OsString::from);
        let Some(name) = words.next() else { continue };
        let missing = || {
            Failure::new(
                code::EDITOR,
                format!("the editor of {variable}, {}, is not installed", name.to_string_lossy()),
            )
            .hint("set SOPS_EDITOR or EDITOR to a program of the search path")
        };
        return Ok((lookup::program(&name).ok_or_else(missing)?, words.collect()));
    }
    let found = EDITORS.into_iter().find_map(|name| lookup::program(name.as_ref())).ok_or_else(|| {
        Failure::new(code::EDITOR, format!("there is no editor: none of {} is installed", EDITORS.join(", ")))
            .hint("set SOPS_EDITOR or EDITOR")
    })?;
    Ok((found, Vec::new()))
}
