//! The flags: those of the original that this program has, with their names, short forms, defaults and environment.

use std::path::PathBuf;

use clap::{ArgAction, Parser, ValueEnum};
use kubeseal::Scope;

const EXAMPLES: &str = "\
Examples:
  Seal for the controller of the current cluster:
    kubeseal-rs --format yaml < secret.yaml > sealed-secret.yaml

  Fetch the certificate once, then seal without a cluster:
    kubeseal-rs --fetch-cert > cert.pem
    kubeseal-rs --cert cert.pem -f secret.yaml -w sealed-secret.yaml

  Seal one value:
    printf %s \"$PASSWORD\" | kubeseal-rs --raw --cert cert.pem --namespace shop --name db

Exit status: 0 done, 1 failed, 2 wrong usage. Nothing is written unless everything was sealed.";

/// Seals Kubernetes Secrets, so that only the controller which holds the key can open them.
///
/// Reads Secrets (JSON or YAML, one or many documents) from standard input and writes SealedSecrets to standard output.
#[derive(Debug, Parser)]
#[command(name = "kubeseal-rs", version, after_help = EXAMPLES, args_override_self = true, hide_possible_values = true)]
pub(crate) struct Args {
    /// File with the certificate to seal with; no cluster is asked then
    #[arg(long, value_name = "FILE", env = "SEALED_SECRETS_CERT", hide_env_values = true)]
    pub(crate) cert: Option<String>,

    /// Write the controller's certificate instead of sealing
    #[arg(long, env = "SEALED_SECRETS_FETCH_CERT", num_args = 0..=1, require_equals = true, default_value_t = false,
          default_missing_value = "true", action = ArgAction::Set, hide_env_values = true, hide_default_value = true,
          value_name = "BOOL")]
    pub(crate) fetch_cert: bool,

    /// Where the values may be opened: strict, namespace-wide, cluster-wide; strict leaves the choice to the annotations
    /// of the Secret
    #[arg(long, env = "SEALED_SECRETS_SCOPE", default_value = "strict", hide_env_values = true)]
    pub(crate) scope: Scope,

    /// Output format: json, yaml
    #[arg(
        short = 'o',
        long,
        env = "SEALED_SECRETS_FORMAT",
        default_value = "json",
        ignore_case = true,
        hide_env_values = true
    )]
    pub(crate) format: Format,

    /// Seal the bytes of standard input or of `--from-file`, and write the sealed value alone
    #[arg(long, env = "SEALED_SECRETS_RAW", num_args = 0..=1, require_equals = true, default_value_t = false,
          default_missing_value = "true", action = ArgAction::Set, hide_env_values = true, hide_default_value = true,
          value_name = "BOOL")]
    pub(crate) raw: bool,

    /// File to seal with `--raw`
    #[arg(long, value_name = "[KEY=]FILE", env = "SEALED_SECRETS_FROM_FILE", hide_env_values = true)]
    pub(crate) from_file: Vec<String>,

    /// Name of the SealedSecret, instead of the Secret's own
    #[arg(long, env = "SEALED_SECRETS_NAME", hide_env_values = true)]
    pub(crate) name: Option<String>,

    /// Namespace of Secrets that name none
    #[arg(short, long, env = "SEALED_SECRETS_NAMESPACE", hide_env_values = true)]
    pub(crate) namespace: Option<String>,

    /// File to read Secrets from
    #[arg(short = 'f', long, value_name = "FILE", env = "SEALED_SECRETS_SECRET_FILE", hide_env_values = true)]
    pub(crate) secret_file: Option<PathBuf>,

    /// File to write to, replaced in one step; `.yaml` and `.yml` select the format yaml
    #[arg(short = 'w', long, value_name = "FILE", env = "SEALED_SECRETS_SEALED_SECRET_FILE", hide_env_values = true)]
    pub(crate) sealed_secret_file: Option<PathBuf>,

    /// Accept a Secret without data
    #[arg(long, env = "SEALED_SECRETS_ALLOW_EMPTY_DATA", num_args = 0..=1, require_equals = true,
          default_value_t = false, default_missing_value = "true", action = ArgAction::Set, hide_env_values = true,
          hide_default_value = true, value_name = "BOOL")]
    pub(crate) allow_empty_data: bool,

    /// Namespace of the controller
    #[arg(long, env = "SEALED_SECRETS_CONTROLLER_NAMESPACE", default_value = "kube-system", hide_env_values = true)]
    pub(crate) controller_namespace: String,

    /// Name of the controller's Service
    #[arg(
        long,
        env = "SEALED_SECRETS_CONTROLLER_NAME",
        default_value = "sealed-secrets-controller",
        hide_env_values = true
    )]
    pub(crate) controller_name: String,

    /// Kubeconfig file
    #[arg(long, value_name = "FILE", env = "SEALED_SECRETS_KUBECONFIG", hide_env_values = true)]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// Context of the kubeconfig
    #[arg(long, env = "SEALED_SECRETS_CONTEXT", hide_env_values = true)]
    pub(crate) context: Option<String>,

    #[command(flatten)]
    pub(crate) later: Later,
}

/// Modes of the original that are refused by name instead of as unknown flags.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the original")]
pub(crate) struct Later {
    #[arg(long, hide = true)]
    validate: bool,
    #[arg(long, hide = true)]
    re_encrypt: bool,
    #[arg(long, hide = true)]
    rotate: bool,
    #[arg(long, hide = true)]
    merge_into: Option<PathBuf>,
    #[arg(long, hide = true)]
    recovery_unseal: bool,
    #[arg(long, hide = true)]
    recovery_private_key: Vec<PathBuf>,
}

impl Later {
    /// The flag of a mode that was asked for and does not exist yet.
    pub(crate) fn requested(&self) -> Option<&'static str> {
        [
            (self.recovery_unseal || !self.recovery_private_key.is_empty(), "--recovery-unseal"),
            (self.validate, "--validate"),
            (self.re_encrypt || self.rotate, "--re-encrypt"),
            (self.merge_into.is_some(), "--merge-into"),
        ]
        .into_iter()
        .find_map(|(requested, flag)| requested.then_some(flag))
    }
}

/// What the SealedSecrets are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Json,
    Yaml,
}
