//! `git textconv`: a file in clear, for diffs. What cannot be opened is shown as it is, so that a diff never fails.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;
use sops::{Document, Format};
use zeroize::Zeroizing;

use crate::args::Global;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::failure::{Failure, code, warn};
use crate::opened::{Keyring, emit_plain};
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  sops-rs git textconv secrets.yaml";

/// Flags of `git textconv`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Textconv {
    /// The file
    file: PathBuf,
    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

impl Textconv {
    pub(super) fn run(&self, global: &Global) -> Result<(), Failure> {
        let bytes = fs::read(&self.file).map(Zeroizing::new).map_err(|error| {
            Failure::new(code::UNREADABLE, format!("{} could not be read: {error}", self.file.display()))
        })?;
        let text = self.in_clear(&bytes, global).unwrap_or_else(|failure| {
            warn(&format!("{} is shown encrypted: {}", self.file.display(), first_line(&failure.message)));
            bytes.clone()
        });
        let mut out = io::stdout().lock();
        Ok(out.write_all(&text).and_then(|()| out.flush())?)
    }

    fn in_clear(&self, bytes: &Zeroizing<Vec<u8>>, global: &Global) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let format = Format::from_path(&self.file);
        let Some(document) = encrypted(format, bytes) else { return Ok(bytes.clone()) };
        let keyring = Keyring::new(&self.services, &self.order)?;
        let key = keyring.open(&document)?;
        let branches = document.decrypt(&key)?;
        emit_plain(&branches, format, Settings::load(global)?.indent(format))
    }
}

/// The file, if it is an encrypted one. One that is malformed is shown as it is.
pub(super) fn encrypted(format: Format, bytes: &[u8]) -> Option<Document> {
    Document::load(format, bytes).ok().filter(Document::is_encrypted)
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}
