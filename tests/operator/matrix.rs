//! Both command lines, both controllers: what either tool seals, for every scope, with keys of every age, under every kind of
//! template and from nothing to 900 KB, becomes the same Secret by the original's controller and by ours.
//!
//! `STRONGROOM_MATRIX=N` draws N times as many objects.

mod cases;

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use crds::SealedSecret;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams};
use kubeseal::{Scope, SealingKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scene::Scene;
use crate::sealing::Tool;
use crate::takeover::Original;
use cases::{Age, Case, Template};

/// Oldest first.
static KEYS: LazyLock<[SealingKey; 3]> = LazyLock::new(|| {
    ["2022-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"].map(|day| {
        let day = day.parse().expect("a date");
        SealingKey::generate(2048, "", day, Duration::from_hours(87_600)).expect("aws-lc makes keys")
    })
});

/// Requests to the API server that are on their way at once.
const AT_ONCE: usize = 8;

/// The Secret as far as anybody described it.
#[derive(PartialEq)]
struct Seen(Secret);

impl Seen {
    fn of(mut secret: Secret) -> Seen {
        let metadata = &mut secret.metadata;
        metadata.uid = None;
        metadata.resource_version = None;
        metadata.creation_timestamp = None;
        metadata.managed_fields = None;
        Seen(secret)
    }

    /// What of it is not as in the other, without a value.
    fn differences(&self, other: &Seen) -> Vec<&'static str> {
        let (one, two) = (&self.0, &other.0);
        let fields = [
            ("data", one.data == two.data),
            ("type", one.type_ == two.type_),
            ("immutable", one.immutable == two.immutable),
            ("labels", one.metadata.labels == two.metadata.labels),
            ("annotations", one.metadata.annotations == two.metadata.annotations),
            ("owner", one.metadata.owner_references == two.metadata.owner_references),
            ("anything", one == two),
        ];
        fields.into_iter().filter(|(_, same)| !same).map(|(field, _)| field).collect()
    }
}

#[tokio::test]
async fn both_controllers_make_the_same_secrets_of_what_both_tools_seal() -> Result<()> {
    let rounds = std::env::var("STRONGROOM_MATRIX").map_or(Ok(1), |rounds| rounds.parse())?;
    let scene = Scene::without_key().await?;
    for key in KEYS.iter() {
        scene.add_key(key).await?;
    }
    let cases = cases::all(rounds);
    let objects = seal_all(&scene, &cases)?;
    let original = Original::start_with(&scene, &["--kubeclient-qps=-1"])?;
    let created = stream::iter(objects).map(|object| scene.create_loosely(object)).buffer_unordered(AT_ONCE);
    created.try_collect::<Vec<()>>().await?;
    let theirs = secrets_of(&scene, &cases).await?;
    original.stop().await?;
    delete_secrets(&scene, &cases).await?;
    let operator = scene.start().await?;
    let ours = secrets_of(&scene, &cases).await?;
    for count in compare(&cases, &theirs, &ours)? {
        println!("{count}");
    }
    scene.nothing_leaked(&operator).await
}

/// Waits until every object is opened and answers the Secrets by name.
async fn secrets_of(scene: &Scene<'_>, cases: &[Case]) -> Result<BTreeMap<String, Seen>> {
    for case in cases {
        let object = scene.reported(&case.name, |_| true).await?;
        let first = object.status.and_then(|status| status.conditions.into_iter().next()).context("no condition")?;
        ensure!(first.status == "True", "{}: {:?}", describe(case), first.message);
    }
    let secrets = scene.api::<Secret>().list(&ListParams::default()).await?.items;
    Ok(secrets.into_iter().map(|secret| (secret.name_any(), Seen::of(secret))).collect())
}

async fn delete_secrets(scene: &Scene<'_>, cases: &[Case]) -> Result<()> {
    let api = scene.api::<Secret>();
    let params = DeleteParams::default();
    let deleted = stream::iter(cases).map(|case| api.delete(&case.name, &params)).buffer_unordered(AT_ONCE);
    deleted.try_collect::<Vec<_>>().await.map(drop).context("a Secret is missing")
}

fn describe(case: &Case) -> String {
    let Case { name, tool, scope, age, template, .. } = case;
    let bytes: usize = case.values.values().map(Vec::len).sum();
    format!("{name} ({tool:?}, {scope}, {age:?}, {template:?}, {bytes} bytes, {:?})", case.texts)
}

