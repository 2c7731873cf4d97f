//! Azure: which credentials there are, in the order of the original. The program `az` is run on request only.

use std::path::PathBuf;
use std::sync::Arc;

use sops::master_key::azure_key_vault::AzureKeyVault;
use sops::remote::azure::{AzureCredentials, AzureTokens};
use sops::{KeyError, KeyId};
use zeroize::Zeroizing;

use super::{Service, http, variable};
use crate::chance::now;

pub(super) fn service() -> Result<Service, KeyError> {
    Ok(Arc::new(client()?))
}

fn client() -> Result<AzureKeyVault, KeyError> {
    let http = http()?;
    let authority = variable("AZURE_AUTHORITY_HOST").unwrap_or_else(|| "https://login.microsoftonline.com".to_owned());
    let tokens = AzureTokens::new(http.clone(), now, (&authority, credentials()))?;
    Ok(AzureKeyVault::new(http, tokens))
}

fn credentials() -> AzureCredentials {
    let asked = variable("AZURE_TOKEN_CREDENTIALS").unwrap_or_default();
    if asked.eq_ignore_ascii_case("AzureCLICredential") || asked.eq_ignore_ascii_case("dev") {
        return AzureCredentials::Program;
    }
    let client = variable("AZURE_CLIENT_ID");
    if let (Some(tenant), Some(client)) = (variable("AZURE_TENANT_ID"), client.clone()) {
        if let Some(secret) = variable("AZURE_CLIENT_SECRET") {
            return AzureCredentials::ClientSecret { tenant, client, secret: Zeroizing::new(secret) };
        }
        if let Some(file) = variable("AZURE_FEDERATED_TOKEN_FILE") {
            return AzureCredentials::Workload { tenant, client, file: PathBuf::from(file) };
        }
    }
    AzureCredentials::ManagedIdentity { service: "http://169.254.169.254".to_owned(), client }
}

pub(super) fn lacks_version(key: &KeyId) -> bool {
    matches!(key, KeyId::AzureKeyVault(key) if key.version.is_empty())
}

pub(super) async fn with_versions(keys: Vec<KeyId>) -> Result<Vec<KeyId>, KeyError> {
    let client = client()?;
    let mut complete = Vec::with_capacity(keys.len());
    for key in keys {
        complete.push(match key {
            KeyId::AzureKeyVault(key) => KeyId::AzureKeyVault(client.with_version(&key).await?),
            other => other,
        });
    }
    Ok(complete)
}
