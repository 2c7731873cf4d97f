//! `sops-rs`: encrypts and decrypts SOPS files, with the flags and exit codes of `sops`.
//!
//! The binary does what the library must not: files, environment, clock and randomness.

use std::io::{self, Write as _};
use std::process::ExitCode;

mod args;
mod attempts;
mod audit;
mod chance;
mod change;
mod check;
mod child;
#[cfg(feature = "remote")]
mod clouds;
mod completion;
mod decrypt;
mod edit;
mod editor;
mod encrypt;
mod exec_env;
mod exec_file;
mod extract;
mod failure;
mod files;
mod filestatus;
mod git;
mod gnupg;
mod groups;
mod identities;
mod input;
#[cfg(feature = "keyservice")]
mod keyservice;
mod krm;
mod lookup;
mod opened;
mod output;
mod paint;
mod private_folder;
mod program;
#[cfg(feature = "remote")]
mod publish;
mod question;
mod recipients;
mod rotate;
#[cfg(any(feature = "keyservice", feature = "remote"))]
mod runtime;
mod services;
mod set;
mod settings;
mod tree;
mod unset;
mod updatekeys;
mod why;

use sops::index;

use args::Parsed;
use failure::Failure;

fn main() -> ExitCode {
    run().unwrap_or_else(|failure| {
        failure.report();
        ExitCode::from(failure.code)
    })
}

fn run() -> Result<ExitCode, Failure> {
    match args::parse(std::env::args_os())? {
        Parsed::Text(text) => {
            io::stdout().write_all(text.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Parsed::Run(command, global) => command.run(&global),
    }
}
