//! Manifests from files, and a stand-in for the API server that answers from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use crds::{ClusterSecretStore, ExternalSecret, SealedSecret, SecretStore, SopsSecret};
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kubeseal::SealingKey;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::inputs::Gather;
use crate::name::ObjectName;
use crate::preview::Fault;
use crate::provider::credentials::Credentials;
use crate::provider::stores::StoreId;
use crate::reason::Reason;
use crate::stores::{KnownStore, StoreKind};

/// No manifest is larger; what is larger is no manifest.
const MAX_FILE: u64 = 8 << 20;

/// An object and the file it stands in.
pub(super) struct Found<K> {
    pub(super) file: PathBuf,
    pub(super) object: K,
}

/// All documents of a folder.
pub(super) struct Manifests {
    documents: Vec<Found<Value>>,
    faults: Vec<(PathBuf, String)>,
}

impl Manifests {
    /// Reads every YAML and JSON file below a folder.
    pub(super) fn read(dir: &Path) -> Result<Manifests> {
        let mut manifests = Manifests { documents: Vec::new(), faults: Vec::new() };
        let mut files = Vec::new();
        collect(dir, &mut files).with_context(|| format!("could not read {}", dir.display()))?;
        files.sort();
        for file in files {
            manifests.read_file(&file).with_context(|| format!("could not read {}", file.display()))?;
        }
        Ok(manifests)
    }

    fn read_file(&mut self, file: &Path) -> Result<()> {
        if std::fs::metadata(file)?.len() > MAX_FILE {
            self.faults.push((file.to_owned(), "the file is larger than 8 MiB".to_owned()));
            return Ok(());
        }
        let text = std::fs::read_to_string(file)?;
        match serde_saphyr::from_multiple::<Value>(&text) {
            Ok(documents) => {
                let objects = documents.into_iter().flat_map(items);
                self.documents.extend(objects.map(|object| Found { file: file.to_owned(), object }));
            }
            // The parser's words may quote the file.
            Err(_) => self.faults.push((file.to_owned(), "the file is not YAML".to_owned())),
        }
        Ok(())
    }

    /// What could not be read although it may hold an object of ours.
    pub(super) fn unreadable(&self) -> Vec<Fault> {
        let files = self.faults.iter().map(|(file, message)| (file, "file".to_owned(), message.clone()));
        let shapes = self.documents.iter().filter(|found| is_misshapen(&found.object)).map(|found| {
            let kind = found.object["kind"].as_str().unwrap_or_default();
            let message = format!(
                "the object cannot be read as {kind}; compare it with `kubectl explain {}.spec`",
                kind.to_lowercase()
            );
            (&found.file, format!("{kind} {}", found.object["metadata"]["name"].as_str().unwrap_or_default()), message)
        });
        let faults = files.chain(shapes);
        faults
            .map(|(file, object, message)| Fault {
                file: file.clone(),
                object,
                failure: Failure::lasting(Reason::Undecodable, message),
            })
            .collect()
    }

    pub(super) fn sealed_secrets(&self) -> Vec<Found<SealedSecret>> {
        self.of("bitnami.com/", "SealedSecret")
    }

    pub(super) fn sops_secrets(&self) -> Vec<Found<SopsSecret>> {
        self.of("strongroom.dev/", "SopsSecret")
    }

    pub(super) fn external_secrets(&self) -> Vec<Found<ExternalSecret>> {
        self.of("external-secrets.io/", "ExternalSecret")
    }

    /// Both kinds of store.
    pub(super) fn stores(&self) -> Vec<KnownStore> {
        let namespaced = self.of::<SecretStore>("external-secrets.io/", "SecretStore");
        let cluster = self.of::<ClusterSecretStore>("external-secrets.io/", "ClusterSecretStore");
        let namespaced =
            namespaced.iter().map(|found| known(&found.object, found.object.metadata.namespace.as_deref()));
        namespaced.chain(cluster.iter().map(|found| known(&found.object, None))).collect()
    }

    /// A stand-in for the API server that knows the Secrets and namespaces of the folder, and the given age identities.
    pub(super) fn gather(&self, identities: &[Vec<u8>]) -> Files {
        let secrets = self.of::<Secret>("v1", "Secret").into_iter();
        let mut secrets: BTreeMap<_, _> =
            secrets.filter_map(|found| Some((ObjectName::of(&found.object)?, found.object))).collect();
        let entries =
            identities.iter().enumerate().map(|(at, text)| (format!("{at}.agekey"), ByteString(text.clone())));
        let keys = Secret { data: Some(entries.collect()), ..Secret::default() };
        if !identities.is_empty() {
            secrets.insert(default_key(), keys);
        }
        let namespaces = self.of::<Namespace>("v1", "Namespace").into_iter();
        let namespaces =
            namespaces.filter_map(|found| Some((found.object.metadata.name.clone()?, found.object))).collect();
        Files { secrets, namespaces }
    }

    fn of<K: DeserializeOwned>(&self, group: &str, kind: &str) -> Vec<Found<K>> {
        let ours = self.documents.iter().filter(|found| is_of(&found.object, group, kind));
        let decoded = ours.filter_map(|found| Some(Found { file: found.file.clone(), object: decode(&found.object)? }));
        decoded.collect()
    }
}

