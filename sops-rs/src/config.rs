//! `.sops.yaml`: who new files are encrypted to and what of them is, by path.
//!
//! The first rule whose `path_regex` finds something in the path counts. A rule that names keys of a type this build
//! does not have is refused when it counts: a file must not come out with fewer recipients than its rule has. Reads
//! text only; finding the file is the caller's work.

use crate::master_key::age::{AgeError, Recipient};
use crate::rules::{Rules, Selector, SelectorError, go_regex};

mod raw;

#[cfg(test)]
mod tests;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No YAML of this shape.
    #[error("{0}")]
    Syntax(String),
    /// The expression does not compile.
    #[error("path_regex of creation rule {0} is not a valid expression")]
    PathRegex(usize),
    /// The rule has key types this build does not have.
    #[error("creation rule {rule} has {kind}, which is not supported yet")]
    Unsupported {
        /// Number of the rule, from 1.
        rule: usize,
        /// The field.
        kind: &'static str,
    },
    /// An entry of `age` is no recipient.
    #[error("creation rule {rule}: {cause}")]
    Age {
        /// Number of the rule, from 1.
        rule: usize,
        /// What is wrong.
        cause: AgeError,
    },
    /// The selectors of the rule cannot be used.
    #[error("creation rule {rule}: {cause}")]
    Selector {
        /// Number of the rule, from 1.
        rule: usize,
        /// What is wrong.
        cause: SelectorError,
    },
    /// There are rules, but none for this path.
    #[error("no creation rule matches this path")]
    NoMatch,
}

/// The configuration of a tree of files.
pub struct Config {
    raw: raw::Config,
}

/// What the configuration says about one new file.
#[derive(Debug, Default, PartialEq)]
pub struct CreationRule {
    /// Who can open it.
    pub recipients: Vec<Recipient>,
    /// What is encrypted.
    pub selector: Option<Selector>,
    /// Whether the MAC covers encrypted values only.
    pub mac_only_encrypted: bool,
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
            if matches(rule, path).ok_or(ConfigError::PathRegex(number))? {
                return usable(rule, number).map(Some);
            }
        }
        Err(ConfigError::NoMatch)
    }

    /// Spaces a level of YAML.
    pub fn yaml_indent(&self) -> Option<usize> {
        usize::try_from(self.raw.stores.yaml.indent).ok().filter(|spaces| *spaces > 0)
    }

    /// Spaces a level of JSON; `None` for a tab.
    pub fn json_indent(&self) -> Option<usize> {
        self.raw.stores.json.indent.and_then(|spaces| usize::try_from(spaces).ok())
    }
}

fn matches(rule: &raw::Rule, path: &str) -> Option<bool> {
    match rule.path_regex.as_deref() {
        None | Some("") => Some(true),
        Some(expression) => Some(go_regex::compile(expression)?.is_match(path)),
    }
}

fn usable(rule: &raw::Rule, number: usize) -> Result<CreationRule, ConfigError> {
    if let Some(kind) = rule.unsupported() {
        return Err(ConfigError::Unsupported { rule: number, kind });
    }
    let mut recipients = Vec::new();
    for text in rule.age() {
        let parsed = Recipient::parse_list(text).map_err(|cause| ConfigError::Age { rule: number, cause })?;
        recipients.extend(parsed);
    }
    let selector = Selector::only(rule.selectors()).and_then(|selector| match selector {
        Some(selector) => Rules::new(&selector).map(|_| Some(selector)),
        None => Ok(None),
    });
    let selector = selector.map_err(|cause| ConfigError::Selector { rule: number, cause })?;
    Ok(CreationRule { recipients, selector, mac_only_encrypted: rule.mac_only_encrypted.unwrap_or(false) })
}
