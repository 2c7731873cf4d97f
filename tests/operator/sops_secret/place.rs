//! A scene for SopsSecrets: an age identity, in a Secret as Flux reads it.

use std::ops::Deref;

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use anyhow::{Context as _, Result, ensure};
use crds::{Condition, SopsSecret};
use k8s_openapi::api::core::v1::Secret;
use rig::{Operator, OperatorOptions};
use serde_json::{Value, json};

use super::documents::{Format, Tool, manifest};
use crate::scene::{DEADLINE, Scene};

/// The name that Flux's own documentation gives the key Secret.
pub(super) const KEY_SECRET: &str = "sops-age-key";

pub(super) struct Place {
    scene: Scene<'static>,
    pub(super) identity: Identity,
}

impl Deref for Place {
    type Target = Scene<'static>;

    fn deref(&self) -> &Scene<'static> {
        &self.scene
    }
}

impl Place {
    /// With the identity in the Secret [`KEY_SECRET`].
    pub(super) async fn new() -> Result<Place> {
        let place = Place::without_key().await?;
        place.add_key(KEY_SECRET, &place.identity).await?;
        Ok(place)
    }

    /// With an identity that is in no Secret.
    pub(super) async fn without_key() -> Result<Place> {
        Ok(Place { scene: Scene::without_key().await?, identity: Identity::generate() })
    }

    /// Brings a Secret with an identity, in Flux's layout.
    pub(super) async fn add_key(&self, name: &str, identity: &Identity) -> Result<Secret> {
        self.create(json!({ "metadata": { "name": name }, "stringData": { "age.agekey": key_file(identity) } })).await
    }

    /// How the operator is started here: it serves SopsSecrets alone, one at a time.
    pub(super) fn options(&self) -> Result<OperatorOptions> {
        let options = OperatorOptions::new(self.kubeconfig()?, &self.installation.namespace).namespace(&self.namespace);
        let words = ["--disable", "sealed-secrets,external-secrets", "--workers", "1"];
        Ok(words.into_iter().fold(options, OperatorOptions::argument))
    }

    pub(super) async fn start(&self) -> Result<Operator> {
        Operator::start_ready(&self.options()?).await
    }

    /// A whole manifest for this namespace, encrypted by the original as `sops --encrypt --age …` does it.
    pub(super) fn document(&self, name: &str, values: &[(&str, &str)]) -> Result<String> {
        self.encrypt(&manifest(&self.namespace, name, values), &[])
    }

    /// Any manifest in YAML, encrypted by the original.
    pub(super) fn encrypt(&self, manifest: &str, flags: &[&str]) -> Result<String> {
        Tool::Original.encrypt(Format::Yaml, manifest, &self.identity, flags)
    }

    /// Makes a SopsSecret that names the key Secret [`KEY_SECRET`].
    pub(super) async fn create_sops(&self, name: &str, document: &str) -> Result<SopsSecret> {
        self.create(sops_secret(name, document)).await
    }

    /// Puts another document into a SopsSecret.
    pub(super) async fn replace_document(&self, name: &str, document: &str) -> Result<SopsSecret> {
        self.change(name, json!({ "spec": { "document": document } })).await
    }

    /// Waits until a SopsSecret reports success for its newest generation.
    pub(super) async fn ready(&self, name: &str) -> Result<SopsSecret> {
        let object = self.judged(name, "True").await?;
        ensure!(condition(&object, "Stalled")?.status == "False", "ready and stalled at once");
        Ok(object)
    }

    /// Waits until a SopsSecret reports failure for its newest generation; answers `Ready`.
    pub(super) async fn refused(&self, name: &str) -> Result<Condition> {
        let object = self.judged(name, "False").await?;
        Ok(condition(&object, "Ready")?.clone())
    }

    async fn judged(&self, name: &str, status: &str) -> Result<SopsSecret> {
        rig::watch_until(&self.api::<SopsSecret>(), name, DEADLINE, |object: &SopsSecret| {
            let current =
                object.status.as_ref().is_some_and(|now| now.observed_generation == object.metadata.generation);
            current && condition(object, "Ready").is_ok_and(|ready| ready.status == status)
        })
        .await
    }

    /// Waits until a SopsSecret is refused for good, for this reason, and no Secret of its name was made; answers the message.
    pub(super) async fn refused_for_good(&self, name: &str, reason: &str) -> Result<String> {
        let ready = self.refused(name).await?;
        ensure!(ready.reason.as_deref() == Some(reason), "{name} was refused for another reason: {ready:?}");
        let object = self.api::<SopsSecret>().get(name).await?;
        let stalled = condition(&object, "Stalled")?;
        ensure!(
            (stalled.status.as_str(), &stalled.reason) == ("True", &ready.reason),
            "{name} is not stalled: {stalled:?}"
        );
        ensure!(self.api::<Secret>().get_opt(name).await?.is_none(), "{name} was refused, and yet there is a Secret");
        ready.message.context("a refusal without a message")
    }
}

/// A SopsSecret that names the key Secret [`KEY_SECRET`].
pub(super) fn sops_secret(name: &str, document: &str) -> Value {
    let spec = json!({ "decryption": { "secretRef": { "name": KEY_SECRET } }, "document": document });
    json!({ "metadata": { "name": name }, "spec": spec })
}

/// A condition by its type.
pub(super) fn condition<'a>(object: &'a SopsSecret, type_: &str) -> Result<&'a Condition> {
    let conditions = object.status.as_ref().map_or(&[][..], |status| &status.conditions);
    conditions
        .iter()
        .find(|condition| condition.type_ == type_)
        .with_context(|| format!("there is no condition {type_}"))
}

/// What `age-keygen` writes.
pub(super) fn key_file(identity: &Identity) -> String {
    let public = identity.to_public();
    format!("# created: 2026-01-01T00:00:00Z\n# public key: {public}\n{}\n", identity.to_string().expose_secret())
}
