//! The flags of the Sealed Secrets controller, by its names and with its defaults: whoever replaces it changes the image and
//! keeps the arguments. Each is also had as `SEALED_SECRETS_` and its name in upper case: see [`environment`](super::environment).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::go_syntax::{address, boolean, duration, instant, pairs};

/// What makes one sealing key newer than another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum KeyOrder {
    /// The instant from which its certificate is valid.
    #[default]
    #[value(name = "CertNotBefore")]
    CertNotBefore,
    /// The instant at which its Secret was made.
    #[value(name = "SecretCreationTimestamp")]
    SecretCreationTimestamp,
}

/// Flags of the Sealed Secrets controller.
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag of the original that is a boolean")]
#[command(next_help_heading = "Sealed Secrets")]
pub struct SealedSecretsSettings {
    /// How long the certificate of a generated sealing key is valid.
    #[arg(long, value_name = "DURATION", default_value = "87600h", value_parser = duration)]
    pub key_ttl: Duration,
    /// The common name in the certificate of a generated sealing key.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub my_cn: String,
    /// How old the newest sealing key may get before another is generated; 0 for ever.
    #[arg(long, value_name = "DURATION", default_value = "720h", value_parser = duration, alias = "rotate-period")]
    pub key_renew_period: Duration,
    /// What makes one sealing key newer than another.
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    pub key_order_priority: KeyOrder,
    /// Generate a sealing key at the start when the newest is older than this instant (RFC 1123 with a numeric zone).
    #[arg(long, value_name = "TIME", default_value = "", value_parser = instant)]
    pub key_cutoff_time: std::option::Option<Timestamp>,
    /// Labels of generated key Secrets.
    #[arg(long, value_name = "KEY=VALUE,…", default_value = "", value_parser = pairs)]
    pub privatekey_labels: BTreeMap<String, String>,
    /// Annotations of generated key Secrets.
    #[arg(long, value_name = "KEY=VALUE,…", default_value = "", value_parser = pairs)]
    pub privatekey_annotations: BTreeMap<String, String>,
    /// Open `spec.data`, the deprecated first format.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          action = clap::ArgAction::Set, default_value = "true", value_parser = boolean)]
    pub accept_deprecated_v1_data: bool,
    /// Whether every namespace is served; otherwise the operator's own.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          action = clap::ArgAction::Set, default_value = "true", value_parser = boolean)]
    pub all_namespaces: bool,
    /// Serve the operator's own namespace and these.
    #[arg(long, value_name = "NAMESPACE,…", default_value = "")]
    pub additional_namespaces: String,
    /// Serve the SealedSecrets with these labels only.
    #[arg(long, value_name = "SELECTOR", default_value = "")]
    pub label_selector: String,
    /// Write the status of SealedSecrets.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          action = clap::ArgAction::Set, default_value = "true", value_parser = boolean)]
    pub update_status: bool,
    /// Has no effect: key Secrets are always followed.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          action = clap::ArgAction::Set, default_value = "false", value_parser = boolean)]
    pub watch_for_secrets: bool,
    /// Leave a Secret of a SealedSecret that was deleted or edited as it is until the object changes.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          action = clap::ArgAction::Set, default_value = "false", value_parser = boolean)]
    pub skip_recreate: bool,
    /// Has no effect: Secrets are deleted by Kubernetes with their owner.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          action = clap::ArgAction::Set, default_value = "false", value_parser = boolean)]
    pub old_gc_behavior: bool,
    /// Has no effect: retries never end.
    #[arg(long, value_name = "NUMBER", default_value_t = 5, allow_hyphen_values = true)]
    pub max_unseal_retries: i64,
    /// Has no effect: the API server limits its callers itself.
    #[arg(long, value_name = "NUMBER", default_value_t = 5.0, allow_hyphen_values = true)]
    pub kubeclient_qps: f32,
    /// Has no effect: the API server limits its callers itself.
    #[arg(long, value_name = "NUMBER", default_value_t = 10, allow_hyphen_values = true)]
    pub kubeclient_burst: i64,
    /// How many requests a second /v1/verify and /v1/rotate each take from one caller.
    #[arg(long, value_name = "NUMBER", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    pub rate_limit: u32,
    /// How many requests above that they take at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    pub rate_limit_burst: u32,
    /// Where /metrics is served besides --listen-addr.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub listen_metrics_addr: Option<SocketAddr>,
    /// How long a request may take to arrive.
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    pub read_timeout: Duration,
    /// How long an answer may take.
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    pub write_timeout: Duration,
    /// Log to standard output, but warnings and errors to standard error.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          action = clap::ArgAction::Set, default_value = "false", value_parser = boolean)]
    pub log_info_stdout: bool,
    /// Leave namespaces and names of SealedSecrets out of the metrics.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
          action = clap::ArgAction::Set, default_value = "false", value_parser = boolean)]
    pub metrics_omit_secret_labels: bool,
    /// Print the version and exit.
    #[arg(long = "version", value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = clap::ArgAction::Set, default_value = "false", value_parser = boolean)]
    pub print_version: bool,
}

impl SealedSecretsSettings {
    /// The namespaces that these flags ask for; none for all of them.
    pub fn namespaces(&self, own: &str) -> Vec<String> {
        let additional = self.additional_namespaces.split(',').filter(|name| !name.is_empty());
        let mut namespaces: Vec<String> = additional.map(str::to_owned).collect();
        if !self.all_namespaces || !namespaces.is_empty() {
            namespaces.push(own.to_owned());
        }
        namespaces.sort_unstable();
        namespaces.dedup();
        namespaces
    }

    /// What flags that differ from the original's default and mean nothing here come down to.
    pub fn without_effect(&self) -> Vec<&'static str> {
        let mut said = Vec::new();
        let mut say = |given: bool, words| said.extend(given.then_some(words));
        say(self.watch_for_secrets, "--watch-for-secrets: key Secrets are always followed");
        say(
            self.old_gc_behavior,
            "--old-gc-behavior: Kubernetes deletes a Secret with its owner, the operator deletes none",
        );
        say(self.max_unseal_retries != 5, "--max-unseal-retries: retries never end");
        let limits = (self.kubeclient_qps - 5.0).abs() > f32::EPSILON || self.kubeclient_burst != 10;
        say(
            limits,
            "--kubeclient-qps, --kubeclient-burst: the API server limits its callers; --workers bounds calls at once",
        );
        said
    }
}
