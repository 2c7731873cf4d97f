//! The master keys that flags name.

use std::collections::HashSet;

use sops::KeyId;
use sops::master_key::AwsKmsKey;
use sops::master_key::text::{KeyType, parse_context};

use crate::args::changes::ChangeFlags;
use crate::args::keys::{AwsFlags, GroupKeyFlags, KeyFlags};
use crate::failure::{Failure, code};

/// The keys of a new file. Empty if the flags name none.
pub(crate) fn of_file(flags: &KeyFlags, aws: &AwsFlags) -> Result<Vec<KeyId>, Failure> {
    let texts = Texts {
        age: &flags.age,
        pgp: &flags.pgp,
        kms: &flags.kms,
        gcp_kms: &flags.gcp_kms,
        azure_kv: &flags.azure_kv,
        hc_vault_transit: &flags.hc_vault_transit,
        hckms: &flags.hckms,
    };
    texts.keys(aws)
}

/// The keys of one more group.
pub(crate) fn of_group(flags: &GroupKeyFlags, aws: &AwsFlags) -> Result<Vec<KeyId>, Failure> {
    let texts = Texts {
        age: &flags.age,
        pgp: &flags.pgp,
        kms: &flags.kms,
        gcp_kms: &flags.gcp_kms,
        azure_kv: &flags.azure_kv,
        hc_vault_transit: &flags.hc_vault_transit,
        hckms: &flags.hckms,
    };
    texts.keys(aws)
}

/// The keys that `rotate` adds.
pub(crate) fn added(flags: &ChangeFlags, aws: &AwsFlags) -> Result<Vec<KeyId>, Failure> {
    let texts = Texts {
        age: &flags.add_age,
        pgp: &flags.add_pgp,
        kms: &flags.add_kms,
        gcp_kms: &flags.add_gcp_kms,
        azure_kv: &flags.add_azure_kv,
        hc_vault_transit: &flags.add_hc_vault_transit,
        hckms: &flags.add_hckms,
    };
    texts.keys(aws)
}

/// The keys that `rotate` removes.
pub(crate) fn removed(flags: &ChangeFlags, aws: &AwsFlags) -> Result<Vec<KeyId>, Failure> {
    let texts = Texts {
        age: &flags.rm_age,
        pgp: &flags.rm_pgp,
        kms: &flags.rm_kms,
        gcp_kms: &flags.rm_gcp_kms,
        azure_kv: &flags.rm_azure_kv,
        hc_vault_transit: &flags.rm_hc_vault_transit,
        hckms: &flags.rm_hckms,
    };
    texts.keys(aws)
}

/// Lists with commas, one for each time the flag was given.
struct Texts<'a> {
    age: &'a [String],
    pgp: &'a [String],
    kms: &'a [String],
    gcp_kms: &'a [String],
    azure_kv: &'a [String],
    hc_vault_transit: &'a [String],
    hckms: &'a [String],
}

impl Texts<'_> {
    /// The keys, each once, in the order of the original.
    fn keys(&self, aws: &AwsFlags) -> Result<Vec<KeyId>, Failure> {
        let context = parse_context(aws.context()).map_err(|error| {
            Failure::new(code::BAD_CONTEXT, error.to_string()).hint("for example --encryption-context App:web,Env:prod")
        })?;
        let arns = self.kms.iter().flat_map(|arns| AwsKmsKey::parse_list(arns, &context, aws.profile()));
        let mut keys: Vec<KeyId> = arns.collect();
        for (kind, texts) in [
            (KeyType::GcpKms, self.gcp_kms),
            (KeyType::HuaweiKms, self.hckms),
            (KeyType::AzureKeyVault, self.azure_kv),
            (KeyType::Pgp, self.pgp),
            (KeyType::VaultTransit, self.hc_vault_transit),
            (KeyType::Age, self.age),
        ] {
            for text in texts {
                let parsed = KeyId::parse_list(kind, text);
                keys.extend(parsed.map_err(|error| Failure::new(code::GENERIC, error.to_string()))?);
            }
        }
        let mut names = HashSet::new();
        keys.retain(|key| names.insert((key.kind().to_owned(), key.name())));
        Ok(keys)
    }
}
