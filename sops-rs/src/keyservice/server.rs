//! The other end: answers one connection after the other with the keys of a [`KeyService`].

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::body::Body;
use tonic::codegen::http;
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use zeroize::Zeroizing;

use super::messages::{DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, Key, id};
use super::{DECRYPT, ENCRYPT};
use crate::master_key::{KeyError, KeyId, KeyService};

/// A data key is far smaller; its wrapped form may be a whole OpenPGP message.
const LARGEST_MESSAGE: usize = 1 << 20;

type Answer<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send>>;

/// Asks somebody whether a data key may be wrapped or opened with a key. May wait for the answer.
pub type Ask = dyn Fn(Work, &KeyId) -> bool + Send + Sync;

/// What somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// To wrap a data key.
    Encrypt,
    /// To open one.
    Decrypt,
}

/// Answers with the keys of a service.
#[derive(Clone)]
pub struct Server {
    keys: Arc<dyn KeyService>,
    ask: Option<Arc<Ask>>,
}

impl Server {
    /// A server for these keys.
    pub fn new(keys: Arc<dyn KeyService>) -> Server {
        Server { keys, ask: None }
    }

    /// Does nothing without asking.
    #[must_use]
    pub fn asking(self, ask: Arc<Ask>) -> Server {
        Server { ask: Some(ask), ..self }
    }

    /// Answers on one connection until its other end closes it. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Says why the connection broke.
    pub async fn serve<C>(&self, connection: C) -> Result<(), String>
    where
        C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let server = self.clone();
        let service = service_fn(move |request| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        let protocol = http2::Builder::new(TokioExecutor::new());
        protocol.serve_connection(TokioIo::new(connection), service).await.map_err(|error| error.to_string())
    }

    /// The key that may be used now.
    async fn allowed(&self, work: Work, key: Option<&Key>) -> Result<KeyId, Status> {
        let missing = || Status::not_found("the request names no key, or one of a type that is not known");
        let key = id(key).ok_or_else(missing)?;
        let Some(ask) = self.ask.clone() else { return Ok(key) };
        let asked = tokio::task::spawn_blocking(move || ask(work, &key).then_some(key)).await;
        asked.ok().flatten().ok_or_else(|| Status::permission_denied("the request was rejected by the user"))
    }

    async fn answer(&self, request: http::Request<Incoming>) -> http::Response<Body> {
        match request.uri().path() {
            ENCRYPT => {
                let mut grpc = Grpc::new(ProstCodec::<EncryptResponse, EncryptRequest>::default());
                grpc = grpc.max_decoding_message_size(LARGEST_MESSAGE);
                grpc.unary(Encrypt(self.clone()), request).await
            }
            DECRYPT => {
                let mut grpc = Grpc::new(ProstCodec::<DecryptResponse, DecryptRequest>::default());
                grpc = grpc.max_decoding_message_size(LARGEST_MESSAGE);
                grpc.unary(Decrypt(self.clone()), request).await
            }
            _ => Status::unimplemented("there is no such method").into_http(),
        }
    }
}

struct Encrypt(Server);
struct Decrypt(Server);

impl UnaryService<EncryptRequest> for Encrypt {
    type Response = EncryptResponse;
    type Future = Answer<EncryptResponse>;

    fn call(&mut self, request: Request<EncryptRequest>) -> Self::Future {
        let server = self.0.clone();
        Box::pin(async move {
            let mut request = request.into_inner();
            let key = server.allowed(Work::Encrypt, request.key.as_ref()).await?;
            let plaintext = Zeroizing::new(std::mem::take(&mut request.plaintext));
            let enc = server.keys.wrap(&key, &plaintext).await.map_err(|error| status(&error))?;
            Ok(Response::new(EncryptResponse { ciphertext: enc.into_bytes() }))
        })
    }
}

impl UnaryService<DecryptRequest> for Decrypt {
    type Response = DecryptResponse;
    type Future = Answer<DecryptResponse>;

    fn call(&mut self, request: Request<DecryptRequest>) -> Self::Future {
        let server = self.0.clone();
        Box::pin(async move {
            let request = request.into_inner();
            let key = server.allowed(Work::Decrypt, request.key.as_ref()).await?;
            let enc = std::str::from_utf8(&request.ciphertext);
            let enc = enc.map_err(|_| Status::invalid_argument("the wrapped data key is not text"))?;
            let mut plaintext = server.keys.unwrap(&key, enc).await.map_err(|error| status(&error))?;
            Ok(Response::new(DecryptResponse { plaintext: std::mem::take(&mut *plaintext) }))
        })
    }
}

fn status(error: &KeyError) -> Status {
    match error {
        KeyError::Unsupported(_) => Status::not_found(error.to_string()),
        KeyError::Unavailable(_) => Status::unavailable(error.to_string()),
        _ => Status::unknown(error.to_string()),
    }
}
