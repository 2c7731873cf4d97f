//! Stores of secrets outside the cluster. A provider reads one whole remote secret and says what went wrong in the terms of
//! [`ProviderError`]; choosing a part of it, decoding, caching and trying again are done outside of it. It must never let a
//! word of the store, which may quote a value, get further than its own file.

#[cfg(feature = "aws")]
mod aws;
mod cache;
pub mod credentials;
pub mod decoding;
#[cfg(feature = "vault")]
mod egress;
mod error;
mod fake;
mod guard;
mod json;
pub mod property;
pub mod stores;
#[cfg(feature = "vault")]
mod vault;

use std::sync::Arc;

use async_trait::async_trait;
use crds::{SecretStoreProvider, SecretStoreSpec};
use zeroize::Zeroizing;

pub use error::ProviderError;
pub use property::Content;

use credentials::Surroundings;

use crate::failure::Failure;
use crate::reason::Reason;
use crate::reference::Tenant;

/// Which remote secret, and which version of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RemoteKey {
    /// Its name in the terms of the store.
    pub key: String,
    /// The version in the terms of the store; the current one when `None`.
    pub version: Option<String>,
}

/// A mark of the store's that changes whenever the remote secret does. It says nothing about the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// The mark from the store's own words.
    pub fn new(text: impl Into<String>) -> Version {
        Version(text.into())
    }
}

/// What a store answers. It cannot be printed.
pub enum Read {
    /// The store still holds the version that the caller knows.
    Unchanged,
    /// The whole remote secret.
    Value {
        /// The bytes: a text, or the JSON of a map, as [`Content`] says.
        bytes: Zeroizing<Vec<u8>>,
        /// Its version; `None` where the store keeps none.
        version: Option<Version>,
    },
}

impl Read {
    /// The value, unless its version is the one that the caller knows.
    fn unless_known(bytes: Zeroizing<Vec<u8>>, version: Option<Version>, known: Option<&Version>) -> Read {
        if known.is_some() && known == version.as_ref() { Read::Unchanged } else { Read::Value { bytes, version } }
    }
}

/// Reads secrets from one store.
#[async_trait]
pub trait Reader: Send + Sync {
    /// Reads one remote secret; answers [`Read::Unchanged`] when the store still holds the version `known`.
    async fn read(&self, key: &RemoteKey, known: Option<&Version>) -> Result<Read, ProviderError>;

    /// Reads one remote secret as it is now, where [`Reader::read`] may remember it from a moment ago.
    async fn read_anew(&self, key: &RemoteKey) -> Result<Read, ProviderError> {
        self.read(key, None).await
    }

    /// Finds out whether the store lets us in, without reading a secret.
    async fn check(&self) -> Result<(), ProviderError>;
}

/// A store that can be read. Making one speaks to the cluster for the credentials, but not yet to the store.
#[derive(Clone)]
pub struct Store {
    reader: Arc<dyn Reader>,
    content: Content,
}

impl Store {
    /// What kind of thing a remote secret of this store is.
    pub fn content(&self) -> Content {
        self.content
    }

    /// What reads it.
    pub fn reader(&self) -> &dyn Reader {
        self.reader.as_ref()
    }

    /// Reads one whole remote secret.
    pub async fn read(&self, key: &RemoteKey) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        match self.reader.read(key, None).await? {
            Read::Value { bytes, .. } => Ok(bytes),
            Read::Unchanged => {
                Err(ProviderError::Unexpected { cause: "nothing was known of it, and yet it is unchanged" })
            }
        }
    }

    /// Finds out whether the store lets us in. The failure says what the status of the store should.
    pub async fn validate(&self) -> Result<(), Failure> {
        self.reader.check().await.map_err(|error| error.into_failure("log in"))
    }
}

