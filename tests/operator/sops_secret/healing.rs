//! Sections 2 and 3, row 3: whose Secret it is, what keeps it right, and that nothing is done twice.

use anyhow::Result;
use crds::SopsSecret;
use k8s_openapi::api::core::v1::Secret;
use kube::api::DeleteParams;
use serde_json::json;

use super::documents::{line, manifest};
use super::place::Place;
use crate::scene::{DEADLINE, planted, values_of};

#[tokio::test]
async fn a_secret_of_somebody_else_is_refused_before_any_value_is_opened() -> Result<()> {
    let place = Place::new().await?;
    let foreign = place.create_foreign("db", json!({})).await?;
    let _operator = place.start().await?;
    let document = place.document("db", &[("password", "one")])?;
    // A value that does not open would be the failure that is reported, had it been looked at.
    let broken = document
        .replace(line(&document, "password: "), "    password: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]");
    let object = place.create_sops("db", &broken).await?;
    let ready = place.refused("db").await?;
    assert_eq!(ready.reason.as_deref(), Some("NotOwned"));
    assert_eq!(place.told(&object, 1).await?.len(), 1);
    assert_eq!(place.api::<Secret>().get("db").await?, foreign);
    // The name is free once its owner gives it up.
    place.replace_document("db", &document).await?;
    place.api::<Secret>().delete("db", &DeleteParams::default()).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    Ok(())
}

#[tokio::test]
async fn a_secret_of_another_sops_secret_is_refused() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    let both =
        [manifest(&place.namespace, "shop", &[("a", "one")]), manifest(&place.namespace, "shop-db", &[("a", "one")])];
    place.create_sops("shop", &place.encrypt(&both.join("---\n"), &[])?).await?;
    place.ready("shop").await?;
    place.create_sops("shop-db", &place.document("shop-db", &[("a", "two")])?).await?;
    assert_eq!(place.refused("shop-db").await?.reason.as_deref(), Some("NotOwned"));
    place.holds("shop-db", &[("a", "one")]).await?;
    Ok(())
}

#[tokio::test]
async fn a_failure_keeps_the_last_good_secret() -> Result<()> {
    let place = Place::new().await?;
    let operator = place.start().await?;
    let document = place.document("db", &[("password", "one")])?;
    place.create_sops("db", &document).await?;
    place.ready("db").await?;
    let good = place.api::<Secret>().get("db").await?;
    let cut = document.lines().take(8).collect::<Vec<_>>().join("\n");
    let moved = document.replace(line(&document, "namespace: "), "    namespace: ''");
    for (broken, reason) in [(cut, "DecryptFailed"), (moved, "ScopeNotProven"), (String::new(), "DecryptFailed")] {
        place.replace_document("db", &broken).await?;
        let ready = place.refused("db").await?;
        assert_eq!(ready.reason.as_deref(), Some(reason));
        assert_eq!(place.api::<Secret>().get("db").await?, good);
    }
    place.replace_document("db", &document).await?;
    place.ready("db").await?;
    assert_eq!(place.api::<Secret>().get("db").await?, good, "it was right all the time");
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_deleted_or_edited_secret_comes_back() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    place.create_sops("db", &place.document("db", &[("password", "one")])?).await?;
    let first = place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    place.change::<Secret>("db", json!({ "data": { "password": "eA==", "more": "eA==" } })).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.api::<Secret>().delete("db", &DeleteParams::default()).await?;
    let is_new = |secret: &Secret| {
        secret.metadata.uid != first.metadata.uid && values_of(secret) == planted(&[("password", "one")])
    };
    rig::watch_until(&place.api::<Secret>(), "db", DEADLINE, is_new).await?;
    Ok(())
}

#[tokio::test]
async fn a_second_pass_and_a_restart_write_nothing() -> Result<()> {
    let place = Place::new().await?;
    let mut operator = place.start().await?;
    place.create_sops("db", &place.document("db", &[("password", "one")])?).await?;
    place.ready("db").await?;
    place.create_sops("futile", &place.document("other", &[("password", "one")])?).await?;
    let futile = place.refused("futile").await?;
    assert_eq!(futile.reason.as_deref(), Some("ScopeNotProven"));
    operator.terminate().await?;
    let mark = place.mark().await?;
    operator.restart()?;
    operator.wait_ready().await?;
    for name in ["db", "futile"] {
        place
            .change::<SopsSecret>(
                name,
                json!({ "metadata": { "annotations": { "argocd.argoproj.io/sync-wave": "7" } } }),
            )
            .await?;
    }
    // Looked at after them, by the only worker.
    let later = place.create_sops("later", &place.document("later", &[("password", "one")])?).await?;
    place.ready("later").await?;
    place.told(&later, 1).await?;
    let calls = place.calls(mark).await?;
    let written: Vec<_> = calls.iter().filter(|call| call.writes() && call.resource != "leases").collect();
    let told: Vec<_> = written.iter().map(|call| (call.verb.as_str(), call.resource.as_str())).collect();
    assert_eq!(told, [("create", "secrets"), ("update", "sopssecrets/status"), ("create", "events")], "{calls:?}");
    assert!(written.iter().all(|call| call.name != "db" && call.name != "futile"), "{written:?}");
    let reads = calls.iter().filter(|call| call.is("get", "secrets") && call.namespace == place.namespace);
    // Its version too, where the watch showed the key Secret before anybody was known to use it.
    assert!((1..=2).contains(&reads.count()), "only the key Secret, and only for the new object: {calls:?}");
    Ok(())
}
