//! `decrypt`: the whole file, or the part `--extract` names.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use sops::{Branch, DataKey, Document, Error, Format};
use zeroize::Zeroizing;

use crate::args::Global;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::args::target::TargetFlags;
use crate::args::tree::TreeFlags;
use crate::args::types::{NameFlag, TypeFlags};
use crate::extract;
use crate::failure::{Failure, code};
use crate::index::{self, Step};
use crate::input::Source;
use crate::opened::{self, Keyring};
use crate::output::{self, Secrecy};
use crate::settings::Settings;
use crate::tree::{self, Outcome, Place};

const EXAMPLES: &str = "\
Examples:
  sops-rs decrypt secrets.yaml
  sops-rs decrypt -i secrets.yaml
  sops-rs decrypt --extract '[\"db\"][\"password\"]' secrets.yaml
  sops-rs decrypt --output-type json secrets.yaml
  sops-rs decrypt -r secrets/ --output clear/                  every encrypted file of a tree
  cat secrets.yaml | sops-rs decrypt --filename-override secrets.yaml

Keys are looked for in SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD, the SSH keys of SOPS_AGE_SSH_PRIVATE_KEY_FILE
and ~/.ssh, keys.txt in the configuration folder of SOPS, the keyring of GnuPG, and with the cloud services that
the file names.";

/// Flags of `decrypt`.
#[derive(Args, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Decrypt {
    /// The file; `-` or none for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) target: TargetFlags,
    #[arg(long, help = "Print one part of the decrypted file: '[\"key\"][0]'", value_name = "PATH")]
    pub(crate) extract: Option<String>,
    /// Show what is in a file that was tampered with
    #[arg(long)]
    pub(crate) ignore_mac: bool,
    #[command(flatten)]
    pub(crate) tree: TreeFlags,
    #[command(flatten)]
    pub(crate) types: TypeFlags,
    #[command(flatten)]
    pub(crate) name: NameFlag,
    #[command(flatten)]
    pub(crate) order: OrderFlag,
    #[command(flatten)]
    pub(crate) services: ServiceFlags,
}

impl Decrypt {
    /// Decrypts.
    pub(crate) fn run(&self, global: &Global) -> Result<(), Failure> {
        if let Some(folder) = self.tree.folder() {
            return self.tree(folder, global);
        }
        let source = Source::new(self.file.as_deref(), self.name.given());
        let target = output::Target::new(&self.target, &source)?;
        target.write(&self.text(global)?, Secrecy::Plaintext)
    }

    /// What of the file is asked for, in clear.
    pub(crate) fn text(&self, global: &Global) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let source = Source::new(self.file.as_deref(), self.name.given());
        source.check_exists()?;
        let format = source.input_format(self.types.input());
        let path = self.part()?;
        let name = source.label();
        let settings = Settings::load(global)?;
        let keyring = Keyring::new(&self.services, &self.order)?;
        let document = opened::load(&source, format)?;
        let about = |failure: Failure| failure.about(&name);
        let key = keyring.open(&document).map_err(about)?;
        let branches = open(&document, &key, self.ignore_mac).map_err(|error| about(error.into()))?;
        let formats = (format, source.output_format(self.types.output()));
        self.emit(&branches, path.as_deref(), formats, &settings).map_err(about)
    }

    /// Decrypts all encrypted files below a folder.
    fn tree(&self, folder: &Path, global: &Global) -> Result<(), Failure> {
        let place = Place::new(folder, &self.tree, &self.target)?;
        let settings = Settings::load(global)?;
        let keyring = Keyring::new(&self.services, &self.order)?;
        tree::run((folder, &self.tree), "decrypted", |file| {
            let Some((format, document)) = tree::encrypted(file)? else { return Ok(Outcome::Other) };
            let key = keyring.open_once(&document)?;
            let branches = open(&document, &key, self.ignore_mac)?;
            let text = opened::emit_plain(&branches, format, settings.indent(format))?;
            place.write(file, &text, Secrecy::Plaintext)?;
            Ok(Outcome::Changed)
        })
    }

    /// The file, or the part of it, as text. Where the name of the file leads to binary output and the file is no binary
    /// one, the format of the input is kept.
    fn emit(
        &self,
        branches: &[Branch],
        part: Option<&[Step]>,
        (input, output): (Format, Format),
        settings: &Settings,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let unasked = output == Format::Binary && self.types.output().is_none();
        if let Some(path) = part {
            let format = if unasked { input } else { output };
            return extract::emit(branches, path, format, settings.indent(format));
        }
        match output.emit(branches, settings.indent(output)) {
            Err(Error::Shape { .. }) if unasked && input != output => input.emit(branches, settings.indent(input)),
            emitted => emitted,
        }
        .map_err(Failure::not_emitted)
    }

    /// The path of `--extract`; an empty one is the whole file.
    fn part(&self) -> Result<Option<Vec<Step>>, Failure> {
        let malformed =
            || Failure::new(code::EXTRACT, "the path of --extract is malformed").hint("it has the form '[\"key\"][0]'");
        let path = self.extract.as_deref().map(|path| index::parse(path).ok_or_else(malformed)).transpose()?;
        Ok(path.filter(|path| !path.is_empty()))
    }
}

fn open(document: &Document, key: &DataKey, ignore_mac: bool) -> Result<Zeroizing<Vec<Branch>>, Error> {
    if !ignore_mac {
        return document.decrypt(key);
    }
    opened::warn_about_mac();
    document.decrypt_ignoring_mac(key)
}
