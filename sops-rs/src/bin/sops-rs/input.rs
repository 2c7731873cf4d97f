//! Reading the file, and the names that decide its format.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use sops::Format;
use zeroize::Zeroizing;

use crate::args::Flags;
use crate::failure::{Failure, code};

/// The bytes of the file or of standard input.
pub(crate) fn read(flags: &Flags) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let Some(file) = &flags.file else {
        let mut bytes = Zeroizing::new(Vec::new());
        io::stdin().read_to_end(&mut bytes).map_err(|error| unreadable("standard input", &error))?;
        return Ok(bytes);
    };
    fs::read(file).map(Zeroizing::new).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::new(code::NO_FILE, format!("there is no file {}", file.display())),
        _ => unreadable(&file.display().to_string(), &error),
    })
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::new(code::UNREADABLE, format!("{name} could not be read: {error}"))
}

/// What messages call the input.
pub(crate) fn name(flags: &Flags) -> String {
    match &flags.file {
        Some(file) => file.display().to_string(),
        None => "standard input".to_owned(),
    }
}

/// The format of the input.
pub(crate) fn format(flags: &Flags) -> Result<Format, Failure> {
    match &flags.input_type {
        Some(name) => by_name(name),
        None => by_path(flags.filename_override.as_deref().or(flags.file.as_deref())),
    }
}

/// The format of the output, when it is asked for.
pub(crate) fn output_format(flags: &Flags, input: Format) -> Result<Format, Failure> {
    match &flags.output_type {
        Some(name) => by_name(name),
        None => Ok(input),
    }
}

fn by_name(name: &str) -> Result<Format, Failure> {
    Format::from_name(name).ok_or_else(|| {
        let message = match name {
            "binary" | "dotenv" | "ini" => format!("the format {name} is not supported yet"),
            _ => format!("there is no format `{name}`"),
        };
        Failure::new(code::GENERIC, message).hint("formats are yaml and json")
    })
}

fn by_path(path: Option<&Path>) -> Result<Format, Failure> {
    let Some(path) = path else {
        return Err(Failure::new(code::UNREADABLE, "standard input has no name to tell its format")
            .hint("give --input-type or --filename-override"));
    };
    Format::from_path(path).ok_or_else(|| {
        Failure::new(code::UNREADABLE, format!("{} is neither YAML nor JSON by its name", path.display()))
            .hint("give --input-type yaml or --input-type json; other formats are not supported yet")
    })
}
