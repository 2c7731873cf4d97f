//! `encrypt`: from the flags and the creation rule to a new file.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use sops::config::CreationRule;
use sops::metadata::KeyGroup;
use sops::rules::SelectorError;
use sops::{Creation, Document, Error, Format, Selector};

use crate::args::Global;
use crate::args::keys::{AwsFlags, KeyFlags};
use crate::args::selectors::SelectorFlags;
use crate::args::services::ServiceFlags;
use crate::args::target::TargetFlags;
use crate::args::tree::TreeFlags;
use crate::args::types::{NameFlag, TypeFlags};
use crate::chance::{now, random, today};
use crate::failure::{Failure, code, warn};
use crate::input::Source;
use crate::opened::{emit, warn_if_in_clear};
use crate::output::{Secrecy, Target};
use crate::recipients;
use crate::services::{Services, wait};
use crate::settings::Settings;
use crate::tree::{self, Outcome, Place};

const EXAMPLES: &str = "\
Examples:
  sops-rs encrypt --age age1… secrets.yaml > secrets.enc.yaml
  sops-rs encrypt --in-place secrets.yaml                     recipients and selector from .sops.yaml
  sops-rs encrypt --age age1… --encrypted-regex '^(data|stringData)$' -i secret.yaml
  sops-rs encrypt -i -r secrets/                              every plain file that a rule with a path_regex is for
  kubectl create secret generic db … -o yaml | sops-rs encrypt --age age1… --filename-override db.yaml";

/// Flags of `encrypt`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Encrypt {
    /// The file; `-` or none for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) target: TargetFlags,
    #[command(flatten)]
    pub(crate) keys: KeyFlags,
    #[command(flatten)]
    pub(crate) aws: AwsFlags,
    #[command(flatten)]
    pub(crate) selectors: SelectorFlags,
    #[command(flatten)]
    pub(crate) tree: TreeFlags,
    #[command(flatten)]
    pub(crate) types: TypeFlags,
    #[command(flatten)]
    pub(crate) name: NameFlag,
    #[command(flatten)]
    pub(crate) services: ServiceFlags,
}

impl Encrypt {
    /// Encrypts.
    pub(crate) fn run(&self, global: &Global) -> Result<(), Failure> {
        if let Some(folder) = self.tree.folder() {
            return self.tree(folder, global);
        }
        let source = Source::new(self.file.as_deref(), self.name.given());
        let target = Target::new(&self.target, &source)?;
        let Some(path) = source.path() else {
            return Err(Failure::new(code::CONFLICT, "standard input needs --filename-override")
                .hint("its name decides the format and the creation rule"));
        };
        source.check_exists()?;
        let (format, name) = (source.input_format(self.types.input()), source.label());
        let out = source.output_format(self.types.output());
        let settings = Settings::load(global)?;
        let recipe = Recipe::new(&self.keys, &self.aws, &self.selectors, &settings.rule(path)?)?.for_format(format);
        let services = Services::new(&self.services)?;
        let bytes = source.read()?;
        let document = Document::plain(format, &bytes, out).map_err(|error| Failure::from(error).about(&name))?;
        let encrypted = recipe.encrypt(&document, global, &services).map_err(|failure| failure.about(&name))?;
        target.write(&emit(&encrypted, out, settings.indent(out))?, Secrecy::Ciphertext)
    }
}

impl Encrypt {
    /// Encrypts all plain files below a folder for which a creation rule with a `path_regex` is.
    fn tree(&self, folder: &Path, global: &Global) -> Result<(), Failure> {
        let place = Place::new(folder, &self.tree, &self.target)?;
        let settings = Settings::load(global)?;
        let services = Services::new(&self.services)?;
        tree::run((folder, &self.tree), "encrypted", |file| {
            let Some(rule) = settings.specific_rule(file)? else { return Ok(Outcome::Other) };
            let (format, bytes) = (Format::from_path(file), tree::read(file)?);
            if tree::encrypted_in(format, &bytes)?.is_some() {
                return Ok(Outcome::Unchanged);
            }
            let recipe = Recipe::new(&self.keys, &self.aws, &self.selectors, &rule)?.for_format(format);
            let document = Document::plain(format, &bytes, format)?;
            let encrypted = recipe.encrypt(&document, global, &services)?;
            place.write(file, &emit(&encrypted, format, settings.indent(format))?, Secrecy::Ciphertext)?;
            Ok(Outcome::Changed)
        })
    }
}

