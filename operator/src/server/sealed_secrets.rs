//! `/v1`: the certificate, `verify` and `rotate`, for anybody whom the API server's proxy lets through. Nothing secret is
//! answered. What depends on the keys has one answer, without a word; 400, 413 and 429 speak of the request alone.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::LengthLimitError;
use kubeseal::{Keyring, SealingKey};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::Served;
use super::document::{Document, Malformed, Tried};
use super::limit::{Limiter, caller};
use crate::settings::SealedSecretsSettings;

/// The largest body that is read.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// How many bodies are in memory at once.
const BODIES: usize = 4;
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// What keeps callers within bounds.
pub struct Gate {
    limiter: Limiter,
    bodies: Semaphore,
    /// Those who open values, each on a thread of its own: half of the machine stays for the operator's work.
    openers: Arc<Semaphore>,
    read_timeout: Option<Duration>,
}

impl Gate {
    /// The bounds that the settings ask for.
    pub fn new(settings: &SealedSecretsSettings) -> Gate {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Gate {
            limiter: Limiter::new(settings.rate_limit, settings.rate_limit_burst),
            bodies: Semaphore::new(BODIES),
            openers: Arc::new(Semaphore::new((threads / 2).max(1))),
            read_timeout: Some(settings.read_timeout).filter(|timeout| !timeout.is_zero()),
        }
    }
}

/// The certificate to seal with.
pub async fn certificate(State(served): State<Served>) -> Response {
    match served.context.inputs.keyring().newest().map(SealingKey::certificate_pem) {
        Some(pem) => ([(header::CONTENT_TYPE, "application/x-pem-file")], pem.to_owned()).into_response(),
        None => (StatusCode::INTERNAL_SERVER_ERROR, "cannot get certificate\n").into_response(),
    }
}

/// 200 when every value opens, 409 when not.
pub async fn verify(State(served): State<Served>, body: Body) -> Response {
    match opened(&served, body, Document::verify).await {
        Ok(Some(())) => StatusCode::OK.into_response(),
        Ok(None) => StatusCode::CONFLICT.into_response(),
        Err(refusal) => refusal,
    }
}

/// 200 with the document sealed by the newest key, or 500.
pub async fn rotate(State(served): State<Served>, body: Body) -> Response {
    match opened(&served, body, Document::rotate).await {
        Ok(Some(document)) => ([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response(),
        Ok(None) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Err(refusal) => refusal,
    }
}

/// Does the work on a document; `None` when it does not open. The error is what is wrong with the request itself.
async fn opened<T: Send + 'static>(
    served: &Served,
    body: Body,
    work: impl FnOnce(Document, &Keyring, bool) -> Tried<T> + Send + 'static,
) -> Result<Option<T>, Response> {
    let gate = &served.gate;
    let _body = timeout(PATIENCE, gate.bodies.acquire()).await.map_err(|_| busy())?;
    let document = read(gate.read_timeout, body).await?;
    let opener = timeout(PATIENCE, Arc::clone(&gate.openers).acquire_owned()).await.map_err(|_| busy())?;
    let inputs = &served.context.inputs;
    let (keyring, accept_v1) = (inputs.keyring(), inputs.settings.sealed_secrets.accept_deprecated_v1_data);
    // Whoever goes away leaves the work behind: it keeps its place until it is done.
    let work = tokio::task::spawn_blocking(move || {
        let _opener = opener;
        work(document, &keyring, accept_v1)
    });
    let Ok(tried) = work.await else { return Ok(None) };
    inputs.metrics.rsa_operations(tried.attempts);
    Ok(tried.outcome.ok())
}

async fn read(patience: Option<Duration>, body: Body) -> Result<Document, Response> {
    let arrived = timeout(patience.unwrap_or(Duration::MAX), to_bytes(body, MAX_BODY)).await;
    let bytes = match arrived {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) if is_too_large(&error) => return Err(StatusCode::PAYLOAD_TOO_LARGE.into_response()),
        Ok(Err(_)) => return Err(StatusCode::BAD_REQUEST.into_response()),
        Err(_) => return Err(StatusCode::REQUEST_TIMEOUT.into_response()),
    };
    Document::parse(&bytes).map_err(|malformed| match malformed {
        Malformed::NotASealedSecret => StatusCode::BAD_REQUEST.into_response(),
        Malformed::TooMany => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    })
}

/// Whether a body was longer than what is read of one.
fn is_too_large(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<LengthLimitError>)
}

fn busy() -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")], "limit exceeded\n").into_response()
}

/// Lets a caller in as often as the rate allows.
pub async fn limit(State(served): State<Served>, request: Request, next: Next) -> Response {
    let verdict = served.gate.limiter.judge(caller(request.headers()), request.uri().path(), Instant::now());
    let mut response = if verdict.is_too_many() {
        (StatusCode::TOO_MANY_REQUESTS, "limit exceeded\n").into_response()
    } else {
        next.run(request).await
    };
    verdict.tell(response.headers_mut());
    response
}

/// Counts what was asked and how it was answered.
pub async fn count(State(served): State<Served>, request: Request, next: Next) -> Response {
    let (path, method, began) = (request.uri().path().to_owned(), request.method().clone(), Instant::now());
    let response = next.run(request).await;
    let metrics = &served.context.inputs.metrics.original;
    metrics.answered(&path, &method, response.status().as_u16(), began.elapsed());
    response
}
