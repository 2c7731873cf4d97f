//! Section 3, row 3: a document is opened only where its encrypted leaves prove that it belongs, or where its author says that
//! it proves nothing.

use anyhow::Result;
use serde_json::json;

use super::documents::{Format, Tool, manifest};
use super::place::Place;
use crate::scene::Scene;

/// What Flux's documentation tells its users to put into `.sops.yaml`.
const OF_FLUX: [&str; 2] = ["--encrypted-regex", "^(data|stringData)$"];

#[tokio::test]
async fn a_document_whose_metadata_is_in_clear_names_both_ways_out_and_works_when_declared_unproven() -> Result<()> {
    let place = Place::new().await?;
    let operator = place.start().await?;
    for (tool, name) in Tool::BOTH.into_iter().zip(["original", "ours"]) {
        let text = manifest(&place.namespace, name, &[("password", "one")]);
        let document = tool.encrypt(Format::Yaml, &text, &place.identity, &OF_FLUX)?;
        assert!(document.contains(&format!("namespace: {}", place.namespace)), "the metadata is in clear: {document}");
        place.create_sops(name, &document).await?;
        let message = place.refused_for_good(name, "ScopeNotProven").await?;
        for part in ["`metadata.namespace` is in clear", "sops --encrypt --age", "encrypted_regex", "`scope: unproven`"]
        {
            assert!(message.contains(part), "the message does not say {part}: {message}");
        }
        place.change::<crds::SopsSecret>(name, json!({ "spec": { "scope": "unproven" } })).await?;
        place.holds(name, &[("password", "one")]).await?;
        place.ready(name).await?;
    }
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn an_unproven_document_still_stays_in_the_namespace_that_it_names() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    for flags in [&OF_FLUX[..], &[]] {
        let name = format!("db-{}", flags.len());
        let document = place.encrypt(&manifest("elsewhere", &name, &[("password", "one")]), flags)?;
        let mut object = super::place::sops_secret(&name, &document);
        object["spec"]["scope"] = json!("unproven");
        place.create::<crds::SopsSecret>(object).await?;
        place.refused_for_good(&name, "InvalidSpec").await?;
    }
    // One that names no namespace goes where it is put, under its own name.
    let text = manifest("elsewhere", "free", &[("password", "one")]).replace("    namespace: elsewhere\n", "");
    let mut object = super::place::sops_secret("any", &place.encrypt(&text, &OF_FLUX)?);
    object["spec"]["scope"] = json!("unproven");
    place.create::<crds::SopsSecret>(object).await?;
    place.holds("free", &[("password", "one")]).await?;
    place.ready("any").await?;
    Ok(())
}

#[tokio::test]
async fn one_secret_has_the_name_of_its_object_and_several_begin_with_it() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    let refused = |names: &[&str]| document(&place, names);
    for (at, names) in
        [&["shop-db"][..], &["shop", "shopping"], &["shop", "other"], &["shop-", "shopdb"]].into_iter().enumerate()
    {
        let names: Vec<String> = names.iter().map(|name| name.replacen("shop", &format!("shop{at}"), 1)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let object = format!("shop{at}");
        place.create_sops(&object, &refused(&names)?).await?;
        let message = place.refused_for_good(&object, "ScopeNotProven").await?;
        assert!(message.contains("another name"), "{message}");
        none_made(&place, &names).await?;
    }
    place.create_sops("shop", &document(&place, &["shop-db", "shop-cache"])?).await?;
    place.holds("shop-db", &[("password", "shop-db")]).await?;
    place.holds("shop-cache", &[("password", "shop-cache")]).await?;
    place.ready("shop").await?;
    // One name twice is no two Secrets.
    place.create_sops("twice", &document(&place, &["twice", "twice"])?).await?;
    place.refused_for_good("twice", "InvalidSpec").await?;
    Ok(())
}

fn document(place: &Place, names: &[&str]) -> Result<String> {
    let texts: Vec<String> = names.iter().map(|name| manifest(&place.namespace, name, &[("password", name)])).collect();
    place.encrypt(&texts.join("---\n"), &[])
}

async fn none_made(scene: &Scene<'_>, names: &[&str]) -> Result<()> {
    for name in names {
        let secret = scene.api::<k8s_openapi::api::core::v1::Secret>().get_opt(name).await?;
        assert!(secret.is_none(), "{name} was made");
    }
    Ok(())
}

#[tokio::test]
async fn a_secret_that_cannot_be_written_does_not_hold_up_its_siblings() -> Result<()> {
    let place = Place::new().await?;
    let foreign = place.create_foreign("shop-db", json!({})).await?;
    let _operator = place.start().await?;
    place.create_sops("shop", &document(&place, &["shop", "shop-db"])?).await?;
    place.holds("shop", &[("password", "shop")]).await?;
    let ready = place.refused("shop").await?;
    assert_eq!(ready.reason.as_deref(), Some("NotOwned"));
    let object = place.api::<crds::SopsSecret>().get("shop").await?;
    let children = object.status.unwrap_or_default().secrets;
    let told: Vec<_> =
        children.iter().map(|child| (child.name.as_str(), child.ready, child.reason.as_deref())).collect();
    assert_eq!(told, [("shop", true, None), ("shop-db", false, Some("NotOwned"))]);
    assert_eq!(place.api::<k8s_openapi::api::core::v1::Secret>().get("shop-db").await?, foreign);
    Ok(())
}
