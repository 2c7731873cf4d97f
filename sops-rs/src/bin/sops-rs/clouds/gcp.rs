//! Google Cloud: which credentials there are, in the order of the original.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sops::KeyError;
use sops::master_key::gcp_kms::GcpKms;
use sops::remote::Http;
use sops::remote::gcp::{GcpCredentials, GcpTokens};
use zeroize::Zeroizing;

use super::{Service, home, http, read, variable};
use crate::chance::now;

pub(super) fn service() -> Result<Service, KeyError> {
    let http = http()?;
    let endpoint = variable("SOPS_GCP_KMS_ENDPOINT");
    let universe = variable("SOPS_GCP_KMS_UNIVERSE_DOMAIN");
    let tokens = tokens(http.clone())?;
    Ok(Arc::new(GcpKms::new(http, tokens, (endpoint.as_deref(), universe.as_deref()))?))
}

/// Tokens by what the environment says.
pub(crate) fn tokens(http: Http) -> Result<GcpTokens, KeyError> {
    Ok(GcpTokens::new(http, now, credentials()?))
}

fn credentials() -> Result<GcpCredentials, KeyError> {
    if let Some(text) = variable("GOOGLE_CREDENTIALS") {
        let path = Path::new(&text);
        return if path.is_file() { file(path) } else { Ok(GcpCredentials::Json(Zeroizing::new(text))) };
    }
    if let Some(token) = variable("GOOGLE_OAUTH_ACCESS_TOKEN") {
        return Ok(GcpCredentials::Token(Zeroizing::new(token)));
    }
    if let Some(path) = variable("GOOGLE_APPLICATION_CREDENTIALS") {
        return file(Path::new(&path));
    }
    let folder = variable("CLOUDSDK_CONFIG").map_or_else(|| home(".config/gcloud"), PathBuf::from);
    let of_login = folder.join("application_default_credentials.json");
    if of_login.is_file() {
        return file(&of_login);
    }
    let host = variable("GCE_METADATA_HOST").unwrap_or_else(|| "metadata.google.internal".to_owned());
    Ok(GcpCredentials::Metadata(host))
}

fn file(path: &Path) -> Result<GcpCredentials, KeyError> {
    let wrong = |_| KeyError::Malformed(format!("{} is not a file of credentials", path.display()));
    let text = std::str::from_utf8(&read(path)?).map(str::to_owned).map_err(wrong)?;
    Ok(GcpCredentials::Json(Zeroizing::new(text)))
}
