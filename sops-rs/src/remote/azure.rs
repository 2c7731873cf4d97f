//! Access tokens of Azure: for an application by its secret, for a workload by the token of its platform, for the identity of
//! the machine, or for the user of the `az` program.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, process};

use jiff::Timestamp;
use reqwest::header::HeaderValue;
use reqwest::{Method, Url};
use serde::Deserialize;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::Clock;
use super::http::Http;
use crate::master_key::KeyError;

/// A token that ends this soon is fetched anew.
const MARGIN: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);
/// Outside of Azure nobody answers there.
const METADATA_PATIENCE: Duration = Duration::from_secs(3);
const SERVER: &str = "the token service of Azure";

/// How the user is known to Azure.
pub enum AzureCredentials {
    /// An application, by its secret.
    ClientSecret {
        /// The tenant.
        tenant: String,
        /// The application.
        client: String,
        /// Its secret.
        secret: Zeroizing<String>,
    },
    /// An application, by a token that its platform wrote into a file.
    Workload {
        /// The tenant.
        tenant: String,
        /// The application.
        client: String,
        /// The file; read anew for each token.
        file: PathBuf,
    },
    /// The identity of this machine; of several, the one of this application.
    ManagedIdentity {
        /// Address of the metadata service, `http://169.254.169.254`.
        service: String,
        /// The application, if the machine has several.
        client: Option<String>,
    },
    /// The identity of an App Service, a function or a container app
    /// (<https://learn.microsoft.com/azure/app-service/overview-managed-identity>, REST endpoint reference).
    AppService {
        /// `IDENTITY_ENDPOINT`.
        endpoint: String,
        /// `IDENTITY_HEADER`, which shows that the caller is inside.
        header: Zeroizing<String>,
        /// The application, if the service has several.
        client: Option<String>,
    },
    /// Whoever is logged in with the program `az`, which is run: its path, so that no folder is searched here.
    Program(PathBuf),
}

/// Hands out access tokens, each as long as it is good.
pub struct AzureTokens {
    http: Http,
    clock: Clock,
    authority: Url,
    credentials: AzureCredentials,
    known: Mutex<HashMap<String, (Zeroizing<String>, Timestamp)>>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(rename = "access_token", alias = "accessToken")]
    access: String,
    #[serde(default)]
    expires_in: serde_json::Value,
    #[serde(default)]
    expires_on: serde_json::Value,
}

impl Token {
    /// Until when it is good, by whichever of the two the service says; both are numbers, or numbers as text.
    fn end(&self, now: Timestamp) -> Option<Timestamp> {
        let number = |value: &serde_json::Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
        match number(&self.expires_in) {
            Some(seconds) => now.checked_add(jiff::SignedDuration::from_secs(seconds)).ok(),
            None => Timestamp::from_second(number(&self.expires_on)?).ok(),
        }
    }
}

impl AzureTokens {
    /// Tokens for these credentials, by an authority such as `https://login.microsoftonline.com`. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] if the authority is not a URL with https.
    pub fn new(
        http: Http,
        clock: Clock,
        (authority, credentials): (&str, AzureCredentials),
    ) -> Result<AzureTokens, KeyError> {
        let authority = Url::parse(authority).ok().filter(|url| url.scheme() == "https");
        let authority =
            authority.ok_or_else(|| KeyError::Malformed("AZURE_AUTHORITY_HOST is not a URL with https".to_owned()))?;
        Ok(AzureTokens { http, clock, authority, credentials, known: Mutex::default() })
    }

    /// A token for a resource, such as `https://vault.azure.net`, that is good for another minute at least.
    ///
    /// # Errors
    /// [`KeyError::Refused`] if the credentials are not accepted; [`KeyError::NoIdentity`] if there are none;
    /// [`KeyError::Unavailable`] if there is no answer.
    pub async fn token(&self, resource: &str) -> Result<Zeroizing<String>, KeyError> {
        let mut known = self.known.lock().await;
        let now = (self.clock)();
        if let Some((token, end)) = known.get(resource)
            && now.saturating_add(MARGIN).is_ok_and(|soon| soon < *end)
        {
            return Ok(token.clone());
        }
        let fetched = match &self.credentials {
            AzureCredentials::ClientSecret { tenant, client, secret } => {
                self.log_in(tenant, client, (resource, &[("client_secret", secret)])).await?
            }
            AzureCredentials::Workload { tenant, client, file } => {
                let assertion = fs::read_to_string(file)
                    .map(Zeroizing::new)
                    .map_err(|error| KeyError::NoIdentity(format!("{} could not be read: {error}", file.display())))?;
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                let shown = [("client_assertion_type", kind), ("client_assertion", assertion.trim())];
                self.log_in(tenant, client, (resource, &shown)).await?
            }
            AzureCredentials::ManagedIdentity { service, client } => {
                self.metadata(service, client.as_deref(), resource).await?
            }
            AzureCredentials::AppService { endpoint, header, client } => {
                self.app_service((endpoint, header), client.as_deref(), resource).await?
            }
            AzureCredentials::Program(path) => program(path, resource)?,
        };
        let end = fetched.end(now);
        let token = Zeroizing::new(fetched.access);
        if let Some(end) = end {
            known.insert(resource.to_owned(), (token.clone(), end));
        }
        Ok(token)
    }

