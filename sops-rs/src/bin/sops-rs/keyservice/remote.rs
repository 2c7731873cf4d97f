//! A key service that `--keyservice` names. It is connected to when a key needs it.

use std::sync::Arc;

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
        Ok(Remote { address: Address::parse(uri)?, client: Arc::default() })
    }
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
