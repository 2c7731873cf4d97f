//! Section 3, row 5: the manifest that stands in so many repositories works as it is, with AWS; and so does the fake store.

use anyhow::Result;
use crds::{ClusterSecretStore, ExternalSecret};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use rig::{Moto, Operator};
use serde_json::json;

use super::place::{Place, condition, entry};
use crate::canary;
use crate::scene::{DEADLINE, values_of};

const SEED: &str = "
apiVersion: external-secrets.io/v1beta1
kind: ExternalSecret
metadata:
  name: db-credentials
spec:
  refreshInterval: 1h
  secretStoreRef:
    name: aws-secrets-manager
    kind: ClusterSecretStore
  target:
    name: db-credentials
  data:
    - secretKey: password
      remoteRef:
        key: myapp/prod/db-password
";

fn store(namespace: &str) -> String {
    format!(
        "
apiVersion: external-secrets.io/v1beta1
kind: ClusterSecretStore
metadata:
  name: aws-secrets-manager
spec:
  provider:
    aws:
      service: SecretsManager
      region: {}
      auth:
        secretRef:
          accessKeyIDSecretRef: {{ name: awssm-secret, namespace: {namespace}, key: access-key }}
          secretAccessKeySecretRef: {{ name: awssm-secret, namespace: {namespace}, key: secret-access-key }}
",
        Moto::REGION
    )
}

#[tokio::test]
async fn the_seed_manifest_works_unchanged_with_secrets_manager() -> Result<()> {
    let place = Place::bare().await?;
    let moto = Moto::start().await?;
    moto.put_secret("myapp/prod/db-password", &canary::value("one")).await?;
    let keys = json!({ "access-key": "AKIAIOSFODNN7EXAMPLE", "secret-access-key": "invented\n" });
    place.create::<Secret>(json!({ "metadata": { "name": "awssm-secret" }, "stringData": keys })).await?;
    let options = place.options()?.environment("AWS_ENDPOINT_URL", moto.address());
    let operator = Operator::start_ready(&options).await?;
    place.plane.apply_yaml_in(&place.namespace, SEED).await?;
    assert!(
        place.refused_as("db-credentials", "StoreMissing").await?.contains("ClusterSecretStore `aws-secrets-manager`")
    );
    place.plane.apply_yaml(&store(&place.namespace)).await?;
    place.holds("db-credentials", &[("password", "one")]).await?;
    let object = place.ready("db-credentials").await?;
    assert_eq!(condition(&object).and_then(|ready| ready.reason.as_deref()), Some("SecretSynced"));
    let stores: Api<ClusterSecretStore> = Api::all(place.plane.admin());
    rig::watch_until(&stores, "aws-secrets-manager", DEADLINE, |store| {
        let conditions = store.status.iter().flat_map(|status| &status.conditions);
        conditions.into_iter().any(|ready| ready.status == "True" && ready.reason.as_deref() == Some("Valid"))
    })
    .await?;
    // A new version, and the object is told to look.
    moto.put_secret("myapp/prod/db-password", &canary::value("two")).await?;
    place.force_sync("db-credentials", "1").await?;
    place.holds("db-credentials", &[("password", "two")]).await?;
    place
        .change::<ExternalSecret>(
            "db-credentials",
            json!({ "spec": { "data": [
        { "secretKey": "password", "remoteRef": { "key": "myapp/prod/db-password", "version": "AWSPREVIOUS" } },
    ] } }),
        )
        .await?;
    place.holds("db-credentials", &[("password", "one")]).await?;
    place
        .change::<ExternalSecret>(
            "db-credentials",
            json!({ "spec": { "data": [
        { "secretKey": "password", "remoteRef": { "key": "myapp/prod/none" } },
    ] } }),
        )
        .await?;
    assert!(place.refused_as("db-credentials", "RemoteMissing").await?.contains("`myapp/prod/none`"));
    place.nothing_leaked(&operator).await
}

/// A store without `auth` has what the operator finds in its surroundings.
#[tokio::test]
async fn a_store_over_secrets_manager_may_take_the_credentials_of_the_operator() -> Result<()> {
    let moto = Moto::start().await?;
    let place = Place::bare().await?;
    moto.put_secret("db", &json!({ "password": canary::value("one"), "port": 5432 }).to_string()).await?;
    let block = |region: &str| json!({ "aws": { "service": "SecretsManager", "region": region } });
    place.add_store("store", &block(Moto::REGION)).await?;
    place.add_store("elsewhere", &block("evil.example.com/")).await?;
    let options = place.options()?.environment("AWS_ENDPOINT_URL", moto.address());
    let options = options.environment("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
    let operator = Operator::start_ready(&options.environment("AWS_SECRET_ACCESS_KEY", "invented")).await?;
    place.store_says("store", "True", "Valid").await?;
    place.store_says("elsewhere", "False", "StoreInvalid").await?;
    let property = json!({ "secretKey": "password", "remoteRef": { "key": "db", "property": "password" } });
    place.add("db", json!({ "data": [property] })).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.add("all", json!({ "dataFrom": [{ "extract": { "key": "db" } }] })).await?;
    place.ready("all").await?;
    let values = values_of(&place.api::<Secret>().get("all").await?);
    assert_eq!(values, [("password".to_owned(), canary::value("one")), ("port".to_owned(), "5432".to_owned())]);
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_fake_store_gives_what_stands_in_it() -> Result<()> {
    let place = Place::new(&[("shop/db", "one"), ("shop/cache", "two")]).await?;
    let operator = place.start().await?;
    let object = place
        .add(
            "db",
            json!({
                "data": [
                    { "secretKey": "db", "remoteRef": { "key": "shop/db" } },
                    { "secretKey": "cache", "remoteRef": { "key": "shop/cache" } },
                ],
            }),
        )
        .await?;
    place.holds("db", &[("cache", "two"), ("db", "one")]).await?;
    place.ready("db").await?;
    let events = place.told(&object, 1).await?;
    assert_eq!((events[0].type_.as_deref(), events[0].reason.as_deref()), (Some("Normal"), Some("Updated")));
    assert_eq!(events[0].source.as_ref().and_then(|source| source.component.as_deref()), Some("external-secrets"));
    place.add("missing", entry("shop/none")).await?;
    let message = place.refused_as("missing", "RemoteMissing").await?;
    assert!(message.contains("spec.data[0]") && message.contains("`shop/none`"), "{message}");
    place.nothing_leaked(&operator).await
}