/// Fails at the first difference, and answers what was compared.
fn compare(cases: &[Case], theirs: &BTreeMap<String, Seen>, ours: &BTreeMap<String, Seen>) -> Result<Vec<String>> {
    ensure!(theirs.len() == cases.len() && ours.len() == cases.len(), "{} and {}", theirs.len(), ours.len());
    let (mut values, mut bytes, mut rendered) = (0, 0, 0);
    for case in cases {
        let (theirs, ours) = (&theirs[&case.name], &ours[&case.name]);
        let differences = ours.differences(theirs);
        ensure!(differences.is_empty(), "{}: {differences:?} differ", describe(case));
        let data = ours.0.data.clone().unwrap_or_default();
        ensure!(data.len() == case.values.len() + case.texts.len(), "{}: keys are missing", describe(case));
        for (key, value) in &case.values {
            ensure!(data[key].0 == *value, "{}: the value of {key} is another", describe(case));
            bytes += value.len();
        }
        values += case.values.len();
        rendered += case.texts.len();
    }
    let mut counts = Vec::new();
    for tool in Tool::BOTH {
        let count = cases.iter().filter(|case| case.tool == tool).count();
        counts.push(format!("{count} objects sealed by {tool:?}, each opened by both controllers"));
    }
    counts.push(format!("{values} values of {bytes} bytes and {rendered} rendered texts, each equal in both Secrets"));
    Ok(counts)
}

/// The objects, as the tools write them; one process seals many.
fn seal_all(scene: &Scene<'_>, cases: &[Case]) -> Result<Vec<Value>> {
    let mut sealed: BTreeMap<(String, usize), Value> = BTreeMap::new();
    for tool in Tool::BOTH {
        for scope in [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide] {
            for key in 0..KEYS.len() {
                let batch: Vec<&Case> = cases
                    .iter()
                    .filter(|case| (case.tool, case.scope) == (tool, scope) && keys_of(case.age).contains(&key))
                    .collect();
                for (case, document) in batch.iter().zip(seal_batch(scene, &batch, key)?) {
                    sealed.insert((case.name.clone(), key), document);
                }
            }
        }
    }
    cases.iter().map(|case| assemble(case, &mut sealed)).collect()
}

fn keys_of(age: Age) -> &'static [usize] {
    match age {
        Age::Newest => &[2],
        Age::Oldest => &[0],
        Age::Several => &[0, 1, 2],
    }
}

/// Seals cases of one tool and one scope.
fn seal_batch(scene: &Scene<'_>, cases: &[&Case], key: usize) -> Result<Vec<Value>> {
    let Some(first) = cases.first() else { return Ok(Vec::new()) };
    let folder = TempDir::with_prefix("strongroom-matrix-")?;
    let certificate = folder.path().join("cert.pem");
    fs::write(&certificate, KEYS[key].certificate_pem())?;
    let mut input = String::new();
    for case in cases {
        input += &case.secret(&scene.namespace).to_string();
        input.push('\n');
    }
    let scope = first.scope.to_string();
    let certificate = certificate.to_str().context("the path is no text")?;
    let flags = ["--cert", certificate, "--scope", &scope, "--format", "json"];
    let output = first.tool.run(&folder.path().join("kubeconfig"), &input, &flags)?;
    let documents: Vec<Value> = serde_json::Deserializer::from_str(&output).into_iter().collect::<Result<_, _>>()?;
    ensure!(documents.len() == cases.len(), "{} documents of {}", documents.len(), cases.len());
    Ok(documents)
}

/// Puts together what the tool wrote for each key, and adds what no tool writes.
fn assemble(case: &Case, sealed: &mut BTreeMap<(String, usize), Value>) -> Result<Value> {
    let keys = keys_of(case.age);
    let mut take = |key: usize| sealed.remove(&(case.name.clone(), key)).context("not sealed");
    let mut object = take(keys[0])?;
    for (turn, key) in keys.iter().enumerate().skip(1) {
        let other = take(*key)?;
        let entries = object["spec"]["encryptedData"].as_object_mut().context("no values")?;
        for (_, (name, value)) in entries.iter_mut().enumerate().filter(|(number, _)| number % keys.len() == turn) {
            *value = other["spec"]["encryptedData"][name.as_str()].clone();
        }
    }
    match case.template {
        Template::Absent => drop(object["spec"].as_object_mut().context("no spec")?.remove("template")),
        Template::Metadata => {}
        Template::Functions => object["spec"]["template"]["data"] = json!(case.texts),
    }
    let _typed: SealedSecret = serde_json::from_value(object.clone()).context("it is no SealedSecret")?;
    Ok(object)
}
