//! Plugins of age: programs `age-plugin-NAME` on the search path that hold the secret, such as a security key.
//!
//! A name is what could be the end of a file name and nothing else: a recipient that names a path starts no program
//! (CVE-2024-56327).

use age::Identity as _;
use age::plugin::{Identity, IdentityPluginV1, Recipient, RecipientPluginV1};
use age_core::format::{FileKey, Stanza};

use super::dialog::Callbacks;
use super::identity::{Failure, failure};

/// The recipient of a plugin, bound to the program that wraps for it.
pub(super) fn recipient(recipient: &Recipient, callbacks: Callbacks) -> Result<Box<dyn age::Recipient>, String> {
    let name = recipient.plugin();
    match RecipientPluginV1::new(name, std::slice::from_ref(recipient), &[], callbacks) {
        Ok(plugin) => Ok(Box::new(plugin)),
        Err(_) => Err(missing(name)),
    }
}

/// Lets the program of the plugin open the stanzas.
pub(super) fn unwrap(
    identity: &Identity,
    stanzas: &[Stanza],
    callbacks: Callbacks,
) -> Option<Result<FileKey, Failure>> {
    let name = identity.plugin();
    match IdentityPluginV1::new(name, std::slice::from_ref(identity), callbacks) {
        Ok(plugin) => plugin.unwrap_stanzas(stanzas).map(|opened| opened.map_err(|error| failure(&error))),
        Err(_) => Some(Err(Failure::Told(missing(name)))),
    }
}

fn missing(name: &str) -> String {
    format!("the program age-plugin-{name} is not on the search path")
}
