//! The one port: health, metrics and the public certificate. Nothing secret is served and nothing is taken in.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use kubeseal::SealingKey;
use tokio::net::TcpListener;

use crate::context::Context;
use crate::readiness::Readiness;

/// What the handlers see.
#[derive(Clone)]
pub struct Served {
    /// The operator.
    pub context: Arc<Context>,
    /// Whether it is ready.
    pub readiness: Arc<Readiness>,
}

/// Opens the port.
///
/// # Errors
/// The address is taken or not ours.
pub async fn bind(served: &Served) -> Result<TcpListener> {
    let address = served.context.inputs.settings.listen_addr;
    TcpListener::bind(address)
        .await
        .with_context(|| format!("could not listen on {address}; choose another --listen-addr"))
}

/// Serves until the process ends.
///
/// # Errors
/// The port is lost.
pub async fn serve(listener: TcpListener, served: Served) -> Result<()> {
    let routes = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/v1/cert.pem", get(certificate))
        .with_state(served);
    axum::serve(listener, routes).await.context("the HTTP server stopped")
}

async fn readyz(State(served): State<Served>) -> Response {
    match served.readiness.judge(&served.context) {
        Ok(()) => "ok\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    }
}

async fn metrics(State(served): State<Served>) -> Response {
    served.context.count_objects();
    (
        [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")],
        served.context.inputs.metrics.text(),
    )
        .into_response()
}

async fn certificate(State(served): State<Served>) -> Response {
    match served.context.inputs.keyring().newest().map(SealingKey::certificate_pem) {
        Some(pem) => ([(header::CONTENT_TYPE, "application/x-pem-file")], pem.to_owned()).into_response(),
        None => (StatusCode::INTERNAL_SERVER_ERROR, "cannot get certificate\n").into_response(),
    }
}
