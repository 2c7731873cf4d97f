//! The command line of the operator.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use strongroom::command::{Complaint, Verdict};
use strongroom::keys::{self, KeysArguments};
use strongroom::preview::{PreviewArguments, preview};
use strongroom::settings::{Settings, environment};
use strongroom::takeover::{self, TakeoverArguments};

/// One operator for SealedSecret, SopsSecret and ExternalSecret.
#[derive(Parser)]
#[command(version, about, long_about = None)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a cluster until told to stop.
    #[command(args_override_self = true)]
    Run(Box<Settings>),
    /// Show the Secrets that would result from the manifests in a folder.
    Preview(PreviewArguments),
    /// Tell what the sealing keys of a cluster are needed for; back them up and restore them.
    Keys(Box<KeysArguments>),
    /// Prepare the switch from the Sealed Secrets controller.
    Takeover(Box<TakeoverArguments>),
}

#[tokio::main]
async fn main() -> ExitCode {
    let words = environment::with_original_names(std::env::args_os().collect(), |name| std::env::var(name).ok());
    let arguments = Arguments::parse_from(words);
    // Two TLS libraries in one process would each refuse to choose.
    let _installed_before = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match arguments.command {
        Command::Run(settings) => serve(*settings).await,
        Command::Preview(arguments) => show(&arguments).await,
        Command::Takeover(arguments) => end(takeover::run(&arguments).await, "see `strongroom takeover check --help`"),
        Command::Keys(arguments) => end(keys::run(&arguments).await, "see `strongroom keys --help`"),
    }
}

async fn serve(settings: Settings) -> ExitCode {
    if settings.sealed_secrets.print_version {
        // In the words of the original, for scripts that read them.
        let _closed = writeln!(std::io::stdout(), "controller version: {}", env!("CARGO_PKG_VERSION"));
        return ExitCode::SUCCESS;
    }
    if let Err(error) = strongroom::telemetry::start(&settings) {
        return complain(&error, "give --log-level a level such as info or a filter such as strongroom=debug");
    }
    match strongroom::run::run(settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(cause = format!("{error:#}"), "stopped");
            ExitCode::FAILURE
        }
    }
}

async fn show(arguments: &PreviewArguments) -> ExitCode {
    match preview(arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => complain(&error, "see `strongroom preview --help`"),
    }
}

fn end(outcome: anyhow::Result<Verdict>, hint: &str) -> ExitCode {
    outcome.map_or_else(
        |error| complain(&error, error.downcast_ref().map_or(hint, |complaint: &Complaint| &complaint.hint)),
        ExitCode::from,
    )
}

fn complain(error: &anyhow::Error, hint: &str) -> ExitCode {
    // Where standard error is closed, nobody wants to read it.
    let _closed = writeln!(std::io::stderr(), "error: {error:#}\nhint: {hint}");
    ExitCode::FAILURE
}
