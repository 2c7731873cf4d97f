//! Section 3, row 3: documents of both tools and formats arrive, one Secret or several from each.

use anyhow::Result;
use crds::SopsSecret;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::documents::{Format, Tool, manifest};
use super::place::{Place, condition};
use crate::canary;
use crate::scene::{DEADLINE, planted, values_of};

#[tokio::test]
async fn documents_of_both_tools_arrive_from_yaml_and_json() -> Result<()> {
    let place = Place::new().await?;
    let operator = place.start().await?;
    for (tool, name) in Tool::BOTH.into_iter().zip(["original", "ours"]) {
        for (format, ending) in [(Format::Yaml, "yaml"), (Format::Json, "json")] {
            let name = format!("{name}-{ending}");
            let yaml = manifest(&place.namespace, &name, &[("password", ending), ("user", "one")]);
            let text = match format {
                Format::Yaml => format!("# a comment\n{yaml}"),
                Format::Json => serde_json::to_string_pretty(&serde_saphyr::from_str::<Value>(&yaml)?)?,
            };
            place.create_sops(&name, &tool.encrypt(format, &text, &place.identity, &[])?).await?;
            place.holds(&name, &[("password", ending), ("user", "one")]).await?;
            place.ready(&name).await?;
        }
    }
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn one_document_may_hold_several_secrets() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    for (tool, name) in Tool::BOTH.into_iter().zip(["original", "ours"]) {
        let db = format!("{name}-db");
        let text = [
            manifest(&place.namespace, name, &[("password", "one")]),
            manifest(&place.namespace, &db, &[("password", "two")]),
        ];
        let document = tool.encrypt(Format::Yaml, &text.join("---\n"), &place.identity, &[])?;
        let object = place.create_sops(name, &document).await?;
        place.holds(name, &[("password", "one")]).await?;
        let second = place.holds(&db, &[("password", "two")]).await?;
        let owners = second.metadata.owner_references.unwrap_or_default();
        assert_eq!((owners.len(), Some(&owners[0].uid)), (1, object.metadata.uid.as_ref()));
        let status = place.ready(name).await?.status.unwrap_or_default();
        let children: Vec<_> = status.secrets.iter().map(|child| (child.name.as_str(), child.ready)).collect();
        assert_eq!(children, [(name, true), (db.as_str(), true)]);
    }
    Ok(())
}

#[tokio::test]
async fn what_a_secret_carries_besides_values_arrives_but_for_the_marks_of_reconcilers() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    let text = format!(
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/basic-auth\nimmutable: false\nmetadata:\n  name: login\n  \
         namespace: {}\n  labels:\n    app: shop\n  annotations:\n    note: ours\n    \
         kubectl.kubernetes.io/last-applied-configuration: '{{}}'\n    argocd.argoproj.io/tracking-id: shop\ndata:\n  \
         password: AP/+\n  username: {}\nstringData:\n  username: {}\n",
        place.namespace,
        "dGhlIGxvc2VyIG9mIHRoZSB0d28=",
        canary::value("admin"),
    );
    place.create_sops("login", &place.encrypt(&text, &[])?).await?;
    let object = place.ready("login").await?;
    let secret = place.api::<Secret>().get("login").await?;
    assert_eq!(secret.type_.as_deref(), Some("kubernetes.io/basic-auth"));
    assert_eq!(serde_json::to_value(&secret.metadata.labels)?, json!({ "app": "shop" }));
    assert_eq!(serde_json::to_value(&secret.metadata.annotations)?, json!({ "note": "ours" }));
    let data = secret.data.unwrap_or_default();
    assert_eq!(data["password"].0, [0, 0xff, 0xfe], "a value that is no text");
    assert_eq!(data["username"].0, canary::value("admin").into_bytes(), "stringData wins");
    let managers = secret.metadata.managed_fields.unwrap_or_default();
    assert_eq!(managers.iter().map(|entry| entry.manager.as_deref()).collect::<Vec<_>>(), [Some("strongroom")]);
    let events = place.told(&object, 1).await?;
    assert_eq!((events[0].type_.as_deref(), events[0].reason.as_deref()), (Some("Normal"), Some("Decrypted")));
    assert_eq!(condition(&object, "Ready")?.reason.as_deref(), Some("Synced"));
    Ok(())
}

#[tokio::test]
async fn a_changed_document_replaces_what_the_secret_held() -> Result<()> {
    let place = Place::new().await?;
    let operator = place.start().await?;
    place.create_sops("db", &place.document("db", &[("old", "one"), ("password", "one")])?).await?;
    let before = place.ready("db").await?;
    place.replace_document("db", &place.document("db", &[("password", "two")])?).await?;
    let satisfied = |secret: &Secret| values_of(secret) == planted(&[("password", "two")]);
    rig::watch_until(&place.api::<Secret>(), "db", DEADLINE, satisfied).await?;
    let after = place.ready("db").await?;
    assert_eq!(condition(&before, "Ready")?, condition(&after, "Ready")?, "the transition time moves on a flip alone");
    place.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_manifest_that_is_no_secret_is_refused() -> Result<()> {
    let place = Place::new().await?;
    let _operator = place.start().await?;
    let text = manifest(&place.namespace, "db", &[("password", "one")]);
    let kinds = [
        ("kind: Secret", "kind: ConfigMap", "InvalidSpec"),
        ("kind: Secret", "kind: Secret\ntype: kubernetes.io/service-account-token", "ForbiddenType"),
        ("kind: Secret", "kind: Secret\ndata: plain", "InvalidSpec"),
        ("stringData:", "finalizers: [a/b]\nstringData:", "InvalidSpec"),
    ];
    for (at, (old, new, reason)) in kinds.into_iter().enumerate() {
        let name = format!("db-{at}");
        let text = text.replace("name: db", &format!("name: {name}")).replace(old, new);
        let object: SopsSecret = place.create_sops(&name, &place.encrypt(&text, &[])?).await?;
        place.refused_for_good(&name, reason).await?;
        let events = place.told(&object, 1).await?;
        assert_eq!((events.len(), events[0].reason.as_deref()), (1, Some(reason)));
    }
    Ok(())
}
