//! Google Cloud KMS over REST (<https://cloud.google.com/kms/docs/reference/rest>). The wrapped data key is the ciphertext in
//! base64.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KeyError, KeyId, KeyService};
use crate::remote::Http;
use crate::remote::gcp::{GcpTokens, words};
use crate::remote::http::json;

/// Wraps data keys with keys of Google Cloud KMS.
pub struct GcpKms {
    http: Http,
    tokens: GcpTokens,
    endpoint: Url,
}

#[derive(Serialize)]
struct Encrypt<'a> {
    plaintext: &'a str,
}

#[derive(Serialize)]
struct Decrypt<'a> {
    ciphertext: &'a str,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Decrypted {
    plaintext: String,
}

impl GcpKms {
    /// Keys behind an endpoint: a URL, or HOST or HOST:PORT. Without one, `cloudkms.` and the universe domain.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] if the endpoint is none.
    pub fn new(
        http: Http,
        tokens: GcpTokens,
        (endpoint, universe): (Option<&str>, Option<&str>),
    ) -> Result<GcpKms, KeyError> {
        let default = format!("cloudkms.{}", universe.unwrap_or("googleapis.com"));
        let text = endpoint.unwrap_or(&default);
        let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let endpoint = Url::parse(&text).ok().filter(Url::has_host);
        let endpoint =
            endpoint.ok_or_else(|| KeyError::Malformed("the endpoint of Google Cloud KMS is not a URL".to_owned()))?;
        Ok(GcpKms { http, tokens, endpoint })
    }

    async fn call<T>(&self, key: &str, verb: &str, body: &impl Serialize) -> Result<T, KeyError>
    where
        T: for<'de> Deserialize<'de>,
    {
        let url = url(&self.endpoint, key, verb)?;
        let token = self.tokens.token().await?;
        let request = self.http.request(Method::POST, url).bearer_auth(&*token);
        let request = request.header("Content-Type", "application/json").body(json(body)?);
        self.http.send(SERVER, request).await?.json(SERVER, words)
    }
}

const SERVER: &str = "Google Cloud KMS";

/// `ENDPOINT/v1/projects/P/locations/L/keyRings/R/cryptoKeys/K:VERB`.
fn url(endpoint: &Url, key: &str, verb: &str) -> Result<Url, KeyError> {
    let wrong = || KeyError::Malformed(format!("`{key}` is not a key of Google Cloud KMS"));
    let parts: Vec<&str> = key.split('/').collect();
    let ["projects", project, "locations", location, "keyRings", ring, "cryptoKeys", name] = parts[..] else {
        return Err(wrong());
    };
    let is_name = |text: &&str| {
        let is_part = |character: char| character.is_ascii_alphanumeric() || "-_.:".contains(character);
        !text.is_empty() && text.chars().all(is_part) && !text.starts_with('.')
    };
    if ![project, location, ring].iter().all(is_name) || !is_name(&name) || name.contains(':') {
        return Err(wrong());
    }
    let mut url = endpoint.clone();
    let mut segments = url.path_segments_mut().map_err(|()| wrong())?;
    segments.pop_if_empty().push("v1").extend(&parts[..7]).push(&format!("{name}:{verb}"));
    drop(segments);
    Ok(url)
}

#[async_trait]
impl KeyService for GcpKms {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        let KeyId::GcpKms(key) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        let text = Zeroizing::new(STANDARD.encode(plaintext));
        let encrypted: Encrypted = self.call(key, "encrypt", &Encrypt { plaintext: &text }).await?;
        Ok(encrypted.ciphertext)
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let KeyId::GcpKms(key) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        if STANDARD.decode(enc).is_err() {
            return Err(KeyError::Malformed("the wrapped data key is not base64".to_owned()));
        }
        let decrypted: Decrypted = self.call(key, "decrypt", &Decrypt { ciphertext: enc }).await?;
        let text = Zeroizing::new(decrypted.plaintext);
        let plain = STANDARD.decode(text.as_bytes());
        plain.map(Zeroizing::new).map_err(|_| KeyError::Refused(format!("{SERVER}: the answer is not base64")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_whole_path_and_nothing_else() {
        let endpoint = Url::parse("https://cloudkms.googleapis.com").unwrap();
        let key = "projects/example.com:p-1/locations/global/keyRings/my_ring/cryptoKeys/k";
        assert_eq!(
            url(&endpoint, key, "encrypt").unwrap().as_str(),
            "https://cloudkms.googleapis.com/v1/projects/example.com:p-1/locations/global/keyRings/my_ring/cryptoKeys/k:encrypt"
        );
        for key in [
            "projects/p/locations/l/keyRings/r/cryptoKeys/",
            "projects/../locations/l/keyRings/r/cryptoKeys/k",
            "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
            "projects/p/locations/l/keyRings/r/cryptoKeys/k:decrypt",
            "projects/p?x/locations/l/keyRings/r/cryptoKeys/k",
            "",
        ] {
            assert!(url(&endpoint, key, "encrypt").is_err(), "{key}");
        }
    }
}
