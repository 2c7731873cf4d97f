//! `groups`: adds a key group to a file and deletes one, which splits the data key anew. Values stay as they are.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use sops::Document;
use sops::metadata::KeyGroup;

use crate::args::Global;
use crate::args::keys::{AwsFlags, GroupKeyFlags};
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::chance::today;
use crate::failure::{Failure, code};
use crate::input::Source;
use crate::opened::{self, Keyring};
use crate::output::{Secrecy, Target};
use crate::recipients;
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  sops-rs groups add -i --file secrets.yaml --age age1… --shamir-secret-sharing-threshold 2
  sops-rs groups delete -i --file secrets.yaml 1

Of a file with several groups, one key of as many groups as its threshold says is needed to open it.";

/// Flags of `groups`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Groups {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add a key group
    #[command(args_override_self = true, after_help = EXAMPLES)]
    Add(Box<Add>),
    /// Delete a key group
    #[command(args_override_self = true, after_help = EXAMPLES)]
    Delete(Box<Delete>),
}

#[derive(Args)]
struct Add {
    #[command(flatten)]
    file: FileFlags,
    #[command(flatten)]
    keys: GroupKeyFlags,
    #[command(flatten)]
    aws: AwsFlags,
    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

#[derive(Args)]
struct Delete {
    /// Number of the group, from 0
    index: Option<String>,
    #[command(flatten)]
    file: FileFlags,
    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

#[derive(Args)]
struct FileFlags {
    /// The file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// Write the result over the file
    #[arg(short, long)]
    in_place: bool,
    /// How many groups are needed to open the file
    #[arg(long, value_name = "COUNT")]
    shamir_secret_sharing_threshold: Option<i64>,
}

impl Groups {
    /// Changes the groups.
    pub(crate) fn run(&self, global: &Global) -> Result<(), Failure> {
        match &self.action {
            Action::Add(add) => add.run(global),
            Action::Delete(delete) => delete.run(global),
        }
    }
}

impl Add {
    fn run(&self, global: &Global) -> Result<(), Failure> {
        let keys = recipients::of_group(&self.keys, &self.aws)?;
        if keys.is_empty() {
            return Err(
                Failure::new(code::GENERIC, "the new group has no keys").hint("give `--age age1…` or another key")
            );
        }
        let keyring = Keyring::new(&self.services, &self.order)?;
        self.file.change(global, &keyring, |groups| {
            groups.push(KeyGroup::new(keys, &today()));
            Ok(())
        })
    }
}

impl Delete {
    fn run(&self, global: &Global) -> Result<(), Failure> {
        let wrong = |message: String| Failure::new(code::GENERIC, message).hint("groups are counted from 0");
        let index = self.index.as_deref().ok_or_else(|| wrong("no group given".to_owned()))?;
        let index: usize = index.parse().map_err(|_| wrong("the group is not a number".to_owned()))?;
        let keyring = Keyring::new(&self.services, &self.order)?;
        self.file.change(global, &keyring, |groups| {
            if index >= groups.len() {
                return Err(wrong(format!("there is no group {index}: the file has {}", groups.len())));
            }
            groups.remove(index);
            Ok(())
        })
    }
}

impl FileFlags {
    fn change(
        &self,
        global: &Global,
        keyring: &Keyring,
        change: impl FnOnce(&mut Vec<KeyGroup>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let file = self
            .file
            .as_deref()
            .ok_or_else(|| Failure::new(code::NO_FILE, "no file given").hint("give `--file FILE`"))?;
        let source = Source::new(Some(file), None);
        let settings = Settings::load(global)?;
        let format = source.input_format(None);
        let document = opened::load(&source, format)?;
        let about = |failure: Failure| failure.about(&source.label());
        let key = keyring.open(&document).map_err(|failure| about(failure.generic()))?;
        let mut groups = opened::groups(&document);
        change(&mut groups).map_err(about)?;
        let threshold = self.threshold(&document, groups.len()).map_err(about)?;
        let threshold = keyring.wrap(&key, &mut groups, threshold).map_err(about)?;
        let changed = document.with_keys(groups, threshold)?;
        let bytes = opened::emit(&changed, format, settings.indent(format))?;
        Target::in_place(file, self.in_place).write(&bytes, Secrecy::Ciphertext)
    }

    /// The threshold that was asked for, or that of the file.
    fn threshold(&self, document: &Document, groups: usize) -> Result<Option<i64>, Failure> {
        let asked = self.shamir_secret_sharing_threshold.filter(|count| *count != 0);
        let threshold = asked.or_else(|| opened::threshold(document));
        match threshold {
            Some(needed) if usize::try_from(needed).is_ok_and(|needed| needed > groups) => {
                let message =
                    format!("the Shamir threshold is {needed}, but the file would have {groups} key group(s)");
                Err(Failure::new(code::GENERIC, message).hint("give a smaller --shamir-secret-sharing-threshold"))
            }
            threshold => Ok(threshold),
        }
    }
}
