//! The age identities of the user, from where `sops` has them.
//!
//! All sources are read and put together. What is wrong with one matters only when no identity fits.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use sops::{Identity, KeyError};
use zeroize::Zeroizing;

const KEYS: &str = "sops/age/keys.txt";

/// What was found and what was wrong.
#[derive(Default)]
pub(crate) struct Identities {
    pub(crate) found: Vec<Identity>,
    complaints: Vec<String>,
}

impl Identities {
    /// Reads all sources.
    pub(crate) fn load() -> Identities {
        let mut identities = Identities::default();
        if let Some(text) = variable("SOPS_AGE_KEY") {
            identities.add("SOPS_AGE_KEY", &one_a_line(&text));
        }
        if let Some(path) = env::var_os("SOPS_AGE_KEY_FILE").filter(|path| !path.is_empty()) {
            identities.add_file("SOPS_AGE_KEY_FILE", Path::new(&path));
        }
        if let Some(path) = folder().map(|folder| folder.join(KEYS)).filter(|path| path.exists()) {
            identities.add_file("the key file", &path);
        }
        for name in ["SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_CMD"] {
            if env::var_os(name).is_some_and(|value| !value.is_empty()) {
                identities.complaints.push(format!("{name} is not supported yet"));
            }
        }
        identities
    }

    fn add(&mut self, source: &str, text: &str) {
        match Identity::parse(text) {
            Ok(found) => self.found.extend(found),
            Err(error) => self.complaints.push(format!("{source}: {error}")),
        }
    }

    fn add_file(&mut self, source: &str, path: &Path) {
        match fs::read_to_string(path).map(Zeroizing::new) {
            Ok(text) => self.add(&format!("{source} {}", path.display()), &text),
            Err(error) => self.complaints.push(format!("{source} {}: {error}", path.display())),
        }
    }

    /// Adds to the answer that no identity fits what was found and what was wrong.
    pub(crate) fn explain(&self, error: KeyError) -> KeyError {
        if !matches!(error, KeyError::NoIdentity(_)) {
            return error;
        }
        let mut words: Vec<String> = self.complaints.clone();
        if !self.found.is_empty() {
            let had: Vec<String> = self.found.iter().filter_map(|identity| Some(identity.recipient()?.to_string())).collect();
            words.push(format!("no identity fits: those at hand are of {}", had.join(", ")));
        } else if words.is_empty() {
            words.push("there is no identity: SOPS_AGE_KEY, SOPS_AGE_KEY_FILE and keys.txt have none".to_owned());
        }
        KeyError::NoIdentity(words.join("\n"))
    }
}

fn variable(name: &str) -> Option<Zeroizing<String>> {
    env::var(name).ok().filter(|text| !text.is_empty()).map(Zeroizing::new)
}

/// The variable may hold several identities in one line.
fn one_a_line(text: &str) -> Zeroizing<String> {
    let keys = text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace);
    Zeroizing::new(keys.collect::<Vec<_>>().join("\n"))
}

/// The configuration folder of the user.
fn folder() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(windows) {
        return set("AppData");
    }
    set("XDG_CONFIG_HOME").or_else(|| {
        let below = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
        set("HOME").map(|home| home.join(below))
    })
}
