//! What the template makes of the opened values: the rules that the original got in 0.37 to 0.40, as a table, and the first
//! format, which is a whole Secret in one value.

use anyhow::Result;
use crds::SealedSecret;
use k8s_openapi::api::core::v1::Secret;
use kubeseal::{CLUSTER_WIDE, SKIP_SET_OWNER_REFERENCES, Scope};
use rig::Operator;
use serde_json::{Value, json};

use crate::scene::{DEADLINE, KEYS, Scene, rsa_operations, seal, values_of};

/// A name, what is sealed, `template.data`, and what the Secret holds. `$` stands for a sealed value as it is planted.
type Rule = (&'static str, &'static [&'static str], Value, &'static [(&'static str, &'static str)]);

fn table() -> Vec<Rule> {
    vec![
        ("a-template-sees-values", &["one"], json!({ "t": "<{{ .one }}>" }), &[("one", "$"), ("t", "<$>")]),
        ("a-missing-value-has-words", &[], json!({ "t": "{{ .none }}" }), &[("t", "<no value>")]),
        ("an-index-of-nothing-is-empty", &[], json!({ "t": "[{{ index . \"none\" }}]" }), &[("t", "[]")]),
        ("functions-of-sprig", &[], json!({ "t": "{{ \"a\" | upper | quote }}" }), &[("t", "\"A\"")]),
        // 0.37: texts beside it are visible as they are written.
        (
            "a-sibling-is-visible-unrendered",
            &["one"],
            json!({ "a": "{{ .one }}", "t": "<{{ .a }}>" }),
            &[("a", "$"), ("one", "$"), ("t", "<{{ .one }}>")],
        ),
        (
            "plain-and-sealed-together",
            &["password"],
            json!({ "username": "shop", "xml": "<u>{{ .username }}</u><p>{{ .password }}</p>" }),
            &[("password", "$"), ("username", "shop"), ("xml", "<u>shop</u><p>$</p>")],
        ),
        ("a-text-sees-itself-unrendered", &[], json!({ "t": "{{ .t }}" }), &[("t", "{{ .t }}")]),
        // 0.37: of one name, what was sealed counts, in the Secret and for others.
        (
            "what-was-sealed-wins",
            &["one"],
            json!({ "one": "plain", "t": "<{{ .one }}>" }),
            &[("one", "$"), ("t", "<$>")],
        ),
        // 0.40: `null` takes a key out of the Secret, not out of sight.
        (
            "null-removes-a-key",
            &["one", "two"],
            json!({ "one": null, "t": "<{{ .one }}>" }),
            &[("t", "<$>"), ("two", "$")],
        ),
        (
            "null-beside-what-was-sealed-hides-no-sibling",
            &["one"],
            json!({ "none": null, "plain": "text", "t": "{{ .plain }}{{ .none }}{{ .one }}" }),
            &[("one", "$"), ("plain", "text"), ("t", "text<no value>$")],
        ),
        ("all-null-is-a-secret-without-values", &["one"], json!({ "one": null }), &[]),
        ("null-of-nothing-is-nothing", &["one"], json!({ "none": null }), &[("one", "$")]),
    ]
}

#[tokio::test]
async fn the_rules_of_the_newest_release_hold() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    let planted = crate::canary::value("one");
    for (name, sealed, template, _) in table() {
        let values: Vec<(&str, &str)> = sealed.iter().map(|key| (*key, "one")).collect();
        let mut object = scene.sealed(name, &values)?;
        object["spec"]["template"] = json!({ "data": template });
        scene.create::<SealedSecret>(object).await?;
    }
    for (name, _, _, expected) in table() {
        scene.synced(name).await?;
        let expected: Vec<(String, String)> =
            expected.iter().map(|(key, value)| ((*key).to_owned(), value.replace('$', &planted))).collect();
        assert_eq!(values_of(&scene.api::<Secret>().get(name).await?), expected, "{name}");
    }
    scene.nothing_leaked(&operator).await
}

#[tokio::test]
async fn a_template_that_fails_is_told_without_a_value_and_renders_again_only_for_a_change() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    let mut broken = scene.sealed("broken", &[("one", "one")])?;
    broken["spec"]["template"] = json!({ "data": { "t": "{{ fail .one }}", "u": "{{ noSuchFunction }}" } });
    let broken: SealedSecret = scene.create(broken).await?;
    let ready = scene.failed("broken").await?;
    assert_eq!(ready.reason.as_deref(), Some("TemplateFailed"));
    let message = ready.message.unwrap_or_default();
    assert!(message.contains("(t)") && message.contains("noSuchFunction") && message.contains("(u)"), "{message}");
    assert!(scene.api::<Secret>().get_opt("broken").await?.is_none());
    let event = scene.told(&broken, 1).await?.remove(0);
    assert_eq!(event.reason.as_deref(), Some("ErrUnsealFailed"));
    assert!(event.message.is_some_and(|message| message.starts_with("Failed to unseal: ")));
    // Random: rendered once, and not again for an edit that is undone.
    let mut random = scene.sealed("random", &[("one", "one")])?;
    random["spec"]["template"] = json!({ "data": { "t": "{{ uuidv4 }}" } });
    scene.create::<SealedSecret>(random).await?;
    scene.synced("random").await?;
    let before = scene.api::<Secret>().get("random").await?;
    scene.change::<Secret>("random", json!({ "metadata": { "labels": { "backup": "yes" } } })).await?;
    scene.change::<SealedSecret>("random", json!({ "metadata": { "labels": { "a": "b" } } })).await?;
    scene.create_sealed("later", "two").await?;
    scene.synced("later").await?;
    assert_eq!(scene.api::<Secret>().get("random").await?.data, before.data);
    scene.nothing_leaked(&operator).await
}

