//! The flags that say what is done with which files: the original's names, short forms, defaults and environment.

use std::path::PathBuf;

use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};
use kubeseal::Scope;

use crate::connection::Connection;
use crate::go_flag::{self, Words};
use crate::ignored_flags::IgnoredFlags;
use crate::program;

const EXAMPLES: &str = "\
Examples:
  Seal for the controller of the current cluster:
    PROGRAM --format yaml < secret.yaml > sealed-secret.yaml

  Fetch the certificate once, then seal without a cluster:
    PROGRAM --fetch-cert > cert.pem
    PROGRAM --cert cert.pem -f secret.yaml -w sealed-secret.yaml

  Seal one value:
    printf %s \"$PASSWORD\" | PROGRAM --raw --cert cert.pem --namespace shop --name db

  Change or add values of a sealed file:
    PROGRAM --merge-into sealed-secret.yaml < secret.yaml

  Ask whether the controller can open a file:
    PROGRAM --validate < sealed-secret.yaml

  Seal a file anew with the controller's newest key:
    PROGRAM --re-encrypt -f sealed-secret.yaml

  Open a file without a cluster, with a backup of the sealing keys:
    PROGRAM --recovery-unseal --recovery-private-key keys.yaml < sealed-secret.yaml

Every flag can be given as a variable: --cert as SEALED_SECRETS_CERT.

Exit status: 0 done, 1 failed, 2 wrong usage. Nothing is written unless all of it succeeded.";

const COMMANDS: &str = "

Commands, instead of flags:
  seal DIR     Seal the Secrets of a folder, and only what has changed
  reseal DIR   Move the SealedSecrets of a folder to the newest certificate
  explain FILE Say why a SealedSecret does not open
`kubeseal-rs COMMAND --help` says more.";

/// Seals Kubernetes Secrets, so that only the controller which holds the key can open them. Reads Secrets (JSON or YAML, one or
/// many documents) from standard input and writes SealedSecrets to standard output.
#[derive(Parser)]
#[command(
    args_override_self = true,
    hide_possible_values = true,
    disable_version_flag = true,
    disable_help_flag = true
)]
pub(crate) struct Args {
    /// Certificate to seal with: a file, or an http, https or file address; no cluster is asked then
    #[arg(long, value_name = "FILE|URL", env = "SEALED_SECRETS_CERT", hide_env_values = true)]
    pub(crate) cert: Option<String>,

    /// Refuse any other certificate than this: SHA256:… as `openssl x509 -noout -fingerprint -sha256` prints it
    #[arg(long, value_name = "FINGERPRINT", env = "SEALED_SECRETS_CERT_FINGERPRINT", hide_env_values = true)]
    pub(crate) cert_fingerprint: Option<String>,

    /// Where the values may be opened: strict, namespace-wide, cluster-wide; strict leaves the choice to the annotations
    /// of the Secret
    #[arg(long, env = "SEALED_SECRETS_SCOPE", default_value = "strict", hide_env_values = true)]
    pub(crate) scope: Scope,

    /// Output format: json, yaml [default: json; with --merge-into that of the file]
    #[arg(short = 'o', long, env = "SEALED_SECRETS_FORMAT", ignore_case = true, hide_env_values = true)]
    pub(crate) format: Option<Format>,

    /// File to read from
    #[arg(short = 'f', long, value_name = "FILE", env = "SEALED_SECRETS_SECRET_FILE", hide_env_values = true)]
    pub(crate) secret_file: Option<PathBuf>,

    /// File to write to, replaced in one step; `.yaml` and `.yml` select the format yaml
    #[arg(short = 'w', long, value_name = "FILE", env = "SEALED_SECRETS_SEALED_SECRET_FILE", hide_env_values = true)]
    pub(crate) sealed_secret_file: Option<PathBuf>,

    /// Name of the SealedSecret, instead of the Secret's own
    #[arg(long, env = "SEALED_SECRETS_NAME", hide_env_values = true)]
    pub(crate) name: Option<String>,

