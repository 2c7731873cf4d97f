//! What the commands besides `run` have in common: how they find the cluster, how they print, and how they end. They act with
//! the rights of whoever calls them, and write nothing that their help does not name.

use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use kube::Client;

use crate::run::{cluster_config, own_namespace};
use crate::settings::{Settings, key_prefix};

/// Exit codes, as the help prints them.
pub const EXIT_CODES: &str =
    "Exit codes: 0 all is well, 1 could not be done, 2 wrong flags, 3 done, and something is not as it should be";

/// Where the cluster and the sealing keys are.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub struct ClusterArguments {
    /// The namespace of the sealing keys. In a pod: the pod's own; elsewhere that of the kubeconfig's context.
    #[arg(long, value_name = "NAMESPACE", env = "STRONGROOM_OPERATOR_NAMESPACE")]
    pub operator_namespace: Option<String>,
    /// The prefix of the names of generated sealing keys: a Secret of just this name is the key of the first version.
    #[arg(long, value_name = "PREFIX", default_value = "sealed-secrets-key", value_parser = key_prefix, env = "STRONGROOM_KEY_PREFIX")]
    pub key_prefix: String,
    /// The kubeconfig file; the usual places when absent.
    #[arg(long, value_name = "FILE", env = "STRONGROOM_KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig file.
    #[arg(long, value_name = "NAME", env = "STRONGROOM_CONTEXT")]
    pub context: Option<String>,
}

/// A cluster and the place of the sealing keys in it.
#[derive(Clone)]
pub struct Cluster {
    /// The API server.
    pub client: Client,
    /// The namespace of the sealing keys.
    pub namespace: String,
    /// The prefix of the names of generated sealing keys.
    pub key_prefix: String,
}

impl ClusterArguments {
    /// Makes a client. Asks nothing of the cluster yet.
    ///
    /// # Errors
    /// There is no kubeconfig, or it cannot be read.
    pub async fn connect(&self) -> Result<Cluster> {
        let settings = Settings {
            operator_namespace: self.operator_namespace.clone(),
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            ..Settings::default()
        };
        let config = cluster_config(&settings).await?;
        let namespace = own_namespace(&settings, &config);
        let client = Client::try_from(config).context("could not make a client for the cluster")?;
        Ok(Cluster { client, namespace, key_prefix: self.key_prefix.clone() })
    }
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is as it should be.
    Good,
    /// The report names something that is not.
    Found,
}

impl Verdict {
    /// `Found` when there is anything.
    pub fn found(anything: bool) -> Verdict {
        if anything { Verdict::Found } else { Verdict::Good }
    }
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> ExitCode {
        match verdict {
            Verdict::Good => ExitCode::SUCCESS,
            Verdict::Found => ExitCode::from(3),
        }
    }
}

/// What is wrong, and what to do next.
#[derive(Debug)]
pub struct Complaint {
    message: String,
    /// The next step.
    pub hint: String,
}

impl Complaint {
    /// A complaint with its hint.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Complaint {
        Complaint { message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Complaint {}

/// Writes data to standard output.
///
/// # Errors
/// It cannot be written.
pub fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).context("could not write to standard output")
}

/// Writes a line of words to standard error.
pub fn say(words: &str) {
    // Where standard error is closed, nobody wants to read it.
    let _closed = writeln!(io::stderr(), "{words}");
}

/// Lines of columns, each as wide as its widest entry but the last.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(text, width)| format!("{text:width$}")).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// A number with its noun: `1 object`, `2 objects`.
pub fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let rows = [["A", "LONG", "C"], ["aaa", "b", "c c"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "A    LONG  C\naaa  b     c c\n");
        assert_eq!(table(&[]), "");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!([0, 1, 2].map(|number| counted(number, "key")), ["0 keys", "1 key", "2 keys"]);
    }
}
