//! `kubeseal-rs`: seals Secrets for a Sealed Secrets controller, flag for flag like `kubeseal`, whose name it can take.
//!
//! This file is the edge of the process: arguments, the clock, the exit status. It never prints a value.

mod args;
mod certificate;
mod cluster;
mod commands;
mod connection;
mod controller_modes;
mod explain;
mod failure;
mod files;
mod go_flag;
mod ignored_flags;
mod in_order;
mod input;
mod json;
mod key_order;
mod known;
mod kubeconfig;
mod layout;
mod merge;
mod node;
mod output;
mod pin;
mod program;
mod proxy;
mod recovery;
mod recovery_keys;
mod reseal;
mod run;
mod scalar;
mod seal_tree;
mod sealed_document;
mod sealed_file;
mod sealed_secret;
mod secret;
mod shape;
mod tree;
mod yaml_input;
mod yaml_output;

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::args::Args;
use crate::failure::Failure;

const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    // kube can be built with several TLS providers; naming ours keeps it from guessing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "the one clock of this program")]
    let now = jiff::Timestamp::now();
    if let Some(status) = commands::run(now) {
        return status;
    }
    let args = match Args::parse() {
        Ok(args) => args,
        Err(error) => return usage(&error, program::name()),
    };
    match run::run(&args, now) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&sentence(&error), Failure::hint_of(&error));
            ExitCode::from(FAILED)
        }
    }
}

/// Prints help and version where they belong, and a wrong command line as an error with a hint.
fn usage(error: &clap::Error, program: &str) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let message = text.split("\n\n").next().unwrap_or_default();
    let hint = format!("`{program} --help` lists the flags");
    report(message.trim_start_matches("error: "), Some(&hint));
    ExitCode::from(WRONG_USAGE)
}

/// The error and its causes in one line. A cause that the error before it has already told is not told again.
fn sentence(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .reduce(|told, cause| if told.ends_with(&cause) { told } else { told + ": " + &cause })
        .unwrap_or_default()
}

fn report(message: &str, hint: Option<&str>) {
    let mut stderr = io::stderr().lock();
    // A closed standard error is no reason to fail in another way.
    let _ = writeln!(stderr, "error: {message}");
    if let Some(hint) = hint {
        let _ = writeln!(stderr, "hint: {hint}");
    }
}
