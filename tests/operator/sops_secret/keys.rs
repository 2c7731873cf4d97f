//! Section 3, row 3: the age identities, in the layout in which Flux keeps them.

use age::x25519::Identity;
use anyhow::Result;
use crds::SopsSecret;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use rig::Operator;
use serde_json::json;

use super::documents::manifest;
use super::place::{KEY_SECRET, Place, key_file};

#[tokio::test]
async fn every_agekey_entry_of_the_key_secret_counts_and_no_other() -> Result<()> {
    let place = Place::without_key().await?;
    let entries = json!({
        "age.agekey": key_file(&Identity::generate()),
        "team-b.agekey": key_file(&place.identity),
        "identity.asc": "no age identity",
        "sops.aws-kms": "aws_access_key_id: none",
        "agekey": "no age identity either",
    });
    place.create::<Secret>(json!({ "metadata": { "name": KEY_SECRET }, "stringData": entries })).await?;
    let _operator = place.start().await?;
    place.create_sops("db", &place.document("db", &[("password", "one")])?).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    Ok(())
}

#[tokio::test]
async fn the_operators_own_key_secret_serves_objects_that_name_none() -> Result<()> {
    let place = Place::without_key().await?;
    let namespace = &place.installation.namespace;
    let options = place.options()?.argument("--sops-age-secret").argument(&format!("{namespace}/{KEY_SECRET}"));
    let _operator = Operator::start_ready(&options).await?;
    let unnamed =
        |name: &str, document: String| json!({ "metadata": { "name": name }, "spec": { "document": document } });
    place.create::<SopsSecret>(unnamed("db", place.document("db", &[("password", "one")])?)).await?;
    let missing = place.refused("db").await?;
    assert_eq!(missing.reason.as_deref(), Some("KeyMissing"));
    assert!(missing.message.unwrap_or_default().contains(&format!("{namespace}/{KEY_SECRET} does not exist")));
    let key = json!({ "metadata": { "name": KEY_SECRET }, "stringData": { "age.agekey": key_file(&place.identity) } });
    place.keys().create(&PostParams::default(), &serde_json::from_value(key)?).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    // An object that names a Secret is not served from the operator's.
    place.create_sops("named", &place.document("named", &[("password", "one")])?).await?;
    assert_eq!(place.refused("named").await?.reason.as_deref(), Some("KeyMissing"));
    Ok(())
}

#[tokio::test]
async fn an_object_without_any_key_secret_says_which_setting_is_missing() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    let document = place.document("db", &[("password", "one")])?;
    place.create::<SopsSecret>(json!({ "metadata": { "name": "db" }, "spec": { "document": document } })).await?;
    let ready = place.refused("db").await?;
    assert_eq!(ready.reason.as_deref(), Some("KeyMissing"));
    let message = ready.message.unwrap_or_default();
    assert!(message.contains("spec.decryption.secretRef") && message.contains("--sops-age-secret"), "{message}");
    Ok(())
}

#[tokio::test]
async fn a_missing_key_secret_is_named_and_its_arrival_heals_at_once() -> Result<()> {
    let place = Place::without_key().await?;
    let operator = place.start().await?;
    let object = place.create_sops("db", &place.document("db", &[("password", "one")])?).await?;
    let ready = place.refused("db").await?;
    assert_eq!(ready.reason.as_deref(), Some("KeyMissing"));
    assert!(ready.message.unwrap_or_default().contains(&format!("{}/{KEY_SECRET} does not exist", place.namespace)));
    // Nothing is tried again by time before ten minutes are over: what heals is the event.
    place.add_key(KEY_SECRET, &place.identity).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    let events = place.told(&object, 2).await?;
    assert_eq!(
        events.iter().map(|event| event.reason.as_deref()).collect::<Vec<_>>(),
        [Some("KeyMissing"), Some("Decrypted")]
    );
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_changed_key_secret_makes_a_futile_document_worth_another_try() -> Result<()> {
    let place = Place::without_key().await?;
    place.add_key(KEY_SECRET, &Identity::generate()).await?;
    let _operator = place.start().await?;
    place.create_sops("db", &place.document("db", &[("password", "one")])?).await?;
    let message = place.refused_for_good("db", "DecryptFailed").await?;
    assert!(message.contains(&place.identity.to_public().to_string()), "which key would help: {message}");
    let both = format!("{}{}", key_file(&Identity::generate()), key_file(&place.identity));
    place.change::<Secret>(KEY_SECRET, json!({ "stringData": { "age.agekey": both } })).await?;
    place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    Ok(())
}

#[tokio::test]
async fn a_key_secret_without_identities_is_told_apart_from_none() -> Result<()> {
    let place = Place::without_key().await?;
    place
        .create::<Secret>(json!({ "metadata": { "name": KEY_SECRET }, "stringData": { "age.key": "misnamed" } }))
        .await?;
    let _operator = place.start().await?;
    place.create_sops("db", &place.document("db", &[("password", "one")])?).await?;
    let message = place.refused("db").await?.message.unwrap_or_default();
    assert!(message.contains("*.agekey"), "{message}");
    place.change::<Secret>(KEY_SECRET, json!({ "stringData": { "age.agekey": "AGE-SECRET-KEY-1NONSENSE" } })).await?;
    let nonsense =
        |object: &SopsSecret| serde_json::to_string(&object.status).is_ok_and(|status| status.contains("`age.agekey`"));
    let object = rig::watch_until(&place.api::<SopsSecret>(), "db", crate::scene::DEADLINE, nonsense).await?;
    assert!(!serde_json::to_string(&object.status)?.contains("NONSENSE"), "an identity is quoted");
    Ok(())
}

#[tokio::test]
async fn a_key_secret_that_goes_leaves_the_secrets_alone() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    place.create_sops("db", &place.document("db", &[("password", "one")])?).await?;
    let good = place.holds("db", &[("password", "one")]).await?;
    place.ready("db").await?;
    place.api::<Secret>().delete(KEY_SECRET, &DeleteParams::default()).await?;
    place.replace_document("db", &place.document("db", &[("password", "two")])?).await?;
    assert_eq!(place.refused("db").await?.reason.as_deref(), Some("KeyMissing"));
    assert_eq!(place.api::<Secret>().get("db").await?, good);
    Ok(())
}

/// `secretRef` has no namespace, so that nobody opens documents with the keys of another team.
#[tokio::test]
async fn a_key_secret_of_another_namespace_is_out_of_reach() -> Result<()> {
    let (place, other) = (Place::without_key().await?, Place::without_key().await?);
    other.add_key(KEY_SECRET, &place.identity).await?;
    let _operator = place.start().await?;
    place.create_sops("db", &place.document("db", &[("password", "one")])?).await?;
    assert_eq!(place.refused("db").await?.reason.as_deref(), Some("KeyMissing"));
    let mut object = super::place::sops_secret(
        "sly",
        &place.encrypt(&manifest(&place.namespace, "sly", &[("password", "one")]), &[])?,
    );
    object["spec"]["decryption"]["secretRef"]["name"] = json!(format!("../{}/secrets/{KEY_SECRET}", other.namespace));
    let api: Api<SopsSecret> = place.api();
    match api.create(&PostParams::default(), &serde_json::from_value(object)?).await {
        Err(refused) => assert!(matches!(refused, kube::Error::Api(status) if status.code == 422)),
        Ok(_) => assert_eq!(place.refused("sly").await?.status, "False"),
    }
    Ok(())
}
