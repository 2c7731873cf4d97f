//! Rows 1 and 2: what a world at rest costs, and what a start over it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::DeleteParams;
use rig::{Call, Operator, Process};
use serde_json::json;

use crate::original::Original;
use crate::say;
use crate::stage::{PATIENCE, Stage, VALUES, create_all};
use crate::table::{Row, Verdict};

const OBJECTS: usize = 1000;
const UNRELATED: usize = 10_000;
/// How long memory settles before it is read.
const PEACE: Duration = Duration::from_mins(1);
/// How long after a start its late calls are still counted.
const AFTERMATH: Duration = Duration::from_secs(10);

/// Memory at rest and what a restart did.
struct Figures {
    resident: f64,
    peak: f64,
    seconds: f64,
    opened: u64,
    secret_writes: usize,
    status_writes: usize,
}

pub(crate) async fn rows() -> Result<Vec<Row>> {
    say("making 10,000 unrelated Secrets of 4 KiB");
    let stage = Stage::new().await?;
    let unrelated = stage.plane.namespace().await?;
    let value = "x".repeat(4096);
    let secrets = (0..UNRELATED).map(
        |number| json!({ "metadata": { "name": format!("unrelated-{number}") }, "stringData": { "value": value } }),
    );
    create_all::<Secret>(&stage, &unrelated, secrets.collect()).await?;
    say("ours: 1,000 SealedSecrets, a minute of peace, a restart");
    let ours = ours(&stage).await?;
    say("the original: the same objects, a minute of peace, a restart");
    let peer = theirs(&stage).await?;
    Ok(vec![idle(&ours, &peer), restart(&ours, &peer)])
}

async fn ours(stage: &Stage) -> Result<Figures> {
    let mut operator = stage.operator().await?;
    stage.unseal(stage.sealed("sealed", OBJECTS)?).await?;
    tokio::time::sleep(PEACE).await;
    let (resident, peak) = memory(operator.process())?;
    operator.terminate().await?;
    let mark = stage.mark().await?;
    let started = Instant::now();
    operator.restart()?;
    operator.wait_ready().await?;
    let seconds = started.elapsed().as_secs_f64();
    tokio::time::sleep(AFTERMATH).await;
    let opened = rsa_operations(&operator).await?;
    let mut calls = stage.calls(mark).await?;
    calls.retain(|call| call.user == stage.installation.user);
    ensure!(calls.iter().any(|call| call.is("watch", "sealedsecrets")), "the audit log does not show the operator");
    heals(stage, &operator, opened).await?;
    stage.is_as_measured(OBJECTS).await?;
    operator.terminate().await?;
    Ok(figures(resident, peak, seconds, opened, &calls))
}

/// Zeros mean something only when the operator works and its counter counts.
async fn heals(stage: &Stage, operator: &Operator, before: u64) -> Result<()> {
    let api: Api<Secret> = Api::namespaced(stage.plane.admin(), &stage.namespace);
    api.delete("sealed-0", &DeleteParams::default()).await?;
    let back = async || api.get_opt("sealed-0").await.ok().flatten();
    rig::eventually(PATIENCE, "the deleted Secret coming back", back).await?;
    let opened = rsa_operations(operator).await? - before;
    ensure!(opened == VALUES.len() as u64, "{opened} RSA operations for one object");
    Ok(())
}

async fn theirs(stage: &Stage) -> Result<Figures> {
    let original = Original::start(stage)?;
    original.has_opened(OBJECTS).await?;
    tokio::time::sleep(PEACE).await;
    let (resident, peak) = memory(original.process())?;
    original.stop().await?;
    let mark = stage.mark().await?;
    let started = Instant::now();
    let original = Original::start(stage)?;
    original.has_opened(OBJECTS).await?;
    let seconds = started.elapsed().as_secs_f64();
    tokio::time::sleep(AFTERMATH).await;
    let mut calls = stage.calls(mark).await?;
    calls.retain(Original::made);
    ensure!(!calls.is_empty(), "the audit log does not show the original");
    stage.is_as_measured(OBJECTS).await?;
    let opened = (OBJECTS * VALUES.len()) as u64;
    Ok(figures(resident, peak, seconds, opened, &calls))
}

fn figures(resident: f64, peak: f64, seconds: f64, opened: u64, calls: &[Call]) -> Figures {
    let writes = |resource: &str| calls.iter().filter(|call| call.writes() && call.resource == resource).count();
    let (secret_writes, status_writes) = (writes("secrets"), writes("sealedsecrets/status"));
    Figures { resident, peak, seconds, opened, secret_writes, status_writes }
}

fn idle(ours: &Figures, peer: &Figures) -> Row {
    let text = |one: &Figures| format!("{:.0} MiB (peak {:.0})", one.resident, one.peak);
    Row {
        number: 1,
        what: "idle: 1,000 SealedSecrets, 10,000 unrelated Secrets of 4 KiB",
        ours: text(ours),
        peer: text(peer),
        ratio: format!("{:.2} of the memory", ours.resident / peer.resident),
        bar: "RSS ≤ 40 MiB",
        verdict: Verdict::of(ours.resident <= 40.0),
    }
}

fn restart(ours: &Figures, peer: &Figures) -> Row {
    let text = |one: &Figures| {
        let Figures { seconds, opened, secret_writes, status_writes, .. } = one;
        format!(
            "{opened} RSA operations, {secret_writes} Secret writes, {status_writes} status writes, {seconds:.1} s until all are judged"
        )
    };
    let nothing = ours.opened == 0 && ours.secret_writes == 0 && ours.status_writes == 0;
    Row {
        number: 2,
        what: "the same, restart with nothing changed",
        ours: text(ours),
        peer: text(peer),
        ratio: format!("{:.3} of the time", ours.seconds / peer.seconds),
        bar: "0, 0, 0, < 3 s",
        verdict: Verdict::of(nothing && ours.seconds < 3.0),
    }
}

pub(crate) async fn rsa_operations(operator: &Operator) -> Result<u64> {
    let metrics = operator.metrics().await?;
    let line = metrics.lines().find_map(|line| line.strip_prefix("strongroom_rsa_operations_total "));
    line.context("the metric is missing")?.trim().parse().context("the metric is no number")
}

/// Resident and peak memory in MiB.
pub(crate) fn memory(process: &Process) -> Result<(f64, f64)> {
    let mebibytes = |bytes: u64| anyhow::Ok(f64::from(u32::try_from(bytes / 1024)?) / 1024.0);
    Ok((mebibytes(process.resident_bytes()?)?, mebibytes(process.peak_resident_bytes()?)?))
}
