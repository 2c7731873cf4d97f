//! Azure Key Vault over REST, version 7.4 (<https://learn.microsoft.com/rest/api/keyvault/keys>). The wrapped data key is
//! RSA-OAEP-256 in URL-safe base64 without padding.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{AzureKey, KeyError, KeyId, KeyService};
use crate::remote::Http;
use crate::remote::azure::{AzureTokens, words};
use crate::remote::http::{Answer, json};

const VERSION: &str = "7.4";

/// Wraps data keys with keys of Azure Key Vault and managed HSMs, in every Azure cloud.
///
/// A vault says itself which resource its tokens are for. The address of the vault comes out of a file, so that word counts
/// only if the vault's host is below that resource's: else a stranger's host would get a token for the vaults of the user.
pub struct AzureKeyVault {
    http: Http,
    tokens: AzureTokens,
    resources: Mutex<HashMap<String, String>>,
}

#[derive(Serialize)]
struct Operation<'a> {
    alg: &'static str,
    value: &'a str,
}

#[derive(Deserialize)]
struct Done {
    value: String,
}

#[derive(Deserialize)]
struct Described {
    key: KeyMaterial,
}

#[derive(Deserialize)]
struct KeyMaterial {
    kid: String,
}

impl AzureKeyVault {
    /// Keys that these tokens are good for.
    pub fn new(http: Http, tokens: AzureTokens) -> AzureKeyVault {
        AzureKeyVault { http, tokens, resources: Mutex::default() }
    }

    /// The key with its newest version, if it has none yet: only with a version does a file stay readable after the key was
    /// rotated.
    ///
    /// # Errors
    /// As for [`KeyService::wrap`].
    pub async fn with_version(&self, key: &AzureKey) -> Result<AzureKey, KeyError> {
        if !key.version.is_empty() {
            return Ok(key.clone());
        }
        let answer = self.call(Method::GET, url(key, None)?, None).await?;
        let described: Described = answer.json(&server(key), words)?;
        let version = described.key.kid.rsplit('/').next().unwrap_or_default().to_owned();
        if version.is_empty() || version == key.name {
            return Err(KeyError::Refused(format!("{}: the key has no version", server(key))));
        }
        Ok(AzureKey { version, ..key.clone() })
    }

    async fn operate(&self, key: &AzureKey, verb: &str, value: &str) -> Result<String, KeyError> {
        let body = json(&Operation { alg: "RSA-OAEP-256", value })?;
        let answer = self.call(Method::POST, url(key, Some(verb))?, Some(body)).await?;
        let done: Done = answer.json(&server(key), words)?;
        Ok(done.value)
    }

    async fn call(&self, method: Method, url: Url, body: Option<bytes::Bytes>) -> Result<Answer, KeyError> {
        let origin = url.origin().ascii_serialization();
        let resource = match self.known(&origin) {
            Some(resource) => resource,
            None => self.ask(&url).await?,
        };
        let token = self.tokens.token(&resource).await?;
        let mut request = self.http.request(method, url).bearer_auth(&*token);
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body);
        }
        self.http.send(&format!("Azure Key Vault at {origin}"), request).await
    }

    fn known(&self, origin: &str) -> Option<String> {
        self.resources.lock().unwrap_or_else(PoisonError::into_inner).get(origin).cloned()
    }

    /// Asks a vault, without a token, which resource its tokens are for.
    async fn ask(&self, url: &Url) -> Result<String, KeyError> {
        let origin = url.origin().ascii_serialization();
        let request = self.http.request(Method::POST, url.clone()).body("");
        let answer = self.http.send(&format!("Azure Key Vault at {origin}"), request).await?;
        let resource = answer
            .challenge
            .as_deref()
            .and_then(resource)
            .ok_or_else(|| KeyError::Refused(format!("{origin} does not answer as an Azure Key Vault does")))?;
        if !is_below(url, &resource) {
            let words = format!("{origin} asks for a token for {resource}, which is not its own; it does not get one");
            return Err(KeyError::Refused(words));
        }
        self.resources.lock().unwrap_or_else(PoisonError::into_inner).insert(origin, resource.clone());
        Ok(resource)
    }
}

fn server(key: &AzureKey) -> String {
    format!("Azure Key Vault at {}", key.vault_url)
}

/// What the challenge `Bearer authorization="…", resource="…"` asks a token for; a managed HSM says `scope`.
fn resource(challenge: &str) -> Option<String> {
    let (scheme, rest) = challenge.split_once(' ')?;
    let mut pairs = rest.split([',', ' ']).filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find(|(name, _)| matches!(*name, "resource" | "scope"))?.1.trim_matches('"');
    let value = value.strip_suffix("/.default").unwrap_or(value).trim_end_matches('/');
    (scheme.eq_ignore_ascii_case("bearer") && !value.is_empty()).then(|| value.to_owned())
}

