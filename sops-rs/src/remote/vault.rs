//! HashiCorp Vault and OpenBao over HTTP, with a token that is shown to the servers of the user only.
//!
//! The address of a server comes out of a file that somebody else may have written. Whoever gets the token is the user, as far
//! as Vault can tell; so it is sent nowhere but where [`AllowList`] says.

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

mod allow_list;

pub use allow_list::AllowList;

use super::Http;
use super::http::{Answer, json};
use crate::master_key::KeyError;

/// How the user is known to Vault.
pub struct VaultSettings {
    /// The token; `None` if the user has none.
    pub token: Option<Zeroizing<String>>,
    /// The namespace.
    pub namespace: Option<String>,
    /// The servers that may get the token.
    pub allowed: AllowList,
}

/// A client for all servers of the user.
pub struct Vault {
    http: Http,
    settings: VaultSettings,
}

impl Vault {
    /// A client. Nothing is sent yet.
    pub fn new(http: Http, settings: VaultSettings) -> Vault {
        Vault { http, settings }
    }

    /// Calls `ADDRESS/v1/PATH`. `path` is a list of segments.
    ///
    /// # Errors
    /// [`KeyError::Refused`] if the server may not get the token, or says no; [`KeyError::Malformed`] if address or path is
    /// none; [`KeyError::NoIdentity`] without a token; [`KeyError::Unavailable`] if there is no answer.
    pub async fn call(
        &self,
        method: Method,
        (address, path): (&str, &[&str]),
        body: Option<&impl Serialize>,
    ) -> Result<Answer, KeyError> {
        let url = allow_list::url(address, path)?;
        if !self.settings.allowed.allows(&url) {
            return Err(self.settings.allowed.refusal(&url));
        }
        let token = self.settings.token.as_ref().filter(|token| !token.is_empty()).ok_or_else(|| {
            KeyError::NoIdentity("there is no Vault token: VAULT_TOKEN and ~/.vault-token are empty".to_owned())
        })?;
        let mut token = HeaderValue::from_str(token.trim())
            .map_err(|_| KeyError::Malformed("the Vault token is not a token".to_owned()))?;
        token.set_sensitive(true);
        let mut request =
            self.http.request(method, url).header("X-Vault-Request", "true").header("X-Vault-Token", token);
        if let Some(namespace) = &self.settings.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(json(body)?);
        }
        self.http.send(&format!("Vault at {address}"), request).await
    }
}

/// The words of Vault about a failure.
pub fn words(body: &Value) -> Option<String> {
    let errors = body["errors"].as_array()?;
    Some(errors.iter().filter_map(Value::as_str).collect::<Vec<&str>>().join("; "))
}
