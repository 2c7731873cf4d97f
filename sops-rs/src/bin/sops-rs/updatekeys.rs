//! `updatekeys`: gives files the master keys that `.sops.yaml` says now. Values and data key stay as they are.
//!
//! What changes is printed as in the original, which scripts read; words go to standard error.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use sops::metadata::KeyGroup;
use sops::{Document, KeyId};

use crate::args::Global;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::args::tree::TreeFlags;
use crate::args::types::InputTypeFlag;
use crate::chance::today;
use crate::failure::{Failure, code, say, visible_line};
use crate::input::Source;
use crate::opened::{self, Keyring};
use crate::output::{self, Secrecy};
use crate::paint;
use crate::question;
use crate::recipients;
use crate::settings::Settings;
use crate::tree::{self, Outcome};

const EXAMPLES: &str = "\
Examples:
  sops-rs updatekeys secrets.yaml                shows what would change and asks
  sops-rs updatekeys --yes prod/*.yaml
  sops-rs updatekeys -r . --dry-run              which files of a tree are for other keys than their rule says
  sops-rs updatekeys -r . --yes

A recipient that is removed can still read old versions of the file, and its data key stays the same:
`sops-rs rotate` draws a new one, and the secrets themselves have to be changed.";

/// Flags of `updatekeys`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct UpdateKeys {
    /// The files
    #[arg(value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Change the files without asking
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    tree: TreeFlags,
    #[command(flatten)]
    input_type: InputTypeFlag,
    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

/// What a file has and what it is to have.
struct Update {
    had: Keys,
    wanted: Keys,
}

/// Key groups and how many of them are needed.
struct Keys {
    groups: Vec<Vec<KeyId>>,
    threshold: Option<i64>,
}

impl Keys {
    fn group(&self, number: usize) -> &[KeyId] {
        self.groups.get(number).map(Vec::as_slice).unwrap_or_default()
    }
}

impl UpdateKeys {
    /// Updates all files; one that fails does not stop the others.
    pub(crate) fn run(&self, global: &Global) -> Result<(), Failure> {
        let settings = Settings::load(global)?;
        if !settings.has_configuration() {
            return Err(Failure::new(code::GENERIC, "config file not found")
                .hint("`updatekeys` takes the keys from a .sops.yaml here or in a folder above, or from --config"));
        }
        if let Some(folder) = self.tree.folder() {
            return self.tree(folder, &settings);
        }
        match self.files.as_slice() {
            [] => Err(Failure::new(code::NO_FILE, "no file given").hint("`sops-rs updatekeys --help` shows examples")),
            [file] => self.update(file, &settings),
            files => {
                let failed = files.iter().filter(|file| match self.update(file, &settings) {
                    Ok(()) => false,
                    Err(failure) => {
                        failure.report();
                        true
                    }
                });
                match failed.count() {
                    0 => Ok(()),
                    count => {
                        let message = format!("{count} of {} files were not updated", files.len());
                        Err(Failure::new(code::GENERIC, message))
                    }
                }
            }
        }
    }

    fn update(&self, file: &Path, settings: &Settings) -> Result<(), Failure> {
        let source = Source::new(Some(file), None);
        let name = source.label();
        if file.is_dir() {
            return Err(Failure::new(code::GENERIC, "is a folder").about(&name));
        }
        if !file.exists() {
            return Err(Failure::new(code::GENERIC, format!("there is no file {name}")));
        }
        let format = source.input_format(self.input_type.given());
        let document = opened::load(&source, format)?;
        let Some(rule) = settings.creation_rule(file)? else {
            return Err(Failure::new(code::GENERIC, "the configuration has no creation rules").about(&name));
        };
        let update = Update::new(&document, recipients::complete(&rule)?);
        if update.is_nothing() {
            say(&format!("{name}: already up to date"));
            return Ok(());
        }
        update.show(&mut io::stdout().lock())?;
        if !self.yes && !agreed()? {
            say(&format!("{name}: left unchanged"));
            return Ok(());
        }
        let keyring = Keyring::new(&self.services, &self.order)?;
        let updated = update.apply(&document, &keyring).map_err(|failure| failure.about(&name))?;
        let bytes = opened::emit(&updated, format, settings.indent_of_configuration(format))?;
        output::replace(file, &bytes, Secrecy::Ciphertext)?;
        say(&format!("{name}: synced with new keys"));
        Ok(())
    }
}

impl UpdateKeys {
    /// Updates all encrypted files below a folder that a creation rule is for.
    fn tree(&self, folder: &Path, settings: &Settings) -> Result<(), Failure> {
        if !self.yes && !self.tree.dry_run {
            return Err(Failure::new(code::GENERIC, "a whole tree is not updated by question and answer")
                .hint("`--dry-run` shows what would change, `--yes` changes it"));
        }
        let keyring = Keyring::new(&self.services, &self.order)?;
        tree::run((folder, &self.tree), "updated", |file| {
            let Some((format, document)) = tree::encrypted(file)? else { return Ok(Outcome::Other) };
            let Some(rule) = settings.matching_rule(file)? else { return Ok(Outcome::Other) };
            let update = Update::new(&document, recipients::complete(&rule)?);
            if update.is_nothing() {
                return Ok(Outcome::Unchanged);
            }
            if !self.tree.dry_run {
                let updated = update.apply(&document, &keyring)?;
                let bytes = opened::emit(&updated, format, settings.indent_of_configuration(format))?;
                output::replace(file, &bytes, Secrecy::Ciphertext)?;
            }
            Ok(Outcome::Changed)
        })
    }
}

impl Update {
    /// The file for the keys it is to have.
    fn apply(self, document: &Document, keyring: &Keyring) -> Result<Document, Failure> {
        let key = keyring.open_once(document)?;
        let wanted = self.wanted.groups.into_iter();
        let mut groups: Vec<KeyGroup> = wanted.map(|group| KeyGroup::new(group, &today())).collect();
        let threshold = keyring.wrap(&key, &mut groups, self.wanted.threshold)?;
        Ok(document.with_keys(groups, threshold)?)
    }

    /// The threshold of the file stays, but for what the number of groups allows.
    fn new(document: &Document, groups: Vec<Vec<KeyId>>) -> Update {
        let ids = |group: KeyGroup| group.0.into_iter().map(|key| key.id).collect();
        let had = opened::groups(document).into_iter().map(ids).collect();
        let threshold = opened::threshold(document).filter(|needed| *needed != 0);
        let most = i64::try_from(groups.len()).unwrap_or(i64::MAX);
        Update {
            had: Keys { groups: had, threshold },
            wanted: Keys { groups, threshold: threshold.map(|needed| needed.min(most)) },
        }
    }

    /// What a group had and is to have.
    fn group(&self, number: usize) -> (&[KeyId], &[KeyId]) {
        (self.had.group(number), self.wanted.group(number))
    }

    fn count(&self) -> usize {
        self.had.groups.len().max(self.wanted.groups.len())
    }

    fn is_nothing(&self) -> bool {
        let same_keys = |number| {
            let (had, wanted) = self.group(number);
            had.iter().all(|key| has(wanted, key)) && wanted.iter().all(|key| has(had, key))
        };
        self.had.threshold == self.wanted.threshold && (0..self.count()).all(same_keys)
    }

    /// Prints what changes.
    fn show(&self, out: &mut impl Write) -> Result<(), Failure> {
        writeln!(out, "The following changes will be made to the file's groups:")?;
        let (old, new) = (self.had.threshold, self.wanted.threshold);
        match (old, new) {
            (Some(old), Some(new)) if old == new => writeln!(out, "shamir_threshold: {new}")?,
            _ => {
                if let Some(new) = new {
                    writeln!(out, "{}", paint::green(&format!("+++ shamir_threshold: {new}")))?;
                }
                if let Some(old) = old {
                    writeln!(out, "{}", paint::red(&format!("--- shamir_threshold: {old}")))?;
                }
            }
        }
        for number in 0..self.count() {
            let (had, wanted) = self.group(number);
            writeln!(out, "{}", paint::underlined(&format!("Group {}", number + 1)))?;
            for key in wanted.iter().filter(|key| has(had, key)) {
                writeln!(out, "    {}", visible_line(&key.name()))?;
            }
            for key in wanted.iter().filter(|key| !has(had, key)) {
                writeln!(out, "{}", paint::green(&visible_line(&format!("+++ {}", key.name()))))?;
            }
            for key in had.iter().filter(|key| !has(wanted, key)) {
                writeln!(out, "{}", paint::red(&visible_line(&format!("--- {}", key.name()))))?;
            }
        }
        Ok(())
    }
}

fn has(group: &[KeyId], key: &KeyId) -> bool {
    group.iter().any(|other| opened::same(other, key))
}

fn agreed() -> Result<bool, Failure> {
    let answer = question::answer(|| write!(io::stdout(), "Is this okay? (y/n):").and_then(|()| io::stdout().flush()))?;
    answer.ok_or_else(question::unanswered)
}
