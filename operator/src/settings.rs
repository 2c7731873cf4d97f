//! What `strongroom run` can be told, by flag or environment. Every flag has a default that is safe in a cluster.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::name::ObjectName;
use go_syntax::address;

pub mod environment;
pub mod go_syntax;
mod sealed_secrets;

pub use sealed_secrets::{KeyOrder, SealedSecretsSettings};

/// A family of kinds that can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Family {
    /// `SealedSecret` and the sealing keys.
    SealedSecrets,
    /// `SopsSecret`.
    Sops,
    /// `ExternalSecret` and the stores.
    ExternalSecrets,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Flags of `strongroom run`.
#[derive(Clone, Debug, Args)]
pub struct Settings {
    /// Watch only this namespace; may be given several times. All namespaces when absent.
    #[arg(long = "namespace", value_name = "NAMESPACE", env = "STRONGROOM_NAMESPACE", value_delimiter = ',')]
    pub namespaces: Vec<String>,
    /// The namespace of the sealing keys, the lease and the proof key. In a pod: the pod's own.
    #[arg(long, value_name = "NAMESPACE", env = "STRONGROOM_OPERATOR_NAMESPACE")]
    pub operator_namespace: Option<String>,
    /// Switch a family of kinds off; may be given several times.
    #[arg(long = "disable", value_name = "FAMILY", env = "STRONGROOM_DISABLE", value_delimiter = ',')]
    pub disabled: Vec<Family>,
    /// Where /healthz, /readyz, /metrics and /v1 are served.
    #[arg(long, value_name = "ADDRESS", default_value = ":8080", value_parser = address, env = "STRONGROOM_LISTEN_ADDR")]
    pub listen_addr: SocketAddr,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t, env = "STRONGROOM_LOG_FORMAT")]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug, or a filter such as `strongroom=debug`.
    #[arg(long, value_name = "FILTER", default_value = "info", env = "STRONGROOM_LOG_LEVEL")]
    pub log_level: String,
    /// How many objects of each kind are worked on at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 16, env = "STRONGROOM_WORKERS")]
    pub workers: usize,
    /// The prefix of the names of generated sealing keys.
    #[arg(long, value_name = "PREFIX", default_value = "sealed-secrets-key", value_parser = key_prefix, env = "STRONGROOM_KEY_PREFIX")]
    pub key_prefix: String,
    /// The size of generated sealing keys, in bits.
    #[arg(long, value_name = "BITS", default_value_t = 4096, env = "STRONGROOM_KEY_SIZE",
          value_parser = clap::value_parser!(u32).range(2048..=8192))]
    pub key_size: u32,
    /// Generate a sealing key although SealedSecrets exist that no present key opens.
    #[arg(long, env = "STRONGROOM_ALLOW_NEW_KEY")]
    pub allow_new_key: bool,
    /// The Secret with age identities (`*.agekey`) for SopsSecrets that name none.
    #[arg(long, value_name = "NAMESPACE/NAME", env = "STRONGROOM_SOPS_AGE_SECRET")]
    pub sops_age_secret: Option<ObjectName>,
    /// The kubeconfig file; the usual places when absent.
    #[arg(long, value_name = "FILE", env = "STRONGROOM_KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig file.
    #[arg(long, value_name = "NAME", env = "STRONGROOM_CONTEXT")]
    pub context: Option<String>,
    /// What the Sealed Secrets controller could be told.
    #[command(flatten)]
    pub sealed_secrets: SealedSecretsSettings,
}

/// The longest prefix that leaves room for the suffix of a generated name.
const LONGEST_PREFIX: usize = 245;

pub(crate) fn key_prefix(text: &str) -> Result<String, String> {
    let is_fit = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if text.len() > LONGEST_PREFIX || !text.chars().all(is_fit) {
        return Err(format!("expected at most {LONGEST_PREFIX} of the characters a-z, 0-9 and `-`"));
    }
    Ok(text.to_owned())
}

impl Default for Settings {
    /// What the flags are when none is given.
    fn default() -> Self {
        #[derive(clap::Parser)]
        struct Defaults {
            #[command(flatten)]
            settings: Settings,
        }
        <Defaults as clap::Parser>::parse_from(["strongroom"]).settings
    }
}

impl Settings {
    /// Narrows the namespaces to those that the flags of the Sealed Secrets controller ask for.
    pub fn narrow(&mut self, own: &str) {
        self.namespaces.extend(self.sealed_secrets.namespaces(own));
        self.namespaces.sort_unstable();
        self.namespaces.dedup();
    }

    /// Whether a family of kinds is served.
    pub fn serves(&self, family: Family) -> bool {
        !self.disabled.contains(&family)
    }
}
