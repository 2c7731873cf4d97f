//! `publish`: puts encrypted files where a destination rule says.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use sops::config::{CreationRule, DestinationRule};
use sops::{Document, Format};
use zeroize::Zeroizing;

use crate::args::Global;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::encrypt::Recipe;
use crate::failure::{Failure, code, say};
use crate::files;
use crate::input::Source;
use crate::opened::{self, Keyring, Opened, emit};
use crate::question;
use crate::settings::Settings;

mod place;
#[cfg(feature = "aws-kms")]
mod s3;
#[cfg(feature = "gcp-kms")]
mod storage;
#[cfg(feature = "vault-transit")]
mod vault;

use place::Place;

const EXAMPLES: &str = "\
Examples:
  sops-rs publish secrets.enc.yaml                            after a question
  sops-rs publish --yes --recursive secrets/
  .sops.yaml:
    destination_rules:
      - path_regex: ^prod/
        s3_bucket: example-secrets
        s3_prefix: prod/
        recreation_rule:
          age: age1…
      - vault_path: apps/shop
        vault_address: https://vault.example.com:8200

S3 and Google Cloud Storage get the encrypted file; with a recreation rule it is encrypted anew for other keys. Vault gets the
decrypted values.";

/// Flags of `publish`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Publish {
    /// The file, or the folder with --recursive
    #[arg(value_hint = ValueHint::AnyPath)]
    path: Option<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Leave the ending of the name out
    #[arg(long)]
    omit_extensions: bool,
    /// Publish all files below the folder
    #[arg(long)]
    recursive: bool,
    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

impl Publish {
    /// Publishes.
    pub(crate) fn run(&self, global: &Global) -> Result<(), Failure> {
        let Some(root) = &self.path else { return Err(Failure::new(code::NO_FILE, "no file is named")) };
        if root.is_dir() && !self.recursive {
            let failure = Failure::new(code::GENERIC, format!("{} is a folder", root.display()));
            return Err(failure.hint("`--recursive` publishes all files below it"));
        }
        let files = files::below(std::slice::from_ref(root)).map_err(Failure::generic)?;
        let run = Run { flags: self, settings: Settings::load(global)?, global };
        if !run.settings.has_configuration() {
            let failure = Failure::new(code::GENERIC, "there is no .sops.yaml here or in a folder above");
            return Err(failure.hint("`publish` needs destination_rules"));
        }
        let keyring = Keyring::new(&self.services, &self.order)?;
        for file in files {
            run.publish((root, &file), &keyring)?;
        }
        Ok(())
    }
}

/// One run with its configuration.
struct Run<'a> {
    flags: &'a Publish,
    settings: Settings,
    global: &'a Global,
}

impl Run<'_> {
    fn publish(&self, (root, file): (&Path, &Path), keyring: &Keyring) -> Result<(), Failure> {
        let label = file.display().to_string();
        let about = |failure: Failure| failure.about(&label);
        let rule = self.settings.destination_rule(file).map_err(about)?;
        let name = self.name((root, file), &rule).map_err(about)?;
        let unknown = || Failure::new(code::GENERIC, "this build cannot publish there").about(&label);
        let place = Place::new(&rule.destination, &name).ok_or_else(unknown)?;
        let source = Source::new(Some(file), None);
        let format = source.input_format(None);
        let document = opened::load(&source, format)?;
        let content = match (&rule.recreation, place.takes_plaintext()) {
            (_, true) => Content::Plain(Box::new(open(document, keyring).map_err(about)?)),
            (Some(recreation), false) if recreation.groups.iter().any(|group| !group.is_empty()) => {
                let opened = open(document, keyring).map_err(about)?;
                Content::Encrypted(self.again(opened, format, (recreation, keyring)).map_err(about)?)
            }
            (_, false) => Content::Encrypted(source.read()?),
        };
        if !self.flags.yes && !agreed(&format!("upload {} to {place}?", file.display()))? {
            let words = "it was not published";
            return if self.flags.recursive {
                say(&format!("{label}: {words}"));
                Ok(())
            } else {
                Err(about(Failure::new(code::GENERIC, words)))
            };
        }
        place.put(content).map_err(about)
    }

    /// What the file is called there.
    fn name(&self, (root, file): (&Path, &Path), rule: &DestinationRule) -> Result<String, Failure> {
        let relative = file.strip_prefix(root).ok().filter(|path| !path.as_os_str().is_empty() && self.flags.recursive);
        let name = relative.or_else(|| file.file_name().map(Path::new)).unwrap_or(file);
        let name =
            if self.flags.omit_extensions || rule.omit_extensions { name.with_extension("") } else { name.into() };
        let parts: Option<Vec<&str>> = name.iter().map(|part| part.to_str()).collect();
        let name = parts.map(|parts| parts.join("/"));
        name.ok_or_else(|| Failure::new(code::GENERIC, "its name is not UTF-8"))
    }

    /// The file under a new data key, by the recreation rule.
    fn again(
        &self,
        opened: Opened,
        format: Format,
        (rule, keyring): (&CreationRule, &Keyring),
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let recipe = Recipe::of_rule(rule)?.for_format(format);
        let encrypted = recipe.encrypt(&opened.into_plain(), self.global, keyring.services())?;
        emit(&encrypted, format, self.settings.indent(format))
    }
}

/// What is put there.
enum Content {
    /// The bytes of an encrypted file.
    Encrypted(Zeroizing<Vec<u8>>),
    /// Values in clear.
    Plain(Box<Opened>),
}

fn open(document: Document, keyring: &Keyring) -> Result<Opened, Failure> {
    let key = keyring.open(&document)?;
    Opened::new(document, &key, false)
}

fn agreed(question: &str) -> Result<bool, Failure> {
    let answer = question::answer(|| {
        say(&format!("{question} (y/n)"));
        Ok(())
    })?;
    answer.ok_or_else(question::unanswered)
}
