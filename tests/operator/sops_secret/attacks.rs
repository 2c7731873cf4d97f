//! Documents that somebody changed or moved who cannot decrypt them. None leads to a Secret.

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Secret;

use super::documents::{Tool, line, manifest};
use super::place::Place;

#[tokio::test]
async fn a_document_copied_to_another_namespace_is_refused() -> Result<()> {
    let place = Place::new().await?;
    let operator = place.start().await?;
    place.create_sops("db", &place.encrypt(&manifest("victim", "db", &[("password", "one")]), &[])?).await?;
    let message = place.refused_for_good("db", "ScopeNotProven").await?;
    assert!(message.contains("another namespace") && !message.contains("victim"), "{message}");
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_document_under_another_name_is_refused() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    place.create_sops("other", &place.document("db", &[("password", "one")])?).await?;
    place.refused_for_good("other", "ScopeNotProven").await?;
    ensure!(place.api::<Secret>().get_opt("db").await?.is_none(), "made under the name in the document");
    Ok(())
}

/// The path of a leaf is joined by colons when it is authenticated, so a top-level key with a colon in it can take the place of
/// a nested one, and an empty leaf adds nothing to the MAC.
#[tokio::test]
async fn a_namespace_moved_to_a_key_with_a_colon_is_refused_although_the_original_accepts_it() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    let document = place.encrypt(&manifest("victim", "db", &[("password", "one")]), &[])?;
    let namespace = line(&document, "namespace: ");
    for (name, blank) in [("db", "    namespace: \"\"\n"), ("absent", ""), ("null", "    namespace: null\n")] {
        let moved = format!("{blank}metadata:{}\n", namespace.trim_start());
        let forged = document.replace(&format!("{namespace}\n"), &moved);
        assert_ne!(forged, document);
        if name == "db" {
            let accepted = Tool::Original.decrypt(&forged, &place.identity)?;
            assert!(accepted.status.success(), "the attack is none: {}", String::from_utf8_lossy(&accepted.stderr));
        }
        place.create_sops(name, &forged).await?;
        place.refused_for_good(name, "DecryptFailed").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_blank_or_missing_namespace_never_means_the_namespace_of_the_object() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    let forgeries = [
        ("blank", "    namespace: \"\"\n"),
        ("null", "    namespace: null\n"),
        ("absent", ""),
        ("map", "    namespace: {}\n"),
        ("plain", "    namespace: PLAIN\n"),
    ];
    for (name, with) in forgeries {
        let document = place.encrypt(&manifest("victim", name, &[("password", "one")]), &[])?;
        let namespace = format!("{}\n", line(&document, "namespace: "));
        place.create_sops(name, &document.replace(&namespace, &with.replace("PLAIN", &place.namespace))).await?;
        let message = place.refused_for_good(name, "ScopeNotProven").await?;
        assert!(message.contains("`metadata.namespace`"), "{name}: {message}");
    }
    Ok(())
}

#[tokio::test]
async fn leaves_that_have_changed_places_are_refused() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    // The value that an attacker can have encrypted is the namespace that he needs.
    let text = manifest("victim", "db", &[("password", "one")]);
    let text =
        text.replace("    namespace:", &format!("    labels:\n        mine: {}\n    namespace:", place.namespace));
    let document = place.encrypt(&text, &[])?;
    let (mine, namespace) = (line(&document, "mine: "), line(&document, "namespace: "));
    let value = |line: &str| line.split_once(": ").map(|(_, value)| value.to_owned()).unwrap_or_default();
    let forged = document
        .replace(&value(namespace), "KEPT")
        .replace(&value(mine), &value(namespace))
        .replace("KEPT", &value(mine));
    place.create_sops("db", &forged).await?;
    place.refused_for_good("db", "ScopeNotProven").await?;
    Ok(())
}

#[tokio::test]
async fn duplicate_and_merge_keys_are_refused() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    let document = place.encrypt(&manifest("victim", "db", &[("password", "one")]), &[])?;
    let name = format!("{}\n", line(&document, "name: "));
    let namespace = format!("{}\n", line(&document, "namespace: "));
    let own = place.document("db", &[("password", "one")])?;
    let own_namespace = format!("{}\n", line(&own, "namespace: "));
    let forgeries = [
        document.replace(&namespace, &format!("{namespace}{own_namespace}")),
        document.replace(&namespace, &format!("{own_namespace}{namespace}")),
        document.replace("stringData:\n", &format!("metadata:\n{name}{own_namespace}stringData:\n")),
        document.replace(&namespace, &format!("    <<: {{namespace: {}}}\n", place.namespace)),
        document.replace(&namespace, &format!("    <<:\n    {own_namespace}{namespace}")),
    ];
    for (at, forged) in forgeries.iter().enumerate() {
        let name = format!("db-{at}");
        place.create_sops(&name, forged).await?;
        place.refused_for_good(&name, "DecryptFailed").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_document_that_the_mac_does_not_cover_is_refused() -> Result<()> {
    let place = Place::new().await?;
    let operator = place.start().await?;
    let whole = |name: &str| place.document(name, &[("password", "one"), ("user", "two")]);
    let (first, second) = (whole("first")?, whole("second")?);
    // Each value is still authentic; that one is gone only the MAC tells.
    place.create_sops("first", &first.replace(&format!("{}\n", line(&first, "user: ")), "")).await?;
    place.refused_for_good("first", "DecryptFailed").await?;
    // A plain value where an encrypted one was.
    place.create_sops("second", &second.replace(line(&second, "user: "), "    user: mallory")).await?;
    place.refused_for_good("second", "DecryptFailed").await?;
    // No MAC at all, and one of another document.
    let (third, fourth) = (whole("third")?, whole("fourth")?);
    place.create_sops("third", &third.replace(&format!("{}\n", line(&third, "mac: ")), "")).await?;
    place.refused_for_good("third", "DecryptFailed").await?;
    place.create_sops("fourth", &fourth.replace(line(&fourth, "mac: "), line(&first, "mac: "))).await?;
    place.refused_for_good("fourth", "DecryptFailed").await?;
    place.nothing_leaked(&operator).await
}
