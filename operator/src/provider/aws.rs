//! AWS Secrets Manager. Regions, signatures and the many ways to credentials are the SDK's business; what stands here is which
//! version is meant, and what the service's errors mean for us. The SDK's own texts stay here.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{Credentials, ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueError, GetSecretValueOutput};
use crds::{AwsAuth, AwsProvider, AwsSecretRef, SecretKeySelector};
use zeroize::{Zeroize as _, Zeroizing};

use super::credentials::Surroundings;
use super::{ProviderError, Read, Reader, RemoteKey, Version, refuse_unknown};
use crate::failure::Failure;
use crate::reason::Reason;
use crate::reference::{Tenant, resolve};

/// For one attempt, and for all of them.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(25));

/// What the original asks for when no version is named.
const CURRENT: &str = "AWSCURRENT";

/// The fields that matter for writing only.
const WRITING: [&str; 1] = ["secretsManager"];

/// Secrets Manager in one region.
pub(super) struct SecretsManager {
    client: Client,
    credentials: Option<SharedCredentialsProvider>,
    prefix: String,
}

impl SecretsManager {
    /// The store that the block describes. Credentials in Secrets are fetched; AWS is not spoken to yet.
    pub(super) async fn connect(
        block: &AwsProvider,
        retries: Option<i32>,
        tenant: Tenant<'_>,
        around: &Arc<Surroundings>,
    ) -> Result<SecretsManager, Failure> {
        refuse(block)?;
        let attempts = retries.map_or(RetryConfig::standard(), |retries| {
            RetryConfig::standard().with_max_attempts(u32::try_from(retries).unwrap_or(0).saturating_add(1))
        });
        let (attempt, all) = PATIENCE;
        let patience = TimeoutConfig::builder().operation_attempt_timeout(attempt).operation_timeout(all).build();
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(block.region.clone()))
            .retry_config(attempts)
            .timeout_config(patience);
        let loader = match block.auth.as_ref().and_then(|auth| auth.secret_ref.as_ref()) {
            Some(keys) => loader.credentials_provider(static_keys(keys, tenant, around).await?),
            None => loader,
        };
        let shared = loader.load().await;
        let mut config = aws_sdk_secretsmanager::config::Builder::from(&shared);
        config.set_endpoint_url(
            around.secrets_manager_endpoint.clone().or_else(|| shared.endpoint_url().map(str::to_owned)),
        );
        Ok(SecretsManager {
            client: Client::from_conf(config.build()),
            credentials: shared.credentials_provider(),
            prefix: block.prefix.clone().unwrap_or_default(),
        })
    }
}

#[async_trait]
impl Reader for SecretsManager {
    async fn read(&self, key: &RemoteKey, known: Option<&Version>) -> Result<Read, ProviderError> {
        let request = self.client.get_secret_value().secret_id(format!("{}{}", self.prefix, key.key));
        let version = key.version.as_deref().filter(|version| !version.is_empty()).unwrap_or(CURRENT);
        let request = match version.strip_prefix("uuid/") {
            Some(id) => request.version_id(id),
            None => request.version_stage(version),
        };
        let answer = request.send().await.map_err(|error| classify(&error))?;
        let version = answer.version_id.clone().map(Version::new);
        Ok(Read::unless_known(value(answer)?, version, known))
    }

    /// Whether there are credentials. Whether they are good for anything, only a secret can tell.
    async fn check(&self) -> Result<(), ProviderError> {
        let provider = self.credentials.as_ref().ok_or(ProviderError::Denied)?;
        provider.provide_credentials().await.map(drop).map_err(|_| no_credentials())
    }
}

fn refuse(block: &AwsProvider) -> Result<(), Failure> {
    let unsupported =
        |what: &str| Err(Failure::lasting(Reason::Unsupported, format!("`provider.aws.{what}` is not supported")));
    match block.service.as_str() {
        "SecretsManager" => {}
        "ParameterStore" | "CertificateManager" => return unsupported(&format!("service: {}", block.service)),
        _ => return Err(Failure::lasting(Reason::StoreInvalid, "provider.aws.service names no service")),
    }
    // The region becomes a part of a host name: it must not be able to name another host.
    let is_region =
        |region: &str| region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if block.region.is_empty() || block.region.len() > 63 || !is_region(&block.region) {
        return Err(Failure::lasting(Reason::StoreInvalid, "provider.aws.region is not a region"));
    }
    if block.role.as_ref().is_some_and(|role| !role.is_empty()) {
        return unsupported("role");
    }
    if let Some(AwsAuth { jwt, other, .. }) = &block.auth {
        if jwt.is_some() {
            return unsupported("auth.jwt");
        }
        refuse_unknown("provider.aws.auth", other, &[])?;
    }
    refuse_unknown("provider.aws", &block.other, &WRITING)
}

async fn static_keys(keys: &AwsSecretRef, tenant: Tenant<'_>, around: &Surroundings) -> Result<Credentials, Failure> {
    let fetch = async |selector: &SecretKeySelector| {
        let name = resolve(tenant, selector.namespace.as_deref(), &selector.name)?;
        around.credential(&name, &selector.key).await
    };
    let missing =
        |what: &str| Failure::lasting(Reason::StoreInvalid, format!("provider.aws.auth.secretRef has no {what}"));
    let (Some(id), Some(secret)) = (&keys.access_key_id_secret_ref, &keys.secret_access_key_secret_ref) else {
        return Err(missing(if keys.access_key_id_secret_ref.is_none() {
            "accessKeyIDSecretRef"
        } else {
            "secretAccessKeySecretRef"
        }));
    };
    let token = match &keys.session_token_secret_ref {
        Some(selector) => Some(fetch(selector).await?.to_string()),
        None => None,
    };
    Ok(Credentials::new(fetch(id).await?.as_str(), fetch(secret).await?.as_str(), token, None, "SecretStore"))
}

