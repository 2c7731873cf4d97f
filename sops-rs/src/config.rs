//! `.sops.yaml`: who new files are encrypted to, what of them is, and where they are published, by path.
//!
//! The first rule whose `path_regex` finds something in the path counts. A rule that counts is used whole or not at all: a
//! file must not come out with fewer recipients than its rule has. Reads text only; finding the file is the caller's work.

use crate::master_key::KeyId;
use crate::master_key::text::KeyTextError;
use crate::rules::{Rules, Selector, SelectorError};

mod destination;
mod keys;
mod path_regex;
mod raw;

#[cfg(test)]
mod tests;

pub use destination::{Destination, DestinationRule};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No YAML of this shape.
    #[error("{0}")]
    Syntax(String),
    /// The expression does not compile.
    #[error("path_regex of {0} is not a valid expression")]
    PathRegex(RuleName),
    /// A field is not a text with commas or a list of texts.
    #[error("{rule}: `{field}` is neither a list nor a text")]
    Field {
        /// The rule.
        rule: RuleName,
        /// The field.
        field: &'static str,
    },
    /// An entry names no key.
    #[error("{rule}: {cause}")]
    Key {
        /// The rule.
        rule: RuleName,
        /// What is wrong.
        cause: KeyTextError,
    },
    /// The selectors of the rule cannot be used.
    #[error("{rule}: {cause}")]
    Selector {
        /// The rule.
        rule: RuleName,
        /// What is wrong.
        cause: SelectorError,
    },
    /// A destination rule names none or several of S3, GCS and Vault.
    #[error("{rule} has to name one of s3_bucket, gcs_bucket and vault_path")]
    Destination {
        /// The rule.
        rule: RuleName,
    },
    /// There are rules, but none for this path.
    #[error("no creation rule matches this path")]
    NoMatch,
    /// There are destination rules, but none for this path.
    #[error("no destination rule matches this path")]
    NoDestination,
}

/// Which rule an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleName {
    kind: &'static str,
    number: usize,
}

impl std::fmt::Display for RuleName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} rule {}", self.kind, self.number)
    }
}

/// The configuration of a tree of files.
pub struct Config {
    raw: raw::Config,
}

/// What the configuration says about one new file.
#[derive(Clone, Default, PartialEq)]
pub struct CreationRule {
    /// Its number among the rules, from 1.
    pub number: usize,
    /// Whether it has a `path_regex`, so that it is for some files only.
    pub is_by_path: bool,
    /// Who can open it: the master keys, group by group. Empty if the rule names none.
    pub groups: Vec<Vec<KeyId>>,
    /// How many groups are needed.
    pub shamir_threshold: Option<i64>,
    /// What is encrypted.
    pub selector: Option<Selector>,
    /// Whether the MAC covers encrypted values only.
    pub mac_only_encrypted: bool,
}

/// The formats whose indentation a configuration may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
    /// The envelope of a binary file.
    JsonBinary,
}

impl Config {
    /// Reads a configuration. Unknown fields do no harm.
    pub fn parse(text: &str) -> Result<Config, ConfigError> {
        raw::parse(text).map(|raw| Config { raw })
    }

    /// The rule for a path, which is relative to the folder of the configuration. `None` if there are no rules at all.
    ///
    /// # Errors
    /// [`ConfigError::NoMatch`] if there are rules but none for this path; others if the rule cannot be used.
    pub fn creation_rule(&self, path: &str) -> Result<Option<CreationRule>, ConfigError> {
        if self.raw.creation_rules.is_empty() {
            return Ok(None);
        }
        for (number, rule) in (1..).zip(&self.raw.creation_rules) {
            let name = RuleName { kind: "creation", number };
            if rule.path_regex.matches(path).ok_or(ConfigError::PathRegex(name))? {
                return creation_rule(rule, name).map(Some);
            }
        }
        Err(ConfigError::NoMatch)
    }

    /// Where a file is published to.
    ///
    /// # Errors
    /// [`ConfigError::NoDestination`] if no rule matches the path; others if the rule cannot be used.
    pub fn destination_rule(&self, path: &str) -> Result<DestinationRule, ConfigError> {
        for (number, rule) in (1..).zip(&self.raw.destination_rules) {
            let name = RuleName { kind: "destination", number };
            if rule.path_regex.matches(path).ok_or(ConfigError::PathRegex(name))? {
                return destination::rule(rule, name);
            }
        }
        Err(ConfigError::NoDestination)
    }

    /// Spaces a level in a format, as far as the configuration sets it. `None` is the default of the format; for JSON so
    /// is a negative number: a tab.
    pub fn indent(&self, store: Store) -> Option<usize> {
        let stores = &self.raw.stores;
        match store {
            // The original takes 0 for "not set".
            Store::Yaml => usize::try_from(stores.yaml.indent.unwrap_or_default()).ok().filter(|spaces| *spaces > 0),
            Store::Json => usize::try_from(stores.json.indent?).ok(),
            Store::JsonBinary => usize::try_from(stores.json_binary.indent?).ok(),
        }
    }
}

fn creation_rule(rule: &raw::Rule, name: RuleName) -> Result<CreationRule, ConfigError> {
    let selector = Selector::only(rule.selectors()).and_then(|selector| match selector {
        Some(selector) => Rules::new(&selector).map(|_| Some(selector)),
        None => Ok(None),
    });
    Ok(CreationRule {
        number: name.number,
        is_by_path: rule.path_regex.is_given(),
        groups: keys::groups(rule, name)?,
        shamir_threshold: rule.shamir_threshold.filter(|threshold| *threshold != 0),
        selector: selector.map_err(|cause| ConfigError::Selector { rule: name, cause })?,
        mac_only_encrypted: rule.mac_only_encrypted.unwrap_or(false),
    })
}