fn is_below(vault: &Url, resource: &str) -> bool {
    let Ok(resource) = Url::parse(resource) else { return false };
    let (Some(host), Some(domain)) = (vault.host_str(), resource.host_str()) else { return false };
    let before = host.strip_suffix(domain).and_then(|before| before.strip_suffix('.'));
    resource.scheme() == "https" && before.is_some_and(|name| !name.is_empty())
}

/// `VAULT/keys/NAME[/VERSION][/VERB]?api-version=7.4`.
fn url(key: &AzureKey, verb: Option<&str>) -> Result<Url, KeyError> {
    let wrong = || {
        let AzureKey { vault_url, name, version } = key;
        KeyError::Malformed(format!("`{vault_url}/keys/{name}/{version}` is not a key of Azure Key Vault"))
    };
    let mut url = Url::parse(&key.vault_url).map_err(|_| wrong())?;
    let is_vault = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    if !is_vault || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong());
    }
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if key.name.is_empty() || !is_name(&key.name) || !is_name(&key.version) {
        return Err(wrong());
    }
    let version = Some(key.version.as_str()).filter(|version| !version.is_empty());
    let segments = ["keys", &key.name].into_iter().chain(version).chain(verb);
    url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(segments);
    url.query_pairs_mut().append_pair("api-version", VERSION);
    Ok(url)
}

#[async_trait]
impl KeyService for AzureKeyVault {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        let KeyId::AzureKeyVault(key) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(plaintext));
        self.operate(key, "encrypt", &text).await
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let KeyId::AzureKeyVault(key) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        if URL_SAFE_NO_PAD.decode(enc).is_err() {
            return Err(KeyError::Malformed("the wrapped data key is not URL-safe base64 without padding".to_owned()));
        }
        let text = Zeroizing::new(self.operate(key, "decrypt", enc).await?);
        let plain = URL_SAFE_NO_PAD.decode(text.as_bytes());
        plain.map(Zeroizing::new).map_err(|_| KeyError::Refused(format!("{}: the answer is not base64", server(key))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_only_for_vaults_below_its_resource() {
        let vault = |text: &str| Url::parse(text).unwrap();
        for (at, challenge) in [
            (
                "https://v.vault.azure.net",
                r#"Bearer authorization="https://login.example/t", resource="https://vault.azure.net""#,
            ),
            (
                "https://v.vault.azure.cn",
                r#"Bearer authorization="https://x", scope="https://vault.azure.cn/.default""#,
            ),
            ("https://h.managedhsm.azure.net", r#"bearer resource="https://managedhsm.azure.net/""#),
        ] {
            assert!(is_below(&vault(at), &resource(challenge).unwrap()), "{at}");
        }
        for (at, resource) in [
            ("https://evil.example", "https://vault.azure.net"),
            ("https://evilvault.azure.net", "https://vault.azure.net"),
            ("https://vault.azure.net", "https://vault.azure.net"),
            ("https://v.vault.azure.net.evil.example", "https://vault.azure.net"),
            ("https://v.vault.azure.net", "http://vault.azure.net"),
        ] {
            assert!(!is_below(&vault(at), resource), "{at}");
        }
        for challenge in ["", "Basic realm=x", "Bearer", r#"Bearer resource="""#] {
            assert_eq!(resource(challenge), None, "{challenge}");
        }
    }

    #[test]
    fn a_key_names_no_other_place() {
        let key = |vault_url: &str, name: &str, version: &str| AzureKey {
            vault_url: vault_url.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
        };
        let url = |key: &AzureKey| url(key, Some("encrypt")).map(String::from);
        assert_eq!(
            url(&key("https://v.vault.azure.net", "k", "1f")).unwrap(),
            "https://v.vault.azure.net/keys/k/1f/encrypt?api-version=7.4"
        );
        for (vault, name, version) in [
            ("http://v.vault.azure.net", "k", "1"),
            ("https://v.vault.azure.net/x", "k", "1"),
            ("https://u@v.vault.azure.net", "k", "1"),
            ("https://v.vault.azure.net", "../secrets/x", "1"),
            ("https://v.vault.azure.net", "k", "../2"),
            ("https://v.vault.azure.net", "", ""),
        ] {
            assert!(url(&key(vault, name, version)).is_err(), "{vault} {name}");
        }
    }
}
