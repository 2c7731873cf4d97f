//! Row 4: ExternalSecrets on Vault. The External Secrets Operator is not among the peers.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use crds::{ExternalSecret, SecretStore};
use k8s_openapi::api::core::v1::Secret;
use rig::{Call, Vault};
use serde_json::{Value, json};

use crate::say;
use crate::stage::{Stage, create_all};
use crate::table::{Row, Verdict};

const OBJECTS: u32 = 1000;
const SECRETS: u32 = 100;
/// How long after the last condition late calls are still counted: events may follow.
const AFTERMATH: Duration = Duration::from_secs(10);

pub(crate) async fn rows() -> Result<Vec<Row>> {
    let stage = Stage::new().await?;
    let vault = Vault::start().await?;
    furnish(&stage, &vault).await?;
    let _operator = stage.operator().await?;
    vault.forget_requests().await?;
    let mark = stage.mark().await?;
    say("1,000 ExternalSecrets of 3 keys on Vault");
    let seconds = stage.apply::<ExternalSecret>((0..OBJECTS).map(external).collect(), "Ready").await?;
    tokio::time::sleep(AFTERMATH).await;
    stage.is_as_measured(OBJECTS as usize + 1).await?;
    let mut calls = stage.calls(mark).await?;
    calls.retain(|call| call.user == stage.installation.user && counts(call));
    ensure!(!calls.is_empty(), "the audit log shows no call");
    let reads: u64 =
        vault.requests().await?.iter().filter(|(request, _)| request.contains("/data/")).map(|(_, count)| count).sum();
    say(&format!("API calls: {:?}", by_kind(&calls)));
    Ok(vec![row(seconds, u32::try_from(calls.len())?, reads)])
}

/// Everything but what goes on whether or not there are objects. Calls about the store count too.
fn counts(call: &Call) -> bool {
    call.resource != "leases" && !matches!(call.verb.as_str(), "list" | "watch")
}

async fn furnish(stage: &Stage, vault: &Vault) -> Result<()> {
    vault.mount_kv2("apps").await?;
    for number in 0..SECRETS {
        vault.kv2_put("apps", &format!("secret-{number}"), &json!({ "value": format!("value-{number}") })).await?;
    }
    let token = vault.token_with_policy("reader", r#"path "apps/data/*" { capabilities = ["read"] }"#).await?;
    let credential = json!({ "metadata": { "name": "vault-token" }, "stringData": { "token": token } });
    create_all::<Secret>(stage, &stage.namespace, vec![credential]).await?;
    let auth = json!({ "tokenSecretRef": { "name": "vault-token", "key": "token" } });
    let provider = json!({ "vault": { "server": vault.address(), "path": "apps", "version": "v2", "auth": auth } });
    let store = json!({ "metadata": { "name": "vault" }, "spec": { "provider": provider } });
    create_all::<SecretStore>(stage, &stage.namespace, vec![store]).await
}

fn external(number: u32) -> Value {
    let one = |at: u32| {
        let key = format!("secret-{}", (number * 3 + at) % SECRETS);
        json!({ "secretKey": format!("key{at}"), "remoteRef": { "key": key, "property": "value" } })
    };
    let data: Vec<Value> = (0..3).map(one).collect();
    let spec = json!({ "secretStoreRef": { "name": "vault" }, "refreshInterval": "1h", "data": data });
    json!({ "metadata": { "name": format!("external-{number}") }, "spec": spec })
}

fn by_kind(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in calls {
        let which = if call.name == "vault-token" { " vault-token" } else { "" };
        *counts.entry(format!("{} {}{which} {}", call.verb, call.resource, call.code)).or_default() += 1;
    }
    counts
}

fn row(seconds: f64, calls: u32, reads: u64) -> Row {
    let missed = calls > 4 * OBJECTS || reads > u64::from(OBJECTS);
    Row {
        number: 4,
        what: "E2: 1,000 ExternalSecrets of 3 keys on Vault, 100 distinct secrets",
        ours: format!(
            "{seconds:.1} s, {calls} API calls ({:.3} an object), {reads} Vault reads",
            f64::from(calls) / f64::from(OBJECTS)
        ),
        peer: "not run: not among the peers".into(),
        ratio: "–".into(),
        bar: "not slower than the tuned original, ≤ 4 API calls an object, ≤ 1 Vault read an object",
        verdict: if missed { Verdict::Missed } else { Verdict::Open },
    }
}
