//! The ports: health, metrics, and what the Sealed Secrets controller serves. Nothing secret is answered, and what is taken in
//! is bounded in size, number and time.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::context::Context;
use crate::metrics::sealed_secrets::conditions;
use crate::readiness::Readiness;
use crate::settings::Family;
use sealed_secrets::Gate;

pub mod document;
pub mod limit;
pub mod sealed_secrets;

/// How many connections are held at once on one port.
const CONNECTIONS: usize = 512;
/// After a connection could not be taken, for want of file descriptors for example.
const PAUSE: Duration = Duration::from_millis(100);

/// What the handlers see.
#[derive(Clone)]
pub struct Served {
    context: Arc<Context>,
    readiness: Arc<Readiness>,
    gate: Arc<Gate>,
}

impl Served {
    /// Serves this operator.
    pub fn new(context: Arc<Context>, readiness: Arc<Readiness>) -> Served {
        let gate = Arc::new(Gate::new(&context.inputs.settings.sealed_secrets));
        Served { context, readiness, gate }
    }
}

/// Opens a port.
///
/// # Errors
/// The address is taken or not ours.
pub async fn bind(address: SocketAddr) -> Result<TcpListener> {
    let bound = match TcpListener::bind(address).await {
        // A machine without IPv6 has its addresses all the same.
        Err(error) if address.ip().is_unspecified() && error.kind() != io::ErrorKind::AddrInUse => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    };
    bound.with_context(|| format!("could not listen on {address}; choose another address"))
}

/// Serves everything but the names of objects until the process ends.
pub async fn serve(listener: TcpListener, served: Served) -> Result<()> {
    let context = &served.context;
    let mut routes = Router::new()
        .route("/healthz", any(|| async { "ok\n" }))
        .route("/readyz", any(readyz))
        .route("/metrics", get(metrics));
    if context.inputs.settings.serves(Family::SealedSecrets) {
        routes = routes.merge(sealing(&served));
    }
    accept(listener, routes.with_state(served.clone()), &served).await
}

/// Serves all metrics, with the names of SealedSecrets unless told otherwise. Whoever may reach the other port, which is
/// anybody who may log in to the cluster, learns no names.
pub async fn serve_metrics(listener: TcpListener, served: Served) -> Result<()> {
    let routes = Router::new().route("/metrics", get(all_metrics)).with_state(served.clone());
    accept(listener, routes, &served).await
}

fn sealing(served: &Served) -> Router<Served> {
    let limited = Router::new()
        .route("/v1/verify", any(sealed_secrets::verify))
        .route("/v1/rotate", any(sealed_secrets::rotate))
        .route_layer(middleware::from_fn_with_state(served.clone(), sealed_secrets::limit));
    let routes = Router::new().route("/v1/cert.pem", any(sealed_secrets::certificate)).merge(limited);
    let in_time = middleware::from_fn_with_state(served.clone(), answer_in_time);
    routes.route_layer(in_time).route_layer(middleware::from_fn_with_state(served.clone(), sealed_secrets::count))
}

/// Takes in connections for ever.
async fn accept(listener: TcpListener, routes: Router, served: &Served) -> Result<()> {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let patience = served.context.inputs.settings.sealed_secrets.read_timeout;
    loop {
        let place = Arc::clone(&connections).acquire_owned().await?;
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let routes = routes.clone();
        tokio::spawn(async move {
            let _place = place;
            // A connection that breaks is the caller's affair.
            let _broken = converse(stream, routes, patience).await;
        });
    }
}

async fn converse(stream: TcpStream, routes: Router, patience: Duration) -> hyper::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new());
    if !patience.is_zero() {
        http.header_read_timeout(patience);
    }
    http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes)).await
}

async fn answer_in_time(State(served): State<Served>, request: Request, next: Next) -> Result<Response, Infallible> {
    let settings = &served.context.inputs.settings.sealed_secrets;
    if settings.write_timeout.is_zero() {
        return Ok(next.run(request).await);
    }
    let patience = settings.read_timeout.saturating_add(settings.write_timeout);
    let answer = timeout(patience, next.run(request)).await;
    Ok(answer.unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response()))
}

async fn readyz(State(served): State<Served>) -> Response {
    match served.readiness.judge(&served.context) {
        Ok(()) => "ok\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    }
}

async fn metrics(State(served): State<Served>) -> Response {
    exposition(&served, "")
}

async fn all_metrics(State(served): State<Served>) -> Response {
    let omit = served.context.inputs.settings.sealed_secrets.metrics_omit_secret_labels;
    let conditions = if omit { String::new() } else { conditions(&served.context.sealed_secrets.cache) };
    exposition(&served, &conditions)
}

fn exposition(served: &Served, conditions: &str) -> Response {
    served.context.count_objects();
    (
        [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")],
        served.context.inputs.metrics.text(conditions),
    )
        .into_response()
}
