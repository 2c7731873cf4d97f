//! What every store has to do, whatever it is. A new provider is a new [`World`] and passes this.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use crds::SecretStoreSpec;
use serde_json::{Value, json};
use strongroom::failure::Failure;
use strongroom::name::ObjectName;
use strongroom::provider::credentials::{Credentials, Surroundings};
use strongroom::provider::{ProviderError, Read, RemoteKey, Store, Version, connect};
use strongroom::reason::Reason;
use strongroom::reference::Tenant;

/// A store with a hand on the other side of it.
pub(crate) trait World {
    /// The store as a user describes it. Its credentials are the Secret `shop/store`.
    fn spec(&self) -> SecretStoreSpec;
    /// What stands in the Secret.
    fn credentials(&self) -> Secrets;
    /// Whether the current version of a remote secret has a mark of its own.
    fn has_versions(&self) -> bool {
        true
    }
    /// Writes a new version of a remote secret; answers the name of that version.
    async fn put(&mut self, key: &str, value: &Value) -> Result<String>;
    /// Removes a remote secret.
    async fn delete(&mut self, key: &str) -> Result<()>;
}

/// Entries of the Secret `shop/store`.
#[derive(Default)]
pub(crate) struct Secrets(pub(crate) Vec<(&'static str, String)>);

#[async_trait::async_trait]
impl Credentials for Secrets {
    async fn secret_entry(&self, secret: &ObjectName, key: &str) -> Result<zeroize::Zeroizing<Vec<u8>>, Failure> {
        let entry = self.0.iter().find(|(name, _)| secret.to_string() == "shop/store" && *name == key);
        let missing = || Failure::passing(Reason::KeyMissing, "no such entry");
        entry.map(|(_, value)| value.clone().into_bytes().into()).ok_or_else(missing)
    }

    async fn account_token(&self, _: &ObjectName, _: &[String]) -> Result<zeroize::Zeroizing<String>, Failure> {
        Err(Failure::passing(Reason::KeyMissing, "no such account"))
    }
}

/// Connects with these credentials.
pub(crate) async fn connect_with(spec: &SecretStoreSpec, credentials: Secrets, aws: Option<&str>) -> Result<Store> {
    let around = Surroundings {
        credentials: Arc::new(credentials),
        secrets_manager_endpoint: aws.map(str::to_owned),
        own_token: "/nonexistent".into(),
    };
    let store = connect(spec, Tenant::Namespace("shop"), &Arc::new(around)).await;
    store.map_err(|failure| anyhow::anyhow!("{}: {}", failure.reason, failure.message))
}

/// The name of a remote secret, and perhaps of a version.
pub(crate) fn key(key: &str, version: Option<&str>) -> RemoteKey {
    RemoteKey { key: key.into(), version: version.map(str::to_owned) }
}

/// A value that must be there, and its version.
pub(crate) async fn value(store: &Store, key: &RemoteKey, known: Option<&Version>) -> Result<(Value, Option<Version>)> {
    match store.reader().read(key, known).await.with_context(|| format!("reading {}", key.key))? {
        Read::Value { bytes, version } => Ok((serde_json::from_slice(&bytes)?, version)),
        Read::Unchanged => bail!("{} is unchanged", key.key),
    }
}

/// How a read fails.
pub(crate) async fn failure(store: &Store, key: &RemoteKey) -> Result<ProviderError> {
    store.read(key).await.err().context("it was read")
}

async fn connect_to(world: &impl World, aws: Option<&str>) -> Result<Store> {
    connect_with(&world.spec(), world.credentials(), aws).await
}

/// The suite.
pub(crate) async fn conforms(world: &mut impl World, aws: Option<&str>) -> Result<()> {
    let (one, two) = (json!({"user": "ann", "word": "<one>"}), json!({"user": "ann", "word": "two"}));
    ensure!(failure(&connect_to(world, aws).await?, &key("team/db", None)).await? == ProviderError::NotFound);

    let first = world.put("team/db", &one).await?;
    let store = connect_to(world, aws).await?;
    store.validate().await.map_err(|failure| anyhow::anyhow!(failure.message))?;
    let (read, known) = value(&store, &key("team/db", None), None).await?;
    ensure!(read == one, "the value comes back whole");
    ensure!(known.is_some() == world.has_versions(), "a store that has versions names them");
    let again = store.reader().read(&key("team/db", None), known.as_ref()).await?;
    ensure!(matches!(again, Read::Unchanged) == world.has_versions(), "what is known is not handed out again");

    world.put("team/db", &two).await?;
    let store = connect_to(world, aws).await?;
    let (read, changed) = value(&store, &key("team/db", None), known.as_ref()).await?;
    ensure!(read == two, "a new version is another value");
    ensure!((changed != known) == world.has_versions(), "a new version has another mark");
    ensure!(value(&store, &key("team/db", Some(&first)), None).await?.0 == one, "an old version can be read");
    ensure!(failure(&store, &key("team", None)).await? == ProviderError::NotFound, "a part of a name is no name");

    world.delete("team/db").await?;
    let store = connect_to(world, aws).await?;
    let deleted = failure(&store, &key("team/db", None)).await?;
    ensure!(deleted == ProviderError::NotFound, "what is deleted is not there: {deleted}");
    Ok(())
}
