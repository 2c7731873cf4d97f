//! A key service that `--keyservice` names. It is connected to when a key needs it.

use std::env;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sops::keyservice::{Address, RemoteKeyService};
use sops::{KeyError, KeyId, KeyService};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::runtime;

pub(crate) struct Remote {
    address: Address,
    client: Arc<OnceCell<RemoteKeyService>>,
}

impl Remote {
    pub(crate) fn new(uri: &str) -> Result<Remote, KeyError> {
        let address = Address::parse(uri)?;
        let address = match seconds()? {
            Some(seconds) => address.within(Duration::from_secs(seconds.get().into())),
            None => address,
        };
        Ok(Remote { address, client: Arc::default() })
    }
}

/// How long a call may take, if the user says so.
fn seconds() -> Result<Option<NonZeroU32>, KeyError> {
    const NAME: &str = "SOPS_KEYSERVICE_TIMEOUT";
    let Some(text) = env::var_os(NAME).filter(|text| !text.is_empty()) else { return Ok(None) };
    let seconds = text.to_str().and_then(|text| text.parse().ok());
    seconds.map(Some).ok_or_else(|| KeyError::Malformed(format!("{NAME} is not a number of seconds")))
}

async fn connected<'a>(client: &'a OnceCell<RemoteKeyService>, address: &Address) -> &'a RemoteKeyService {
    client.get_or_init(async || RemoteKeyService::new(address)).await
}

#[async_trait]
impl KeyService for Remote {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        let (client, address) = (Arc::clone(&self.client), self.address.clone());
        let (key, plaintext) = (key.clone(), Zeroizing::new(plaintext.to_vec()));
        runtime::spawn(async move { connected(&client, &address).await.wrap(&key, &plaintext).await }).await
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (client, address) = (Arc::clone(&self.client), self.address.clone());
        let (key, enc) = (key.clone(), enc.to_owned());
        runtime::spawn(async move { connected(&client, &address).await.unwrap(&key, &enc).await }).await
    }
}
