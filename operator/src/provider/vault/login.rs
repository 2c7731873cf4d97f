//! One login for all reads of a store, made anew shortly before it ends. It must never send the operator's own token to a
//! server that a tenant has chosen: whoever gets it may read every Secret of the cluster.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crds::{VaultAuth, VaultKubernetesAuth, VaultProvider};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::super::credentials::Surroundings;
use super::super::json::Json;
use super::super::{ProviderError, refuse_unknown};
use super::http::{Call, Http};
use crate::failure::Failure;
use crate::name::ObjectName;
use crate::reason::Reason;
use crate::reference::{Tenant, resolve};

/// A login that failed is not tried again at once by the next of a thousand readers.
const PAUSE: Duration = Duration::from_secs(5);

/// The entry of a Secret of type `kubernetes.io/service-account-token`.
const TOKEN_ENTRY: &str = "token";

/// How a store logs in, and the login there is.
pub(super) struct Session {
    method: Method,
    namespace: Option<String>,
    around: Arc<Surroundings>,
    state: Mutex<State>,
}

enum Method {
    Token(Zeroizing<String>),
    Kubernetes { mount: String, role: String, identity: Identity },
}

/// Whose token is shown to Vault.
enum Identity {
    Account { name: ObjectName, audiences: Vec<String> },
    Secret { name: ObjectName, key: String },
    Own(PathBuf),
}

enum State {
    LoggedOut,
    LoggedIn { token: Zeroizing<String>, until: Option<Instant> },
    Failed { error: ProviderError, when: Instant },
}

#[derive(Serialize)]
struct Login<'a> {
    role: &'a str,
    jwt: &'a str,
}

impl Session {
    /// The way to log in that the block describes. Of several the first of the original's order counts.
    pub(super) async fn new(
        block: &VaultProvider,
        tenant: Tenant<'_>,
        around: &Arc<Surroundings>,
    ) -> Result<Session, Failure> {
        let missing = || Failure::lasting(Reason::StoreInvalid, "provider.vault.auth names no way to log in");
        let auth = block.auth.as_ref().ok_or_else(missing)?;
        let method = match auth {
            VaultAuth { token_secret_ref: Some(selector), .. } => {
                let name = resolve(tenant, selector.namespace.as_deref(), &selector.name)?;
                Method::Token(around.credential(&name, &selector.key).await?)
            }
            VaultAuth { kubernetes, other, .. } => {
                refuse_unknown("provider.vault.auth", other, &[])?;
                let kubernetes = kubernetes.as_ref().ok_or_else(missing)?;
                let mount = kubernetes.mount_path.clone().filter(|mount| !mount.is_empty());
                Method::Kubernetes {
                    mount: mount.unwrap_or_else(|| "kubernetes".to_owned()),
                    role: kubernetes.role.clone(),
                    identity: identity(kubernetes, tenant, around)?,
                }
            }
        };
        let namespace =
            auth.namespace.clone().or_else(|| block.namespace.clone()).filter(|namespace| !namespace.is_empty());
        Ok(Session { method, namespace, around: around.clone(), state: Mutex::new(State::LoggedOut) })
    }

    /// Whether the token is one that a user has put into a Secret.
    pub(super) fn is_given(&self) -> bool {
        matches!(self.method, Method::Token(_))
    }

    /// The namespace inside Vault to log in to.
    pub(super) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// A token that is good for a while yet.
    pub(super) async fn token(&self, http: &Http) -> Result<Zeroizing<String>, ProviderError> {
        let (mount, role, identity) = match &self.method {
            Method::Token(token) => return Ok(token.clone()),
            Method::Kubernetes { mount, role, identity } => (mount, role, identity),
        };
        let mut state = self.state.lock().await;
        match &*state {
            State::LoggedIn { token, until } if until.is_none_or(|until| Instant::now() < until) => {
                return Ok(token.clone());
            }
            State::Failed { error, when } if when.elapsed() < PAUSE => return Err(error.clone()),
            _ => {}
        }
        match self.log_in(http, mount, role, identity).await {
            Ok((token, until)) => {
                *state = State::LoggedIn { token: token.clone(), until };
                Ok(token)
            }
            Err(error) => {
                *state = State::Failed { error: error.clone(), when: Instant::now() };
                Err(error)
            }
        }
    }

