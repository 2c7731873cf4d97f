//! `git filter-process`: the long-running filter (gitattributes, "Long Running Filter Process", version 2). Smudging
//! decrypts into the working tree, cleaning encrypts into the repository. What did not change keeps its ciphertext, so
//! that a file is not modified by being checked out.

use std::io::{self, BufRead, Write};
use std::path::Path;

use clap::Args;
use sops::document::{CheckMac, Opened};
use sops::{Document, Format};
use zeroize::Zeroizing;

use super::pkt_line::{read_content, read_lines, write_content, write_lines};
use super::program::staged;
use super::textconv::encrypted;
use crate::args::Global;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::encrypt::Recipe;
use crate::failure::{Failure, code, warn};
use crate::opened::{self, Keyring, emit, emit_plain};
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  sops-rs git init --filter PATTERN           sets up what runs this";

/// Flags of `git filter-process`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct FilterProcess {
    #[command(flatten)]
    order: OrderFlag,
    #[command(flatten)]
    services: ServiceFlags,
}

type Content = Zeroizing<Vec<u8>>;

impl FilterProcess {
    pub(super) fn run(&self, global: &Global) -> Result<(), Failure> {
        let filter =
            Filter { keyring: Keyring::new(&self.services, &self.order)?, settings: Settings::load(global)?, global };
        let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
        filter.serve(&mut input, &mut output).map_err(|error| {
            Failure::new(code::GENERIC, format!("the conversation with Git broke off: {error}"))
                .hint("this command is run by Git; `sops-rs git init --filter PATTERN` sets it up")
        })
    }
}

struct Filter<'a> {
    keyring: Keyring,
    settings: Settings,
    global: &'a Global,
}

impl Filter<'_> {
    fn serve(&self, input: &mut impl BufRead, output: &mut impl Write) -> io::Result<()> {
        let unexpected = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
        let welcome = read_lines(input)?.unwrap_or_default();
        if welcome.first().map(String::as_str) != Some("git-filter-client")
            || !welcome.iter().any(|line| line == "version=2")
        {
            return Err(unexpected("no greeting of version 2"));
        }
        write_lines(output, &["git-filter-server", "version=2"])?;
        read_lines(input)?.ok_or_else(|| unexpected("no capabilities"))?;
        write_lines(output, &["capability=clean", "capability=smudge"])?;
        while let Some(request) = read_lines(input)? {
            let field = |name: &str| request.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            let content = read_content(input)?.ok_or_else(|| unexpected("no content"))?;
            let path = field("pathname=");
            let answer = match field("command=") {
                "clean" => self.clean(path, &content),
                "smudge" => Ok(self.smudge(path, &content)),
                _ => Err(Failure::new(code::GENERIC, "Git asks for something else than clean and smudge")),
            };
            match answer {
                Ok(answer) => {
                    write_lines(output, &["status=success"])?;
                    write_content(output, &answer)?;
                    write_lines(output, &[])?;
                }
                Err(failure) => {
                    failure.about(path).report();
                    write_lines(output, &["status=error"])?;
                }
            }
        }
        Ok(())
    }

    /// In clear if it can be opened, else as it is: who has no key can still check the repository out.
    fn smudge(&self, path: &str, content: &Content) -> Content {
        let format = Format::from_path(Path::new(path));
        let Some(document) = encrypted(format, content) else { return content.clone() };
        match self.open(&document).and_then(|opened| self.plain(&opened, format)) {
            Ok(text) => text,
            Err(failure) => {
                let first = failure.message.lines().next().unwrap_or_default();
                warn(&format!("{path} stays encrypted in the working tree: {first}"));
                content.clone()
            }
        }
    }

    fn clean(&self, path: &str, content: &Content) -> Result<Content, Failure> {
        let format = Format::from_path(Path::new(path));
        if encrypted(format, content).is_some() {
            return Ok(content.clone());
        }
        if let Some(before) = staged(0, path)?
            && let Some(document) = encrypted(format, &before)
        {
            return self.clean_again(content, (before, document), format);
        }
        let document = Document::plain(format, content, format)?;
        let rule = self.settings.rule(Path::new(path))?;
        let encrypted =
            Recipe::of_rule(&rule)?.for_format(format).encrypt(&document, self.global, self.keyring.services())?;
        emit(&encrypted, format, self.settings.indent(format))
    }

    /// Encrypts over the version in the index; the same bytes come out if nothing changed.
    fn clean_again(
        &self,
        content: &Content,
        (before, document): (Content, Document),
        format: Format,
    ) -> Result<Content, Failure> {
        let opened = self.open(&document)?;
        if self.plain(&opened, format)? == *content {
            return Ok(before);
        }
        let plain = Document::plain(format, content, format)?;
        if plain.branches() == opened.branches.as_slice() {
            return Ok(before);
        }
        let (document, _) = opened::edit(&document, &opened, plain.branches(), false)?;
        emit(&document, format, self.settings.indent(format))
    }

    fn open(&self, document: &Document) -> Result<Opened, Failure> {
        let key = self.keyring.open(document)?;
        Ok(document.open(&key, CheckMac::Yes)?)
    }

    fn plain(&self, opened: &Opened, format: Format) -> Result<Content, Failure> {
        emit_plain(&opened.branches, format, self.settings.indent(format))
    }
}
