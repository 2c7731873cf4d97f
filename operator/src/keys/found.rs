//! The Secrets that hold sealing keys, as a person's client finds them: those with the label under any value, so that keys
//! taken out of use are seen too, and the one of the first version, which has no label.

use std::cmp::Reverse;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use kubeseal::{Keyring, SEALING_KEY_ACTIVE, SEALING_KEY_LABEL, SealingKey};

use crate::api_error::describe;
use crate::command::{Cluster, Complaint};
use crate::keyring::{created, read};
use crate::settings::KeyOrder;

const PAGE: u32 = 100;

/// A Secret that holds a sealing key, or should.
pub(crate) struct Found {
    pub(crate) secret: Secret,
    /// The key, or why there is none. The words never quote the Secret.
    pub(crate) key: Result<SealingKey, String>,
}

impl Found {
    pub(crate) fn of(secret: Secret) -> Found {
        let key = read(&secret).map_err(|error| format!("{error:#}"));
        Found { secret, key }
    }

    pub(crate) fn name(&self) -> String {
        self.secret.name_any()
    }

    /// The value of the label when it takes the key out of use.
    pub(crate) fn retired(&self) -> Option<&str> {
        let value = self.secret.labels().get(SEALING_KEY_LABEL)?;
        (value != SEALING_KEY_ACTIVE).then_some(value)
    }

    /// The key, when the operator loads it.
    pub(crate) fn in_use(&self) -> Option<&SealingKey> {
        self.key.as_ref().ok().filter(|_| self.retired().is_none())
    }

    pub(crate) fn fingerprint(&self) -> Option<&str> {
        self.key.as_ref().ok().map(SealingKey::fingerprint)
    }

    /// The instant by which keys are ordered.
    pub(crate) fn instant(&self, order: KeyOrder) -> Option<Timestamp> {
        let key = self.key.as_ref().ok()?;
        Some(match order {
            KeyOrder::CertNotBefore => key.certificate().not_before(),
            KeyOrder::SecretCreationTimestamp => created(&self.secret),
        })
    }
}

/// Finds them, newest certificate first.
pub(crate) async fn find(cluster: &Cluster) -> kube::Result<Vec<Found>> {
    let api: Api<Secret> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let mut secrets = Vec::new();
    let mut params = ListParams::default().labels(SEALING_KEY_LABEL).limit(PAGE);
    loop {
        let page = api.list(&params).await?;
        secrets.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    let first_version = api.get_opt(&cluster.key_prefix).await?;
    secrets.extend(first_version.filter(|secret| !secret.labels().contains_key(SEALING_KEY_LABEL)));
    let mut found: Vec<Found> = secrets.into_iter().map(Found::of).collect();
    found.sort_by_key(|found| (Reverse(found.instant(KeyOrder::CertNotBefore)), found.name()));
    Ok(found)
}

/// The same for a command that can do nothing without.
pub(crate) async fn require(cluster: &Cluster) -> anyhow::Result<Vec<Found>> {
    let namespace = &cluster.namespace;
    let found = find(cluster).await.map_err(|error| {
        let hint = "it takes the rights to get and list Secrets in that namespace; --operator-namespace names another";
        Complaint::new(
            format!("could not read the sealing keys in namespace `{namespace}`: {}", describe(&error)),
            hint,
        )
    })?;
    if found.is_empty() {
        let message = format!("there is no sealing key in namespace `{namespace}`");
        return Err(Complaint::new(message, "name the namespace of the controller with --operator-namespace").into());
    }
    Ok(found)
}

/// The key that seals, by its fingerprint: the newest in use. As in the operator, of two of one instant the older Secret.
pub(crate) fn sealing(found: &[Found], order: KeyOrder) -> Option<String> {
    let mut used: Vec<&Found> = found.iter().filter(|found| found.in_use().is_some()).collect();
    used.sort_by_key(|found| created(&found.secret));
    used.sort_by_key(|found| Reverse(found.instant(order)));
    used.first()?.fingerprint().map(str::to_owned)
}

/// Every usable key, those out of use too: to find out who needs which.
pub(crate) fn keyring(found: Vec<Found>) -> Keyring {
    let keys = found.into_iter().filter_map(|found| {
        let instant = found.instant(KeyOrder::CertNotBefore)?;
        Some((found.key.ok()?, instant))
    });
    Keyring::new(keys.collect())
}
