//! The keys of clouds, with what the environment says about them. Nothing is read before a key needs it.

use std::env;
#[cfg(any(feature = "gcp-kms", feature = "vault-transit"))]
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use sops::remote::{Http, HttpSettings};
use sops::{KeyError, KeyId, KeyService};
use zeroize::Zeroizing;

use crate::runtime;

#[cfg(feature = "aws-kms")]
pub(crate) mod aws;
#[cfg(feature = "azure-key-vault")]
mod azure;
#[cfg(feature = "gcp-kms")]
pub(crate) mod gcp;
#[cfg(feature = "vault-transit")]
pub(crate) mod vault;

type Service = Arc<dyn KeyService>;
type Slot = OnceLock<Result<Service, KeyError>>;

/// All of them.
#[derive(Default)]
pub(crate) struct Clouds {
    #[cfg(feature = "aws-kms")]
    aws: Slot,
    #[cfg(feature = "gcp-kms")]
    gcp: Slot,
    #[cfg(feature = "azure-key-vault")]
    azure: Slot,
    #[cfg(feature = "vault-transit")]
    vault: Slot,
}

impl Clouds {
    fn service(&self, key: &KeyId) -> Result<Service, KeyError> {
        match key {
            #[cfg(feature = "aws-kms")]
            KeyId::AwsKms(_) => self.aws.get_or_init(aws::service).clone(),
            #[cfg(feature = "gcp-kms")]
            KeyId::GcpKms(_) => self.gcp.get_or_init(gcp::service).clone(),
            #[cfg(feature = "azure-key-vault")]
            KeyId::AzureKeyVault(_) => self.azure.get_or_init(azure::service).clone(),
            #[cfg(feature = "vault-transit")]
            KeyId::VaultTransit(_) => self.vault.get_or_init(vault::service).clone(),
            other => Err(KeyError::Unsupported(other.kind().to_owned())),
        }
    }
}

#[async_trait]
impl KeyService for Clouds {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        let service = self.service(key)?;
        let (key, plaintext) = (key.clone(), Zeroizing::new(plaintext.to_vec()));
        runtime::spawn(async move { service.wrap(&key, &plaintext).await }).await
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let service = self.service(key)?;
        let (key, enc) = (key.clone(), enc.to_owned());
        runtime::spawn(async move { service.unwrap(&key, &enc).await }).await
    }
}

/// Gives keys of Azure that name no version their newest one: a file keeps which version it was encrypted with.
pub(crate) async fn with_versions(keys: Vec<KeyId>) -> Result<Vec<KeyId>, KeyError> {
    #[cfg(feature = "azure-key-vault")]
    if keys.iter().any(azure::lacks_version) {
        return runtime::spawn(azure::with_versions(keys)).await;
    }
    Ok(keys)
}

/// A variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The client for everything that needs no certificates of its own.
#[cfg(any(feature = "aws-kms", feature = "gcp-kms", feature = "azure-key-vault"))]
fn http() -> Result<Http, KeyError> {
    Http::new(&HttpSettings::default())
}

/// A file that holds a credential or a certificate.
#[cfg(any(feature = "gcp-kms", feature = "vault-transit"))]
fn read(path: &std::path::Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |error| KeyError::NoIdentity(format!("{} could not be read: {error}", path.display()));
    fs::read(path).map(Zeroizing::new).map_err(failed)
}

#[cfg(any(feature = "gcp-kms", feature = "vault-transit"))]
fn home(name: &str) -> PathBuf {
    env::home_dir().unwrap_or_default().join(name)
}