/// How a new file is encrypted: the flags, and what the creation rule says where they say nothing.
pub(crate) struct Recipe {
    groups: Vec<KeyGroup>,
    threshold: Option<i64>,
    selector: Option<Selector>,
    allow_unencrypted: bool,
    mac_only_encrypted: bool,
    is_one_value: bool,
}

impl Recipe {
    /// Puts flags and rule together. Keys of the command line replace those of the rule as a whole.
    pub(crate) fn new(
        keys: &KeyFlags,
        aws: &AwsFlags,
        selectors: &SelectorFlags,
        rule: &CreationRule,
    ) -> Result<Recipe, Failure> {
        let given = recipients::of_file(keys, aws)?;
        let groups = if given.is_empty() { recipients::of_rule(rule, aws)? } else { vec![given] };
        if groups.is_empty() && rule.number == 0 {
            return Err(Error::NoRecipient.into());
        }
        let asked = keys.shamir_secret_sharing_threshold.filter(|count| *count != 0);
        Ok(Recipe {
            groups: groups.into_iter().map(|group| KeyGroup::new(group, &today())).collect(),
            threshold: asked.or(rule.shamir_threshold),
            selector: selector(selectors, rule)?,
            allow_unencrypted: selectors.allow_unencrypted,
            mac_only_encrypted: rule.mac_only_encrypted,
            is_one_value: false,
        })
    }

    /// What the creation rule says alone.
    pub(crate) fn of_rule(rule: &CreationRule) -> Result<Recipe, Failure> {
        Recipe::new(&KeyFlags::default(), &AwsFlags::default(), &SelectorFlags::default(), rule)
    }

    /// The same for a format: a binary file is one value, which is encrypted whatever a selector says.
    pub(crate) fn for_format(self, format: Format) -> Recipe {
        if format != Format::Binary {
            return self;
        }
        if let Some(selector) = &self.selector {
            warn(&format!("{} does nothing to a binary file: all of it is encrypted", selector.name()));
        }
        Recipe { selector: Some(Selector::none()), is_one_value: true, ..self }
    }

    /// Encrypts a plain document.
    pub(crate) fn encrypt(
        &self,
        document: &Document,
        global: &Global,
        services: &Services,
    ) -> Result<Document, Failure> {
        let creation = Creation {
            groups: &self.groups,
            shamir_threshold: self.threshold,
            selector: self.selector.clone(),
            allow_unencrypted: self.allow_unencrypted,
            mac_only_encrypted: (global.mac_only_encrypted || self.mac_only_encrypted) && !self.is_one_value,
            now: now(),
        };
        let encrypted = wait(document.encrypt(&creation, &services.all(), &mut random));
        match encrypted {
            Ok((encrypted, tally)) => {
                warn_if_in_clear("the new file", tally);
                Ok(encrypted)
            }
            Err(Error::NoRecipient) => Err(Failure::empty_group()),
            Err(error) => Err(Failure::from(error).sealing()),
        }
    }
}

/// Each selector of the command line replaces the same one of the rule; together there must be one at most.
fn selector(flags: &SelectorFlags, rule: &CreationRule) -> Result<Option<Selector>, Failure> {
    let of_rule = |name: &str| rule.selector.as_ref().filter(|selector| selector.name() == name).map(Selector::text);
    let candidates = flags.given().map(|(name, text)| (name, text.or_else(|| of_rule(name)).map(str::to_owned)));
    Selector::only(candidates).map_err(|error| match error {
        SelectorError::Conflict { .. } => Failure::new(code::CONFLICT, error.to_string())
            .hint("a file has one selector; those of .sops.yaml count too"),
        _ => Error::Selector(error).into(),
    })
}
