//! `strongroom takeover check`: what would change if the operator took the place of a Sealed Secrets controller now. Every
//! SealedSecret goes the way it would go in the operator, up to the write, which is not made. It speaks of SealedSecrets only,
//! writes nothing and shows no value.

use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::api_error::describe;
use crate::clock;
use crate::command::{Cluster, ClusterArguments, EXIT_CODES, Output, Verdict, counted};
use crate::keys::found::{Found, find, sealing};
use crate::settings::Settings;
use report::{Report, Weight};

mod definition;
mod difference;
mod original;
mod report;
mod secrets;

/// Flags of `strongroom takeover`.
#[derive(Clone, Debug, Args)]
pub struct TakeoverArguments {
    #[command(subcommand)]
    command: TakeoverCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum TakeoverCommand {
    /// Tell what would change if the operator took the place of the Sealed Secrets controller now. Writes nothing.
    Check(CheckArguments),
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
struct CheckArguments {
    /// The name of the controller's Deployment, when its image does not tell.
    #[arg(long, value_name = "NAME")]
    original: Option<String>,
    /// How the report is printed.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    cluster: ClusterArguments,
}

const EXAMPLES: &str = "Examples:
  strongroom takeover check --operator-namespace kube-system
  strongroom takeover check --operator-namespace kube-system --output json | jq .writes";

/// Does what was asked.
///
/// # Errors
/// The cluster cannot be reached, or its SealedSecrets cannot be listed.
pub async fn run(arguments: &TakeoverArguments) -> Result<Verdict> {
    let TakeoverCommand::Check(arguments) = &arguments.command;
    let mut cluster = arguments.cluster.connect().await?;
    let mut report = Report::default();
    let settings = original::look(&cluster, arguments.original.as_deref(), &mut report).await;
    cluster.key_prefix.clone_from(&settings.key_prefix);
    definition::look(&cluster, &mut report).await;
    let keys = keys(&cluster, &settings, &mut report).await;
    secrets::look(&cluster, settings, keys, &mut report).await?;
    report.print(arguments.output)?;
    Ok(report.verdict())
}

/// The key Secrets, which the operator will use where they are.
async fn keys(cluster: &Cluster, settings: &Settings, report: &mut Report) -> Vec<Found> {
    let found = match find(cluster).await {
        Ok(found) => found,
        Err(error) => {
            let words = format!("could not be read in namespace `{}`: {}", cluster.namespace, describe(&error));
            report.add("keys", Weight::Unknown, words);
            return Vec::new();
        }
    };
    for one in &found {
        if let (Err(cause), None) = (&one.key, one.retired()) {
            report.add("keys", Weight::Change, format!("{} cannot be used: {cause}", one.name()));
        }
    }
    let order = settings.sealed_secrets.key_order_priority;
    let seals = sealing(&found, order);
    let newest = found.iter().find(|one| one.in_use().is_some() && one.fingerprint() == seals.as_deref());
    if let Some(newest) = newest {
        let used = found.iter().filter(|one| one.in_use().is_some()).count();
        let words = format!("{} in use, {} seals", counted(used, "sealing key"), newest.name());
        report.add("keys", Weight::Fine, words);
        if let Some(words) = newest.instant(order).and_then(|began| renewal(began, settings, clock::now())) {
            report.add("keys", Weight::Note, words);
        }
    } else {
        let words = format!("there is none in use in namespace `{}`: nothing would be opened", cluster.namespace);
        report.add("keys", Weight::Change, words);
    }
    found
}

/// A key that is due is made by either controller.
fn renewal(began: Timestamp, settings: &Settings, now: Timestamp) -> Option<String> {
    let period = settings.sealed_secrets.key_renew_period;
    let is_due = !period.is_zero() && began.checked_add(period).is_ok_and(|due| due <= now);
    is_due.then(|| {
        "the one that seals is older than --key-renew-period: another is made at the start, as the original would"
            .to_owned()
    })
}
