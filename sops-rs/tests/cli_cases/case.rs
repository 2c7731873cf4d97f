//! The files of `tests/cli`: YAML streams, a document for each case.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// A folder and what is done in it, one step after the other. In all texts `{recipient}` is a recipient whose identity
/// is at hand, `{stranger}` one whose is not, and `{here}` the folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What it shows.
    pub(crate) about: String,
    /// Variables for both programs.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    /// Files by name.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    /// Names of files that the original encrypts to `{recipient}` before the first step.
    #[serde(default)]
    pub(crate) encrypted: Vec<String>,
    /// Of such files, the start of the one line that is taken out of each before the first step; spaces in front of it
    /// do not count.
    #[serde(default)]
    pub(crate) removed: BTreeMap<String, String>,
    pub(crate) steps: Vec<Step>,
}

/// One run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// What is special about it.
    #[serde(default)]
    pub(crate) about: String,
    /// The words behind the name of the program.
    pub(crate) run: Vec<String>,
    #[serde(default)]
    pub(crate) stdin: String,
    /// The exit code.
    #[serde(default)]
    pub(crate) code: i32,
    /// Standard output under the mask.
    pub(crate) stdout: Option<String>,
    /// What standard output must have.
    #[serde(default)]
    pub(crate) shows: Vec<String>,
    /// What standard error must have.
    #[serde(default)]
    pub(crate) stderr: Vec<String>,
    /// What neither output may have.
    #[serde(default)]
    pub(crate) never: Vec<String>,
    /// Files under the mask, after the step.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    /// What the original does.
    #[serde(default)]
    pub(crate) original: Original,
}

/// What the original does with the same step.
#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Original {
    /// The same.
    #[default]
    Same,
    /// Something else on purpose: it ends with this code.
    Ends {
        /// The code.
        code: i32,
    },
    /// It has nothing of the kind.
    Skipped,
}

/// The cases of a file.
pub(crate) fn read(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).unwrap();
    serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
