//! `exec-file`: runs a command with the name of a file that holds the plaintext.
//!
//! The file is a pipe where the system has named ones: then the plaintext is on no disk.

use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueHint};

use crate::args::Global;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::args::types::TypeFlags;
use crate::child::{self, Child, ChildFlags};
use crate::decrypt::Decrypt;
use crate::failure::{Failure, code, warn};

mod handover;

use handover::Handover;

const EXAMPLES: &str = "\
Examples:
  sops-rs exec-file secrets.json './server --config {}'
  sops-rs exec-file --no-fifo secrets.json './server --config {}'    for a command that reads the file more than once
  sops-rs exec-file --filename settings.json secrets.json 'cat {}'
  sops-rs exec-file --output-type dotenv secrets.yaml 'docker run --env-file {} alpine env'

Every {} of the command becomes the name of the file.
The exit code is that of the command.";

/// What the original calls the file.
const NAME: &str = "tmp-file";

/// Flags of `exec-file`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExecFile {
    /// The encrypted file
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// The command, for the shell; {} stands for the decrypted file
    #[arg(value_hint = ValueHint::CommandString, allow_hyphen_values = true)]
    command: String,
    /// Hand the plaintext over in a file on disk instead of a pipe
    #[arg(long)]
    no_fifo: bool,
    /// Name of the decrypted file
    #[arg(long, value_name = "NAME")]
    filename: Option<String>,
    #[command(flatten)]
    child: ChildFlags,
    #[command(flatten)]
    types: TypeFlags,
    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

impl ExecFile {
    /// Runs the command.
    pub(crate) fn run(&self, global: &Global) -> Result<ExitCode, Failure> {
        let name = self.name()?;
        let background = self.child.background();
        if background && self.no_fifo {
            return Err(Failure::new(
                code::CONFLICT,
                "--background with --no-fifo would remove the file before the command has read it",
            ));
        }
        let plaintext = self.decrypt().text(global)?;
        // The folder belongs to whom the command runs as.
        let variables = self.child.become_user()?;
        let caught = child::catch()?;
        let mut handover = Handover::new(name, self.uses_pipe()).map_err(|error| trouble(&error))?;
        let line = self.command.replace("{}", &handover.path().to_string_lossy());
        handover.give(plaintext).map_err(|error| trouble(&error))?;
        let child = Child { line: &line, pristine: false, variables };
        let end = if background {
            child.start().map(|child| {
                handover.wait_for_reader(child);
                ExitCode::SUCCESS
            })
        } else {
            child.run(caught)
        };
        handover.close().map_err(|error| trouble(&error))?;
        end
    }

    fn uses_pipe(&self) -> bool {
        if cfg!(not(unix)) && !self.no_fifo {
            warn("this system has no named pipes: the plaintext is handed over in a file, as with --no-fifo");
        }
        cfg!(unix) && !self.no_fifo
    }

    /// The name of the file: no path, least of all one that leads out of the folder.
    fn name(&self) -> Result<&str, Failure> {
        let Some(name) = self.filename.as_deref().filter(|name| !name.is_empty()) else { return Ok(NAME) };
        let mut parts = Path::new(name).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(part)), None) if part == name => Ok(name),
            _ => Err(Failure::new(code::GENERIC, format!("--filename {name} is no file name"))
                .hint("it is made in a folder of its own, which goes when the command ends")),
        }
    }

    fn decrypt(&self) -> Decrypt {
        Decrypt {
            file: Some(self.file.clone()),
            types: self.types.clone(),
            order: self.order.clone(),
            services: self.services.clone(),
            ..Decrypt::default()
        }
    }
}

fn trouble(error: &std::io::Error) -> Failure {
    Failure::new(code::GENERIC, format!("the decrypted file could not be handed over: {error}"))
}
