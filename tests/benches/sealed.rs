//! Rows 7 to 10: what SealedSecrets cost beside the bare cryptography, at both tools' defaults, with many keys and in a large
//! cluster.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::DeleteParams;
use kubeseal::{Keyring, SealingKey};
use serde_json::json;

use crate::idle::{memory, rsa_operations};
use crate::original::Original;
use crate::say;
use crate::stage::{PATIENCE, Stage, VALUES, create_all};
use crate::table::{Row, Verdict};

const OBJECTS: usize = 1000;
/// Enough to leave the original's burst behind.
const BEFORE: usize = 20;
const PAST_THE_BURST: usize = 60;
const KEYS: usize = 36;
const OF_ALL_KEYS: usize = 3 * KEYS;
const MANY: usize = 10_000;
const UNRELATED: usize = 50_000;
/// How long memory settles before it is read.
const PEACE: Duration = Duration::from_mins(1);

pub(crate) async fn rows(is_wanted: impl Fn(u8) -> bool) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    if is_wanted(7) {
        rows.push(processor().await?);
    }
    if is_wanted(8) {
        rows.push(defaults().await?);
    }
    if is_wanted(9) {
        rows.push(keys().await?);
    }
    if is_wanted(10) {
        rows.push(large().await?);
    }
    Ok(rows)
}

/// The operator's processor time for 1,000 objects against that of the same RSA operations alone, measured before and after
/// on the same machine.
async fn processor() -> Result<Row> {
    say("the bare cost of RSA-4096, then 1,000 SealedSecrets of 3 values, then the bare cost again");
    let stage = Stage::new().await?;
    let operator = stage.operator().await?;
    stage.unseal(stage.sealed("first", 1)?).await?;
    let objects = stage.sealed("sealed", OBJECTS)?;
    let before = bare(4096)?;
    let (began, opened) = (operator.process().processor_seconds()?, rsa_operations(&operator).await?);
    stage.unseal(objects).await?;
    let spent = operator.process().processor_seconds()? - began;
    let opened = f64::from(u32::try_from(rsa_operations(&operator).await? - opened)?);
    let each = f64::midpoint(before, bare(4096)?);
    let ratio = spent / (opened * each);
    Ok(Row {
        number: 7,
        what: "K3: processor time for 1,000 SealedSecrets of 3 values against the bare RSA operations",
        ours: format!("{spent:.1} s for {opened:.0} operations of {:.2} ms", each * 1000.0),
        peer: "–".into(),
        ratio: format!("{ratio:.2} times"),
        bar: "≤ 1.4 times",
        verdict: Verdict::of(ratio <= 1.4),
    })
}

/// Seconds for one private operation, from a few hundred.
fn bare(bits: usize) -> Result<f64> {
    let now = "2026-01-01T00:00:00Z".parse()?;
    let key = SealingKey::generate(bits, "", now, Duration::from_hours(24))?;
    let blob = kubeseal::seal(key.certificate(), b"label", b"value")?;
    let keyring = Keyring::new(vec![(key, now)]);
    let (runs, started) = (300_u32, Instant::now());
    for _ in 0..runs {
        keyring.unseal(b"label", &blob, None)?;
    }
    Ok(started.elapsed().as_secs_f64() / f64::from(runs))
}

async fn defaults() -> Result<Row> {
    say("60 SealedSecrets past the burst, ours");
    let stage = Stage::new().await?;
    let operator = stage.operator().await?;
    stage.unseal(stage.sealed("before", BEFORE)?).await?;
    let ours = stage.unseal(stage.sealed("sealed", PAST_THE_BURST)?).await?;
    drop(operator);
    say("the same, the original with its limit");
    let stage = Stage::new().await?;
    let original = Original::start_with_its_limit(&stage)?;
    stage.unseal(stage.sealed("before", BEFORE)?).await?;
    let peer = stage.unseal(stage.sealed("sealed", PAST_THE_BURST)?).await?;
    drop(original);
    let rate = |seconds: f64| 60.0 / seconds;
    let ratio = peer / ours;
    Ok(Row {
        number: 8,
        what: "K3: 60 SealedSecrets of 3 values past the burst, both tools' defaults",
        ours: format!("{:.1} objects/s", rate(ours)),
        peer: format!("{:.2} objects/s", rate(peer)),
        ratio: format!("{ratio:.0} times"),
        bar: "≥ 50 times",
        verdict: Verdict::of(ratio >= 50.0),
    })
}

