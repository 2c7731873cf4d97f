//! Vault: token, namespace, certificates and the servers to trust, by the variables of the program `vault`.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sops::KeyError;
use sops::master_key::vault_transit::VaultTransit;
use sops::remote::vault::{AllowList, Vault, VaultSettings};
use sops::remote::{Http, HttpSettings};
use zeroize::Zeroizing;

use super::{Service, home, read, variable};

pub(super) fn service() -> Result<Service, KeyError> {
    let allowed = AllowList::parse(variable("SOPS_HC_VAULT_ALLOWLIST").as_deref(), variable("VAULT_ADDR").as_deref())?;
    Ok(Arc::new(VaultTransit::new(client(allowed)?)))
}

/// A client that shows the user's token to these servers.
pub(crate) fn client(allowed: AllowList) -> Result<Vault, KeyError> {
    if variable("VAULT_TLS_SERVER_NAME").is_some() {
        return Err(KeyError::Malformed("VAULT_TLS_SERVER_NAME is not supported".to_owned()));
    }
    let settings = HttpSettings {
        authorities: authorities()?,
        identity: identity()?,
        accept_any_certificate: is_true("VAULT_SKIP_VERIFY"),
        timeout: variable("VAULT_CLIENT_TIMEOUT").map(|text| seconds(&text)).transpose()?,
        ..HttpSettings::default()
    };
    let settings_of_user = VaultSettings { token: token(), namespace: variable("VAULT_NAMESPACE"), allowed };
    Ok(Vault::new(Http::new(&settings)?, settings_of_user))
}

/// The address of the server the user works with.
pub(crate) fn address() -> String {
    variable("VAULT_ADDR").unwrap_or_else(|| "https://127.0.0.1:8200".to_owned())
}

fn token() -> Option<Zeroizing<String>> {
    let file = || fs::read_to_string(home(".vault-token")).ok();
    variable("VAULT_TOKEN").or_else(file).map(Zeroizing::new).filter(|token| !token.trim().is_empty())
}

fn authorities() -> Result<Vec<Zeroizing<Vec<u8>>>, KeyError> {
    if let Some(pem) = variable("VAULT_CACERT_BYTES") {
        return Ok(vec![Zeroizing::new(pem.into_bytes())]);
    }
    if let Some(file) = variable("VAULT_CACERT") {
        return Ok(vec![read(Path::new(&file))?]);
    }
    let Some(folder) = variable("VAULT_CAPATH") else { return Ok(Vec::new()) };
    let failed = |error| KeyError::NoIdentity(format!("VAULT_CAPATH: {folder} could not be read: {error}"));
    let files = fs::read_dir(&folder).map_err(failed)?.filter_map(Result::ok).map(|entry| entry.path());
    files.filter(|path| path.is_file()).map(|path| read(&path)).collect()
}

fn identity() -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
    let (Some(certificate), Some(key)) = (variable("VAULT_CLIENT_CERT"), variable("VAULT_CLIENT_KEY")) else {
        return Ok(None);
    };
    let (certificate, key) = (read(Path::new(&certificate))?, read(Path::new(&key))?);
    // Of the whole length at once, so that no copy is left behind by growing.
    let mut pem = Zeroizing::new(Vec::with_capacity(certificate.len() + key.len() + 1));
    pem.extend_from_slice(&certificate);
    pem.push(b'\n');
    pem.extend_from_slice(&key);
    Ok(Some(pem))
}

fn is_true(name: &str) -> bool {
    variable(name).is_some_and(|text| matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"))
}

/// Seconds as a number, or as `60s`, `2m`.
fn seconds(text: &str) -> Result<Duration, KeyError> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let number: Option<u64> = number.parse().ok().filter(|number| (1..=86_400).contains(number));
    let duration = number.map(|number| Duration::from_secs(number * unit));
    duration.ok_or_else(|| KeyError::Malformed("VAULT_CLIENT_TIMEOUT is not a number of seconds".to_owned()))
}
