//! Making sealing keys: the first one, one whenever the newest has become too old, and one on SIGUSR1. Only the leader makes
//! any, and never one that would hide that others are lost. No key is ever deleted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use crds::SealedSecret;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{ListParams, PostParams};
use kube::{Api, ResourceExt as _};
use kubeseal::{SEALING_KEY_ACTIVE, SEALING_KEY_LABEL, SealingKey};
use tokio::signal::unix::Signal;

use super::{legacy_name, selector};
use crate::clock;
use crate::context::Context;

/// After a failure to make a key.
const RETRY: Duration = Duration::from_secs(5);
/// The longest sleep: a clock that was set is noticed after it.
const LONGEST_SLEEP: Duration = Duration::from_mins(5);
/// How long a key that was written may take to be seen.
const SEEN_WITHIN: Duration = Duration::from_secs(30);

/// Makes the first key. Only the leader calls this, and only a successful answer that lists no key lets it go on.
///
/// # Errors
/// There are SealedSecrets already: their key is elsewhere, and a new one would hide that.
pub async fn ensure_key(context: &Context) -> Result<()> {
    if !context.inputs.keyring().keys().is_empty() || has_keys(context).await? {
        return Ok(());
    }
    if has_sealed_secrets(context).await? && !context.inputs.settings.allow_new_key {
        bail!(
            "there are SealedSecrets but no sealing key in namespace `{}`; set --operator-namespace to where the keys are, \
             restore them from a backup, or start with --allow-new-key to leave those objects unopened",
            context.namespace
        );
    }
    tracing::info!(bits = context.inputs.settings.key_size, "generating the first sealing key");
    make_key(context).await.map(drop)
}

/// Whether there is any Secret that holds a key or should.
async fn has_keys(context: &Context) -> Result<bool> {
    let api: Api<Secret> = Api::namespaced(context.client.clone(), &context.namespace);
    let labelled = ListParams::default().labels(&selector()).limit(1);
    if !api.list_metadata(&labelled).await.context("could not list the sealing keys")?.items.is_empty() {
        return Ok(true);
    }
    let legacy = api.get_metadata_opt(&legacy_name(context).name).await.context("could not look for a sealing key")?;
    Ok(legacy.is_some_and(|secret| !secret.labels().contains_key(SEALING_KEY_LABEL)))
}

