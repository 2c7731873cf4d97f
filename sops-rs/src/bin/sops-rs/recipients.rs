//! The master keys that flags name.

use std::collections::HashSet;

use sops::KeyId;
use sops::config::CreationRule;
use sops::master_key::AwsKmsKey;
use sops::master_key::text::{KeyType, parse_context};

use crate::args::changes::ChangeFlags;
use crate::args::keys::{AwsFlags, GroupKeyFlags, KeyFlags};
#[cfg(feature = "remote")]
use crate::clouds;
use crate::failure::{Failure, code, visible_line};
#[cfg(feature = "remote")]
use crate::services::wait;

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

/// The keys of a creation rule. The encryption context of the command line goes with AWS keys that have none.
pub(crate) fn of_rule(rule: &CreationRule, aws: &AwsFlags) -> Result<Vec<Vec<KeyId>>, Failure> {
    let context = context(aws)?;
    let mut groups = complete(rule)?;
    for key in groups.iter_mut().flatten() {
        if let KeyId::AwsKms(key) = key
            && key.context.is_empty()
        {
            key.context.clone_from(&context);
        }
    }
    Ok(groups)
}

/// The keys of a creation rule with all that a file keeps about them.
pub(crate) fn complete(rule: &CreationRule) -> Result<Vec<Vec<KeyId>>, Failure> {
    rule.groups.iter().cloned().map(with_versions).collect()
}

/// Looks up the versions of keys that have some and name none.
#[cfg(feature = "remote")]
fn with_versions(keys: Vec<KeyId>) -> Result<Vec<KeyId>, Failure> {
    wait(clouds::with_versions(keys)).map_err(|error| Failure::new(code::GENERIC, visible_line(&error.to_string())))
}

#[cfg(not(feature = "remote"))]
#[expect(clippy::unnecessary_wraps, reason = "the same as with remote keys")]
fn with_versions(keys: Vec<KeyId>) -> Result<Vec<KeyId>, Failure> {
    Ok(keys)
}

fn context(aws: &AwsFlags) -> Result<Vec<(String, String)>, Failure> {
    parse_context(aws.context()).map_err(|error| {
        Failure::new(code::BAD_CONTEXT, error.to_string()).hint("for example --encryption-context App:web,Env:prod")
    })
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
        let context = context(aws)?;
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
                keys.extend(parsed.map_err(|error| Failure::new(code::GENERIC, visible_line(&error.to_string())))?);
            }
        }
        let mut names = HashSet::new();
        keys.retain(|key| names.insert((key.kind().to_owned(), key.name())));
        with_versions(keys)
    }
}

#[cfg(test)]
mod tests {
    use sops::KeyId;
    use sops::config::Config;

    use super::{added, of_file, of_rule};
    use crate::args::changes::ChangeFlags;
    use crate::args::keys::{AwsFlags, KeyFlags};

    /// Flags as the command line gives them.
    fn flags<T: clap::Args>(words: &[&str]) -> T {
        let command = T::augment_args(clap::Command::new("").no_binary_name(true));
        T::from_arg_matches(&command.try_get_matches_from(words).unwrap()).ok().unwrap()
    }

    fn names(keys: &[KeyId]) -> Vec<String> {
        keys.iter().map(KeyId::name).collect()
    }

    #[test]
    fn every_kind_of_key_has_its_flag() {
        let keys: KeyFlags = flags(&[
            "--age=age1a,age1b",
            "--age=age1a",
            "--pgp=AB CD",
            "--kms=arn:aws:kms:eu-west-1:1:key/x+arn:aws:iam::1:role/r",
            "--gcp-kms=projects/p",
            "--azure-kv=https://v.vault.azure.net/keys/k/1",
            "--hc-vault-transit=http://127.0.0.1:8200/v1/transit/keys/k",
            "--hckms=region:id",
        ]);
        let aws: AwsFlags = flags(&["--encryption-context=b:2,a:1", "--aws-profile=dev"]);
        assert_eq!(
            names(&of_file(&keys, &aws).unwrap()),
            [
                "arn:aws:kms:eu-west-1:1:key/x+arn:aws:iam::1:role/r|a:1,b:2|dev",
                "projects/p",
                "region:id",
                "https://v.vault.azure.net/keys/k/1",
                "ABCD",
                "http://127.0.0.1:8200/v1/transit/keys/k",
                "age1a",
                "age1b",
            ]
        );
        let changes: ChangeFlags = flags(&["--add-age=age1a", "--rm-age=age1b"]);
        assert_eq!(names(&added(&changes, &AwsFlags::default()).unwrap()), ["age1a"]);
    }

    #[test]
    fn a_context_that_cannot_be_read_is_an_error() {
        let aws: AwsFlags = flags(&["--encryption-context=a"]);
        assert_eq!(of_file(&KeyFlags::default(), &aws).err().unwrap().code, 6);
        assert_eq!(added(&ChangeFlags::default(), &aws).err().unwrap().code, 6);
    }

    #[test]
    fn the_context_of_the_command_line_goes_with_the_keys_of_the_rule() {
        let config = Config::parse("creation_rules:\n  - kms: arn:x\n    age: age1a\n").ok().unwrap();
        let rule = config.creation_rule("a.yaml").ok().flatten().unwrap();
        let aws: AwsFlags = flags(&["--encryption-context=a:1"]);
        let mut names = names(&of_rule(&rule, &aws).unwrap()[0]);
        names.sort();
        assert_eq!(names, ["age1a", "arn:x|a:1"]);
    }
}
