//! `filestatus`: whether a file is encrypted, as JSON.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueHint};
use sops::metadata::MetadataError;
use sops::{Document, Error};

use crate::args::types::InputTypeFlag;
use crate::failure::{Failure, code};
use crate::input::Source;

const EXAMPLES: &str = "\
Examples:
  sops-rs filestatus secrets.yaml              prints {\"encrypted\":true} or {\"encrypted\":false}";

/// Flags of `filestatus`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct FileStatus {
    /// The file
    #[arg(value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    #[command(flatten)]
    input_type: InputTypeFlag,
}

impl FileStatus {
    /// Looks at the file; needs no key.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let file = self.file.as_deref().ok_or_else(|| {
            Failure::new(code::NO_FILE, "no file given").hint("`sops-rs filestatus --help` shows an example")
        })?;
        let source = Source::new(Some(file), None);
        let bytes = source.read().map_err(Failure::generic)?;
        let encrypted = match Document::load(source.input_format(self.input_type.given()), &bytes) {
            Ok(document) => document.metadata().is_some_and(|metadata| !metadata.mac.is_empty()),
            // Such a file counts as plain, though nothing else can be done with it.
            Err(Error::Metadata(MetadataError::Missing("version"))) => false,
            Err(error) => return Err(Failure::from(error).generic().about(&source.label())),
        };
        Ok(writeln!(io::stdout(), "{{\"encrypted\":{encrypted}}}")?)
    }
}
