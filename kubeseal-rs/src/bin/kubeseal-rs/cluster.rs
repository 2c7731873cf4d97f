//! The controller in a cluster, asked through the API server's proxy to its Service.

use std::future::Future;
use std::time::Duration;

use anyhow::Result;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use k8s_openapi::api::core::v1::Service;
use kube::client::{AuthError, Body};
use kube::{Client, Error};
use serde_json::Value;

use crate::connection::Connection;
use crate::failure::Failure;
use crate::kubeconfig;

/// How often a request is sent when the other side asks to come back later, as for kubectl.
const ATTEMPTS: usize = 10;
/// The longest that is waited before the next.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Runs what waits for a cluster.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// The controller behind its Service.
pub(crate) struct Controller {
    client: Client,
    /// Of one request; zero is no limit.
    timeout: Duration,
    service: String,
    /// The address of the Service's proxy.
    proxy: String,
}

/// What a request was answered.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Controller {
    /// Finds the Service and its first port.
    pub(crate) async fn connect(connection: &Connection) -> Result<Controller> {
        let (namespace, name) = (&connection.controller_namespace, &connection.controller_name);
        for (flag, value) in [("--controller-namespace", namespace), ("--controller-name", name)] {
            if !is_dns_name(value) {
                let message = format!("{flag} is no name that Kubernetes allows");
                return Err(Failure::with_hint(message, "use a-z, 0-9, - and ."));
            }
        }
        let client = Client::try_from(kubeconfig::config(connection)?).map_err(|error| {
            Failure::with_hint(
                format!("the cluster cannot be asked: {}", cause(&error)),
                "check the kubeconfig's user and cluster",
            )
        })?;
        let service = format!("/api/v1/namespaces/{namespace}/services/{name}");
        let mut controller =
            Controller { client, timeout: connection.request_timeout, service: name.clone(), proxy: String::new() };
        let found = controller.send(Method::GET, &service, "application/json", Vec::new()).await;
        let port = found.and_then(Answer::success).map_err(|reason| {
            let message = format!("cannot get the Service `{name}` in namespace `{namespace}`: {reason}");
            Failure::with_hint(
                message,
                "name the controller with --controller-namespace and --controller-name, or use --cert",
            )
        })?;
        let port = first_port(&port).ok_or_else(|| {
            Failure::with_hint(
                format!("the Service `{name}` has no port"),
                "check which Service the controller listens behind",
            )
        })?;
        controller.proxy = format!("/api/v1/namespaces/{namespace}/services/http:{name}:{port}/proxy/v1");
        Ok(controller)
    }

    /// The certificate of the newest sealing key, as the controller hands it out.
    pub(crate) async fn certificate(&self) -> Result<Vec<u8>> {
        let path = format!("{}/cert.pem", self.proxy);
        let answer = self.send(Method::GET, &path, "application/x-pem-file, */*", Vec::new()).await;
        answer.and_then(Answer::success).map_err(|reason| {
            let message = format!("cannot fetch the certificate from the Service `{}`: {reason}", self.service);
            Failure::with_hint(
                message,
                "check that the controller runs and that you may get services/proxy, or use --cert",
            )
        })
    }

    /// Posts one SealedSecret, as JSON, to `verify` or `rotate`; answers what was answered, whatever its status.
    pub(crate) async fn post(&self, what: &str, document: Vec<u8>) -> Result<(StatusCode, Vec<u8>)> {
        let path = format!("{}/{what}", self.proxy);
        let answer = self.send(Method::POST, &path, "application/json, */*", document).await.map_err(|reason| {
            let message = format!("cannot ask the Service `{}`: {reason}", self.service);
            Failure::with_hint(message, "check that the controller runs and that you may create services/proxy")
        })?;
        Ok((answer.status, answer.body))
    }

    /// Gets an address of the API server; answers what was answered, whatever its status.
    pub(crate) async fn get(&self, path: &str) -> Result<(StatusCode, Vec<u8>)> {
        let answer = self.send(Method::GET, path, "application/json", Vec::new()).await.map_err(|reason| {
            Failure::with_hint(
                format!("cannot ask the API server: {reason}"),
                "check the kubeconfig and the connection",
            )
        })?;
        Ok((answer.status, answer.body))
    }

    /// Sends a request, again when the other side asks for that. An error is a text to show.
    async fn send(&self, method: Method, path: &str, accept: &str, body: Vec<u8>) -> Result<Answer, String> {
        let mut attempt = 1;
        loop {
            let request = Request::builder().method(&method).uri(path).header(ACCEPT, accept);
            let request = request.header(CONTENT_TYPE, "application/json").body(Body::from(body.clone()));
            let request = request.map_err(|_| "the request cannot be written".to_owned())?;
            let response = self.within_time(self.client.send(request)).await?;
            let wait = wait_before_next(&response).filter(|_| attempt < ATTEMPTS);
            let (parts, body) = response.into_parts();
            let Some(wait) = wait else {
                let body = self.within_time(body.collect_bytes()).await?.to_vec();
                return Ok(Answer { status: parts.status, body });
            };
            tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
            attempt += 1;
        }
    }

    async fn within_time<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, String> {
        let answered =
            if self.timeout.is_zero() { Ok(work.await) } else { tokio::time::timeout(self.timeout, work).await };
        answered.map_err(|_| format!("no answer within {:?}", self.timeout))?.map_err(|error| cause(&error))
    }
}

impl Answer {
    /// The body, or why there is none.
    fn success(self) -> Result<Vec<u8>, String> {
        if self.status.is_success() { Ok(self.body) } else { Err(reason(self.status, &self.body)) }
    }
}

/// What the API server says about a refusal, or else the name of the status.
pub(crate) fn reason(status: StatusCode, body: &[u8]) -> String {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    match told["message"].as_str().filter(|_| told["kind"] == "Status") {
        Some(message) => message.to_owned(),
        None => format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default().to_lowercase()),
    }
}

/// How long the other side asks to wait, when it asks for another try: a limit of requests, or trouble that passes.
fn wait_before_next(response: &Response<Body>) -> Option<Duration> {
    let status = response.status();
    let asks = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    asks.then(|| Duration::from_secs(seconds))
}

/// The innermost cause. Credential plugins are not quoted: what they print may be a token.
fn cause(error: &Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        if let Some(error) = innermost.downcast_ref::<AuthError>() {
            return credential_failure(error);
        }
        innermost = source;
    }
    innermost.downcast_ref::<AuthError>().map_or_else(|| innermost.to_string(), credential_failure)
}

fn credential_failure(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecStart(error) => format!("the credential plugin cannot be started: {error}"),
        AuthError::AuthExecRun { out, .. } => format!("the credential plugin failed ({})", out.status),
        AuthError::ReadTokenFile(error, path) => format!("the token file {} cannot be read: {error}", path.display()),
        AuthError::MissingCommand => "the credential plugin has no command".to_owned(),
        _ => "no credential could be had".to_owned(),
    }
}

fn first_port(service: &[u8]) -> Option<String> {
    let service: Service = serde_json::from_slice(service).ok()?;
    let port = service.spec?.ports?.into_iter().next()?;
    Some(port.name.unwrap_or_default())
}

/// Whether a name can stand in a path as it is.
pub(crate) fn is_dns_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    !name.is_empty() && name.bytes().all(is_allowed)
}
