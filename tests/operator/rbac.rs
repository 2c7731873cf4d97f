//! Section 7: the rights in `deploy/` are the least that will do. Each verb of each resource is taken away in turn: the API
//! server then refuses something that the operator needs, and the operator's log says so.

use std::fmt;

use anyhow::{Context as _, Result, ensure};
use crds::{ClusterSecretStore, ExternalSecret, SealedSecret, SecretStore, SopsSecret};
use futures::stream::{self, StreamExt as _};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client};
use kubeseal::MANAGED;
use rig::{ControlPlane, FaultProxy, Operator, OperatorOptions, Options};
use serde_json::{Value, json};

use crate::canary;
use crate::scene::{DEADLINE, KEYS, Scene};

const RIGHTS: &str = include_str!("../../deploy/base/rbac.yaml");

/// How many operators run at once.
const AT_ONCE: usize = 6;

/// One verb of one resource.
#[derive(Clone)]
struct Right {
    /// `ClusterRole`, or `Role` for what holds in the operator's own namespace only.
    role: Value,
    rule: usize,
    resource: String,
    verb: String,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of the {}", self.verb, self.resource, self.role["kind"].as_str().unwrap_or_default())
    }
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

fn rights() -> Result<Vec<Right>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(RIGHTS)?;
    let mut rights = Vec::new();
    for role in documents.into_iter().filter(|document| document["rules"].is_array()) {
        for (rule, content) in role["rules"].as_array().into_iter().flatten().enumerate() {
            for resource in words(&content["resources"]) {
                let verbs = words(&content["verbs"]).into_iter();
                rights.extend(verbs.map(|verb| Right { role: role.clone(), rule, resource: resource.clone(), verb }));
            }
        }
    }
    Ok(rights)
}

impl Right {
    /// The rules without this right, and nothing else missing.
    fn taken_away(&self) -> Value {
        let mut rules = self.role["rules"].as_array().cloned().unwrap_or_default();
        let mut others = rules[self.rule].clone();
        others["resources"] = words(&others["resources"]).into_iter().filter(|one| *one != self.resource).collect();
        let mut rest = rules[self.rule].clone();
        rest["resources"] = json!([self.resource]);
        rest["verbs"] = words(&rest["verbs"]).into_iter().filter(|one| *one != self.verb).collect();
        let kept = [(others, "resources"), (rest, "verbs")].into_iter();
        let kept = kept.filter(|(rule, list)| !words(&rule[*list]).is_empty()).map(|(rule, _)| rule);
        rules.splice(self.rule..=self.rule, kept);
        json!(rules)
    }

    /// Takes the right away from the operator of one installation.
    async fn revoke(&self, scene: &Scene<'_>) -> Result<()> {
        let (admin, namespace) = (scene.plane.admin(), &scene.installation.namespace);
        if self.role["kind"] == "Role" {
            let roles: Api<Role> = Api::namespaced(admin, namespace);
            let mut role = roles.get("strongroom").await?;
            role.rules = Some(serde_json::from_value(self.taken_away())?);
            roles.replace("strongroom", &PostParams::default(), &role).await?;
        } else {
            let name = format!("strongroom-{namespace}");
            let role: ClusterRole =
                serde_json::from_value(json!({ "metadata": { "name": name }, "rules": self.taken_away() }))?;
            Api::<ClusterRole>::all(admin.clone()).create(&PostParams::default(), &role).await?;
            let bindings: Api<ClusterRoleBinding> = Api::all(admin);
            let mut binding = bindings.get(&name).await?;
            bindings.delete(&name, &DeleteParams::default()).await?;
            binding.metadata.resource_version = None;
            binding.metadata.uid = None;
            binding.role_ref.name = name;
            bindings.create(&PostParams::default(), &binding).await?;
        }
        let client = scene.plane.client_for(&scene.installation.token)?;
        let gone = async || (!self.is_held(&client, scene).await.ok()?).then_some(());
        rig::eventually(DEADLINE, "the right being gone", gone).await?;
        // Not before the new role is known: else everything is refused for a moment.
        let (resource, verb) = if self.resource == "secrets" { ("events", "create") } else { ("secrets", "get") };
        let witness = Right {
            resource: resource.to_owned(),
            verb: verb.to_owned(),
            rule: 0,
            role: json!({ "rules": [{ "apiGroups": [""] }] }),
        };
        let kept = async || witness.is_held(&client, scene).await.ok()?.then_some(());
        rig::eventually(DEADLINE, "the other rights", kept).await
    }