    async fn app_service(
        &self,
        (endpoint, header): (&str, &str),
        client: Option<&str>,
        resource: &str,
    ) -> Result<Token, KeyError> {
        let wrong = |name: &str| KeyError::Malformed(format!("{name} is not what an App Service sets"));
        let mut url = Url::parse(endpoint).map_err(|_| wrong("IDENTITY_ENDPOINT"))?;
        url.query_pairs_mut().append_pair("api-version", "2019-08-01").append_pair("resource", resource);
        if let Some(client) = client {
            url.query_pairs_mut().append_pair("client_id", client);
        }
        let mut header = HeaderValue::from_str(header).map_err(|_| wrong("IDENTITY_HEADER"))?;
        header.set_sensitive(true);
        let request = self.http.request(Method::GET, url).header("X-IDENTITY-HEADER", header);
        self.http.send(SERVER, request).await?.json(SERVER, words)
    }

    async fn log_in(
        &self,
        tenant: &str,
        client: &str,
        (resource, shown): (&str, &[(&str, &str)]),
    ) -> Result<Token, KeyError> {
        let mut url = self.authority.clone();
        let wrong = || KeyError::Malformed("AZURE_TENANT_ID is not a tenant".to_owned());
        if tenant.is_empty() || tenant.starts_with('.') {
            return Err(wrong());
        }
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend([tenant, "oauth2", "v2.0", "token"]);
        let scope = format!("{resource}/.default");
        let mut form = vec![("grant_type", "client_credentials"), ("client_id", client), ("scope", &scope)];
        form.extend(shown);
        let request = self.http.request(Method::POST, url).form(&form);
        self.http.send(SERVER, request).await?.json(SERVER, words)
    }

    async fn metadata(&self, service: &str, client: Option<&str>, resource: &str) -> Result<Token, KeyError> {
        let mut url = Url::parse(service).map_err(|_| KeyError::Malformed(format!("`{service}` is not a URL")))?;
        url.set_path("/metadata/identity/oauth2/token");
        url.query_pairs_mut().append_pair("api-version", "2018-02-01").append_pair("resource", resource);
        if let Some(client) = client {
            url.query_pairs_mut().append_pair("client_id", client);
        }
        let request = self.http.request(Method::GET, url).header("Metadata", "true").timeout(METADATA_PATIENCE);
        let answer = self.http.send(SERVER, request).await.map_err(|_| {
            KeyError::NoIdentity(
                "no credentials for Azure were found: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or \
                 AZURE_TOKEN_CREDENTIALS=AzureCLICredential after `az login`"
                    .to_owned(),
            )
        })?;
        answer.json(SERVER, words)
    }
}

fn program(path: &Path, resource: &str) -> Result<Token, KeyError> {
    let failed = |words: String| KeyError::NoIdentity(format!("`az account get-access-token` failed: {words}"));
    let mut command = process::Command::new(path);
    command.args(["account", "get-access-token", "--output", "json", "--resource", resource]);
    let output = command.stdin(process::Stdio::null()).output().map_err(|error| failed(error.to_string()))?;
    let stdout = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(failed(super::http::printable(&String::from_utf8_lossy(&output.stderr))));
    }
    serde_json::from_slice(&stdout).map_err(|_| failed("its answer is not what it should be".to_owned()))
}

/// The words of a service of Azure about a failure.
pub fn words(body: &serde_json::Value) -> Option<String> {
    let of_service = body["error"]["message"].as_str();
    let of_login = body["error_description"].as_str().and_then(|text| text.lines().next());
    of_service.or(of_login).or(body["error"].as_str()).or(body["message"].as_str()).map(str::to_owned)
}
