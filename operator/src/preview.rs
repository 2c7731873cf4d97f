//! `strongroom preview DIR`: the Secrets that would result from files, by the same code that serves a cluster, fed from files.
//! It needs no cluster, and no network unless a store does.

use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use kubeseal::Keyring;

use crate::claim::{Claim, Mode};
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::name::ObjectName;
use crate::plan::{Desired, plan};
use crate::settings::Settings;
use crate::source::SecretSource;

mod files;
mod print;

use files::{Found, Manifests};
use print::Row;

/// How the Secrets are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// One line for each Secret.
    #[default]
    Table,
    /// Manifests.
    Yaml,
    /// A list.
    Json,
}

/// Flags of `strongroom preview`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  strongroom preview clusters/prod --sealing-key backup.yaml --age-key keys.txt
  strongroom preview . -o yaml --age-key keys.txt --show-values")]
pub struct PreviewArguments {
    /// The folder with manifests; those below it are read too.
    pub dir: PathBuf,
    /// A file with Secrets that hold sealing keys, such as a backup; may be given several times.
    #[arg(long = "sealing-key", value_name = "FILE")]
    pub sealing_keys: Vec<PathBuf>,
    /// A file with age identities; may be given several times.
    #[arg(long = "age-key", value_name = "FILE")]
    pub age_keys: Vec<PathBuf>,
    /// How the Secrets are printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
    /// Print the values too. Asks first on a terminal; elsewhere it needs --force.
    #[arg(long)]
    pub show_values: bool,
    /// Do not ask.
    #[arg(long)]
    pub force: bool,
}

/// What went wrong with one object.
pub(crate) struct Fault {
    file: PathBuf,
    object: String,
    failure: Failure,
}

/// Prints the Secrets to standard output and the failures to standard error. Answers whether every object was all right.
///
/// # Errors
/// A file or key cannot be read, or values were asked for without a confirmation.
pub async fn preview(arguments: &PreviewArguments) -> Result<bool> {
    if arguments.show_values && !arguments.force {
        confirm()?;
    }
    let manifests = Manifests::read(&arguments.dir)?;
    let inputs = inputs(arguments, &manifests)?;
    let mut rows = Vec::new();
    let mut faults = manifests.unreadable();
    objects(&inputs, manifests.sealed_secrets(), &mut rows, &mut faults).await;
    objects(&inputs, manifests.sops_secrets(), &mut rows, &mut faults).await;
    objects(&inputs, manifests.external_secrets(), &mut rows, &mut faults).await;
    print::print(&rows, arguments.output, arguments.show_values)?;
    let mut stderr = io::stderr().lock();
    for fault in &faults {
        writeln!(
            stderr,
            "error: {}: {}: {}: {}",
            fault.file.display(),
            fault.object,
            fault.failure.reason,
            fault.failure.message
        )?;
    }
    if rows.is_empty() && faults.is_empty() {
        writeln!(stderr, "{} holds no SealedSecret, SopsSecret or ExternalSecret", arguments.dir.display())?;
    }
    Ok(faults.is_empty())
}

fn confirm() -> Result<()> {
    let mut stderr = io::stderr();
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        bail!("values are only shown on a terminal; use --force to print them elsewhere");
    }
    write!(stderr, "This prints secret values to the terminal. Type yes to go on: ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == "yes" { Ok(()) } else { bail!("not confirmed") }
}

fn inputs(arguments: &PreviewArguments, manifests: &Manifests) -> Result<Inputs> {
    let mut identities = Vec::new();
    for path in &arguments.age_keys {
        identities.push(std::fs::read(path).with_context(|| format!("could not read {}", path.display()))?);
    }
    let settings = Settings { sops_age_secret: Some(files::default_key()), ..Settings::default() };
    let inputs = Inputs::new(settings, Arc::new(manifests.gather(&identities)));
    let mut keys = Vec::new();
    for path in &arguments.sealing_keys {
        keys.extend(files::sealing_keys(path)?);
    }
    inputs.set_keyring(Keyring::new(keys));
    for store in manifests.stores() {
        inputs.stores.insert(store);
    }
    Ok(inputs)
}

async fn objects<K: SecretSource>(inputs: &Inputs, found: Vec<Found<K>>, rows: &mut Vec<Row>, faults: &mut Vec<Fault>) {
    for Found { file, object } in found {
        let name = ObjectName::of(&object).unwrap_or_else(|| ObjectName::new("", ""));
        let object_text = format!("{} {name}", K::kind(&()));
        match secrets(inputs, &object, &name).await {
            Ok(results) => {
                for result in results {
                    match result {
                        Ok(secret) => rows.push(Row { file: file.clone(), object: object_text.clone(), secret }),
                        Err(failure) => faults.push(Fault { file: file.clone(), object: object_text.clone(), failure }),
                    }
                }
            }
            Err(failure) => faults.push(Fault { file, object: object_text, failure }),
        }
    }
}

type Planned = Result<k8s_openapi::api::core::v1::Secret, Failure>;

/// Hops 3 to 5 for one object, as if none of its Secrets existed.
async fn secrets<K: SecretSource>(inputs: &Inputs, object: &K, name: &ObjectName) -> Result<Vec<Planned>, Failure> {
    let (names, opened) = object.identify(inputs).await?;
    let materials = object.materialize(inputs, opened, &names).await?;
    let planned = materials.into_iter().map(|material| {
        let target = ObjectName::new(name.namespace.clone(), material.name);
        let claim = Claim { target, mode: Mode::Create, existing: None };
        let desired =
            Desired { claim, data: material.data?, owner: None, existing: None, field_manager: object.field_manager() };
        plan(&desired).map(|planned| planned.secret)
    });
    Ok(planned.collect())
}
