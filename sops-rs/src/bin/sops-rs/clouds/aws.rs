//! AWS: the credential chain is that of the AWS SDK; what stands here is what it leaves to its users.

use std::collections::HashMap;
use std::sync::Arc;

use sops::KeyError;
use sops::master_key::aws_kms::AwsKms;
use sops::remote::aws::{Aws, AwsSettings};

use super::{Service, http, variable};
use crate::chance::now;

pub(super) fn service() -> Result<Service, KeyError> {
    Ok(Arc::new(AwsKms::new(client()?)))
}

/// A client with the settings of the environment.
pub(crate) fn client() -> Result<Aws, KeyError> {
    let is_ignored = variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|text| text == "true");
    let endpoint = |service: &str| {
        let url = variable(&format!("AWS_ENDPOINT_URL_{}", service.to_uppercase())).filter(|_| !is_ignored);
        url.map(|url| (service.to_owned(), url))
    };
    let endpoints: HashMap<String, String> = ["kms", "s3"].into_iter().filter_map(endpoint).collect();
    Ok(Aws::new(http()?, AwsSettings { clock: now, host_name: host_name(), endpoints }))
}

#[cfg(unix)]
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host_name() -> String {
    variable("COMPUTERNAME").unwrap_or_default()
}