fn is_of(object: &Value, group: &str, kind: &str) -> bool {
    object["kind"] == kind && object["apiVersion"].as_str().is_some_and(|version| version.starts_with(group))
}

fn is_misshapen(object: &Value) -> bool {
    (is_of(object, "bitnami.com/", "SealedSecret") && decode::<SealedSecret>(object).is_none())
        || (is_of(object, "strongroom.dev/", "SopsSecret") && decode::<SopsSecret>(object).is_none())
        || (is_of(object, "external-secrets.io/", "ExternalSecret") && decode::<ExternalSecret>(object).is_none())
        || (is_of(object, "external-secrets.io/", "SecretStore") && decode::<SecretStore>(object).is_none())
        || (is_of(object, "external-secrets.io/", "ClusterSecretStore")
            && decode::<ClusterSecretStore>(object).is_none())
}

/// Objects in files have no namespace more often than not: they go where `kubectl apply` would put them.
fn decode<K: DeserializeOwned>(object: &Value) -> Option<K> {
    let mut object = object.clone();
    let metadata = object.get_mut("metadata")?.as_object_mut()?;
    metadata.entry("namespace").or_insert_with(|| "default".into());
    serde_json::from_value(object).ok()
}

fn known<K: StoreKind>(store: &K, namespace: Option<&str>) -> KnownStore {
    let name = store.meta().name.clone().unwrap_or_default();
    let id = StoreId { name: ObjectName::new(namespace.unwrap_or_default(), name), uid: String::new(), generation: 0 };
    KnownStore { id, spec: store.store_spec().clone() }
}

/// The name under which the age identities of the command line are found.
pub(super) fn default_key() -> ObjectName {
    ObjectName::new("strongroom-preview", "age-keys")
}

/// The documents of a List, or the document itself.
fn items(document: Value) -> Vec<Value> {
    match document {
        Value::Object(mut fields) if fields.get("kind").is_some_and(|kind| kind == "List") => {
            match fields.remove("items") {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            }
        }
        Value::Null => Vec::new(),
        other => vec![other],
    }
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden {
            collect(&path, files)?;
        } else if kind.is_file()
            && path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json")
        {
            files.push(path);
        }
    }
    Ok(())
}

/// The sealing keys in a file of Secrets, such as `kubectl get secrets -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml`.
pub(super) fn sealing_keys(path: &Path) -> Result<Vec<(SealingKey, Timestamp)>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    let documents =
        serde_saphyr::from_multiple::<Value>(&text).map_err(|_| anyhow::anyhow!("{} is not YAML", path.display()))?;
    let secrets =
        documents.into_iter().flat_map(items).filter_map(|document| serde_json::from_value::<Secret>(document).ok());
    let mut keys = Vec::new();
    for secret in secrets {
        let data = secret.data.unwrap_or_default();
        let (Some(key), Some(certificate)) = (data.get("tls.key"), data.get("tls.crt")) else { continue };
        let key = SealingKey::from_pem(&key.0, &certificate.0)
            .with_context(|| format!("a Secret in {} holds no sealing key", path.display()))?;
        let ordering = key.certificate().not_before();
        keys.push((key, ordering));
    }
    if keys.is_empty() {
        bail!("{} holds no Secret with tls.key and tls.crt", path.display());
    }
    Ok(keys)
}

/// What the folder holds, in the place of a cluster.
pub(super) struct Files {
    secrets: BTreeMap<ObjectName, Secret>,
    namespaces: BTreeMap<String, Namespace>,
}

#[async_trait]
impl Gather for Files {
    async fn secret(&self, name: &ObjectName) -> Result<Option<Secret>, Failure> {
        // The key Secret of a SopsSecret is seldom in the folder: the identities of the command line stand in for it.
        let found = self.secrets.get(name).or_else(|| self.secrets.get(&default_key()));
        Ok(found.cloned())
    }

    async fn namespace(&self, name: &str) -> Result<Option<Namespace>, Failure> {
        Ok(self.namespaces.get(name).cloned())
    }
}

#[async_trait]
impl Credentials for Files {
    async fn secret_entry(&self, name: &ObjectName, key: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let missing =
            || Failure::lasting(Reason::KeyMissing, format!("the folder holds no Secret {name} with an entry `{key}`"));
        let secret = self.secrets.get(name).ok_or_else(missing)?;
        let plain = secret.string_data.as_ref().and_then(|data| data.get(key)).map(|text| text.as_bytes().to_vec());
        let encoded = || secret.data.as_ref().and_then(|data| data.get(key)).map(|value| value.0.clone());
        plain.or_else(encoded).map(Zeroizing::new).ok_or_else(missing)
    }

    async fn account_token(&self, account: &ObjectName, _audiences: &[String]) -> Result<Zeroizing<String>, Failure> {
        Err(Failure::lasting(Reason::KeyMissing, format!("a token of the ServiceAccount {account} needs a cluster")))
    }
}