    /// Accept a Secret without data
    #[arg(long, env = "SEALED_SECRETS_ALLOW_EMPTY_DATA", num_args = 0..=1, require_equals = true,
          default_value = "false", default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL",
          value_parser = go_flag::boolean, hide_env_values = true, hide_default_value = true)]
    pub(crate) allow_empty_data: bool,

    /// File to seal with --raw
    #[arg(long, value_name = "[KEY=]FILE", env = "SEALED_SECRETS_FROM_FILE", hide_env_values = true)]
    pub(crate) from_file: Vec<Words>,

    /// Keys for --recovery-unseal: private keys in PEM, or key Secrets as JSON or YAML; may be repeated
    #[arg(long, value_name = "FILE", env = "SEALED_SECRETS_RECOVERY_PRIVATE_KEY", hide_env_values = true)]
    pub(crate) recovery_private_key: Vec<Words>,

    /// Neither use nor keep what is remembered on this machine about sealed values
    #[arg(long, env = "SEALED_SECRETS_NO_CACHE", num_args = 0..=1, require_equals = true,
          default_value = "false", default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL",
          value_parser = go_flag::boolean, hide_env_values = true, hide_default_value = true)]
    pub(crate) no_cache: bool,

    /// Print the version
    // Not the variable: SEALED_SECRETS_VERSION is what people call the version that they install.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true",
          action = ArgAction::Set, value_name = "BOOL", value_parser = go_flag::boolean, hide_default_value = true)]
    pub(crate) version: bool,

    /// Print this help
    #[arg(short, long, action = ArgAction::HelpShort)]
    help: Option<bool>,

    #[command(flatten)]
    pub(crate) modes: Modes,

    #[command(flatten)]
    pub(crate) connection: Connection,

    #[command(flatten)]
    ignored: IgnoredFlags,
}

/// What to do instead of sealing Secrets. Of several the first of this order counts: recovery, validation, re-encryption,
/// certificate, merging, raw.
#[derive(clap::Args)]
#[command(next_help_heading = "Instead of sealing Secrets")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the original")]
pub(crate) struct Modes {
    /// Write the controller's certificate
    #[arg(long, env = "SEALED_SECRETS_FETCH_CERT", num_args = 0..=1, require_equals = true,
          default_value = "false", default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL",
          value_parser = go_flag::boolean, hide_env_values = true, hide_default_value = true)]
    pub(crate) fetch_cert: bool,

    /// Seal the bytes of standard input or of --from-file, and write the sealed value alone
    #[arg(long, env = "SEALED_SECRETS_RAW", num_args = 0..=1, require_equals = true,
          default_value = "false", default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL",
          value_parser = go_flag::boolean, hide_env_values = true, hide_default_value = true)]
    pub(crate) raw: bool,

    /// Seal the values of a Secret into a SealedSecret that exists, for its name, namespace and scope; its file is changed
    #[arg(long, value_name = "FILE", env = "SEALED_SECRETS_MERGE_INTO", hide_env_values = true)]
    pub(crate) merge_into: Option<PathBuf>,

    /// Ask the controller whether it can open SealedSecrets
    #[arg(long, env = "SEALED_SECRETS_VALIDATE", num_args = 0..=1, require_equals = true,
          default_value = "false", default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL",
          value_parser = go_flag::boolean, hide_env_values = true, hide_default_value = true)]
    pub(crate) validate: bool,

    /// Let the controller seal SealedSecrets anew with its newest key; a file given with -f is changed, unless -w names
    /// another
    #[arg(long, env = "SEALED_SECRETS_RE_ENCRYPT", num_args = 0..=1, require_equals = true,
          default_value = "false", default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL",
          value_parser = go_flag::boolean, hide_env_values = true, hide_default_value = true)]
    re_encrypt: bool,

    /// The older name of --re-encrypt
    #[arg(long, env = "SEALED_SECRETS_ROTATE", num_args = 0..=1, require_equals = true,
          default_value = "false", default_missing_value = "true", action = ArgAction::Set, hide = true,
          value_parser = go_flag::boolean)]
    rotate: bool,

    /// Open SealedSecrets with the keys of --recovery-private-key and write the Secrets, in the clear
    #[arg(long, env = "SEALED_SECRETS_RECOVERY_UNSEAL", num_args = 0..=1, require_equals = true,
          default_value = "false", default_missing_value = "true", action = ArgAction::Set, value_name = "BOOL",
          value_parser = go_flag::boolean, hide_env_values = true, hide_default_value = true)]
    pub(crate) recovery_unseal: bool,
}

impl Args {
    /// Reads the command line of this process.
    pub(crate) fn parse() -> Result<Args, clap::Error> {
        let name = program::name();
        let more = if program::is_original() { "" } else { COMMANDS };
        let command = Args::command().name(name).after_help(format!("{}{more}", EXAMPLES.replace("PROGRAM", name)));
        let command = command.mut_args(|flag| flag.hide_env(true));
        Args::from_arg_matches(&command.try_get_matches()?)
    }
}

impl Modes {
    pub(crate) fn re_encrypt(&self) -> bool {
        self.re_encrypt || self.rotate
    }
}

/// What objects are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Json,
    Yaml,
}
