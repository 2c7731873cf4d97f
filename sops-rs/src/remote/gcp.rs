//! Access tokens of Google Cloud: for a service account by its key, for a user by a refresh token, or from the metadata
//! server of the machine.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, Url};
use serde::Deserialize;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

mod assertion;

use super::Clock;
use super::http::{Answer, Http};
use crate::master_key::KeyError;

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// Where tokens are handed out to service accounts and users, unless their credentials say another place.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
/// A token that ends this soon is fetched anew.
const MARGIN: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);
/// Outside of Google Cloud nobody answers there.
const METADATA_PATIENCE: Duration = Duration::from_secs(3);

/// How the user is known to Google Cloud.
pub enum GcpCredentials {
    /// An access token, as it is.
    Token(Zeroizing<String>),
    /// The key of a service account, or the refresh token of a user, in the JSON of `gcloud`.
    Json(Zeroizing<String>),
    /// The account of this machine: host of the metadata server.
    Metadata(String),
}

/// Hands out access tokens, each as long as it is good.
pub struct GcpTokens {
    http: Http,
    clock: Clock,
    credentials: GcpCredentials,
    known: Mutex<Option<(Zeroizing<String>, Timestamp)>>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Json {
    ServiceAccount(assertion::ServiceAccount),
    AuthorizedUser {
        client_id: String,
        client_secret: String,
        refresh_token: String,
        token_uri: Option<String>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
    expires_in: Option<i64>,
}

impl GcpTokens {
    /// Tokens for these credentials. Nothing is fetched yet.
    pub fn new(http: Http, clock: Clock, credentials: GcpCredentials) -> GcpTokens {
        GcpTokens { http, clock, credentials, known: Mutex::default() }
    }

    /// A token that is good for another minute at least.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] if the credentials are not in a form that is known; [`KeyError::Refused`] if they are not
    /// accepted; [`KeyError::NoIdentity`] if there are none; [`KeyError::Unavailable`] if there is no answer.
    pub async fn token(&self) -> Result<Zeroizing<String>, KeyError> {
        let mut known = self.known.lock().await;
        let now = (self.clock)();
        if let Some((token, end)) = &*known
            && now.saturating_add(MARGIN).is_ok_and(|soon| soon < *end)
        {
            return Ok(token.clone());
        }
        let fetched = match &self.credentials {
            GcpCredentials::Token(token) => return Ok(token.clone()),
            GcpCredentials::Json(json) => self.exchange(json, now).await?,
            GcpCredentials::Metadata(host) => self.metadata(host).await?,
        };
        let token = Zeroizing::new(fetched.access_token);
        let life = jiff::SignedDuration::from_secs(fetched.expires_in.unwrap_or(0));
        *known = now.checked_add(life).ok().map(|end| (token.clone(), end));
        Ok(token)
    }

    async fn exchange(&self, json: &str, now: Timestamp) -> Result<Token, KeyError> {
        let wrong = |what: &str| KeyError::Malformed(format!("the credentials of Google Cloud {what}"));
        let json: Json = serde_json::from_str(json).map_err(|_| wrong("are not in JSON, or have no known type"))?;
        let (uri, form) = match json {
            Json::ServiceAccount(account) => {
                let assertion = account.assertion((SCOPE, TOKEN_URI), now)?;
                let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned();
                (account.token_uri, vec![("grant_type", Zeroizing::new(grant)), ("assertion", assertion)])
            }
            Json::AuthorizedUser { client_id, client_secret, refresh_token, token_uri } => {
                let form = [
                    ("grant_type", "refresh_token".to_owned()),
                    ("client_id", client_id),
                    ("client_secret", client_secret),
                    ("refresh_token", refresh_token),
                ];
                (token_uri, form.map(|(name, value)| (name, Zeroizing::new(value))).into())
            }
            Json::Other => {
                return Err(wrong("are of a type that is not supported (external or impersonated accounts)"));
            }
        };
        let url =
            Url::parse(uri.as_deref().unwrap_or(TOKEN_URI)).map_err(|_| wrong("have a token_uri that is none"))?;
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = self.http.request(Method::POST, url).form(&form);
        self.http.send(SERVER, request).await?.json(SERVER, oauth_words)
    }

    async fn metadata(&self, host: &str) -> Result<Token, KeyError> {
        let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token?scopes={SCOPE}");
        let url = Url::parse(&url).map_err(|_| KeyError::Malformed("GCE_METADATA_HOST is not a host".to_owned()))?;
        let request =
            self.http.request(Method::GET, url).header("Metadata-Flavor", "Google").timeout(METADATA_PATIENCE);
        let answer: Answer = self.http.send(SERVER, request).await.map_err(|_| {
            KeyError::NoIdentity(
                "no credentials for Google Cloud were found: set GOOGLE_APPLICATION_CREDENTIALS, or log in with \
                 `gcloud auth application-default login`"
                    .to_owned(),
            )
        })?;
        answer.json("the metadata server of Google Cloud", |_| None)
    }
}

const SERVER: &str = "the token service of Google Cloud";

fn oauth_words(body: &serde_json::Value) -> Option<String> {
    let error = body["error"].as_str()?;
    Some(format!("{error} {}", body["error_description"].as_str().unwrap_or_default()))
}

/// The words of a service of Google about a failure.
pub fn words(body: &serde_json::Value) -> Option<String> {
    body["error"]["message"].as_str().map(str::to_owned)
}