/// RSA operations for each value, in units of what one key costs: one.
async fn keys() -> Result<Row> {
    say("36 sealing keys, 108 SealedSecrets sealed by all of them, opened, and opened again");
    let years = (0..KEYS).map(|number| {
        let day = format!("{}-{:02}-01T00:00:00Z", 2023 + number / 12, number % 12 + 1).parse()?;
        Ok(SealingKey::generate(2048, "", day, Duration::from_hours(87_600))?)
    });
    let stage = Stage::with_keys(years.collect::<Result<_>>()?).await?;
    let operator = stage.operator().await?;
    stage.unseal(stage.sealed("sealed", OF_ALL_KEYS)?).await?;
    let first = rsa_operations(&operator).await?;
    let secrets: Api<Secret> = Api::namespaced(stage.plane.admin(), &stage.namespace);
    let names: Vec<String> = (0..OF_ALL_KEYS).map(|number| format!("sealed-{number}")).collect();
    let again = stream::iter(&names).map(async |name| {
        secrets.delete(name, &DeleteParams::default()).await?;
        let back = async || secrets.get_opt(name).await.ok().flatten();
        rig::eventually(PATIENCE, "the deleted Secret coming back", back).await.map(drop)
    });
    again.buffer_unordered(8).try_collect::<Vec<()>>().await?;
    let later = rsa_operations(&operator).await? - first;
    let values = f64::from(u32::try_from(OF_ALL_KEYS * VALUES.len())?);
    let each = |operations: u64| anyhow::Ok(f64::from(u32::try_from(operations)?) / values);
    let (first, later) = (each(first)?, each(later)?);
    Ok(Row {
        number: 9,
        what: "36 keys, objects sealed by all of them: RSA operations for each value, first pass and later ones",
        ours: format!("{first:.2}, then {later:.2}"),
        peer: "18.5 each time, by its order at random".into(),
        ratio: "–".into(),
        bar: "≤ 7.5, then ≤ 1.2",
        verdict: Verdict::of(first <= 7.5 && later <= 1.2),
    })
}

async fn large() -> Result<Row> {
    say("making 50,000 unrelated Secrets");
    let stage = Stage::new().await?;
    let unrelated = stage.plane.namespace().await?;
    let secrets = (0..UNRELATED).map(
        |number| json!({ "metadata": { "name": format!("unrelated-{number}") }, "stringData": { "value": "x".repeat(512) } }),
    );
    create_all::<Secret>(&stage, &unrelated, secrets.collect()).await?;
    say("10,000 SealedSecrets, a minute of peace");
    let operator = stage.operator().await?;
    for part in 0..MANY / OBJECTS {
        stage.unseal(stage.sealed(&format!("part-{part}"), OBJECTS)?).await?;
    }
    tokio::time::sleep(PEACE).await;
    let (resident, peak) = memory(operator.process())?;
    stage.is_as_measured(MANY).await?;
    operator.terminate().await.context("the operator")?;
    say("the original over the same, after a minute");
    let original = Original::start(&stage)?;
    tokio::time::sleep(PEACE).await;
    let (theirs, their_peak) = memory(original.process())?;
    Ok(Row {
        number: 10,
        what: "memory with 10,000 SealedSecrets and 50,000 unrelated Secrets of 512 bytes",
        ours: format!("{resident:.0} MiB (peak {peak:.0})"),
        peer: format!("{theirs:.0} MiB (peak {their_peak:.0})"),
        ratio: format!("{:.2} of the memory", resident / theirs),
        bar: "RSS ≤ 60 MiB",
        verdict: Verdict::of(resident <= 60.0),
    })
}
