//! Flags of `rotate` that add and remove master keys.

use clap::Args;

/// Keys to add to the first key group, and keys to remove from all of them. Texts are lists with commas.
#[derive(Args, Clone, Default)]
pub(crate) struct ChangeFlags {
    /// Add age recipients
    #[arg(long, value_name = "RECIPIENTS", help_heading = "Keys")]
    pub(crate) add_age: Vec<String>,
    /// Remove age recipients
    #[arg(long, value_name = "RECIPIENTS", help_heading = "Keys")]
    pub(crate) rm_age: Vec<String>,
    #[arg(long, help = "Add OpenPGP keys by fingerprint", value_name = "FINGERPRINTS", help_heading = "Keys")]
    pub(crate) add_pgp: Vec<String>,
    #[arg(long, help = "Remove OpenPGP keys by fingerprint", value_name = "FINGERPRINTS", help_heading = "Keys")]
    pub(crate) rm_pgp: Vec<String>,
    /// Add keys of AWS KMS
    #[arg(long, value_name = "ARNS", help_heading = "Keys")]
    pub(crate) add_kms: Vec<String>,
    /// Remove keys of AWS KMS
    #[arg(long, value_name = "ARNS", help_heading = "Keys")]
    pub(crate) rm_kms: Vec<String>,
    /// Add keys of Google Cloud KMS
    #[arg(long, value_name = "PATHS", help_heading = "Keys")]
    pub(crate) add_gcp_kms: Vec<String>,
    /// Remove keys of Google Cloud KMS
    #[arg(long, value_name = "PATHS", help_heading = "Keys")]
    pub(crate) rm_gcp_kms: Vec<String>,
    /// Add keys of Azure Key Vault
    #[arg(long, value_name = "URLS", help_heading = "Keys")]
    pub(crate) add_azure_kv: Vec<String>,
    /// Remove keys of Azure Key Vault
    #[arg(long, value_name = "URLS", help_heading = "Keys")]
    pub(crate) rm_azure_kv: Vec<String>,
    /// Add keys of Vault's transit engine
    #[arg(long, value_name = "URLS", help_heading = "Keys")]
    pub(crate) add_hc_vault_transit: Vec<String>,
    /// Remove keys of Vault's transit engine
    #[arg(long, value_name = "URLS", help_heading = "Keys")]
    pub(crate) rm_hc_vault_transit: Vec<String>,
    /// Add keys of Huawei Cloud KMS, which are kept in files but cannot be used
    #[arg(long, value_name = "IDS", hide = true)]
    pub(crate) add_hckms: Vec<String>,
    /// Remove keys of Huawei Cloud KMS
    #[arg(long, value_name = "IDS", help_heading = "Keys")]
    pub(crate) rm_hckms: Vec<String>,
}

impl ChangeFlags {
    /// Whether any of them was given.
    pub(crate) fn are_given(&self) -> bool {
        let lists = [
            &self.add_age,
            &self.rm_age,
            &self.add_pgp,
            &self.rm_pgp,
            &self.add_kms,
            &self.rm_kms,
            &self.add_gcp_kms,
            &self.rm_gcp_kms,
            &self.add_azure_kv,
            &self.rm_azure_kv,
            &self.add_hc_vault_transit,
            &self.rm_hc_vault_transit,
            &self.add_hckms,
            &self.rm_hckms,
        ];
        lists.into_iter().flatten().any(|text| !text.is_empty())
    }
}
