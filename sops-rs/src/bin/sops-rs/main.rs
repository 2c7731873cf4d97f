//! `sops-rs`: encrypts and decrypts SOPS files, with the flags and exit codes of `sops`.
//!
//! The binary does what the library must not: files, environment, clock and randomness.

use std::io::{self, Write as _};
use std::process::ExitCode;

mod args;
mod decrypt;
mod encrypt;
mod extract;
mod failure;
mod identities;
mod input;
mod krm;
mod output;
mod settings;

use args::{Invocation, Parsed};
use failure::Failure;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            ExitCode::from(failure.code)
        }
    }
}

fn run() -> Result<(), Failure> {
    match args::parse(std::env::args_os())? {
        Parsed::Text(text) => Ok(io::stdout().write_all(text.as_bytes())?),
        Parsed::Run(Invocation::Encrypt(flags)) => encrypt::run(&flags),
        Parsed::Run(Invocation::Decrypt(flags)) => decrypt::run(&flags),
        Parsed::Run(Invocation::Krm) => krm::run(),
        Parsed::Run(Invocation::Nothing) => krm::run_if_resource_list(),
    }
}
