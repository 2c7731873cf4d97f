//! The encryption context of AWS KMS as `sops` before 3.3.0 sent it: each name with the value of one of the names
//! (<https://github.com/getsops/sops/pull/435>). The file says the context that was meant, with which its key does not open.

use std::collections::BTreeSet;

use crate::master_key::{AwsKmsKey, KeyId};
use crate::metadata::{Metadata, is_before};

/// The first version without the mistake.
const MENDED: &str = "3.3.0";
/// AWS is asked once for each value, so a file must not bring any number of them.
const MOST_VALUES: usize = 16;

/// The other contexts with which a key of a file of this version may have been wrapped; none for most keys.
pub(super) fn readings(version: &str, key: &KeyId) -> Vec<KeyId> {
    let KeyId::AwsKms(key) = key else { return Vec::new() };
    let values: BTreeSet<&String> = key.context.iter().map(|(_, value)| value).collect();
    if !is_before(version, MENDED) || values.len() < 2 {
        return Vec::new();
    }
    let with = |value: &String| {
        let context = key.context.iter().map(|(name, _)| (name.clone(), value.clone())).collect();
        KeyId::AwsKms(AwsKmsKey { context, ..key.clone() })
    };
    values.into_iter().take(MOST_VALUES).map(with).collect()
}

/// Whether the version of the file still has to tell that such a key is in it.
pub(super) fn may_be_in(metadata: &Metadata) -> bool {
    metadata.master_keys().any(|key| !readings(&metadata.version, &key.id).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(context: &[(&str, &str)]) -> KeyId {
        let context = context.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        KeyId::AwsKms(AwsKmsKey { arn: "arn".to_owned(), context, ..AwsKmsKey::default() })
    }

    #[test]
    fn each_value_may_have_stood_for_all() {
        let meant = key(&[("App", "web"), ("Env", "prod"), ("Team", "web")]);
        let names: Vec<String> = readings("3.2.0", &meant).iter().map(KeyId::name).collect();
        assert_eq!(names, ["arn|App:prod,Env:prod,Team:prod", "arn|App:web,Env:web,Team:web"]);
        for version in ["3.3.0", "3.3.0-rc.1", "3.13.3", "", "x"] {
            assert!(readings(version, &meant).is_empty(), "{version}");
        }
        assert!(readings("3.2.0", &key(&[("App", "web"), ("Env", "web")])).is_empty());
        assert!(readings("3.2.0", &key(&[])).is_empty());
        assert!(readings("3.2.0", &KeyId::Age("age1".to_owned())).is_empty());
    }

    #[test]
    fn the_number_of_calls_is_bounded() {
        let pairs: Vec<(String, String)> =
            (0..1000).map(|number| (format!("k{number}"), format!("v{number}"))).collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(readings("1.0", &key(&pairs)).len(), MOST_VALUES);
    }
}
