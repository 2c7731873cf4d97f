//! How a store gets what it logs in with: entries of Secrets, and tokens of ServiceAccounts. What is asked for has been
//! through [`reference::resolve`](crate::reference::resolve), so nothing here decides who may read what.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::Api;
use kube::api::PostParams;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::name::ObjectName;
use crate::reason::Reason;

/// How long a token of a ServiceAccount is asked for: what the original asks for, and the least that Kubernetes gives.
const TOKEN_SECONDS: i64 = 600;

/// Where Kubernetes puts the token of a pod's own ServiceAccount.
const OWN_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Gives out credentials that are in the cluster.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// One entry of a Secret.
    async fn secret_entry(&self, secret: &ObjectName, key: &str) -> Result<Zeroizing<Vec<u8>>, Failure>;

    /// A new token of a ServiceAccount; for the API server itself when no audience is named.
    async fn account_token(&self, account: &ObjectName, audiences: &[String]) -> Result<Zeroizing<String>, Failure>;
}

/// Everything around a store that its description does not say.
pub struct Surroundings {
    /// Where credentials come from.
    pub credentials: Arc<dyn Credentials>,
    /// Where Secrets Manager is, when not where the region says: `AWS_SECRETSMANAGER_ENDPOINT`.
    pub secrets_manager_endpoint: Option<String>,
    /// The file with the token of the operator's own ServiceAccount.
    pub own_token: PathBuf,
}

impl Surroundings {
    /// The surroundings of a process: its environment, and the files of its pod.
    pub fn of_process(credentials: Arc<dyn Credentials>) -> Surroundings {
        let endpoint = std::env::var("AWS_SECRETSMANAGER_ENDPOINT").ok().filter(|endpoint| !endpoint.is_empty());
        Surroundings { credentials, secrets_manager_endpoint: endpoint, own_token: OWN_TOKEN.into() }
    }

    /// An entry of a Secret, without white space around it: an editor's last line break is in no credential.
    #[cfg(any(feature = "aws", feature = "vault"))]
    pub(super) async fn credential(&self, secret: &ObjectName, key: &str) -> Result<Zeroizing<String>, Failure> {
        let bytes = self.credentials.secret_entry(secret, key).await?;
        match std::str::from_utf8(&bytes).map(str::trim) {
            Ok("") | Err(_) => Err(Failure::passing(
                Reason::KeyMissing,
                format!("entry `{key}` of Secret `{secret}` holds no credential"),
            )),
            Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        }
    }
}

/// Credentials as the API server gives them out.
pub struct KubeCredentials {
    client: kube::Client,
}

impl KubeCredentials {
    /// Reads with the rights of this client.
    pub fn new(client: kube::Client) -> KubeCredentials {
        KubeCredentials { client }
    }
}

#[async_trait]
impl Credentials for KubeCredentials {
    async fn secret_entry(&self, name: &ObjectName, key: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &name.namespace);
        let what = || format!("Secret `{name}`");
        let secret = api.get(&name.name).await.map_err(|error| refused(&error, &what()))?;
        let mut entries = secret.data.unwrap_or_default();
        let entry = entries.remove(key);
        // The other entries are wiped as well: they came along only because there is no reading of one entry.
        for other in entries.into_values() {
            drop(Zeroizing::new(other.0));
        }
        let missing = || Failure::passing(Reason::KeyMissing, format!("{} has no entry `{key}`", what()));
        entry.map(|bytes| Zeroizing::new(bytes.0)).ok_or_else(missing)
    }

    async fn account_token(&self, name: &ObjectName, audiences: &[String]) -> Result<Zeroizing<String>, Failure> {
        let api: Api<ServiceAccount> = Api::namespaced(self.client.clone(), &name.namespace);
        let spec = TokenRequestSpec {
            audiences: audiences.to_vec(),
            expiration_seconds: Some(TOKEN_SECONDS),
            ..TokenRequestSpec::default()
        };
        let request = TokenRequest { spec, ..TokenRequest::default() };
        let what = format!("ServiceAccount `{name}`");
        let answer = api.create_token_request(&name.name, &PostParams::default(), &request).await;
        let status = answer.map_err(|error| refused(&error, &what))?.status;
        let token = status.map(|status| Zeroizing::new(status.token)).filter(|token| !token.is_empty());
        token.ok_or_else(|| Failure::passing(Reason::KeyMissing, format!("the API server gave no token for {what}")))
    }
}

/// The API server's own words are about names and rights, but they are not ours; the code says enough.
fn refused(error: &kube::Error, what: &str) -> Failure {
    let message = match error {
        kube::Error::Api(status) if status.code == 404 => format!("{what} does not exist"),
        kube::Error::Api(status) if status.code == 403 => format!("the operator may not read {what}"),
        _ => format!("the API server did not give out {what}"),
    };
    Failure::passing(Reason::KeyMissing, message)
}
