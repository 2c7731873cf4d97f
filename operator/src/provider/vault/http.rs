//! One HTTP call to Vault, bounded in time and size. What the server says about an error is never read: it may quote a value.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crds::{CaProvider, VaultProvider};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method, Response, Url};
use zeroize::Zeroizing;

use super::super::ProviderError;
use super::super::credentials::Surroundings;
use super::super::egress;
use crate::failure::Failure;
use crate::reason::Reason;
use crate::reference::{Tenant, resolve};

/// From the first byte sent to the last one received.
const PATIENCE: Duration = Duration::from_secs(10);

/// Several times what a Secret can hold; Vault itself stores 1 MiB at most.
const LARGEST_ANSWER: usize = 8 << 20;

/// A server, and what every call to it carries.
pub(super) struct Http {
    client: Client,
    server: Url,
    headers: HeaderMap,
}

/// What makes one call differ from another. With a body it is a POST.
pub(super) struct Call<'a> {
    /// Below `/v1/`.
    pub(super) path: &'a str,
    pub(super) version: Option<&'a str>,
    pub(super) namespace: Option<&'a str>,
    pub(super) token: Option<&'a str>,
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
}

impl Http {
    pub(super) async fn connect(
        block: &VaultProvider,
        tenant: Tenant<'_>,
        around: &Arc<Surroundings>,
    ) -> Result<Http, Failure> {
        let server = egress::server(&block.server)?;
        let mut headers = headers(&block.headers)?;
        headers.insert("x-vault-request", HeaderValue::from_static("true"));
        if block.forward_inconsistent == Some(true) {
            headers.insert("x-vault-inconsistent", HeaderValue::from_static("forward-active-node"));
        }
        let client = Client::builder()
            .user_agent(concat!("strongroom/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            .redirect(Policy::none())
            .dns_resolver(Arc::new(egress::Guarded));
        let client = match authorities(block, tenant, around).await? {
            Some(trusted) => client.tls_certs_only(trusted),
            // Without TLS there is no need for the certificates of the system, which an image may lack.
            None if server.scheme() == "http" => client.tls_certs_only([]),
            None => client,
        };
        let broken = |_| Failure::lasting(Reason::StoreInvalid, "no connection can be made with these certificates");
        Ok(Http { client: client.build().map_err(broken)?, server, headers })
    }

    pub(super) async fn send(&self, call: Call<'_>) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        let mut url = self.server.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(call.path.split('/').filter(|segment| !segment.is_empty()));
        }
        if let Some(version) = call.version {
            url.query_pairs_mut().append_pair("version", version);
        }
        let method = if call.body.is_some() { Method::POST } else { Method::GET };
        let mut request = self.client.request(method, url).headers(self.headers.clone());
        for (name, value) in [("x-vault-token", call.token), ("x-vault-namespace", call.namespace)] {
            if let Some(value) = value {
                let local = || {
                    Failure::passing(
                        Reason::StoreInvalid,
                        format!("what goes into the header {name} fits in no header"),
                    )
                };
                let mut value = HeaderValue::from_str(value).map_err(|_| local())?;
                value.set_sensitive(true);
                request = request.header(name, value);
            }
        }
        if let Some(body) = call.body {
            request = request.header("content-type", "application/json").body(body.to_vec());
        }
        let answer = request.send().await.map_err(|error| unreachable(&error))?;
        accept(&answer)?;
        body(answer).await
    }
}

fn headers(given: &BTreeMap<String, String>) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let wrong =
            || Failure::lasting(Reason::StoreInvalid, format!("provider.vault.headers[{name:?}] is not a header"));
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value);
    }
    Ok(headers)
}

/// The only certificates to trust; `None` for those of the system.
async fn authorities(
    block: &VaultProvider,
    tenant: Tenant<'_>,
    around: &Surroundings,
) -> Result<Option<Vec<Certificate>>, Failure> {
    let wrong = |what: &str| {
        Failure::lasting(Reason::StoreInvalid, format!("provider.vault.{what} holds no certificates in PEM"))
    };
    let (pem, what) = match (&block.ca_bundle, &block.ca_provider) {
        (Some(bundle), _) if !bundle.is_empty() => {
            (Zeroizing::new(STANDARD.decode(bundle).map_err(|_| wrong("caBundle"))?), "caBundle")
        }
        (_, Some(CaProvider { type_, name, namespace, key })) if type_ == "Secret" => {
            let name = resolve(tenant, namespace.as_deref(), name)?;
            (around.credentials.secret_entry(&name, key.as_deref().unwrap_or("ca.crt")).await?, "caProvider")
        }
        (_, Some(_)) => {
            return Err(Failure::lasting(
                Reason::Unsupported,
                "`provider.vault.caProvider` is supported with type Secret only",
            ));
        }
        _ => return Ok(None),
    };
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| wrong(what))?;
    if certificates.is_empty() { Err(wrong(what)) } else { Ok(Some(certificates)) }
}

fn accept(answer: &Response) -> Result<(), ProviderError> {
    Err(match answer.status().as_u16() {
        200..=299 => return Ok(()),
        300..=399 => ProviderError::Unexpected { cause: "it sends us to another address" },
        401 | 403 => ProviderError::Denied,
        404 => ProviderError::NotFound,
        412 => ProviderError::Unavailable { cause: "it has not caught up yet" },
        429 => {
            let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            ProviderError::Throttled { retry_after: seconds.map(Duration::from_secs) }
        }
        472 | 473 | 503 => ProviderError::Unavailable { cause: "it is sealed, on standby or in maintenance" },
        500..=599 => ProviderError::Unavailable { cause: "it reports an error of its own" },
        _ => ProviderError::Unexpected { cause: "it does not accept the request" },
    })
}

async fn body(mut answer: Response) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
    let expected = answer.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(64 << 10);
    // With enough room at the start nothing is copied to a larger place and left behind unwiped.
    let mut body = Zeroizing::new(Vec::with_capacity(expected.min(LARGEST_ANSWER)));
    while let Some(chunk) = answer.chunk().await.map_err(|error| unreachable(&error))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(ProviderError::Unexpected { cause: "it is too large" });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unreachable(error: &reqwest::Error) -> ProviderError {
    let cause = if error.is_timeout() {
        "it did not answer in time"
    } else if error.is_connect() {
        "no connection can be made"
    } else {
        "the connection broke"
    };
    ProviderError::Unavailable { cause }
}
