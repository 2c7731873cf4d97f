//! `git init`: the drivers in the configuration of the repository and the patterns in `.gitattributes`.

use std::io;
use std::path::Path;
use std::{env, fs};

use clap::Args;

use super::attributes::with_patterns;
use super::program::{line, output};
use crate::failure::{Failure, code, say};
use crate::output::{Secrecy, replace};

const EXAMPLES: &str = "\
Examples:
  sops-rs git init                                  diffs and merges for YAML, JSON, dotenv and INI files
  sops-rs git init 'secrets/**' '*.enc.yaml'        only for these
  sops-rs git init --filter 'secrets/**'            encrypted in the repository, in clear in the working tree

Files that are not encrypted are diffed and merged as before. .gitattributes is to be committed; the drivers stand in the
configuration of this clone, so everybody runs `sops-rs git init` once.";

/// What gets the drivers if nothing else is said.
const PATTERNS: [&str; 5] = ["*.yaml", "*.yml", "*.json", "*.env", "*.ini"];

/// Flags of `git init`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Init {
    /// Patterns of .gitattributes
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,

    /// Keep these files encrypted in the repository and in clear in the working tree
    #[arg(long)]
    filter: bool,
}

impl Init {
    pub(super) fn run(&self) -> Result<(), Failure> {
        if self.filter && self.patterns.is_empty() {
            return Err(Failure::new(code::GENERIC, "--filter needs the patterns of the files to encrypt")
                .hint("for example `sops-rs git init --filter 'secrets/**'`"));
        }
        let top = line(&["rev-parse", "--show-toplevel"])
            .map_err(|failure| failure.hint("run this inside the working tree of a repository"))?;
        let program = quoted(&program());
        configure("diff.sops.textconv", &format!("{program} git textconv"))?;
        // What a textconv prints must not be kept in the repository.
        configure("diff.sops.cachetextconv", "false")?;
        configure("merge.sops.name", "SOPS files, key by key")?;
        configure("merge.sops.driver", &format!("{program} git merge %O %A %B %P"))?;
        let mut attributes = "diff=sops merge=sops".to_owned();
        if self.filter {
            configure("filter.sops.process", &format!("{program} git filter-process"))?;
            configure("filter.sops.required", "true")?;
            attributes.push_str(" filter=sops");
        }
        self.write_attributes(Path::new(&top), &attributes)
    }

    fn write_attributes(&self, top: &Path, attributes: &str) -> Result<(), Failure> {
        let path = top.join(".gitattributes");
        let old = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(Failure::new(code::UNREADABLE, format!("{} could not be read: {error}", path.display())));
            }
        };
        let given = if self.patterns.is_empty() { PATTERNS.map(str::to_owned).to_vec() } else { self.patterns.clone() };
        let new = with_patterns(&old, &given, attributes);
        if new == old {
            say(&format!("{} has the patterns already", path.display()));
            return Ok(());
        }
        replace(&path, new.as_bytes(), Secrecy::Ciphertext)?;
        say(&format!("{} names the drivers for {}: commit it", path.display(), given.join(" ")));
        Ok(())
    }
}

fn configure(name: &str, value: &str) -> Result<(), Failure> {
    output(&["config", "--local", name, value])?;
    say(&format!("set {name}"));
    Ok(())
}

/// This program as the user called it: by name if it is on the search path, else by its place.
fn program() -> String {
    let called = env::args_os().next().unwrap_or_default();
    if !called.is_empty() && Path::new(&called).components().count() == 1 {
        return called.to_string_lossy().into_owned();
    }
    env::current_exe().map_or_else(|_| "sops-rs".to_owned(), |path| path.to_string_lossy().into_owned())
}

/// Quoted for the shell through which Git runs a driver.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_for_the_shell_are_quoted_where_needed() {
        assert_eq!(quoted("/usr/bin/sops-rs"), "/usr/bin/sops-rs");
        assert_eq!(quoted("/my tools/it's"), r"'/my tools/it'\''s'");
    }
}
