//! The sealing keys of the cluster: read from Secrets in the operator's own namespace, in the layout of the original, reloaded
//! whenever one of them changes, and generated when there is none and no SealedSecret could need a lost one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use crds::SealedSecret;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::{ListParams, PostParams};
use kube::runtime::watcher;
use kubeseal::{Keyring, SEALING_KEY_ACTIVE, SEALING_KEY_LABEL, SealingKey};

use crate::clock;
use crate::context::Context;
use crate::name::ObjectName;
use crate::watch::{Change, Pending, follow};

/// How long a generated certificate is valid: ten years, as in the original.
const VALIDITY: Duration = Duration::from_hours(87_600);

/// Follows the key Secrets and keeps the keyring in step with them.
///
/// # Errors
/// The watch has ended, which it never does by itself.
pub async fn follow_keys(context: Arc<Context>, pending: Arc<Pending>) -> Result<()> {
    let api: Api<Secret> = Api::namespaced(context.client.clone(), &context.namespace);
    let config = watcher::Config::default().labels(&selector());
    let mut keys = BTreeMap::<ObjectName, Secret>::new();
    let mut listed = false;
    follow(api, config, &pending, |change| {
        match change {
            Change::Seen(secret) => {
                if let Some(name) = ObjectName::of(&secret) {
                    keys.insert(name, secret);
                }
            }
            Change::Gone(name) => {
                keys.remove(&name);
            }
            Change::Listed(names) => {
                keys.retain(|name, _| names.contains(name));
                listed = true;
            }
        }
        if listed {
            install(&context, keys.values());
        }
    })
    .await
}

fn selector() -> String {
    format!("{SEALING_KEY_LABEL}={SEALING_KEY_ACTIVE}")
}

/// Puts a new keyring in place and wakes what the old one could not open.
fn install<'a>(context: &Context, secrets: impl Iterator<Item = &'a Secret>) {
    let mut keys = Vec::new();
    for secret in secrets {
        match read(secret) {
            Ok(key) => {
                let ordering = key.certificate().not_before();
                keys.push((key, ordering));
            }
            Err(error) => {
                let name = secret.metadata.name.as_deref();
                tracing::error!(name, cause = %error, "a Secret with the sealing key label holds no usable key");
            }
        }
    }
    let keyring = Keyring::new(keys);
    if keyring.version() == context.inputs.keyring().version() {
        return;
    }
    tracing::info!(
        keys = keyring.keys().len(),
        newest = keyring.newest().map(SealingKey::fingerprint),
        "sealing keys loaded"
    );
    context.inputs.set_keyring(keyring);
    for name in context.sealed_secrets.cache.names() {
        context.sealed_secrets.queue.push(name);
    }
}

fn read(secret: &Secret) -> Result<SealingKey> {
    let entry = |name: &str| {
        let value = secret.data.as_ref().and_then(|data| data.get(name));
        value.map(|value| value.0.as_slice()).with_context(|| format!("entry `{name}` is missing"))
    };
    Ok(SealingKey::from_pem(entry("tls.key")?, entry("tls.crt")?)?)
}

/// Makes the first key. Only the leader calls this, and only a successful answer that lists no key lets it go on.
///
/// # Errors
/// There are SealedSecrets already: their key is elsewhere, and a new one would hide that.
pub async fn ensure_key(context: &Context) -> Result<()> {
    let api: Api<Secret> = Api::namespaced(context.client.clone(), &context.namespace);
    let present = api
        .list_metadata(&ListParams::default().labels(&selector()).limit(1))
        .await
        .context("could not list the sealing keys")?;
    if !present.items.is_empty() {
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
    let (bits, now) = (context.inputs.settings.key_size as usize, clock::now());
    let key = tokio::task::spawn_blocking(move || SealingKey::generate(bits, "", now, VALIDITY)).await??;
    context.leadership.required().await;
    api.create(&PostParams::default(), &key_secret(context, &key)?).await.context("could not store the sealing key")?;
    Ok(())
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

/// The Secret that holds a key, as the original writes it.
fn key_secret(context: &Context, key: &SealingKey) -> Result<Secret> {
    let private = key.private_key_pem()?;
    let entries = [("tls.crt", key.certificate_pem().as_bytes().to_vec()), ("tls.key", private.as_bytes().to_vec())];
    Ok(Secret {
        metadata: ObjectMeta {
            generate_name: Some(context.inputs.settings.key_prefix.clone()),
            labels: Some(BTreeMap::from([(SEALING_KEY_LABEL.to_owned(), SEALING_KEY_ACTIVE.to_owned())])),
            ..ObjectMeta::default()
        },
        type_: Some("kubernetes.io/tls".to_owned()),
        data: Some(entries.into_iter().map(|(name, value)| (name.to_owned(), ByteString(value))).collect()),
        ..Secret::default()
    })
}
