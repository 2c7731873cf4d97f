//! The expression that says which files a rule is for: compiled once, however many files are looked at.

use std::sync::OnceLock;

use regex::Regex;
use serde::Deserialize;

use crate::rules::go_regex;

/// The expression of a rule. An empty one, or none, is for every file.
#[derive(Deserialize, Default)]
#[serde(from = "Option<String>")]
pub(super) struct PathRegex {
    expression: String,
    compiled: OnceLock<Option<Regex>>,
}

impl From<Option<String>> for PathRegex {
    fn from(expression: Option<String>) -> PathRegex {
        PathRegex { expression: expression.unwrap_or_default(), compiled: OnceLock::new() }
    }
}

impl PathRegex {
    /// Whether there is one.
    pub(super) fn is_given(&self) -> bool {
        !self.expression.is_empty()
    }

    /// Whether it finds something in the path; `None` if it does not compile, which is told only for a rule that is
    /// looked at.
    pub(super) fn matches(&self, path: &str) -> Option<bool> {
        if !self.is_given() {
            return Some(true);
        }
        let compiled = self.compiled.get_or_init(|| go_regex::compile(&self.expression));
        Some(compiled.as_ref()?.is_match(path))
    }
}
