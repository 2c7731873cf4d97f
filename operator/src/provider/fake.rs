//! A store whose secrets stand in the store object itself, for tests and demonstrations. What is put there is no secret.

use std::collections::BTreeMap;

use async_trait::async_trait;
use crds::FakeProvider;
use zeroize::Zeroizing;

use super::{ProviderError, Read, Reader, RemoteKey, Version};
use crate::failure::Failure;
use crate::reason::Reason;

/// The number by which the original's `validationResult` says that all is well.
const READY: u64 = 0;

/// The secrets by name and version.
pub(super) struct Fake {
    data: BTreeMap<(String, Option<String>), Zeroizing<Vec<u8>>>,
    ready: bool,
}

impl Fake {
    /// The store that the block describes. Of two entries with the same name and version the later counts.
    pub(super) fn new(block: &FakeProvider) -> Result<Fake, Failure> {
        let mut data = BTreeMap::new();
        for (index, entry) in block.data.iter().enumerate() {
            let wrong = |what: &str| {
                Err(Failure::lasting(Reason::StoreInvalid, format!("provider.fake.data[{index}] has no {what}")))
            };
            if entry.key.is_empty() {
                return wrong("key");
            }
            let value = match (&entry.value, &entry.value_map) {
                (Some(value), _) => value.0.clone().into_bytes(),
                (None, Some(map)) => {
                    let map: BTreeMap<_, _> = map.iter().map(|(key, value)| (key, &value.0)).collect();
                    serde_json::to_vec(&map).unwrap_or_default()
                }
                (None, None) => return wrong("value"),
            };
            let version = entry.version.clone().filter(|version| !version.is_empty());
            data.insert((entry.key.clone(), version), Zeroizing::new(value));
        }
        let result = block.other.get("validationResult").and_then(serde_json::Value::as_u64);
        Ok(Fake { data, ready: result.is_none_or(|result| result == READY) })
    }
}

#[async_trait]
impl Reader for Fake {
    async fn read(&self, key: &RemoteKey, known: Option<&Version>) -> Result<Read, ProviderError> {
        let value = self.data.get(&(key.key.clone(), key.version.clone())).ok_or(ProviderError::NotFound)?;
        // What has no version of its own may be another value under the same name tomorrow.
        let version = key.version.as_deref().map(Version::new);
        Ok(Read::unless_known(value.clone(), version, known))
    }

    async fn check(&self) -> Result<(), ProviderError> {
        if self.ready { Ok(()) } else { Err(ProviderError::Unexpected { cause: "its validationResult says so" }) }
    }
}
