//! The KRM function: a Kustomize generator that decrypts the files its configuration names.
//!
//! Reads a `ResourceList` (`config.kubernetes.io/v1`) from standard input and writes one with the decrypted objects to
//! standard output. A list that configures nothing is an error: Kustomize would otherwise drop the Secrets in silence.
//! Standard output holds nothing else; words go to standard error.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use clap::Args;
use sops::tree::{Entry, Item, Value};
use sops::{Branch, Document, Format};
use zeroize::Zeroizing;

use crate::args::services::{OrderFlag, ServiceFlags};
use crate::failure::{Failure, code};
use crate::opened::Keyring;

mod list;

use list::ResourceList;

const EXAMPLES: &str = "\
Examples:
  kustomize build --enable-alpha-plugins --enable-exec .

with a generator in kustomization.yaml such as

  apiVersion: strongroom.dev/v1alpha1
  kind: SopsGenerator
  metadata:
    name: secrets
    annotations:
      config.kubernetes.io/function: |
        exec: {path: sops-rs}
  files:
    - secret.enc.yaml

Configurations of ksops (viaduct.ai/v1, kind ksops) work as they are.";

/// Flags of `krm`.
#[derive(Args, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Krm {
    #[arg(skip)]
    only_for_a_resource_list: bool,
}

/// For a program that was started without arguments: a function if standard input has a `ResourceList`, as Kustomize
/// starts it.
pub(crate) fn only_for_a_resource_list() -> Krm {
    Krm { only_for_a_resource_list: true }
}

impl Krm {
    /// Runs as a function.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        if !self.only_for_a_resource_list {
            return function(&read()?);
        }
        let usage = || Failure::new(code::NO_FILE, "no file given").hint("`sops-rs --help` shows examples");
        if io::stdin().is_terminal() {
            return Err(usage());
        }
        let input = read()?;
        if input.is_empty() { Err(usage()) } else { function(&input) }
    }
}

fn read() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut input = Zeroizing::new(Vec::new());
    io::stdin()
        .read_to_end(&mut input)
        .map_err(|error| Failure::new(code::UNREADABLE, format!("standard input could not be read: {error}")))?;
    Ok(input)
}

fn function(input: &[u8]) -> Result<(), Failure> {
    let list = ResourceList::read(input)?;
    let generated = generate(&list);
    let (items, failure) = match generated {
        Ok(items) => (items, None),
        Err((file, failure)) => (Vec::new(), Some((file, failure))),
    };
    let result = failure.as_ref().map(|(file, failure)| (file.as_deref(), failure.message.as_str()));
    let out = list.answer(items, result)?;
    io::stdout().write_all(&out)?;
    failure.map_or(Ok(()), |(_, failure)| Err(failure))
}

/// A file, where the failure is about one.
type Failed = (Option<String>, Failure);

fn generate(list: &ResourceList) -> Result<Vec<Item>, Failed> {
    let configurations = list.configurations();
    if configurations.is_empty() {
        let message = "the ResourceList has no configuration of kind ksops or SopsGenerator";
        return Err((None, Failure::new(code::GENERIC, message)));
    }
    let mut items = Vec::new();
    for configuration in configurations {
        for file in list::files(configuration).map_err(|failure| (None, failure))? {
            let opened = open(Path::new(file)).map_err(|failure| (Some(file.to_owned()), failure.about(file)))?;
            items.extend(opened.iter().filter(|branch| !branch.0.is_empty()).map(object));
        }
    }
    Ok(items)
}

fn open(path: &Path) -> Result<Zeroizing<Vec<Branch>>, Failure> {
    let format = Format::from_path(path);
    if !matches!(format, Format::Yaml | Format::Json) {
        return Err(Failure::new(code::UNREADABLE, "neither YAML nor JSON by its name"));
    }
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::new(code::NO_FILE, "there is no such file"),
        _ => Failure::new(code::UNREADABLE, format!("could not be read: {error}")),
    })?;
    let document = Document::load(format, &bytes)?;
    let keyring = Keyring::new(&ServiceFlags::default(), &OrderFlag::default())?;
    let key = keyring.open(&document)?;
    Ok(document.decrypt(&key)?)
}

/// The object without comments: they were about a file that is not there any more.
fn object(branch: &Branch) -> Item {
    Item::Value(Value::Map(without_comments(branch)))
}

fn without_comments(branch: &Branch) -> Branch {
    let pairs = branch.0.iter().filter_map(|entry| match entry {
        Entry::Pair(key, value) => Some(Entry::Pair(key.clone(), bare(value))),
        Entry::Comment(_) => None,
    });
    Branch(pairs.collect())
}

fn bare(value: &Value) -> Value {
    match value {
        Value::Map(branch) => Value::Map(without_comments(branch)),
        Value::List(items) => Value::List(
            items
                .iter()
                .filter_map(|item| match item {
                    Item::Value(value) => Some(Item::Value(bare(value))),
                    Item::Comment(_) => None,
                })
                .collect(),
        ),
        leaf => leaf.clone(),
    }
}
