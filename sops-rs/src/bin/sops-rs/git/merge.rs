//! `git merge`: the merge driver. The result is encrypted; where both sides changed one value, ours stands in it, the
//! conflict is reported and the file stays unmerged until `git resolve`, or a person, has decided.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use sops::Format;
use sops::merge::{Prefer, describe};
use zeroize::Zeroizing;

use super::program;
use super::versions::Versions;
use crate::args::Global;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::failure::{Failure, code, say, warn};
use crate::opened::{Keyring, emit};
use crate::output::{Secrecy, replace};
use crate::settings::Settings;

/// What Git takes for "there are conflicts".
const CONFLICT: u8 = 1;

const EXAMPLES: &str = "\
Examples:
  sops-rs git merge base.yaml ours.yaml theirs.yaml secrets.yaml";

/// Flags of `git merge`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Merge {
    /// The common ancestor (%O)
    base: PathBuf,
    /// Our version (%A), which becomes the result
    ours: PathBuf,
    /// Their version (%B)
    theirs: PathBuf,
    /// Path of the file in the repository (%P)
    path: Option<PathBuf>,
    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

impl Merge {
    pub(super) fn run(&self, global: &Global) -> Result<ExitCode, Failure> {
        let path = self.path.as_deref().unwrap_or(&self.ours);
        let format = Format::from_path(path);
        let [base, ours, theirs] = [&self.base, &self.ours, &self.theirs].map(|file| read(file));
        let (base, ours, theirs) = (base?, ours?, theirs?);
        let keyring = Keyring::new(&self.services, &self.order)?;
        let texts: [&[u8]; 3] = [&base, &ours, &theirs];
        let opened = Versions::open(texts, format, &keyring).map_err(|failure| failure.about(&path.to_string_lossy()));
        let versions = match opened {
            Ok(Some(versions)) => versions,
            Ok(None) => return self.as_text(),
            // Plain files of any content may have the driver.
            Err(failure) if failure.code == code::UNREADABLE => return self.as_text(),
            Err(failure) => return Err(failure),
        };
        let merged = versions.merge(Prefer::Ours);
        let document = versions.encrypt(&merged.branches)?;
        let bytes = emit(&document, format, Settings::load(global)?.indent(format))?;
        replace(&self.ours, &bytes, Secrecy::Ciphertext)?;
        if merged.conflicts.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        for place in describe(&merged.conflicts) {
            warn(&format!("{}: both sides changed {place}", path.display()));
        }
        say(&format!("hint: `sops-rs git resolve {}` shows both sides in the editor", path.display()));
        Ok(ExitCode::from(CONFLICT))
    }

    /// The merge of Git itself.
    fn as_text(&self) -> Result<ExitCode, Failure> {
        let mut words: Vec<&OsStr> =
            ["merge-file", "-L", "ours", "-L", "base", "-L", "theirs"].map(OsStr::new).to_vec();
        words.extend([&self.ours, &self.base, &self.theirs].map(|file| file.as_os_str()));
        Ok(if program::succeeds(&words)? { ExitCode::SUCCESS } else { ExitCode::from(CONFLICT) })
    }
}

fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    fs::read(file)
        .map(Zeroizing::new)
        .map_err(|error| Failure::new(code::NO_FILE, format!("{} could not be read: {error}", file.display())))
}