/// Makes a store out of its description, with neither cache nor retries around it; [`Stores`](stores::Stores) adds those.
#[cfg_attr(
    not(any(feature = "aws", feature = "vault")),
    expect(unused_variables, reason = "the fake store has no credentials")
)]
pub async fn connect(spec: &SecretStoreSpec, tenant: Tenant<'_>, around: &Arc<Surroundings>) -> Result<Store, Failure> {
    let (reader, content): (Arc<dyn Reader>, Content) = match &spec.provider {
        SecretStoreProvider { fake: Some(block), aws: None, vault: None, .. } => {
            (Arc::new(fake::Fake::new(block)?), Content::Text)
        }
        #[cfg(feature = "vault")]
        SecretStoreProvider { vault: Some(block), aws: None, fake: None, .. } => {
            (Arc::new(vault::Vault::connect(block, tenant, around).await?), Content::Map)
        }
        #[cfg(feature = "aws")]
        SecretStoreProvider { aws: Some(block), vault: None, fake: None, .. } => {
            let retries = spec.retry_settings.as_ref().and_then(|settings| settings.max_retries);
            (Arc::new(aws::SecretsManager::connect(block, retries, tenant, around).await?), Content::Text)
        }
        other => return Err(unknown(other)),
    };
    Ok(Store { reader, content })
}

/// Whether the credentials come from the namespace of whoever uses the store. Such a ClusterSecretStore is another store in
/// each namespace, and cannot be checked on its own.
pub fn is_referent(spec: &SecretStoreSpec) -> bool {
    let provider = &spec.provider;
    let vault = provider.vault.iter().flat_map(|block| {
        let auth = block.auth.iter().flat_map(|auth| {
            let kubernetes = auth.kubernetes.iter();
            let secret = kubernetes.clone().filter_map(|auth| auth.secret_ref.as_ref());
            let account = kubernetes.filter_map(|auth| auth.service_account_ref.as_ref());
            let secrets = auth.token_secret_ref.iter().chain(secret).map(|found| &found.namespace);
            secrets.chain(account.map(|found| &found.namespace))
        });
        auth.chain(block.ca_provider.iter().map(|found| &found.namespace))
    });
    let keys = provider.aws.iter().flat_map(|block| &block.auth).flat_map(|auth| &auth.secret_ref);
    let aws = keys.flat_map(|keys| {
        let all = [&keys.access_key_id_secret_ref, &keys.secret_access_key_secret_ref, &keys.session_token_secret_ref];
        all.into_iter().flatten().map(|found| &found.namespace)
    });
    vault.chain(aws).any(|namespace| namespace.as_deref().is_none_or(str::is_empty))
}

fn unknown(provider: &SecretStoreProvider) -> Failure {
    let known =
        [("aws", provider.aws.is_some()), ("fake", provider.fake.is_some()), ("vault", provider.vault.is_some())];
    let named: Vec<&str> = known
        .iter()
        .filter(|(_, given)| *given)
        .map(|(name, _)| *name)
        .chain(provider.other.keys().map(String::as_str))
        .collect();
    match named[..] {
        [] => Failure::lasting(Reason::StoreInvalid, "the store names no provider"),
        [one] => Failure::lasting(Reason::Unsupported, format!("provider `{one}` is not supported")),
        _ => Failure::lasting(Reason::StoreInvalid, "the store names more than one provider"),
    }
}

/// Refuses the fields of a block that are not understood, but for those that have no influence on reading.
#[cfg(any(feature = "aws", feature = "vault"))]
fn refuse_unknown(place: &str, fields: &crds::Open, harmless: &[&str]) -> Result<(), Failure> {
    let is_empty = |value: &serde_json::Value| match value {
        serde_json::Value::Null => true,
        serde_json::Value::Array(items) => items.is_empty(),
        serde_json::Value::Object(fields) => fields.is_empty(),
        serde_json::Value::String(text) => text.is_empty(),
        _ => false,
    };
    match fields.iter().find(|(name, value)| !harmless.contains(&name.as_str()) && !is_empty(value)) {
        Some((name, _)) => Err(Failure::lasting(Reason::Unsupported, format!("`{place}.{name}` is not supported"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
