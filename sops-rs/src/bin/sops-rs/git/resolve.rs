//! `git resolve`: both sides of a conflict in the editor, in clear and with the usual markers; what comes out is
//! encrypted. The text is never in the repository and never in the working tree.

use std::path::PathBuf;

use clap::Args;
use similar::DiffTag;
use similar::algorithms::{Capture, myers};
use sops::merge::Prefer;
use sops::{Document, Format};
use zeroize::Zeroizing;

use super::program::{output, staged};
use super::versions::Versions;
use crate::args::Global;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::editor;
use crate::failure::{Failure, code, say};
use crate::opened::{Keyring, emit, emit_plain};
use crate::output::{Secrecy, replace};
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  git merge feature                      reports a conflict in secrets.yaml
  sops-rs git resolve secrets.yaml       shows both sides; remove the markers, save, and the file is resolved";

const OURS: &[u8] = b"<<<<<<< ours\n";
const MIDDLE: &[u8] = b"=======\n";
const THEIRS: &[u8] = b">>>>>>> theirs\n";

/// Flags of `git resolve`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Resolve {
    /// The file in conflict
    file: PathBuf,
    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

impl Resolve {
    pub(super) fn run(&self, global: &Global) -> Result<(), Failure> {
        let name = self.file.display().to_string();
        let path = format!("./{name}");
        let stages = [staged(1, &path)?, staged(2, &path)?, staged(3, &path)?].map(Option::unwrap_or_default);
        let texts: [&[u8]; 3] = [&stages[0], &stages[1], &stages[2]];
        let format = Format::from_path(&self.file);
        let keyring = Keyring::new(&self.services, &self.order)?;
        let versions = Versions::open(texts, format, &keyring).map_err(|failure| failure.about(&name))?;
        let Some(versions) = versions else {
            return Err(Failure::new(code::GENERIC, format!("{name} has no conflict of encrypted versions"))
                .hint("`git status` lists the files in conflict"));
        };
        let indent = Settings::load(global)?.indent(format);
        let text = |prefer| emit_plain(&versions.merge(prefer).branches, format, indent);
        let marked = marked(&text(Prefer::Ours)?, &text(Prefer::Theirs)?);
        let document = edited(&name, marked, format)?;
        let bytes = emit(&versions.encrypt(document.branches())?, format, indent)?;
        replace(&self.file, &bytes, Secrecy::Ciphertext)?;
        output(&["add", "--", &name])?;
        say(&format!("{name} is resolved"));
        Ok(())
    }
}

/// Opens the editor until the text is a document without markers.
fn edited(name: &str, mut text: Zeroizing<Vec<u8>>, format: Format) -> Result<Document, Failure> {
    loop {
        text = editor::edit(std::path::Path::new(name), &text)?;
        let has_markers =
            text.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"<<<<<<<") || line.starts_with(b">>>>>>>"));
        let failure = if has_markers {
            Failure::new(code::GENERIC, "there are still markers of conflicts")
        } else {
            match Document::plain(format, &text, format) {
                Ok(document) => return Ok(document),
                Err(error) => Failure::from(error),
            }
        };
        editor::again(&failure.about(name))?;
    }
}

/// One text where both agree, both between markers where they do not.
fn marked(ours: &[u8], theirs: &[u8]) -> Zeroizing<Vec<u8>> {
    let (old, new) = (lines_of(ours), lines_of(theirs));
    let mut capture = Capture::new();
    // One algorithm by name: a choice at run time would put all of them into the program.
    let Ok(()) = myers::diff_deadline_raw(&mut capture, &old[..], 0..old.len(), &new[..], 0..new.len(), None);
    let mut out = Zeroizing::new(Vec::with_capacity(ours.len() + theirs.len()));
    let mut hunk: [Zeroizing<Vec<u8>>; 2] = Default::default();
    for operation in capture.ops() {
        let sides = [&old[operation.old_range()], &new[operation.new_range()]];
        if operation.tag() == DiffTag::Equal {
            close(&mut out, &mut hunk);
            out.extend(sides[0].iter().copied().flatten());
        } else {
            for (hunk, side) in hunk.iter_mut().zip(sides) {
                hunk.extend(side.iter().copied().flatten());
            }
        }
    }
    close(&mut out, &mut hunk);
    out
}

/// The lines with their ends.
fn lines_of(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

fn close(out: &mut Vec<u8>, hunk: &mut [Zeroizing<Vec<u8>>; 2]) {
    let [ours, theirs] = std::mem::take(hunk);
    if !ours.is_empty() || !theirs.is_empty() {
        for part in [OURS, &ours, MIDDLE, &theirs, THEIRS] {
            out.extend_from_slice(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn both_sides_stand_between_markers() {
        let text = marked(b"a: 1\nb: 2\nc: 3\n", b"a: 1\nb: 4\nc: 3\n");
        assert_eq!(
            String::from_utf8(text.to_vec()).unwrap(),
            "a: 1\n<<<<<<< ours\nb: 2\n=======\nb: 4\n>>>>>>> theirs\nc: 3\n"
        );
    }
}
