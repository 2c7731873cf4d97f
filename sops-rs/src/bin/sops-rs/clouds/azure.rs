//! Azure: which credentials there are, in the order of the original. The program `az` is run on request only.

use std::path::PathBuf;
use std::sync::Arc;

use sops::master_key::azure_key_vault::AzureKeyVault;
use sops::remote::azure::{AzureCredentials, AzureTokens};
use sops::{KeyError, KeyId};
use zeroize::Zeroizing;

use super::{Service, http, variable};
use crate::chance::now;
use crate::lookup;

pub(super) fn service() -> Result<Service, KeyError> {
    Ok(Arc::new(client()?))
}

fn client() -> Result<AzureKeyVault, KeyError> {
    let http = http()?;
    let authority = variable("AZURE_AUTHORITY_HOST").unwrap_or_else(|| "https://login.microsoftonline.com".to_owned());
    let tokens = AzureTokens::new(http.clone(), now, (&authority, credentials()?))?;
    Ok(AzureKeyVault::new(http, tokens))
}

fn credentials() -> Result<AzureCredentials, KeyError> {
    let asked = variable("AZURE_TOKEN_CREDENTIALS").unwrap_or_default();
    if asked.eq_ignore_ascii_case("AzureCLICredential") || asked.eq_ignore_ascii_case("dev") {
        let path = lookup::program("az".as_ref());
        let path = path.ok_or_else(|| KeyError::NoIdentity("`az` is not on the search path".to_owned()))?;
        return Ok(AzureCredentials::Program(path));
    }
    let client = variable("AZURE_CLIENT_ID");
    if let (Some(tenant), Some(client)) = (variable("AZURE_TENANT_ID"), client.clone()) {
        if let Some(secret) = variable("AZURE_CLIENT_SECRET") {
            return Ok(AzureCredentials::ClientSecret { tenant, client, secret: Zeroizing::new(secret) });
        }
        if let Some(file) = variable("AZURE_FEDERATED_TOKEN_FILE") {
            return Ok(AzureCredentials::Workload { tenant, client, file: PathBuf::from(file) });
        }
    }
    managed_identity(client, variable)
}

/// The identity of what this runs in, by the variables that it sets. Of those that are not supported none is asked: the
/// metadata service of a machine would hand out the identity of another.
fn managed_identity(
    client: Option<String>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<AzureCredentials, KeyError> {
    let unsupported = |place: &str| {
        let words = format!(
            "the managed identity of {place} is not supported: set AZURE_TENANT_ID, AZURE_CLIENT_ID and a credential"
        );
        Err(KeyError::NoIdentity(words))
    };
    match (variable("IDENTITY_ENDPOINT"), variable("IDENTITY_HEADER")) {
        (Some(_), Some(_)) if variable("IDENTITY_SERVER_THUMBPRINT").is_some() => unsupported("Service Fabric"),
        (Some(endpoint), Some(header)) => {
            Ok(AzureCredentials::AppService { endpoint, header: Zeroizing::new(header), client })
        }
        _ if variable("MSI_ENDPOINT").is_some() => unsupported("Azure Machine Learning or Cloud Shell (MSI_ENDPOINT)"),
        (Some(_), None) => unsupported("Azure Arc (IDENTITY_ENDPOINT without IDENTITY_HEADER)"),
        _ => Ok(AzureCredentials::ManagedIdentity { service: "http://169.254.169.254".to_owned(), client }),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(set: &[(&str, &str)]) -> Result<AzureCredentials, KeyError> {
        let value = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        managed_identity(None, value)
    }

    #[test]
    fn the_place_decides_who_hands_out_its_identity() {
        assert!(matches!(identity(&[]), Ok(AzureCredentials::ManagedIdentity { .. })));
        let endpoint = ("IDENTITY_ENDPOINT", "http://127.0.0.1:41056/msi/token");
        let header = ("IDENTITY_HEADER", "hunter2");
        assert!(matches!(identity(&[endpoint, header]), Ok(AzureCredentials::AppService { .. })));
        for (set, place) in [
            (&[endpoint, header, ("IDENTITY_SERVER_THUMBPRINT", "1F")][..], "Service Fabric"),
            (&[("MSI_ENDPOINT", "http://127.0.0.1:1")], "Cloud Shell"),
            (&[endpoint], "Azure Arc"),
        ] {
            let Err(KeyError::NoIdentity(words)) = identity(set) else { panic!("{place} is asked") };
            assert!(words.contains(place) && !words.contains("hunter2"), "{words}");
        }
    }
}
