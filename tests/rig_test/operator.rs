//! The operator as the rig runs it: every way to start, to stop and to freeze it. What it does is tested elsewhere.

use std::time::Duration;

use anyhow::Result;
use rig::{FaultProxy, Operator, OperatorOptions};

const DEADLINE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn the_operator_starts_freezes_dies_and_starts_again() -> Result<()> {
    let plane = rig::shared().await?;
    let installation = plane.install().await?;
    let proxy = FaultProxy::start(plane).await?;
    let kubeconfig = proxy.kubeconfig_file(&installation.token, &installation.namespace)?;
    let options = OperatorOptions::new(kubeconfig, &installation.namespace)
        .namespace(&installation.namespace)
        .argument("--key-size")
        .argument("2048");
    let mut operator = Operator::start_ready(&options).await?;
    assert!(operator.certificate().await?.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(operator.metrics().await?.contains("# TYPE "));
    assert!(proxy.requests().iter().any(|seen| seen.is("create", "leases")), "it went past the proxy");
    assert!(operator.log()?.iter().all(|line| line.starts_with('{')), "a line of the log is not JSON");
    operator.pause()?;
    // The signal is on its way when `pause` returns; an answer may still slip through.
    let stands_still = async || tokio::time::timeout(Duration::from_millis(200), operator.ready()).await.is_err();
    rig::eventually(DEADLINE, "the stop", async || stands_still().await.then_some(())).await?;
    operator.resume()?;
    rig::eventually(DEADLINE, "the operator being ready", async || operator.ready().await.then_some(())).await?;
    assert!(operator.restart().is_err(), "it was started twice");
    operator.kill().await?;
    assert!(!operator.ready().await);
    operator.restart()?;
    operator.wait_ready().await?;
    assert!(operator.terminate().await?.success());
    Ok(())
}

#[tokio::test]
async fn an_operator_that_cannot_start_tells_why() -> Result<()> {
    let options = OperatorOptions::new("no-such-file".into(), "default");
    let error = Operator::start_ready(&options).await.map(drop).expect_err("it has no kubeconfig");
    assert!(error.to_string().contains("the operator logged last"), "{error}");
    Ok(())
}