async fn has_sealed_secrets(context: &Context) -> Result<bool> {
    let one = ListParams::default().limit(1);
    let namespaces = &context.inputs.settings.namespaces;
    let apis: Vec<Api<SealedSecret>> = if namespaces.is_empty() {
        vec![Api::all(context.client.clone())]
    } else {
        namespaces.iter().map(|namespace| Api::namespaced(context.client.clone(), namespace)).collect()
    };
    for api in apis {
        if !api.list_metadata(&one).await.context("could not list the SealedSecrets")?.items.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes a key whenever one is due, until the process ends. `request` is SIGUSR1, which every replica must take in: its
/// default is to end the process.
///
/// # Errors
/// None; it never ends.
pub async fn run(context: Arc<Context>, mut request: Signal) -> Result<()> {
    let mut changes = context.inputs.keyring_changes();
    let mut is_first = true;
    loop {
        // A keyring without a key is the business of `ensure_key`.
        let newest = if context.leadership.holds() { context.inputs.keyring().newest_instant() } else { None };
        let due = newest.map_or(Due::Unknown, |newest| due(&context, newest, is_first));
        is_first &= newest.is_none();
        let make = tokio::select! {
            biased;
            () = due.come() => due == Due::After(Duration::ZERO),
            _ = changes.changed() => false,
            _ = request.recv() => asked(&context),
        };
        if make && renew(&context).await.is_err() {
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// When a key is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// No age is too old.
    Never,
    /// After this much time.
    After(Duration),
    /// Another replica leads, or there is no key at all.
    Unknown,
}

impl Due {
    async fn come(self) {
        match self {
            Due::After(delay) => tokio::time::sleep(delay.min(LONGEST_SLEEP)).await,
            // The lease may come at any time.
            Due::Unknown => tokio::time::sleep(Duration::from_secs(1)).await,
            Due::Never => std::future::pending().await,
        }
    }
}

/// When the newest key is too old. The cut-off counts at the start alone: one that lies
/// in the future would ask for keys without end.
fn due(context: &Context, newest: Timestamp, is_first: bool) -> Due {
    let settings = &context.inputs.settings.sealed_secrets;
    if is_first && settings.key_cutoff_time.is_some_and(|cutoff| newest < cutoff) {
        return Due::After(Duration::ZERO);
    }
    renewal(newest, settings.key_renew_period, clock::now())
}

fn renewal(newest: Timestamp, period: Duration, now: Timestamp) -> Due {
    match newest.checked_add(period) {
        Ok(due) if !period.is_zero() => Due::After(Duration::try_from(due.duration_since(now)).unwrap_or_default()),
        // What lies beyond the end of time is never due.
        _ => Due::Never,
    }
}

fn asked(context: &Context) -> bool {
    let leads = context.leadership.holds();
    if leads {
        tracing::info!("a sealing key was asked for by SIGUSR1");
    } else {
        tracing::info!("SIGUSR1 asks for a sealing key, but another replica leads: send it there");
    }
    leads
}

/// Makes a key and waits until it is in use.
async fn renew(context: &Context) -> Result<()> {
    let mut changes = context.inputs.keyring_changes();
    let made = make_key(context).await;
    let fingerprint = made.inspect_err(|error| tracing::error!(cause = format!("{error:#}"), "no new sealing key"))?;
    let is_there = changes.wait_for(|keyring| keyring.keys().iter().any(|key| key.fingerprint() == fingerprint));
    tokio::time::timeout(SEEN_WITHIN, is_there).await.context("the new sealing key was not seen")??;
    Ok(())
}

/// Makes a key and stores it; answers its fingerprint. It is used when it is seen, so never before it is safe.
async fn make_key(context: &Context) -> Result<String> {
    let settings = &context.inputs.settings;
    let (bits, now) = (settings.key_size as usize, clock::now());
    let (name, validity) = (settings.sealed_secrets.my_cn.clone(), settings.sealed_secrets.key_ttl);
    let key = tokio::task::spawn_blocking(move || SealingKey::generate(bits, &name, now, validity)).await??;
    let api: Api<Secret> = Api::namespaced(context.client.clone(), &context.namespace);
    context.leadership.required().await;
    let stored = api.create(&PostParams::default(), &key_secret(context, &key)?).await;
    let secret = stored.context("could not store the sealing key")?;
    let certificate = key.certificate_pem();
    tracing::info!(secret = secret.name_any(), fingerprint = key.fingerprint(), certificate, "a sealing key was made");
    Ok(key.fingerprint().to_owned())
}

/// The Secret that holds a key, as the original writes it.
fn key_secret(context: &Context, key: &SealingKey) -> Result<Secret> {
    let settings = &context.inputs.settings;
    let private = key.private_key_pem()?;
    let entries = [("tls.crt", key.certificate_pem().as_bytes().to_vec()), ("tls.key", private.as_bytes().to_vec())];
    let mut labels = settings.sealed_secrets.privatekey_labels.clone();
    labels.insert(SEALING_KEY_LABEL.to_owned(), SEALING_KEY_ACTIVE.to_owned());
    let annotations = settings.sealed_secrets.privatekey_annotations.clone();
    Ok(Secret {
        metadata: ObjectMeta {
            generate_name: Some(settings.key_prefix.clone()),
            labels: Some(labels),
            annotations: (!annotations.is_empty()).then_some(annotations),
            ..ObjectMeta::default()
        },
        type_: Some("kubernetes.io/tls".to_owned()),
        data: Some(
            entries.into_iter().map(|(name, value)| (name.to_owned(), ByteString(value))).collect::<BTreeMap<_, _>>(),
        ),
        ..Secret::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_due_a_period_after_the_newest_and_never_when_there_is_no_period() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let hour = Duration::from_hours(1);
        assert_eq!(renewal(at(0), hour, at(600)), Due::After(Duration::from_mins(50)));
        assert_eq!(renewal(at(0), hour, at(3600)), Due::After(Duration::ZERO));
        assert_eq!(renewal(at(0), hour, at(9999)), Due::After(Duration::ZERO));
        assert_eq!(renewal(at(0), Duration::ZERO, at(9999)), Due::Never);
        assert_eq!(renewal(at(0), Duration::MAX, at(9999)), Due::Never);
    }
}
