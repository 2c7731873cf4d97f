//! The key service: wrapping and unwrapping of data keys for somebody else, over gRPC.
//!
//! As in the original there is neither encryption nor login on the wire: whoever reaches the address may use the keys. It
//! belongs on a Unix socket, or on a loopback address with nobody else on the machine.

use std::time::Duration;

use async_trait::async_trait;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use zeroize::{Zeroize as _, Zeroizing};

pub mod messages;
mod server;

pub use server::{Ask, Server, Work};

use crate::master_key::{KeyError, KeyId, KeyService};
use messages::{DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse};

const ENCRYPT: &str = "/KeyService/Encrypt";
const DECRYPT: &str = "/KeyService/Decrypt";
/// For a connection, and for a call: a person may be asked at the other end, or a remote key may be slow.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(2));

/// Where a key service is.
#[derive(Clone)]
pub struct Address {
    uri: String,
    endpoint: Endpoint,
}

impl Address {
    /// Reads `tcp://HOST:PORT` or `unix:///PATH`.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] if the text is no such address.
    pub fn parse(uri: &str) -> Result<Address, KeyError> {
        let wrong = || KeyError::Malformed(format!("`{uri}` is not tcp://HOST:PORT or unix:///PATH"));
        let (network, address) = uri.split_once("://").filter(|(_, address)| !address.is_empty()).ok_or_else(wrong)?;
        let target = match network {
            "tcp" => format!("http://{address}"),
            "unix" => format!("unix://{address}"),
            _ => return Err(wrong()),
        };
        let (connect, call) = PATIENCE;
        let endpoint = Endpoint::from_shared(target).map_err(|_| wrong())?;
        Ok(Address { uri: uri.to_owned(), endpoint: endpoint.connect_timeout(connect).timeout(call) })
    }

    /// The same address with another end of a call, in place of two minutes.
    #[must_use]
    pub fn within(self, call: Duration) -> Address {
        Address { endpoint: self.endpoint.timeout(call), ..self }
    }
}

/// A key service at an address. It connects when it is first asked.
pub struct RemoteKeyService {
    uri: String,
    channel: Channel,
}

impl RemoteKeyService {
    /// The key service there. Must be called within a tokio runtime.
    pub fn new(address: &Address) -> RemoteKeyService {
        RemoteKeyService { uri: address.uri.clone(), channel: address.endpoint.connect_lazy() }
    }

    async fn call<Q, A>(&self, path: &'static str, request: Q) -> Result<A, KeyError>
    where
        Q: prost::Message + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        client.ready().await.map_err(|error| self.unreachable(&error))?;
        let codec: ProstCodec<Q, A> = ProstCodec::default();
        let answer = client.unary(Request::new(request), PathAndQuery::from_static(path), codec).await;
        answer.map(tonic::Response::into_inner).map_err(|status| self.failure(&status))
    }

    fn unreachable(&self, error: &dyn std::error::Error) -> KeyError {
        let causes = std::iter::successors(Some(error), |error| error.source());
        let last = causes.last().map(ToString::to_string).unwrap_or_default();
        KeyError::Unavailable(format!("the key service {}: no connection can be made: {}", self.uri, printable(&last)))
    }

    fn failure(&self, status: &Status) -> KeyError {
        let words = format!("the key service {}: {}", self.uri, printable(status.message()));
        // Only what went wrong at this end has a cause; the service sends no more than words.
        let cause = std::error::Error::source(status);
        match (status.code(), cause) {
            (Code::DeadlineExceeded | Code::Cancelled, Some(_)) => {
                KeyError::Unavailable(format!("the key service {}: it did not answer in time", self.uri))
            }
            (Code::Unavailable, Some(error)) => self.unreachable(error),
            (Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled, None) => KeyError::Unavailable(words),
            _ => KeyError::Refused(words),
        }
    }
}

#[async_trait]
impl KeyService for RemoteKeyService {
    async fn wrap(&self, key: &KeyId, plaintext: &[u8]) -> Result<String, KeyError> {
        let key = Some(messages::key(key).ok_or_else(|| KeyError::Unsupported(key.kind().to_owned()))?);
        let answer: EncryptResponse = self.call(ENCRYPT, EncryptRequest { key, plaintext: plaintext.to_vec() }).await?;
        String::from_utf8(answer.ciphertext)
            .map_err(|_| KeyError::Refused(format!("the key service {}: the answer is not text", self.uri)))
    }

    async fn unwrap(&self, key: &KeyId, enc: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let key = Some(messages::key(key).ok_or_else(|| KeyError::Unsupported(key.kind().to_owned()))?);
        let request = DecryptRequest { key, ciphertext: enc.as_bytes().to_vec() };
        let mut answer: DecryptResponse = self.call(DECRYPT, request).await?;
        Ok(Zeroizing::new(std::mem::take(&mut answer.plaintext)))
    }
}

impl Drop for EncryptRequest {
    fn drop(&mut self) {
        self.plaintext.zeroize();
    }
}

impl Drop for DecryptResponse {
    fn drop(&mut self) {
        self.plaintext.zeroize();
    }
}

/// Foreign words without what moves the cursor of a terminal, and not too many of them.
fn printable(words: &str) -> String {
    let clean = |character: char| if character.is_control() && character != '\n' { ' ' } else { character };
    words.trim().chars().map(clean).take(2000).collect()
}
