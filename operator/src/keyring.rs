//! The sealing keys of the cluster: read from Secrets in the operator's own namespace, in the layout of the original, and read
//! anew whenever one of them comes, changes or goes. Which of them are made here, and when, is told by [`renewal`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::runtime::watcher;
use kube::{Api, ResourceExt as _};
use kubeseal::{Keyring, SEALING_KEY_ACTIVE, SEALING_KEY_LABEL, SealingKey};

use crate::apply::subject;
use crate::clock;
use crate::context::Context;
use crate::name::ObjectName;
use crate::reason::Reason;
use crate::report::Notice;
use crate::settings::KeyOrder;
use crate::watch::{Change, Pending, follow};

pub mod renewal;

/// The two places where keys are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Secrets with the label of sealing keys.
    Labelled,
    /// The one Secret that is called exactly like the prefix: the first version of the original wrote it, without a label.
    Legacy,
}

impl Place {
    const ALL: [Place; 2] = [Place::Labelled, Place::Legacy];

    fn config(self, prefix: &str) -> watcher::Config {
        match self {
            Place::Labelled => watcher::Config::default().labels(&selector()),
            Place::Legacy => watcher::Config::default().fields(&format!("metadata.name={prefix}")),
        }
    }
}

pub(crate) fn selector() -> String {
    format!("{SEALING_KEY_LABEL}={SEALING_KEY_ACTIVE}")
}

/// The key Secrets as they are now.
#[derive(Default)]
struct KeySecrets {
    known: BTreeMap<(Place, String), Secret>,
    listed: Vec<Place>,
    /// The versions of unusable ones that were complained about.
    told: BTreeMap<String, Option<String>>,
}

/// Follows the key Secrets and keeps the keyring in step with them.
///
/// # Errors
/// A watch has ended, which it never does by itself.
pub async fn follow_keys(context: Arc<Context>, pending: Arc<Pending>) -> Result<()> {
    // Counted here, for the caller knows of one watch.
    pending.begin();
    let secrets = Mutex::default();
    let [labelled, legacy] = Place::ALL.map(|place| follow_place(&context, &pending, &secrets, place));
    futures::future::try_join(labelled, legacy).await.map(drop)
}

async fn follow_place(
    context: &Arc<Context>,
    pending: &Pending,
    secrets: &Mutex<KeySecrets>,
    place: Place,
) -> Result<()> {
    let api: Api<Secret> = Api::namespaced(context.client.clone(), &context.namespace);
    follow(api, place.config(&context.inputs.settings.key_prefix), pending, |change| {
        let mut secrets = secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.take(place, change);
        if Place::ALL.iter().all(|place| secrets.listed.contains(place)) {
            install(context, &mut secrets);
        }
    })
    .await
}

impl KeySecrets {
    fn take(&mut self, place: Place, change: Change<Secret>) {
        match change {
            Change::Seen(secret) => {
                // The label says that a key is in use, or, with another value, that it is not: by its name alone only a
                // Secret without the label counts.
                let counts = place == Place::Labelled || !secret.labels().contains_key(SEALING_KEY_LABEL);
                let name = (place, secret.name_any());
                if counts {
                    self.known.insert(name, secret);
                } else {
                    self.known.remove(&name);
                }
            }
            Change::Gone(name) => drop(self.known.remove(&(place, name.name))),
            Change::Listed(names) => {
                let is_there = |name: &str| names.iter().any(|listed| listed.name == name);
                self.known.retain(|(known, name), _| *known != place || is_there(name));
                if !self.listed.contains(&place) {
                    self.listed.push(place);
                }
            }
        }
    }

    /// Every Secret, the oldest first: of two keys of one instant the older counts as the newest.
    fn by_age(&self) -> Vec<&Secret> {
        let mut secrets: Vec<&Secret> = self.known.values().collect();
        secrets.sort_by_key(|secret| created(secret));
        secrets
    }
}

pub(crate) fn created(secret: &Secret) -> Timestamp {
    secret.metadata.creation_timestamp.as_ref().map(|time| time.0).unwrap_or_default()
}

/// Puts a new keyring in place and wakes what the old one could not open.
fn install(context: &Arc<Context>, secrets: &mut KeySecrets) {
    let mut keys = Vec::new();
    let mut broken = Vec::new();
    for secret in secrets.by_age() {
        match read(secret) {
            Ok(key) => {
                let ordering = match context.inputs.settings.sealed_secrets.key_order_priority {
                    KeyOrder::CertNotBefore => key.certificate().not_before(),
                    KeyOrder::SecretCreationTimestamp => created(secret),
                };
                keys.push((key, ordering));
            }
            Err(error) => broken.push((secret.clone(), format!("{error:#}"))),
        }
    }
    context.inputs.metrics.sealing_keys(keys.len(), broken.len());
    let mut told = BTreeMap::new();
    for (secret, cause) in broken {
        let (name, version) = (secret.name_any(), secret.resource_version());
        if secrets.told.get(&name) != Some(&version) {
            complain(context, &secret, &cause);
        }
        told.insert(name, version);
    }
    secrets.told = told;
    replace(context, Keyring::new(keys));
}

fn replace(context: &Context, keyring: Keyring) {
    let before = context.inputs.keyring();
    let facts = |keyring: &Keyring| {
        let keys = keyring.keys().iter();
        keys.map(|key| (key.fingerprint().to_owned(), key.certificate_pem().to_owned())).collect::<Vec<_>>()
    };
    if facts(&before) == facts(&keyring) && before.newest_instant() == keyring.newest_instant() {
        return;
    }
    let opens_the_same = before.version() == keyring.version();
    let newest = keyring.newest().map(SealingKey::fingerprint);
    tracing::info!(keys = keyring.keys().len(), newest, "sealing keys loaded");
    let expires = keyring.newest().map(|key| key.certificate().not_after());
    context.inputs.metrics.sealing_certificate_expires(expires);
    if let Some(expired) = expires.filter(|expires| *expires < clock::now()) {
        tracing::warn!(%expired, "the certificate to seal with has expired: what it sealed opens, and nobody seals with it");
    }
    context.inputs.set_keyring(keyring);
    if !opens_the_same {
        for name in context.sealed_secrets.cache.names() {
            context.sealed_secrets.queue.push(name);
        }
    }
}

/// Names a key Secret that cannot be used, once for each of its versions.
fn complain(context: &Arc<Context>, secret: &Secret, cause: &str) {
    let name = secret.name_any();
    tracing::error!(name, cause, "a Secret with the sealing key label holds no usable key");
    let notice =
        Notice { reason: Reason::KeyUnusable, message: format!("no usable sealing key: {cause}"), warning: true };
    let (context, subject) = (Arc::clone(context), subject::<Secret>(&secret.metadata));
    tokio::spawn(async move { context.tell(&subject, "sealed-secrets", &notice).await });
}

pub(crate) fn read(secret: &Secret) -> Result<SealingKey> {
    let entry = |name: &str| {
        let value = secret.data.as_ref().and_then(|data| data.get(name));
        value.map(|value| value.0.as_slice()).with_context(|| format!("entry `{name}` is missing"))
    };
    Ok(SealingKey::from_pem(entry("tls.key")?, entry("tls.crt")?)?)
}

/// The name of the Secret that the first version of the original kept its key in.
pub(crate) fn legacy_name(context: &Context) -> ObjectName {
    ObjectName::new(context.namespace.clone(), context.inputs.settings.key_prefix.clone())
}
