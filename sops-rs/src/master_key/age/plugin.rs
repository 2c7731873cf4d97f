//! Plugins of age: programs `age-plugin-NAME` on the search path that hold the secret, such as a security key.
//!
//! A name is what could be the end of a file name and nothing else: a recipient that names a path starts no program
//! (CVE-2024-56327). Neither does one whose program lies in a folder of the search path that is not absolute, such as the
//! one the user happens to be in (GHSA-x5c7-x7m2-rhmf).

use std::{env, slice};

use age::Identity as _;
use age::plugin::{IdentityPluginV1, RecipientPluginV1};
use age_core::format::{FileKey, Stanza};

use super::AgeError;
use super::dialog::Callbacks;
use super::identity::{Failure, failure};

/// `age1<plugin>1…`
#[derive(Clone)]
pub(super) struct Recipient(age::plugin::Recipient);

impl Recipient {
    pub(super) fn parse(text: &str) -> Result<Recipient, AgeError> {
        text.parse().map(Recipient).map_err(|_: &str| AgeError::Recipient(text.to_owned()))
    }

    /// The recipient, bound to the program that wraps for it.
    pub(super) fn bound(&self, callbacks: Callbacks) -> Result<Box<dyn age::Recipient>, String> {
        let name = self.0.plugin();
        match RecipientPluginV1::new(name, slice::from_ref(&self.0), &[], callbacks) {
            Ok(plugin) if !is_nearby(name) => Ok(Box::new(plugin)),
            _ => Err(missing(name)),
        }
    }
}

/// `AGE-PLUGIN-…`
#[derive(Clone)]
pub(super) struct Identity(Box<age::plugin::Identity>);

impl Identity {
    pub(super) fn parse(line: &str) -> Option<Identity> {
        line.parse().ok().map(|identity| Identity(Box::new(identity)))
    }

    /// Lets the program open the stanzas.
    pub(super) fn unwrap(&self, stanzas: &[Stanza], callbacks: Callbacks) -> Option<Result<FileKey, Failure>> {
        let name = self.0.plugin();
        match IdentityPluginV1::new(name, slice::from_ref(&*self.0), callbacks) {
            Ok(plugin) if !is_nearby(name) => {
                plugin.unwrap_stanzas(stanzas).map(|opened| opened.map_err(|error| failure(&error)))
            }
            _ => Some(Err(Failure::Told(missing(name)))),
        }
    }
}

/// Whether a relative folder of the search path has the program.
fn is_nearby(name: &str) -> bool {
    let Some(folders) = env::var_os("PATH") else { return false };
    let has = |ending: &str| {
        let file = format!("age-plugin-{name}{ending}");
        env::split_paths(&folders).any(|folder| folder.is_relative() && folder.join(&file).exists())
    };
    has("") || has(".exe")
}

fn missing(name: &str) -> String {
    format!("the program age-plugin-{name} is not on the search path")
}
