//! Flags that name master keys.

use clap::Args;

/// Who a new file is encrypted to. Texts are lists with commas; a repeated flag adds.
#[derive(Args, Clone, Default)]
pub(crate) struct KeyFlags {
    /// age recipients, separated by commas
    #[arg(
        short,
        long,
        value_name = "RECIPIENTS",
        env = "SOPS_AGE_RECIPIENTS",
        hide_env_values = true,
        help_heading = "Keys"
    )]
    pub(crate) age: Vec<String>,

    #[arg(
        help = "Fingerprints of OpenPGP keys, separated by commas",
        short,
        long,
        value_name = "FINGERPRINTS",
        env = "SOPS_PGP_FP",
        hide_env_values = true,
        help_heading = "Keys"
    )]
    pub(crate) pgp: Vec<String>,

    /// ARNs of AWS KMS keys, separated by commas
    #[arg(short, long, value_name = "ARNS", env = "SOPS_KMS_ARN", hide_env_values = true, help_heading = "Keys")]
    pub(crate) kms: Vec<String>,

    /// Resource paths of Google Cloud KMS keys, separated by commas
    #[arg(long, value_name = "PATHS", env = "SOPS_GCP_KMS_IDS", hide_env_values = true, help_heading = "Keys")]
    pub(crate) gcp_kms: Vec<String>,

    /// Keys of Azure Key Vault by URL, separated by commas
    #[arg(long, value_name = "URLS", env = "SOPS_AZURE_KEYVAULT_URLS", hide_env_values = true, help_heading = "Keys")]
    pub(crate) azure_kv: Vec<String>,

    /// Keys of the transit engine of Vault by URL, separated by commas
    #[arg(long, value_name = "URLS", env = "SOPS_VAULT_URIS", hide_env_values = true, help_heading = "Keys")]
    pub(crate) hc_vault_transit: Vec<String>,

    /// Keys of Huawei Cloud KMS, separated by commas; kept in files, not usable
    #[arg(long, value_name = "IDS", env = "SOPS_HUAWEICLOUD_KMS_IDS", hide_env_values = true, hide = true)]
    pub(crate) hckms: Vec<String>,

    /// How many key groups are needed to open the file
    #[arg(long, value_name = "COUNT", help_heading = "Keys")]
    pub(crate) shamir_secret_sharing_threshold: Option<i64>,
}

/// The keys of one more group: as [`KeyFlags`], but never from the environment.
#[derive(Args, Clone, Default)]
pub(crate) struct GroupKeyFlags {
    /// age recipients, separated by commas
    #[arg(long, value_name = "RECIPIENTS", help_heading = "Keys")]
    pub(crate) age: Vec<String>,
    #[arg(
        long,
        help = "Fingerprints of OpenPGP keys, separated by commas",
        value_name = "FINGERPRINTS",
        help_heading = "Keys"
    )]
    pub(crate) pgp: Vec<String>,
    /// ARNs of AWS KMS keys, separated by commas
    #[arg(long, value_name = "ARNS", help_heading = "Keys")]
    pub(crate) kms: Vec<String>,
    /// Resource paths of Google Cloud KMS keys, separated by commas
    #[arg(long, value_name = "PATHS", help_heading = "Keys")]
    pub(crate) gcp_kms: Vec<String>,
    /// Keys of Azure Key Vault by URL, separated by commas
    #[arg(long, value_name = "URLS", help_heading = "Keys")]
    pub(crate) azure_kv: Vec<String>,
    /// Keys of the transit engine of Vault by URL, separated by commas
    #[arg(long, value_name = "URLS", help_heading = "Keys")]
    pub(crate) hc_vault_transit: Vec<String>,
    /// Keys of Huawei Cloud KMS, separated by commas; kept in files, not usable
    #[arg(long, value_name = "IDS", hide = true)]
    pub(crate) hckms: Vec<String>,
}

/// What goes with keys of AWS KMS.
#[derive(Args, Clone, Default)]
pub(crate) struct AwsFlags {
    /// Encryption context of AWS KMS keys: name:value, separated by commas
    #[arg(long, value_name = "PAIRS", help_heading = "Keys")]
    encryption_context: Option<String>,
    /// Profile of the AWS configuration for keys of AWS KMS
    #[arg(long, value_name = "PROFILE", help_heading = "Keys")]
    aws_profile: Option<String>,
}

impl AwsFlags {
    /// The encryption context as it was written.
    pub(crate) fn context(&self) -> &str {
        self.encryption_context.as_deref().unwrap_or_default()
    }

    /// The profile; empty for the default chain.
    pub(crate) fn profile(&self) -> &str {
        self.aws_profile.as_deref().unwrap_or_default()
    }
}
