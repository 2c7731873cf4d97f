//! What `sops` has and this build has not.

use std::path::Path;

use clap::Args;

use crate::failure::{Failure, code};

const HINT: &str = "`sops-rs --help` lists what there is; files of `sops` and `sops-rs` open in each other";

/// Subcommands of `sops` that would otherwise be taken for files.
const COMMANDS: [&str; 13] = [
    "edit",
    "set",
    "unset",
    "rotate",
    "updatekeys",
    "groups",
    "exec-env",
    "exec-file",
    "publish",
    "keyservice",
    "filestatus",
    "completion",
    "help",
];

/// Flags that are understood and refused, and some that change nothing here.
#[derive(Args, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct Later {
    #[arg(short, long, env = "SOPS_KMS_ARN", hide = true)]
    kms: Option<String>,
    #[arg(short, long, env = "SOPS_PGP_FP", hide = true)]
    pgp: Option<String>,
    #[arg(long, env = "SOPS_GCP_KMS_IDS", hide = true)]
    gcp_kms: Option<String>,
    #[arg(long, env = "SOPS_HUAWEICLOUD_KMS_IDS", hide = true)]
    hckms: Option<String>,
    #[arg(long, env = "SOPS_AZURE_KEYVAULT_URLS", hide = true)]
    azure_kv: Option<String>,
    #[arg(long, env = "SOPS_VAULT_URIS", hide = true)]
    hc_vault_transit: Option<String>,
    #[arg(long, hide = true)]
    aws_profile: Option<String>,
    #[arg(long, hide = true)]
    encryption_context: Option<String>,
    #[arg(long, hide = true)]
    shamir_secret_sharing_threshold: Option<String>,
    #[arg(long, env = "SOPS_KEYSERVICE", hide = true)]
    keyservice: Option<String>,
    #[arg(long, hide = true)]
    set: Option<String>,
    #[arg(short, long, hide = true)]
    rotate: bool,
    #[arg(short, long, hide = true)]
    show_master_keys: bool,
    /// Changes nothing: there is one kind of key.
    #[arg(long, env = "SOPS_DECRYPTION_ORDER", hide = true)]
    decryption_order: Option<String>,
    /// Changes nothing.
    #[arg(long, hide = true)]
    verbose: bool,
    /// Changes nothing.
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    enable_local_keyservice: Option<String>,
    /// Changes nothing: no version is ever looked up.
    #[arg(long, hide = true)]
    disable_version_check: bool,
}

impl Later {
    /// Refuses what would be dropped. Keys to encrypt to do not matter when decrypting.
    pub(super) fn refuse(&self, decrypts: bool) -> Result<(), Failure> {
        let recipients = [
            ("--kms", &self.kms),
            ("--pgp", &self.pgp),
            ("--gcp-kms", &self.gcp_kms),
            ("--hckms", &self.hckms),
            ("--azure-kv", &self.azure_kv),
            ("--hc-vault-transit", &self.hc_vault_transit),
            ("--aws-profile", &self.aws_profile),
            ("--encryption-context", &self.encryption_context),
            ("--shamir-secret-sharing-threshold", &self.shamir_secret_sharing_threshold),
        ];
        let always = [("--keyservice", &self.keyservice), ("--set", &self.set)];
        let given = |flag: &Option<String>| flag.as_deref().is_some_and(|text| !text.is_empty());
        let values = recipients.into_iter().filter(|_| !decrypts).chain(always);
        let found = values.filter(|(_, flag)| given(flag)).map(|(name, _)| name).next();
        let switch = [("--rotate", self.rotate), ("--show-master-keys", self.show_master_keys)];
        match found.or_else(|| switch.into_iter().find(|(_, on)| *on).map(|(name, _)| name)) {
            Some(name) => Err(Failure::new(code::GENERIC, format!("{name} is not supported yet")).hint(HINT)),
            None => Ok(()),
        }
    }
}

/// A file but nothing to do with it, which in `sops` opens an editor.
pub(super) fn without_mode(file: &Path) -> Failure {
    let word = file.to_string_lossy();
    if COMMANDS.contains(&word.as_ref()) && !file.exists() {
        return Failure::new(code::GENERIC, format!("`{word}` is not supported yet")).hint(HINT);
    }
    Failure::new(code::GENERIC, "editing is not supported yet").hint("say --encrypt or --decrypt")
}
