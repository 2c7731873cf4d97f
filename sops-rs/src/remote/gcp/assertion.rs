//! What a service account shows for an access token: a JWT that its key signed (RFC 7523).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use zeroize::Zeroizing;

use crate::master_key::KeyError;

/// How long the assertion is good, in seconds; Google takes an hour at most.
const LIFE: i64 = 3600;

/// The key of a service account.
#[derive(Deserialize)]
pub(super) struct ServiceAccount {
    client_email: String,
    #[serde(deserialize_with = "wiped")]
    private_key: Zeroizing<String>,
    private_key_id: Option<String>,
    pub(super) token_uri: Option<String>,
}

impl ServiceAccount {
    /// A JWT for a token of this scope.
    pub(super) fn assertion(
        &self,
        (scope, audience): (&str, &str),
        now: Timestamp,
    ) -> Result<Zeroizing<String>, KeyError> {
        let wrong = || KeyError::Malformed("the private key of the service account is not an RSA key".to_owned());
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.private_key_id });
        let claims = json!({
            "iss": self.client_email,
            "scope": scope,
            "aud": self.token_uri.as_deref().unwrap_or(audience),
            "iat": now.as_second(),
            "exp": now.as_second() + LIFE,
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let key = KeyPair::from_pkcs8(&der(&self.private_key).ok_or_else(wrong)?).map_err(|_| wrong())?;
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).map_err(|_| wrong())?;
        Ok(Zeroizing::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

fn wiped<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

/// The content of a key in PEM, PKCS #8.
fn der(pem: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (text, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let text: Zeroizing<String> = Zeroizing::new(text.split_ascii_whitespace().collect());
    STANDARD.decode(text.as_bytes()).ok().map(Zeroizing::new)
}
