//! The transit engine of HashiCorp Vault. The wrapped data key is Vault's own text, `vault:v1:…`.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KeyError, KeyId, KeyService, VaultTransitKey};
use crate::remote::vault::{Vault, words};

/// Wraps data keys with keys of any Vault that the client may speak to.
pub struct VaultTransit(Vault);

#[derive(Serialize)]
struct Encrypt<'a> {
    plaintext: &'a str,
}

#[derive(Serialize)]
struct Decrypt<'a> {
    ciphertext: &'a str,
}

#[derive(Deserialize)]
struct Reply<T> {
    data: T,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Decrypted {
    plaintext: String,
}

impl VaultTransit {
    /// Keys of the servers that this client may speak to.
    pub fn new(vault: Vault) -> VaultTransit {
        VaultTransit(vault)
    }

    async fn call<T>(&self, key: &VaultTransitKey, verb: &str, body: &impl Serialize) -> Result<T, KeyError>
    where
        T: for<'de> Deserialize<'de>,
    {
        let engine = key.engine_path.trim_matches('/').split('/');
        let path: Vec<&str> = engine.chain([verb, &key.key_name]).collect();
        let answer = self.0.call(Method::PUT, (&key.vault_address, &path), Some(body)).await?;
        let reply: Reply<T> = answer.json(&format!("Vault at {}", key.vault_address), words)?;
        Ok(reply.data)
    }
}

#[async_trait]
impl KeyService for VaultTransit {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        let KeyId::VaultTransit(key) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        let text = Zeroizing::new(STANDARD.encode(plaintext));
        let encrypted: Encrypted = self.call(key, "encrypt", &Encrypt { plaintext: &text }).await?;
        Ok(encrypted.ciphertext)
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let KeyId::VaultTransit(key) = key else { return Err(KeyError::Unsupported(key.kind().to_owned())) };
        let decrypted: Decrypted = self.call(key, "decrypt", &Decrypt { ciphertext: enc }).await?;
        let text = Zeroizing::new(decrypted.plaintext);
        STANDARD
            .decode(text.as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| KeyError::Refused(format!("Vault at {}: the answer is not base64", key.vault_address)))
    }
}
