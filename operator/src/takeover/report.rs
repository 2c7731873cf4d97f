//! What a check has found, for people and for programs.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::secrets::{Effect, What};
use crate::command::{Output, Verdict, counted, print, say, table};

/// What a finding means for the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Weight {
    /// As it should be.
    Fine,
    /// Different, and it does not matter for Secrets.
    Note,
    /// To be done before the switch.
    First,
    /// Something would be different afterwards.
    Change,
    /// It could not be looked at.
    Unknown,
}

impl Weight {
    fn word(self) -> &'static str {
        match self {
            Weight::Fine => "fine",
            Weight::Note => "note",
            Weight::First => "first",
            Weight::Change => "change",
            Weight::Unknown => "unknown",
        }
    }
}

#[derive(Debug, Serialize)]
struct Finding {
    about: &'static str,
    weight: Weight,
    words: String,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
    effects: Vec<Effect>,
}

impl Report {
    pub(super) fn add(&mut self, about: &'static str, weight: Weight, words: impl Into<String>) {
        self.findings.push(Finding { about, weight, words: words.into() });
    }

    /// Takes what would become of each Secret.
    pub(super) fn take(&mut self, effects: Vec<Effect>) {
        let same = effects.iter().filter(|effect| effect.what == What::Same).count();
        let words = format!("{same} of {}: the Secret stays as it is", counted(effects.len(), "SealedSecret"));
        self.add("secrets", Weight::Fine, words);
        for effect in &effects {
            if let Some(words) = effect.words() {
                self.findings.push(Finding { about: "secrets", weight: effect.weight(), words });
            }
        }
        self.effects = effects;
    }

    pub(super) fn verdict(&self) -> Verdict {
        let is_fault = |finding: &Finding| matches!(finding.weight, Weight::Change | Weight::Unknown);
        Verdict::found(self.findings.iter().any(is_fault))
    }

    /// How many Secrets would be written at the start.
    fn writes(&self) -> usize {
        self.effects.iter().filter(|effect| effect.what.writes()).count()
    }

    pub(super) fn print(&self, output: Output) -> Result<()> {
        match output {
            Output::Table => {
                let mut lines = vec![["ABOUT", "", "WHAT"].map(str::to_owned).to_vec()];
                lines.extend(self.findings.iter().map(|finding| {
                    vec![finding.about.to_owned(), finding.weight.word().to_owned(), finding.words.clone()]
                }));
                print(&table(&lines))?;
            }
            Output::Json => {
                let writes = BTreeMap::from([("secrets", self.writes()), ("statuses", self.effects.len())]);
                let findings = self.findings.iter().filter(|finding| finding.about != "secrets").collect::<Vec<_>>();
                let report = json!({ "findings": findings, "secrets": self.effects, "writes": writes });
                print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
            }
        }
        let statuses = counted(self.effects.len(), "status");
        say(&format!(
            "the start would write {} and at most {}; nothing was written now; only SealedSecrets were looked at",
            counted(self.writes(), "Secret"),
            statuses.replace("statuss", "statuses")
        ));
        Ok(())
    }
}