    async fn log_in(
        &self,
        http: &Http,
        mount: &str,
        role: &str,
        identity: &Identity,
    ) -> Result<(Zeroizing<String>, Option<Instant>), ProviderError> {
        let jwt = match identity {
            Identity::Account { name, audiences } => self.around.credentials.account_token(name, audiences).await?,
            Identity::Secret { name, key } => self.around.credential(name, key).await?,
            Identity::Own(file) => own_token(file).await?,
        };
        let strange = ProviderError::Unexpected { cause: "it is not that of a login" };
        let body = serde_json::to_vec(&Login { role, jwt: &jwt }).map_err(|_| strange.clone())?;
        let path = format!("auth/{mount}/login");
        let call = Call {
            path: &path,
            version: None,
            namespace: self.namespace(),
            token: None,
            body: Some(Zeroizing::new(body)),
        };
        let asked = Instant::now();
        let answer = http.send(call).await.map_err(|error| match error {
            // There is no such way to log in, which says nothing about any secret.
            ProviderError::NotFound => ProviderError::Denied,
            other => other,
        })?;
        understand(&answer, asked).ok_or(strange)
    }
}

fn identity(block: &VaultKubernetesAuth, tenant: Tenant<'_>, around: &Surroundings) -> Result<Identity, Failure> {
    match (block, tenant) {
        (VaultKubernetesAuth { service_account_ref: Some(selector), .. }, _) => {
            let name = resolve(tenant, selector.namespace.as_deref(), &selector.name)?;
            Ok(Identity::Account { name, audiences: selector.audiences.clone() })
        }
        (VaultKubernetesAuth { secret_ref: Some(selector), .. }, _) => {
            let name = resolve(tenant, selector.namespace.as_deref(), &selector.name)?;
            let key = if selector.key.is_empty() { TOKEN_ENTRY } else { &selector.key };
            Ok(Identity::Secret { name, key: key.to_owned() })
        }
        (_, Tenant::Cluster { .. }) => Ok(Identity::Own(around.own_token.clone())),
        (_, Tenant::Namespace(_)) => Err(Failure::lasting(
            Reason::StoreInvalid,
            "a SecretStore cannot log in with the token of the operator: provider.vault.auth.kubernetes needs a serviceAccountRef",
        )),
    }
}

async fn own_token(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let missing = |_| Failure::passing(Reason::KeyMissing, "the operator has no token of its own to log in with");
    let text = tokio::task::spawn_blocking({
        let file = file.to_owned();
        move || std::fs::read_to_string(file).map(Zeroizing::new)
    });
    let text = text.await.map_err(|_| std::io::Error::other("cancelled")).flatten().map_err(missing)?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// The token of an answer, and the moment to log in again: when four fifths of its life are over.
fn understand(answer: &[u8], asked: Instant) -> Option<(Zeroizing<String>, Option<Instant>)> {
    let auth = *Json::parse(answer)?.members()?.get("auth")?;
    let auth = auth.members()?;
    let token = auth.get("client_token")?.string().filter(|token| !token.is_empty())?;
    let seconds: u64 = auth.get("lease_duration").and_then(|seconds| seconds.raw().parse().ok()).unwrap_or(0);
    let until = (seconds > 0).then(|| asked + Duration::from_secs(seconds.min(365 * 24 * 3600)) * 4 / 5);
    Some((token, until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_renewed_before_it_ends_and_one_without_end_never() {
        let now = Instant::now();
        let (token, until) = understand(br#"{"auth":{"client_token":"hvs.x","lease_duration":100}}"#, now).unwrap();
        assert_eq!((token.as_str(), until), ("hvs.x", Some(now + Duration::from_secs(80))));
        let (_, until) = understand(br#"{"auth":{"client_token":"hvs.x","lease_duration":0}}"#, now).unwrap();
        assert_eq!(until, None);
    }

    #[test]
    fn an_answer_without_a_token_is_no_login() {
        for answer in
            ["", "{}", r#"{"auth":null}"#, r#"{"auth":{"client_token":""}}"#, r#"{"auth":{"client_token":7}}"#]
        {
            assert!(understand(answer.as_bytes(), Instant::now()).is_none(), "{answer}");
        }
    }
}
