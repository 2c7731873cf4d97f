//! `edit`: the plaintext of a file in the user's editor, and back.
//!
//! A text that cannot be encrypted goes back to the editor, so that nothing the user wrote is lost.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use sops::{Document, Format};
use zeroize::Zeroizing;

use crate::args::Global;
use crate::args::keys::{AwsFlags, KeyFlags};
use crate::args::selectors::SelectorFlags;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::args::types::TypeFlags;
use crate::editor;
use crate::encrypt::Recipe;
use crate::failure::{Failure, code, warn};
use crate::input::Source;
use crate::opened::{Keyring, Opened, emit, emit_plain};
use crate::output::{self, Secrecy};
use crate::services::Services;
use crate::settings::Settings;

mod example;

const EXAMPLES: &str = "\
Examples:
  sops-rs edit secrets.yaml
  SOPS_EDITOR='code --wait' sops-rs edit secrets.yaml
  sops-rs edit --show-master-keys secrets.yaml
  sops-rs edit --age age1… new.yaml          a file that does not exist begins as an example

The editor is that of SOPS_EDITOR, of EDITOR, or vim, nano or vi. It has to wait until the file is closed.
A file that is left as it was ends with exit code 200.";

/// Flags of `edit`. Those about keys and selectors are for a file that does not exist yet.
#[derive(Args, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Edit {
    /// The file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Show the master keys in the editor too
    #[arg(short, long)]
    pub(crate) show_master_keys: bool,
    /// Edit the file even if its MAC does not match
    #[arg(long)]
    pub(crate) ignore_mac: bool,
    #[command(flatten)]
    pub(crate) keys: KeyFlags,
    #[command(flatten)]
    pub(crate) aws: AwsFlags,
    #[command(flatten)]
    pub(crate) selectors: SelectorFlags,
    #[command(flatten)]
    pub(crate) types: TypeFlags,
    #[command(flatten)]
    pub(crate) order: OrderFlag,
    #[command(flatten)]
    pub(crate) services: ServiceFlags,
}

impl Edit {
    /// Edits.
    pub(crate) fn run(&self, global: &Global) -> Result<(), Failure> {
        let Some(file) = &self.file else {
            return Err(Failure::new(code::NO_FILE, "no file given").hint("`sops-rs edit --help` shows examples"));
        };
        let source = Source::new(Some(file), None);
        let settings = Settings::load(global)?;
        let format = source.output_format(self.types.output());
        let mut draft =
            if file.exists() { self.existing(&source)? } else { self.draft_of_new(&source, format, &settings)? };
        let indent = settings.indent(format);
        let before = draft.text(format, indent)?;
        let mut text = before.clone();
        let bytes = loop {
            text = editor::edit(file, &text)?;
            if text == before {
                return Err(Failure::new(code::UNCHANGED, "the file was left as it was").about(&source.label()));
            }
            match draft.encrypt(&text, format, global).and_then(|document| emit(&document, format, indent)) {
                Ok(bytes) => break bytes,
                Err(failure) => editor::again(&failure)?,
            }
        };
        output::replace(file, &bytes, Secrecy::Ciphertext)
    }

    fn existing(&self, source: &Source<'_>) -> Result<Draft, Failure> {
        let keyring = Keyring::new(&self.services, &self.order)?;
        let opened = Opened::open(source, source.input_format(self.types.input()), &keyring, self.ignore_mac)?;
        Ok(if self.show_master_keys { Draft::Shown(opened) } else { Draft::Opened(opened) })
    }

    fn draft_of_new(&self, source: &Source<'_>, format: Format, settings: &Settings) -> Result<Draft, Failure> {
        let rule = source.path().map(|path| settings.rule(path)).transpose()?.unwrap_or_default();
        let recipe = Recipe::new(&self.keys, &self.aws, &self.selectors, &rule)?.for_format(format);
        if self.show_master_keys {
            warn("--show-master-keys: a file that does not exist yet has none to show");
        }
        Ok(Draft::New(Box::new((recipe, Services::new(&self.services)?))))
    }
}

/// What is edited.
enum Draft {
    /// A file that does not exist yet.
    New(Box<(Recipe, Services)>),
    /// The values of a file.
    Opened(Opened),
    /// The values and the block of a file.
    Shown(Opened),
}

impl Draft {
    /// What the user gets to see first.
    fn text(&mut self, format: Format, indent: Option<usize>) -> Result<Zeroizing<Vec<u8>>, Failure> {
        match self {
            Draft::New(_) => emit_plain(&[example::of(format)], format, indent),
            Draft::Opened(opened) => emit_plain(opened.branches(), format, indent),
            Draft::Shown(opened) => emit(&opened.shown(), format, indent),
        }
    }

    /// The file with what the user made of it.
    fn encrypt(&mut self, text: &[u8], format: Format, global: &Global) -> Result<Document, Failure> {
        match self {
            Draft::New(made) => made.0.encrypt(&Document::plain(format, text, format)?, global, &made.1),
            Draft::Opened(opened) => {
                *opened.branches() = Document::plain(format, text, format)?.branches().to_vec();
                opened.encrypt(true)
            }
            Draft::Shown(opened) => {
                let shown = Document::load(format, text)?;
                if !shown.is_encrypted() {
                    return Err(Failure::new(code::GENERIC, "the key `sops` with the master keys is gone")
                        .hint("put it back: without it nothing says who can open the file"));
                }
                opened.take(shown);
                opened.encrypt(true)
            }
        }
    }
}