/// A whole Secret in one value, as the first versions of the original sealed it.
fn first_format(scene: &Scene<'_>, name: &str, template: &Value) -> Result<Value> {
    let whole = json!({ "apiVersion": "v1", "kind": "Secret", "type": "example.com/x", "data": { "password": "b25l" },
        "metadata": { "name": "ignored", "namespace": "ignored", "labels": { "app": "shop" } } });
    let label = Scope::Strict.label(&scene.namespace, name);
    let blob = kubeseal::seal(KEYS[1].certificate(), &label, whole.to_string().as_bytes())?;
    let spec = json!({ "encryptedData": {}, "data": kubeseal::encode_base64(&blob), "template": template });
    Ok(json!({ "metadata": { "name": name }, "spec": spec }))
}

#[tokio::test]
async fn the_first_format_arrives_whole_and_follows_its_rules() -> Result<()> {
    let scene = Scene::new().await?;
    let operator = scene.start().await?;
    scene.create::<SealedSecret>(first_format(&scene, "old", &json!({}))?).await?;
    scene.synced("old").await?;
    let secret = scene.api::<Secret>().get("old").await?;
    assert_eq!(values_of(&secret), [("password".to_owned(), "one".to_owned())]);
    assert_eq!(secret.type_.as_deref(), Some("example.com/x"));
    assert_eq!(serde_json::to_value(&secret.metadata.labels)?, json!({ "app": "shop" }));
    assert_eq!(secret.metadata.owner_references.map(|owners| owners.len()), Some(1));
    let alone = json!({ "metadata": { "annotations": { SKIP_SET_OWNER_REFERENCES: "true" } } });
    scene.create::<SealedSecret>(first_format(&scene, "alone", &alone)?).await?;
    scene.synced("alone").await?;
    assert!(scene.api::<Secret>().get("alone").await?.metadata.owner_references.is_none());
    let mut both = first_format(&scene, "both", &json!({}))?;
    both["spec"]["encryptedData"] = scene.sealed("both", &[("password", "one")])?["spec"]["encryptedData"].clone();
    scene.create::<SealedSecret>(both).await?;
    let message = "cannot use the field 'encryptedData' and the deprecated field 'data' at the same time";
    assert_eq!(scene.failed("both").await?.message.as_deref(), Some(message));
    // It is healed as any other, and a second start opens nothing.
    scene.change::<Secret>("old", json!({ "data": { "password": "eA==" } })).await?;
    rig::watch_until(&scene.api::<Secret>(), "old", DEADLINE, |secret: &Secret| {
        values_of(secret) == [("password".to_owned(), "one".to_owned())]
    })
    .await?;
    scene.synced("old").await?;
    drop(operator);
    let operator = Operator::start_ready(&scene.options()?.argument("--accept-deprecated-v1-data=false")).await?;
    assert_eq!(rsa_operations(&operator).await?, 0);
    scene.create::<SealedSecret>(first_format(&scene, "refused", &json!({}))?).await?;
    let message = "using deprecated 'data' field, use 'encryptedData' or flip the feature flag";
    assert_eq!(scene.failed("refused").await?.message.as_deref(), Some(message));
    // The failure is remembered for as long as the flag is what it was.
    drop(operator);
    let _operator = scene.start().await?;
    scene.synced("refused").await.map(drop)
}

/// The scope is that of the object: what its template says about scopes is a mere annotation.
#[tokio::test]
async fn the_scope_of_the_template_opens_nothing() -> Result<()> {
    let scene = Scene::new().await?;
    let _operator = scene.start().await?;
    let blob = seal(&KEYS[1], Scope::ClusterWide, "x", "x", "one")?;
    let template = json!({ "metadata": { "annotations": { CLUSTER_WIDE: "true" } } });
    let spec = json!({ "encryptedData": { "password": blob }, "template": template });
    scene.create::<SealedSecret>(json!({ "metadata": { "name": "db" }, "spec": spec })).await?;
    scene.failed("db").await.map(drop)
}
