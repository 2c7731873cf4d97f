//! The key of proofs: random bytes in a Secret of the operator's own. Losing it costs one pass over every object, nothing else.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::PostParams;
use kube::{Api, Client};

use crate::api_error::describe;
use crate::proof::ProofKey;

/// The name of the Secret, in the operator's own namespace.
pub const SECRET: &str = "strongroom-proof-key";
const ENTRY: &str = "key";

/// Reads the key, or makes one. Of two replicas that make one at once, one reads what the other has made.
///
/// # Errors
/// The API server cannot be reached or refuses, or the Secret does not hold such a key.
pub async fn get_or_create(client: &Client, namespace: &str) -> Result<ProofKey> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    for _ in 0..3 {
        if let Some(secret) = api.get_opt(SECRET).await.map_err(|error| failed(namespace, &error))? {
            return read(&secret, namespace);
        }
        match api.create(&PostParams::default(), &new()?).await {
            Ok(secret) => return read(&secret, namespace),
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => return Err(failed(namespace, &error)),
        }
    }
    bail!("the Secret {namespace}/{SECRET} keeps appearing and disappearing")
}

fn failed(namespace: &str, error: &kube::Error) -> anyhow::Error {
    anyhow::anyhow!("could not read or make the Secret {namespace}/{SECRET}: {}", describe(error))
}

fn read(secret: &Secret, namespace: &str) -> Result<ProofKey> {
    let bytes = secret.data.as_ref().and_then(|data| data.get(ENTRY)).filter(|bytes| bytes.0.len() == ProofKey::LEN);
    let bytes = bytes.with_context(|| {
        format!("the Secret {namespace}/{SECRET} holds no proof key; delete it to have one made anew")
    })?;
    Ok(ProofKey::new(&bytes.0))
}

fn new() -> Result<Secret> {
    let mut bytes = vec![0_u8; ProofKey::LEN];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    Ok(Secret {
        metadata: ObjectMeta { name: Some(SECRET.to_owned()), ..ObjectMeta::default() },
        data: Some(BTreeMap::from([(ENTRY.to_owned(), ByteString(bytes))])),
        ..Secret::default()
    })
}
