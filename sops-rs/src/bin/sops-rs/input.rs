//! Reading the file, and the names that decide its format.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sops::Format;
use zeroize::Zeroizing;

use crate::failure::{Failure, code, warn};

/// A file or standard input, and the name that decides about it.
pub(crate) struct Source<'a> {
    file: Option<&'a Path>,
    name: Option<&'a Path>,
}

impl<'a> Source<'a> {
    /// From the file and `--filename-override`; `-` is standard input.
    pub(crate) fn new(file: Option<&'a Path>, name: Option<&'a PathBuf>) -> Source<'a> {
        let file = file.filter(|file| *file != Path::new("-"));
        Source { file, name: name.map(PathBuf::as_path) }
    }

    /// The file; `None` for standard input.
    pub(crate) fn file(&self) -> Option<&'a Path> {
        self.file
    }

    /// The name that decides format and creation rule.
    pub(crate) fn path(&self) -> Option<&'a Path> {
        self.name.or(self.file)
    }

    /// The bytes.
    pub(crate) fn read(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        // Opening the device would fail where standard input is a socket.
        let Some(file) = self.file.filter(|file| *file != Path::new("/dev/stdin")) else {
            let mut bytes = Zeroizing::new(Vec::new());
            io::stdin().read_to_end(&mut bytes).map_err(|error| unreadable("standard input", &error))?;
            return Ok(bytes);
        };
        fs::read(file).map(Zeroizing::new).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::new(code::UNREADABLE, format!("there is no file {}", file.display())),
            _ => unreadable(&file.display().to_string(), &error),
        })
    }

    /// Refuses a file that is not there.
    pub(crate) fn check_exists(&self) -> Result<(), Failure> {
        match self.file {
            Some(file) if !file.exists() => {
                Err(Failure::new(code::NO_FILE, format!("there is no file {}", file.display())))
            }
            _ => Ok(()),
        }
    }

    /// What messages call the input.
    pub(crate) fn label(&self) -> String {
        match self.file {
            Some(file) => file.display().to_string(),
            None => "standard input".to_owned(),
        }
    }

    /// The format of the input: that which `--input-type` names, or that of the name; what has no name is binary.
    pub(crate) fn input_format(&self, named: Option<&str>) -> Format {
        named.and_then(by_name).unwrap_or_else(|| self.format_of_name())
    }

    /// The format of the output: that which `--output-type` names, or that of the name, whatever the input was.
    pub(crate) fn output_format(&self, named: Option<&str>) -> Format {
        named.and_then(by_name).unwrap_or_else(|| self.format_of_name())
    }

    fn format_of_name(&self) -> Format {
        self.path().map_or(Format::Binary, Format::from_path)
    }
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::new(code::UNREADABLE, format!("{name} could not be read: {error}"))
}

/// A word that is no format leaves the decision to the name of the file, as in the original.
fn by_name(word: &str) -> Option<Format> {
    let format = Format::from_name(word);
    if format.is_none() {
        warn(&format!("there is no format `{word}`: the name of the file decides"));
    }
    format
}
