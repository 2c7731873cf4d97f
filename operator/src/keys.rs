//! `strongroom keys`: what the sealing keys of a cluster are needed for, their backup, and its restoration. It reads with the
//! rights of the caller, writes nothing but the Secrets that `restore` brings back, and never shows a key or a value.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::command::{ClusterArguments, EXIT_CODES, Output, Verdict};
use crate::settings::KeyOrder;

mod archive;
mod backup;
pub(crate) mod census;
mod drill;
mod envelope;
pub(crate) mod found;
mod list;
mod restore;

/// Flags of `strongroom keys` and its commands.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = format!("{LIST_EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct KeysArguments {
    #[command(subcommand)]
    command: Option<KeysCommand>,
    #[command(flatten)]
    list: ListArguments,
}

const LIST_EXAMPLES: &str = "Examples:
  strongroom keys --operator-namespace kube-system
  strongroom keys --output json | jq -r '.keys[] | select(.retire.possible) | .secret'
  kubectl -n strongroom exec deploy/strongroom -- strongroom keys";

#[derive(Clone, Debug, Subcommand)]
enum KeysCommand {
    /// Write every sealing key to standard output, encrypted with age and opened again before the first byte leaves.
    Backup(BackupArguments),
    /// Bring the sealing keys of a backup back, or try out with --drill what it would bring.
    Restore(RestoreArguments),
}

#[derive(Clone, Debug, Args)]
struct ListArguments {
    /// Count the SealedSecrets of this namespace only; may be given several times. All namespaces when absent.
    #[arg(long = "namespace", value_name = "NAMESPACE", env = "STRONGROOM_NAMESPACE", value_delimiter = ',')]
    namespaces: Vec<String>,
    /// What makes one sealing key newer than another; as the operator was told.
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    key_order_priority: KeyOrder,
    /// How the report is printed.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    cluster: ClusterArguments,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("{BACKUP_EXAMPLES}\n\n{EXIT_CODES}"))]
struct BackupArguments {
    /// Encrypt to this recipient (age1…, age1pq1…); may be given several times.
    #[arg(long = "age", value_name = "RECIPIENT", value_delimiter = ',')]
    recipients: Vec<String>,
    /// Encrypt to the recipients in this file, one a line; may be given several times.
    #[arg(long = "age-recipients-file", value_name = "FILE")]
    recipient_files: Vec<PathBuf>,
    /// Leave out Secrets that should hold a key and hold none, instead of refusing.
    #[arg(long)]
    skip_unusable: bool,
    /// Write to a terminal too.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    cluster: ClusterArguments,
}

const BACKUP_EXAMPLES: &str = "Examples:
  strongroom keys backup --operator-namespace strongroom --age age1… > keys.age
  kubectl -n strongroom exec deploy/strongroom -- strongroom keys backup --age age1… > keys.age
  age -d -i identity.txt keys.age | kubectl apply -f -     # without strongroom";

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("{RESTORE_EXAMPLES}\n\n{EXIT_CODES}"))]
struct RestoreArguments {
    /// The backup: an age file, or key Secrets in YAML or JSON. `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// A file with age identities; may be given several times.
    #[arg(short, long = "identity", value_name = "FILE")]
    identities: Vec<PathBuf>,
    /// Write nothing: check the keys, compare them with the cluster's, and open every SealedSecret with them.
    #[arg(long)]
    drill: bool,
    /// In a drill, open the SealedSecrets of this namespace only; may be given several times.
    #[arg(long = "namespace", value_name = "NAMESPACE", value_delimiter = ',')]
    namespaces: Vec<String>,
    /// How the report is printed.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    cluster: ClusterArguments,
}

const RESTORE_EXAMPLES: &str = "Examples:
  strongroom keys restore --drill --identity identity.txt keys.age
  strongroom keys restore --identity identity.txt keys.age
  age -d -i yubikey.txt keys.age | strongroom keys restore --drill";

/// Does what was asked.
///
/// # Errors
/// It could not be done. The words hold no key and no value.
pub async fn run(arguments: &KeysArguments) -> Result<Verdict> {
    match &arguments.command {
        None => list::list(&arguments.list).await,
        Some(KeysCommand::Backup(arguments)) => backup::backup(arguments).await,
        Some(KeysCommand::Restore(arguments)) => restore::restore(arguments).await,
    }
}
