//! The key-value engines of HashiCorp Vault and OpenBao (<https://developer.hashicorp.com/vault/api-docs/secret/kv>). Three
//! calls of the HTTP API are all it needs, and it makes them itself: client libraries log what the server says.

mod http;
mod login;
mod path;

use std::sync::Arc;

use async_trait::async_trait;
use crds::VaultProvider;
use zeroize::Zeroizing;

use super::credentials::Surroundings;
use super::json::{Json, Numbers};
use super::{ProviderError, Read, Reader, RemoteKey, Version, refuse_unknown};
use crate::failure::Failure;
use crate::reason::Reason;
use crate::reference::Tenant;
use http::{Call, Http};
use login::Session;

/// The generation of a key-value engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    V1,
    V2,
}

/// One mount of one server, or all of them when the keys name the mount.
pub(super) struct Vault {
    http: Http,
    session: Session,
    engine: Engine,
    mount: Option<String>,
    namespace: Option<String>,
}

impl Vault {
    /// The store that the block describes. Credentials are fetched; the server is not spoken to yet.
    pub(super) async fn connect(
        block: &VaultProvider,
        tenant: Tenant<'_>,
        around: &Arc<Surroundings>,
    ) -> Result<Vault, Failure> {
        // Both say how to write.
        refuse_unknown("provider.vault", &block.other, &["checkAndSet", "readYourWrites"])?;
        let engine = match block.version.as_deref().unwrap_or_default() {
            "" | "v2" => Engine::V2,
            "v1" => Engine::V1,
            _ => return Err(Failure::lasting(Reason::StoreInvalid, "provider.vault.version is neither v1 nor v2")),
        };
        let http = Http::connect(block, tenant, around).await?;
        let session = Session::new(block, tenant, around).await?;
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Ok(Vault { http, session, engine, mount: given(&block.path), namespace: given(&block.namespace) })
    }

    async fn get(&self, path: &str, version: Option<&str>) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        let token = self.session.token(&self.http).await?;
        let call = Call { path, version, namespace: self.namespace.as_deref(), token: Some(&token), body: None };
        self.http.send(call).await
    }
}

#[async_trait]
impl Reader for Vault {
    async fn read(&self, key: &RemoteKey, known: Option<&Version>) -> Result<Read, ProviderError> {
        let path = path::secret(self.mount.as_deref(), self.engine, &key.key)?;
        let version = key.version.as_deref().filter(|_| self.engine == Engine::V2);
        if version.is_some_and(|version| version.parse::<u64>().is_err()) {
            let message = format!("the version of `{}` is not a number", key.key);
            return Err(Failure::lasting(Reason::InvalidSpec, message).into());
        }
        let body = self.get(&path, version).await?;
        let (bytes, version) = understand(self.engine, &body)?;
        Ok(Read::unless_known(bytes, version, known))
    }

    async fn check(&self) -> Result<(), ProviderError> {
        let token = self.session.token(&self.http).await?;
        if self.session.is_given() {
            let namespace = self.session.namespace();
            let call =
                Call { path: "auth/token/lookup-self", version: None, namespace, token: Some(&token), body: None };
            self.http.send(call).await.map(drop)?;
        }
        Ok(())
    }
}

/// Takes the map out of an answer, as the JSON that the original hands on.
fn understand(engine: Engine, body: &[u8]) -> Result<(Zeroizing<Vec<u8>>, Option<Version>), ProviderError> {
    let strange = ProviderError::Unexpected { cause: "it is not that of a key-value engine" };
    let data = Json::parse(body)
        .and_then(Json::members)
        .and_then(|answer| answer.get("data").copied())
        .ok_or(strange.clone())?;
    let (map, version) = match engine {
        Engine::V1 => (data, None),
        Engine::V2 => {
            let parts = data.members().ok_or(strange.clone())?;
            let metadata = parts.get("metadata").and_then(|metadata| metadata.members()).unwrap_or_default();
            // The number alone starts again at 1 when a secret is removed with all its history.
            let mark = |name| metadata.get(name).map_or("", |part: &Json<'_>| part.raw());
            (
                *parts.get("data").ok_or(strange.clone())?,
                Some(Version::new(format!("{}@{}", mark("version"), mark("created_time")))),
            )
        }
    };
    match map.first() {
        b'n' => return Err(ProviderError::NotFound),
        b'{' => {}
        _ => return Err(strange),
    }
    let mut text = Zeroizing::new(String::with_capacity(map.raw().len()));
    map.write_like_go(Numbers::AsWritten, &mut text).ok_or(strange)?;
    Ok((Zeroizing::new(text.as_bytes().to_vec()), version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understood(engine: Engine, body: &str) -> Result<(String, Option<Version>), ProviderError> {
        understand(engine, body.as_bytes())
            .map(|(bytes, version)| (String::from_utf8(bytes.to_vec()).unwrap(), version))
    }

    #[test]
    fn the_map_is_taken_out_of_either_engine() {
        let v2 =
            r#"{"data":{"data":{"b":"<","a":1.50},"metadata":{"version":3,"created_time":"2026-01-01T00:00:00Z"}}}"#;
        let (map, version) = understood(Engine::V2, v2).unwrap();
        assert_eq!(map, "{\"a\":1.50,\"b\":\"\\u003c\"}");
        assert_eq!(version, Some(Version::new("3@\"2026-01-01T00:00:00Z\"")));
        assert_eq!(understood(Engine::V1, r#"{"data":{"a":"b"}}"#), Ok(("{\"a\":\"b\"}".into(), None)));
    }

    #[test]
    fn a_deleted_secret_is_not_there_and_a_strange_answer_is_no_secret() {
        assert_eq!(understood(Engine::V2, r#"{"data":{"data":null,"metadata":{}}}"#), Err(ProviderError::NotFound));
        for body in ["", "[]", "{}", r#"{"data":"text"}"#, r#"{"data":{}}"#, r#"{"data":{"data":[1]}}"#, "<html>"] {
            assert!(matches!(understood(Engine::V2, body), Err(ProviderError::Unexpected { .. })), "{body}");
        }
    }
}