    async fn is_held(&self, client: &Client, scene: &Scene<'_>) -> Result<bool> {
        let (resource, subresource) = self.resource.split_once('/').unwrap_or((&self.resource, ""));
        let namespace = if self.role["kind"] == "Role" { &scene.installation.namespace } else { &scene.namespace };
        let named = words(&self.role["rules"][self.rule]["resourceNames"]).into_iter().next();
        let attributes = ResourceAttributes {
            group: words(&self.role["rules"][self.rule]["apiGroups"]).into_iter().next(),
            resource: Some(resource.to_owned()),
            subresource: Some(subresource.to_owned()),
            verb: Some(self.verb.clone()),
            namespace: Some(namespace.clone()),
            name: named,
            ..ResourceAttributes::default()
        };
        let spec = SelfSubjectAccessReviewSpec {
            resource_attributes: Some(attributes),
            ..SelfSubjectAccessReviewSpec::default()
        };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let answer =
            Api::<SelfSubjectAccessReview>::all(client.clone()).create(&PostParams::default(), &review).await?;
        Ok(answer.status.context("the review has no status")?.allowed)
    }
}

/// A world in which the operator has everything to do that it can do.
async fn furnish(scene: &Scene<'_>) -> Result<()> {
    let namespace = &scene.namespace;
    scene.add_key(&KEYS[1]).await?;
    scene.create_sealed("made", "one").await?;
    scene.create_foreign("changed", json!({ MANAGED: "true" })).await?;
    scene.create_sealed("changed", "one").await?;
    scene
        .create::<SopsSecret>(json!({ "metadata": { "name": "broken" }, "spec": { "document": "no document" } }))
        .await?;
    let provider = json!({ "fake": { "data": [{ "key": "db", "value": "one" }] } });
    scene.create::<SecretStore>(json!({ "metadata": { "name": "store" }, "spec": { "provider": provider } })).await?;
    let here = json!([{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } } }]);
    let store = json!({ "metadata": { "name": namespace }, "spec": { "provider": provider, "conditions": here } });
    let stores: Api<ClusterSecretStore> = Api::all(scene.plane.admin());
    stores.create(&PostParams::default(), &serde_json::from_value(store)?).await?;
    let external = |name: &str, finalizers: Value| {
        let spec = json!({
            "secretStoreRef": { "kind": "ClusterSecretStore", "name": namespace },
            "data": [{ "secretKey": "password", "remoteRef": { "key": "db" } }],
        });
        json!({ "metadata": { "name": name, "finalizers": finalizers }, "spec": spec })
    };
    scene.create::<ExternalSecret>(external("fetched", json!([]))).await?;
    scene
        .create::<ExternalSecret>(external(
            "leaving",
            json!(["externalsecrets.external-secrets.io/externalsecret-cleanup"]),
        ))
        .await?;
    scene.api::<ExternalSecret>().delete("leaving", &DeleteParams::default()).await?;
    Ok(())
}

/// Whether a condition says that something was refused.
async fn is_reported(scene: &Scene<'_>) -> Result<bool> {
    let all = ListParams::default();
    let sealed = scene.api::<SealedSecret>().list(&all).await?.items.into_iter().filter_map(|object| object.status);
    let external = scene.api::<ExternalSecret>().list(&all).await?.items.into_iter().filter_map(|object| object.status);
    let mut conditions =
        sealed.flat_map(|status| status.conditions).chain(external.flat_map(|status| status.conditions));
    Ok(conditions.any(|condition| condition.message.is_some_and(|message| message.contains("Forbidden"))))
}

/// Fails unless the operator misses the right, and says so in its log or in a condition.
async fn is_missed(plane: &ControlPlane, right: &Right) -> Result<()> {
    let scene = Scene::on(plane).await?;
    furnish(&scene).await?;
    right.revoke(&scene).await?;
    let proxy = FaultProxy::start(plane).await?;
    let kubeconfig = proxy.kubeconfig_file(&scene.installation.token, &scene.installation.namespace)?;
    let options = OperatorOptions::new(kubeconfig, &scene.installation.namespace).namespace(&scene.namespace);
    let operator = Operator::start(&options)?;
    let refused = async || {
        let missed =
            proxy.requests().iter().any(|seen| seen.is(&right.verb, &right.resource) && seen.code == Some(403));
        let logged = operator.log().ok()?.iter().any(|line| line.contains("Forbidden"));
        (missed && (logged || is_reported(&scene).await.ok()?)).then_some(())
    };
    rig::eventually(DEADLINE, "a call being refused and somebody being told", refused)
        .await
        .with_context(|| operator.last_words())?;
    canary::search_log(&operator)
}

#[tokio::test]
async fn without_any_one_right_something_named_fails() -> Result<()> {
    let plane = ControlPlane::start(Options::default()).await?;
    let rights = rights()?;
    ensure!(rights.len() > 20, "the manifest was not understood");
    let tried =
        stream::iter(rights).map(async |right| is_missed(&plane, &right).await.with_context(|| right.to_string()));
    let outcomes: Vec<Result<()>> = tried.buffer_unordered(AT_ONCE).collect().await;
    let failed: Vec<String> = outcomes.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect();
    ensure!(failed.is_empty(), "{} rights are not missed:\n{}", failed.len(), failed.join("\n"));
    Ok(())
}
