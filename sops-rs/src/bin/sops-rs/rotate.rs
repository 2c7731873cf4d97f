//! `rotate`: the same values under a new data key, for the same or other master keys.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use sops::KeyId;
use sops::metadata::{KeyGroup, MasterKey};

use crate::args::Global;
use crate::args::changes::ChangeFlags;
use crate::args::keys::AwsFlags;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::args::target::TargetFlags;
use crate::args::tree::TreeFlags;
use crate::args::types::{NameFlag, TypeFlags};
use crate::chance::today;
use crate::failure::{Failure, code, warn};
use crate::input::Source;
use crate::opened::{Keyring, Opened, emit, holds, same};
use crate::output::{Secrecy, Target};
use crate::recipients;
use crate::settings::Settings;
use crate::tree::{self, Outcome, Place};

const EXAMPLES: &str = "\
Examples:
  sops-rs rotate -i secrets.yaml
  sops-rs rotate -i --add-age age1… --rm-age age1… secrets.yaml
  sops-rs rotate -i -r secrets/ --report rotated.jsonl       a whole tree; --resume goes on where it stopped

Whoever had the old data key can still read what the file held until now: change the secrets themselves too.";

/// Flags of `rotate`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rotate {
    /// The file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) target: TargetFlags,
    /// Rotate even if the MAC does not match
    #[arg(long, hide = true)]
    pub(crate) ignore_mac: bool,
    #[command(flatten)]
    pub(crate) changes: ChangeFlags,
    #[command(flatten)]
    pub(crate) aws: AwsFlags,
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

impl Rotate {
    /// Rotates the data key.
    pub(crate) fn run(&self, global: &Global) -> Result<(), Failure> {
        if let Some(folder) = self.tree.folder() {
            return self.tree(folder, global);
        }
        let file = self.file.as_deref().ok_or_else(|| {
            Failure::new(code::NO_FILE, "no file given").hint("`sops-rs rotate --help` shows examples")
        })?;
        let (added, removed) =
            (recipients::added(&self.changes, &self.aws)?, recipients::removed(&self.changes, &self.aws)?);
        if !file.exists() && self.changes.are_given() {
            let message = format!("there is no file {} to add keys to or remove keys from", file.display());
            return Err(Failure::new(code::KEYS_OF_NO_FILE, message).hint("`sops-rs encrypt` makes a new one"));
        }
        let source = Source::new(Some(file), self.name.given());
        let target = Target::new(&self.target, &source)?;
        let settings = Settings::load(global)?;
        let format = source.input_format(self.types.input());
        let keyring = Keyring::new(&self.services, &self.order)?;
        let opened = Opened::open(&source, format, &keyring, self.ignore_mac)?;
        let mut groups = opened.groups();
        change(&mut groups, added, &removed);
        let rotated = opened.rotate(groups, &keyring)?;
        let out = source.output_format(self.types.output());
        target.write(&emit(&rotated, out, settings.indent(out))?, Secrecy::Ciphertext)
    }
}

impl Rotate {
    /// Rotates the data keys of all encrypted files below a folder.
    fn tree(&self, folder: &Path, global: &Global) -> Result<(), Failure> {
        let (added, removed) =
            (recipients::added(&self.changes, &self.aws)?, recipients::removed(&self.changes, &self.aws)?);
        let place = Place::new(folder, &self.tree, &self.target)?;
        let settings = Settings::load(global)?;
        let keyring = Keyring::new(&self.services, &self.order)?;
        tree::run((folder, &self.tree), "rotated", |file| {
            let Some((format, document)) = tree::encrypted(file)? else { return Ok(Outcome::Other) };
            let key = keyring.open_once(&document)?;
            let opened = Opened::new(document, &key, self.ignore_mac)?;
            let mut groups = opened.groups();
            change(&mut groups, added.clone(), &removed);
            let rotated = opened.rotate(groups, &keyring)?;
            place.write(file, &emit(&rotated, format, settings.indent(format))?, Secrecy::Ciphertext)?;
            Ok(Outcome::Changed)
        })
    }
}

/// Adds to the first group what is in none, and removes from all.
fn change(groups: &mut [KeyGroup], added: Vec<KeyId>, removed: &[KeyId]) {
    for key in added {
        let known = groups.iter().any(|group| holds(group, &key));
        if let Some(first) = groups.first_mut().filter(|_| !known) {
            first.0.push(MasterKey::new(key, &today()));
        }
    }
    for key in removed {
        if !groups.iter().any(|group| holds(group, key)) {
            warn(&format!("the file is not encrypted to {}: nothing to remove", key.name()));
        }
        for group in groups.iter_mut() {
            group.0.retain(|other| !same(&other.id, key));
        }
    }
}
