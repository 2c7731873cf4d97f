//! `unset`: removes one value of an encrypted file, in place.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use crate::args::Global;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::args::types::TypeFlags;
use crate::change;
use crate::failure::{Failure, code};
use crate::index;
use crate::input::Source;
use crate::opened::{Keyring, Opened, emit};
use crate::output::{self, Secrecy};
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  sops-rs unset secrets.yaml '[\"db\"][\"password\"]'
  sops-rs unset --idempotent secrets.yaml '[\"hosts\"][0]'     nothing to remove is no error";

/// Flags of `unset`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Unset {
    /// The file
    #[arg(value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    #[arg(help = "Where: '[\"key\"][0]'")]
    index: Option<String>,
    #[arg(hide = true)]
    surplus: Vec<String>,
    /// Leave the file as it is if there is nothing to remove
    #[arg(long)]
    idempotent: bool,
    /// Change the file even if its MAC does not match
    #[arg(long)]
    ignore_mac: bool,
    /// Changes nothing, as in the original
    #[arg(long, hide = true)]
    shamir_secret_sharing_threshold: Option<i64>,
    #[command(flatten)]
    types: TypeFlags,
    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

impl Unset {
    /// Removes the value.
    pub(crate) fn run(&self, global: &Global) -> Result<(), Failure> {
        let (file, index) = self.words()?;
        let path = index::parse(index).ok_or_else(|| {
            Failure::new(code::BAD_ASSIGNMENT, "the index is malformed").hint("it has the form '[\"key\"][0]'")
        })?;
        let source = Source::new(Some(file), None);
        let settings = Settings::load(global)?;
        let format = source.input_format(self.types.input());
        let keyring = Keyring::new(&self.services, &self.order)?;
        let mut opened = Opened::open(&source, format, &keyring, self.ignore_mac)?;
        match change::unset(opened.first()?, &path) {
            Ok(()) => {}
            Err(error) if error.is_absent() && self.idempotent => return Ok(()),
            Err(error) => return Err(Failure::new(code::GENERIC, format!("`{index}`: {error}")).about(&source.label())),
        }
        let out = source.output_format(self.types.output());
        let bytes = emit(&opened.encrypt(false)?, out, settings.indent(out))?;
        output::replace(file, &bytes, Secrecy::Ciphertext)
    }

    fn words(&self) -> Result<(&Path, &str), Failure> {
        match (&self.file, &self.index) {
            (Some(file), Some(index)) if self.surplus.is_empty() => Ok((file, index)),
            _ => Err(Failure::new(code::NO_FILE, "unset needs a file and an index, and nothing else")
                .hint("`sops-rs unset --help` shows examples")),
        }
    }
}
