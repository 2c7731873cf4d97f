//! Secrets Manager, as moto imitates it.

use anyhow::{Context as _, Result, ensure};
use crds::SecretStoreSpec;
use rig::Moto;
use serde_json::{Value, json};
use strongroom::provider::ProviderError;

use crate::conformance::{Secrets, World, conforms, connect_with, failure, key, value};

struct Aws {
    moto: Moto,
}

impl World for Aws {
    fn spec(&self) -> SecretStoreSpec {
        spec(&json!({}))
    }

    fn credentials(&self) -> Secrets {
        keys()
    }

    async fn put(&mut self, key: &str, value: &Value) -> Result<String> {
        self.moto.put_secret(key, &value.to_string()).await?;
        let found = self.moto.call("secretsmanager", "GetSecretValue", &json!({"SecretId": key})).await?;
        Ok(format!("uuid/{}", found["VersionId"].as_str().context("moto names no version")?))
    }

    async fn delete(&mut self, key: &str) -> Result<()> {
        self.moto.call("secretsmanager", "DeleteSecret", &json!({"SecretId": key})).await.map(drop)
    }
}

fn spec(more: &Value) -> SecretStoreSpec {
    let entry = |key: &str| json!({"name": "store", "key": key});
    let auth = json!({"secretRef": {"accessKeyIDSecretRef": entry("id"), "secretAccessKeySecretRef": entry("secret")}});
    let mut aws = json!({"service": "SecretsManager", "region": Moto::REGION, "auth": auth});
    if let (Some(all), Some(more)) = (aws.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    serde_json::from_value(json!({"provider": {"aws": aws}})).expect("it is a store")
}

fn keys() -> Secrets {
    Secrets(vec![("id", "AKIAEXAMPLE\n".into()), ("secret", "example".into())])
}

#[tokio::test]
async fn secrets_manager_conforms() -> Result<()> {
    let moto = Moto::start().await?;
    let address = moto.address().to_owned();
    conforms(&mut Aws { moto }, Some(&address)).await
}

#[tokio::test]
async fn stages_binaries_and_prefixes_are_those_of_the_original() -> Result<()> {
    let moto = Moto::start().await?;
    moto.put_secret("myapp/prod/db-password", "1").await?;
    moto.put_secret("myapp/prod/db-password", "2").await?;
    let store = connect_with(&spec(&json!({"prefix": "myapp/"})), keys(), Some(moto.address())).await?;
    let read = async |version| value(&store, &key("prod/db-password", version), None).await;
    ensure!(read(None).await?.0 == json!(2));
    ensure!(read(Some("AWSPREVIOUS")).await?.0 == json!(1));
    ensure!(failure(&store, &key("prod/db-password", Some("AWSPENDING"))).await? == ProviderError::NotFound);
    let binary = json!({"Name": "myapp/blob", "SecretBinary": "AP8="});
    moto.call("secretsmanager", "CreateSecret", &binary).await?;
    ensure!(store.read(&key("blob", None)).await?.as_slice() == [0, 0xff]);
    Ok(())
}

/// The SDK reads the environment of its process, and a test must not change its own: this one runs itself again in another.
#[tokio::test]
async fn without_keys_the_environment_has_the_credentials() -> Result<()> {
    const MARK: &str = "STRONGROOM_TEST_CHILD";
    let spec: SecretStoreSpec = serde_json::from_value(json!({
        "provider": {"aws": {"service": "SecretsManager", "region": Moto::REGION}},
    }))?;
    if let Ok(expected) = std::env::var(MARK) {
        let store = connect_with(&spec, Secrets::default(), None).await?;
        let outcome = match store.read(&key("any", None)).await {
            Ok(value) => String::from_utf8(value.to_vec())?,
            Err(error) => error.into_failure("read").reason.to_string(),
        };
        ensure!(outcome == expected, "{outcome}");
        return Ok(());
    }
    let moto = Moto::start().await?;
    moto.put_secret("any", "found").await?;
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "example")];
    for (keys, expected) in [(&keys[..], "found"), (&[], "StoreDenied")] {
        let mut child = std::process::Command::new(std::env::current_exe()?);
        child.args(["--exact", "aws::without_keys_the_environment_has_the_credentials"]).env_clear();
        child.env("AWS_ENDPOINT_URL", moto.address()).env("AWS_EC2_METADATA_DISABLED", "true").env(MARK, expected);
        let output = child.envs(keys.iter().copied()).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        ensure!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "the child ran the test");
    }
    Ok(())
}

#[tokio::test]
async fn a_service_that_is_gone_is_unavailable() -> Result<()> {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let once = json!({"provider": spec(&json!({})).provider, "retrySettings": {"maxRetries": 0}});
    let store = connect_with(&serde_json::from_value(once)?, keys(), Some(&format!("http://{nobody}"))).await?;
    ensure!(matches!(failure(&store, &key("any", None)).await?, ProviderError::Unavailable { .. }));
    Ok(())
}
