//! The age identities of the user, from the seven kinds of places where `sops` looks for them.
//!
//! All places are read and put together. What is wrong with one matters only when no identity fits; each remembers what
//! it answered, for the report on a data key that did not open.

use std::collections::BTreeMap;
use std::env;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use sops::master_key::age::AgeKeys;
use sops::{KeyError, KeyId, KeyService};
use zeroize::Zeroizing;

#[cfg(unix)]
mod agent;
mod command;
mod place;
mod terminal;

use place::{Answer, Place};
use terminal::Terminal;

/// The setting that keeps plugins of age from being run, whatever a file or an identity names.
const PLUGINS: &str = "SOPS_AGE_PLUGINS";

/// The key service of this user for age.
#[derive(Default)]
pub(crate) struct Identities {
    /// The answers of the places that answer the same for every file.
    fixed: OnceLock<Vec<Answer>>,
    /// All answers for a recipient: a command is told for whom the identity is wanted.
    known: Mutex<BTreeMap<String, Arc<Vec<Answer>>>>,
}

impl Identities {
    /// What each place answers about a recipient, one line each, without secrets.
    pub(crate) fn report(&self, recipient: &str) -> Vec<String> {
        self.answers(recipient).iter().map(Answer::to_string).collect()
    }

    /// The answers in the order in which the places are looked into. Each command runs once for a recipient.
    fn answers(&self, recipient: &str) -> Arc<Vec<Answer>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answers) = known.get(recipient) {
            return answers.clone();
        }
        let fixed =
            self.fixed.get_or_init(|| Place::ALL.iter().filter(|place| !place.is_command()).map(Place::ask).collect());
        let mut fixed = fixed.iter().cloned();
        let in_order = Place::ALL
            .iter()
            .filter_map(|place| if place.is_command() { Some(place.ask_for(recipient)) } else { fixed.next() });
        let answers = Arc::new(in_order.collect::<Vec<_>>());
        known.insert(recipient.to_owned(), answers.clone());
        answers
    }

    fn explain(&self, recipient: &str, error: KeyError) -> KeyError {
        let KeyError::NoIdentity(words) = error else { return error };
        let mut lines = vec![words];
        lines.extend(self.report(recipient));
        KeyError::NoIdentity(lines.join("\n"))
    }
}

/// The keys with the user at hand.
fn attended(keys: AgeKeys) -> AgeKeys {
    let keys = keys.with_dialog(Arc::new(Terminal));
    if plugins_allowed() { keys.with_plugins() } else { keys }
}

fn plugins_allowed() -> bool {
    !env::var(PLUGINS).is_ok_and(|value| matches!(value.as_str(), "off" | "0" | "false" | "no"))
}

#[async_trait]
impl KeyService for Identities {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        attended(AgeKeys::default()).wrap(key, plaintext).await
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let KeyId::Age(recipient) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        let answers = self.answers(recipient);
        let identities = answers.iter().flat_map(Answer::identities).cloned().collect();
        let opened = attended(AgeKeys::new(identities)).unwrap(key, enc).await;
        opened.map_err(|error| self.explain(recipient, error))
    }
}
