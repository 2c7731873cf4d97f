//! The flags without a subcommand that `sops` had first, and the subcommand they mean.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::changes::ChangeFlags;
use super::keys::{AwsFlags, KeyFlags};
use super::selectors::SelectorFlags;
use super::services::{OrderFlag, ServiceFlags};
use super::target::TargetFlags;
use super::tree::TreeFlags;
use super::types::{NameFlag, TypeFlags};
use super::{Command, Global};
use crate::decrypt::Decrypt;
use crate::edit::Edit;
use crate::encrypt::Encrypt;
use crate::failure::{Failure, code, warn};
use crate::rotate::Rotate;
use crate::set::{self, Set};

/// A command line without a subcommand.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct Legacy {
    /// The file
    #[arg(value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    #[arg(hide = true)]
    surplus: Vec<String>,

    /// Encrypt the file
    #[arg(short, long, help_heading = "Without a subcommand")]
    encrypt: bool,

    /// Decrypt the file
    #[arg(short, long, help_heading = "Without a subcommand")]
    decrypt: bool,

    /// Encrypt the file under a new data key
    #[arg(short, long, help_heading = "Without a subcommand")]
    rotate: bool,

    #[arg(
        long,
        help = "Set a value in place: '[\"key\"][0] JSON'",
        value_name = "ASSIGNMENT",
        help_heading = "Without a subcommand"
    )]
    set: Option<String>,

    #[command(flatten)]
    target: TargetFlags,

    #[arg(long, value_name = "PATH", hide = true)]
    extract: Option<String>,

    /// Use the file even if its MAC does not match
    #[arg(long, hide = true)]
    ignore_mac: bool,

    /// Show the master keys in the editor
    #[arg(short, long, hide = true)]
    show_master_keys: bool,

    #[command(flatten)]
    keys: KeyFlags,
    #[command(flatten)]
    aws: AwsFlags,
    #[command(flatten)]
    changes: ChangeFlags,
    #[command(flatten)]
    selectors: SelectorFlags,
    #[command(flatten)]
    types: TypeFlags,
    #[command(flatten)]
    name: NameFlag,
    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

impl Legacy {
    /// The subcommand that does what the flags ask for. Of several modes the last of encrypt, decrypt, rotate and set
    /// counts, as in the original.
    pub(super) fn command(self, _global: &Global) -> Result<Command, Failure> {
        let sets = self.set.as_deref().is_some_and(|set| !set.is_empty());
        let modes = [self.encrypt, self.decrypt, self.rotate, sets];
        if modes.iter().filter(|on| **on).count() > 1 {
            warn("of --encrypt, --decrypt, --rotate and --set the last counts, in this order");
        }
        self.check_file()?;
        if sets {
            return self.into_set().map(|set| Command::Set(Box::new(set)));
        }
        if self.rotate {
            return Ok(Command::Rotate(Box::new(self.into_rotate())));
        }
        if self.decrypt {
            return Ok(Command::Decrypt(Box::new(self.into_decrypt())));
        }
        if self.encrypt {
            return Ok(Command::Encrypt(Box::new(self.into_encrypt())));
        }
        Ok(Command::Edit(Box::new(self.into_edit())))
    }

    /// There must be a file on the command line, and for some modes on the disk.
    fn check_file(&self) -> Result<(), Failure> {
        let Some(file) = &self.file else {
            return Err(Failure::new(code::NO_FILE, "no file given").hint("`sops-rs --help` shows examples"));
        };
        if let Some(surplus) = self.surplus.first() {
            let message = if file.exists() {
                format!("`{surplus}` is one file too many")
            } else {
                format!("`{}` is neither a subcommand nor a file", file.display())
            };
            return Err(Failure::new(code::GENERIC, message).hint("`sops-rs --help` lists the subcommands"));
        }
        if file.exists() || file.as_os_str() == "-" {
            return Ok(());
        }
        let missing = |code| Err(Failure::new(code, format!("there is no file {}", file.display())));
        if self.changes.are_given() {
            return missing(code::KEYS_OF_NO_FILE);
        }
        if self.encrypt || self.decrypt || self.rotate { missing(code::NO_FILE) } else { Ok(()) }
    }

    fn into_encrypt(self) -> Encrypt {
        Encrypt {
            tree: TreeFlags::default(),
            file: self.file,
            target: self.target,
            keys: self.keys,
            aws: self.aws,
            selectors: self.selectors,
            types: self.types,
            name: self.name,
            services: self.services,
        }
    }

    fn into_edit(self) -> Edit {
        Edit {
            file: self.file,
            show_master_keys: self.show_master_keys,
            ignore_mac: self.ignore_mac,
            keys: self.keys,
            aws: self.aws,
            selectors: self.selectors,
            types: self.types,
            order: self.order,
            services: self.services,
        }
    }

    fn into_rotate(self) -> Rotate {
        Rotate {
            tree: TreeFlags::default(),
            file: self.file,
            target: self.target,
            ignore_mac: self.ignore_mac,
            changes: self.changes,
            aws: self.aws,
            types: self.types,
            name: self.name,
            order: self.order,
            services: self.services,
        }
    }

    fn into_set(self) -> Result<Set, Failure> {
        let (index, value) = set::split_assignment(self.set.as_deref().unwrap_or_default())?;
        Ok(Set {
            file: self.file,
            index: Some(index),
            value: Some(value),
            ignore_mac: self.ignore_mac,
            types: self.types,
            order: self.order,
            services: self.services,
            ..Set::default()
        })
    }

    fn into_decrypt(self) -> Decrypt {
        Decrypt {
            tree: TreeFlags::default(),
            file: self.file,
            target: self.target,
            extract: self.extract,
            ignore_mac: self.ignore_mac,
            types: self.types,
            name: self.name,
            order: self.order,
            services: self.services,
        }
    }
}
