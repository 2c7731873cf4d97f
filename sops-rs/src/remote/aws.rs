//! Calls of AWS, signed here; regions, profiles and the many ways to credentials are the business of the AWS SDK.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use bytes::Bytes;
use reqwest::Method;
use tokio::sync::Mutex;

mod endpoint;
mod signature;

use super::Clock;
use super::http::{Answer, Http, printable};
use crate::master_key::KeyError;

/// For one attempt at credentials, and for all of them.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(30));
/// Credentials that end this soon are fetched anew.
const MARGIN: Duration = Duration::from_mins(1);
/// The longest name AWS takes for a session of a role.
const LONGEST_SESSION_NAME: usize = 64;

/// How AWS is reached, beyond what the AWS SDK finds by itself.
pub struct AwsSettings {
    /// The time.
    pub clock: Clock,
    /// Name of this computer, for the session of an assumed role.
    pub host_name: String,
    /// Addresses in place of a service's own: (`kms`, `http://localhost:4566`).
    pub endpoints: HashMap<String, String>,
}

/// Who calls, and where.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The region; `None` for that of the configuration.
    pub region: Option<String>,
    /// The profile of the configuration; empty for the default chain.
    pub profile: String,
    /// ARN of a role to assume; empty for none.
    pub role: String,
}

/// A client for all services that sign in the usual way. What it found out about a caller it keeps.
pub struct Aws {
    http: Http,
    settings: AwsSettings,
    sessions: Mutex<HashMap<Caller, Session>>,
}

/// A caller with credentials.
#[derive(Clone)]
struct Session {
    config: SdkConfig,
    credentials: Credentials,
}

/// What is called: everything but who does.
pub struct AwsCall {
    /// Name of the service in signatures and host names: `kms`, `s3`.
    pub service: &'static str,
    /// The method.
    pub method: Method,
    /// The bucket and the key, for S3.
    pub object: Option<(String, String)>,
    /// Headers.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body.
    pub body: Bytes,
}

impl Aws {
    /// A client. Nothing is looked up yet.
    pub fn new(http: Http, settings: AwsSettings) -> Aws {
        Aws { http, settings, sessions: Mutex::default() }
    }

    /// Calls a service. `Answer` may be a failure of the service.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] if the region is none; [`KeyError::NoIdentity`] without credentials; [`KeyError::Refused`] if
    /// the role may not be assumed; [`KeyError::Unavailable`] if there is no answer.
    pub async fn call(&self, caller: &Caller, call: AwsCall) -> Result<Answer, KeyError> {
        let session = self.session(caller).await?;
        let region = session.config.region().map(ToString::to_string).ok_or_else(no_region)?;
        let given = self.settings.endpoints.get(call.service).map(String::as_str).or(session.config.endpoint_url());
        let url = endpoint::url(&session.config, &region, &call, given)?;
        let headers = signature::sign(&session.credentials, (&region, (self.settings.clock)()), &call, &url)?;
        let request = self.http.request(call.method, url).headers(headers).body(call.body);
        self.http.send(&format!("AWS {} in {region}", call.service.to_uppercase()), request).await
    }

    async fn session(&self, caller: &Caller) -> Result<Session, KeyError> {
        let mut sessions = self.sessions.lock().await;
        let soon = SystemTime::from((self.settings.clock)()) + MARGIN;
        if let Some(session) = sessions.get(caller)
            && session.credentials.expiry().is_none_or(|end| end > soon)
        {
            return Ok(session.clone());
        }
        let session = self.log_in(caller).await?;
        sessions.insert(caller.clone(), session.clone());
        Ok(session)
    }

    async fn log_in(&self, caller: &Caller) -> Result<Session, KeyError> {
        if caller.region.as_ref().is_some_and(|region| !endpoint::is_region(region)) {
            return Err(no_region());
        }
        let (attempt, all) = PATIENCE;
        let patience = TimeoutConfig::builder().operation_attempt_timeout(attempt).operation_timeout(all);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard())
            .timeout_config(patience.connect_timeout(attempt).build());
        if let Some(region) = &caller.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if !caller.profile.is_empty() {
            loader = loader.profile_name(&caller.profile);
        }
        let config = loader.load().await;
        let credentials = if caller.role.is_empty() {
            provided(config.credentials_provider())
                .await
                .map_err(|words| KeyError::NoIdentity(format!("no credentials for AWS were found: {words}")))?
        } else {
            let name = session_name(&self.settings.host_name);
            let role = AssumeRoleProvider::builder(&caller.role).session_name(name).configure(&config).build().await;
            provided(Some(role)).await.map_err(|words| {
                KeyError::Refused(format!("the role {} could not be assumed: {words}", printable(&caller.role)))
            })?
        };
        Ok(Session { config, credentials })
    }
}

fn no_region() -> KeyError {
    KeyError::Malformed("no region of AWS is known, or it is none: set AWS_REGION".to_owned())
}

async fn provided(provider: Option<impl ProvideCredentials>) -> Result<Credentials, String> {
    let Some(provider) = provider else { return Err("there is no way to them".to_owned()) };
    provider.provide_credentials().await.map_err(|error| {
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        printable(&causes.map(ToString::to_string).collect::<Vec<String>>().join(": "))
    })
}

/// `sops@` and the host, as the original writes it, since trust policies may ask for it. It leaves hyphens out.
fn session_name(host: &str) -> String {
    let kept = |character: &char| character.is_ascii_alphanumeric() || "=,.@_".contains(*character);
    "sops@".chars().chain(host.chars().filter(kept)).take(LONGEST_SESSION_NAME).collect()
}

/// The words of a service that answers in JSON about a failure.
pub fn words(body: &serde_json::Value) -> Option<String> {
    let kind = body["__type"].as_str().map(|kind| kind.rsplit('#').next().unwrap_or(kind));
    let message = body["message"].as_str().or(body["Message"].as_str());
    match (kind, message) {
        (Some(kind), Some(message)) => Some(format!("{kind}: {message}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_of_a_role_is_named_as_the_original_names_it() {
        assert_eq!(session_name("build-7.example.com"), "sops@build7.example.com");
        assert_eq!(session_name("wéird host/x"), "sops@wirdhostx");
        assert_eq!(session_name(&"a".repeat(100)).len(), LONGEST_SESSION_NAME);
    }

    #[test]
    fn the_kind_of_an_error_comes_without_its_namespace() {
        let body = serde_json::json!({ "__type": "com.amazonaws.kms#NotFoundException", "message": "gone" });
        assert_eq!(words(&body).unwrap(), "NotFoundException: gone");
        assert_eq!(words(&serde_json::json!({ "Message": "gone" })).unwrap(), "gone");
        assert_eq!(words(&serde_json::json!({})), None);
    }
}