fn value(answer: GetSecretValueOutput) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
    let GetSecretValueOutput { secret_string, secret_binary, .. } = answer;
    match (secret_string, secret_binary) {
        (Some(text), binary) => {
            if let Some(binary) = binary {
                binary.into_inner().zeroize();
            }
            Ok(Zeroizing::new(text.into_bytes()))
        }
        (None, Some(binary)) => Ok(Zeroizing::new(binary.into_inner())),
        (None, None) => Err(ProviderError::Unexpected { cause: "it has no value in it" }),
    }
}

fn no_credentials() -> ProviderError {
    ProviderError::Local(Failure::passing(Reason::StoreDenied, "no credentials for AWS can be found"))
}

fn classify(error: &SdkError<GetSecretValueError>) -> ProviderError {
    match error {
        SdkError::ServiceError(service) => from_service(service.err()),
        SdkError::TimeoutError(_) => ProviderError::Unavailable { cause: "it did not answer in time" },
        // Without credentials nothing is sent.
        SdkError::DispatchFailure(failure) if failure.is_other() => no_credentials(),
        SdkError::DispatchFailure(_) => ProviderError::Unavailable { cause: "no connection can be made" },
        SdkError::ConstructionFailure(_) => no_credentials(),
        _ => ProviderError::Unexpected { cause: "it is not that of Secrets Manager" },
    }
}

fn from_service(error: &GetSecretValueError) -> ProviderError {
    match error.code().unwrap_or_default() {
        "ResourceNotFoundException" => ProviderError::NotFound,
        "InvalidParameterException" | "InvalidRequestException" => {
            // The code alone does not tell a secret that is going from a request that is wrong: the service says "marked for
            // deletion", its documentation "marked deleted".
            let is_deleted =
                error.message().is_some_and(|message| message.contains("marked") && message.contains("delet"));
            if is_deleted {
                ProviderError::NotFound
            } else {
                ProviderError::Unexpected { cause: "it does not accept the request" }
            }
        }
        "AccessDeniedException"
        | "AccessDenied"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "ExpiredTokenException"
        | "ExpiredToken"
        | "OptInRequired"
        | "NotAuthorized"
        | "DecryptionFailure" => ProviderError::Denied,
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded" => {
            ProviderError::Throttled { retry_after: None }
        }
        "InternalServiceError" | "InternalFailure" | "ServiceUnavailable" | "RequestTimeout" => {
            ProviderError::Unavailable { cause: "it reports an error of its own" }
        }
        _ => ProviderError::Unexpected { cause: "it reports an error that we do not know" },
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::error::ErrorMetadata;

    use super::*;

    #[test]
    fn the_errors_of_the_service_are_told_apart() {
        let classified = |code: &str, message: &str| {
            from_service(&GetSecretValueError::generic(ErrorMetadata::builder().code(code).message(message).build()))
        };
        assert_eq!(classified("ResourceNotFoundException", ""), ProviderError::NotFound);
        let deleted = "You can't perform this operation on the secret because it was marked for deletion.";
        for code in ["InvalidRequestException", "InvalidParameterException"] {
            assert_eq!(classified(code, deleted), ProviderError::NotFound);
            assert!(matches!(classified(code, "other"), ProviderError::Unexpected { .. }));
        }
        assert_eq!(classified("AccessDeniedException", ""), ProviderError::Denied);
        assert_eq!(classified("ThrottlingException", ""), ProviderError::Throttled { retry_after: None });
        let unknown = classified("NewException", "secret-value");
        assert!(!unknown.to_string().contains("secret-value"));
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let block = |change: fn(&mut AwsProvider)| {
            let mut block = AwsProvider {
                service: "SecretsManager".into(),
                region: "eu-central-1".into(),
                ..AwsProvider::default()
            };
            change(&mut block);
            refuse(&block).err().map(|failure| (failure.reason, failure.message))
        };
        assert_eq!(block(|_| {}), None);
        let (reason, message) = block(|block| block.service = "ParameterStore".into()).unwrap();
        assert_eq!(
            (reason, message.as_str()),
            (Reason::Unsupported, "`provider.aws.service: ParameterStore` is not supported")
        );
        assert_eq!(block(|block| block.role = Some("arn:aws:iam::1:role/x".into())).unwrap().0, Reason::Unsupported);
        for region in ["evil.example.com/", "", "eu central", "EU"] {
            let mut block = AwsProvider { service: "SecretsManager".into(), ..AwsProvider::default() };
            block.region = region.into();
            assert_eq!(refuse(&block).unwrap_err().reason, Reason::StoreInvalid, "{region}");
        }
        let unknown = block(|block| {
            block.other.0.insert("additionalRoles".into(), serde_json::json!(["arn:aws:iam::1:role/x"]));
        });
        assert_eq!(unknown.unwrap().1, "`provider.aws.additionalRoles` is not supported");
        assert_eq!(block(|block| drop(block.other.0.insert("sessionTags".into(), serde_json::json!([])))), None);
    }
}
