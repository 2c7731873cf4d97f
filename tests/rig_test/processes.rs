//! Processes: output, signals, exit, and above all that none survives.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rig::{ControlPlane, Options, Process};

const DEADLINE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn output_and_exit_code_are_kept() -> Result<()> {
    let mut command = Command::new("sh");
    command.args(["-c", "echo out; echo $WORD >&2; cat; exit 7"]).env("WORD", "err");
    let process = Process::spawn(&command)?;
    assert_eq!(process.wait(DEADLINE).await?.code(), Some(7));
    assert_eq!((process.stdout()?.as_str(), process.stderr()?.as_str()), ("out\n", "err\n"));
    process.kill()?;
    process.pause()
}

#[tokio::test]
async fn a_paused_process_stands_still_until_it_is_resumed() -> Result<()> {
    let process = Process::spawn(
        Command::new("sh").args(["-c", "trap 'echo asked; exit 3' TERM; echo up; while :; do sleep 0.01; done"]),
    )?;
    rig::eventually(DEADLINE, "the trap", async || process.stdout().ok().filter(|out| out == "up\n")).await?;
    process.pause()?;
    assert!(state(process.pid()).is_some_and(|state| state.starts_with('T')), "it runs on after the call");
    process.terminate()?;
    assert!(process.wait(Duration::from_millis(200)).await.is_err(), "it ran while it was stopped");
    process.resume()?;
    assert_eq!(process.wait(DEADLINE).await?.code(), Some(3));
    assert_eq!(process.stdout()?, "up\nasked\n");
    Ok(())
}

#[tokio::test]
async fn dropping_kills_a_process_and_what_it_started() -> Result<()> {
    let process = Process::spawn(Command::new("sh").args(["-c", "sleep 1000 & echo $!; wait"]))?;
    let grandchild: i32 =
        rig::eventually(DEADLINE, "the grandchild", async || process.stdout().ok()?.trim().parse().ok()).await?;
    let child = process.pid();
    process.pause()?;
    drop(process);
    assert_eq!(state(child), None);
    rig::eventually(DEADLINE, "the grandchild's end", async || state(grandchild).is_none().then_some(())).await
}

#[tokio::test]
async fn no_server_survives_the_drop_of_a_control_plane() -> Result<()> {
    let plane = ControlPlane::start(Options { controller_manager: true, ..Options::default() }).await?;
    let pids = plane.pids().await;
    let kubeconfig = plane.kubeconfig_file("token", "default")?;
    assert_eq!(pids.len(), 3);
    drop(plane);
    assert!(pids.into_iter().all(|pid| state(pid).is_none()));
    assert!(!kubeconfig.parent().is_some_and(Path::exists));
    Ok(())
}

#[tokio::test]
async fn no_server_survives_the_sigkill_of_the_test_process() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let report = folder.path().join("report");
    let mut victim = Command::new(env::current_exe()?)
        .args(["--exact", "processes::victim", "--nocapture"])
        .env("STRONGROOM_RIG_VICTIM", &report)
        .stdout(Stdio::null())
        .spawn()?;
    let report =
        rig::eventually(DEADLINE * 3, "the victim's report", async || fs::read_to_string(&report).ok()).await?;
    let (pids, directory) = report.split_once('\n').context("a report has two lines")?;
    let pids: Vec<i32> = pids.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    assert!(pids.iter().all(|pid| state(*pid).is_some()));
    victim.kill()?;
    victim.wait()?;
    let dead = async || (pids.iter().all(|pid| state(*pid).is_none()) && !Path::new(directory).exists()).then_some(());
    rig::eventually(DEADLINE, "the end of every server and of their directory", dead).await
}

/// Not a test by itself: it starts a control plane, tells where, and waits to be killed.
#[tokio::test]
async fn victim() -> Result<()> {
    let Some(report) = env::var_os("STRONGROOM_RIG_VICTIM") else {
        return Ok(());
    };
    let plane = ControlPlane::start(Options::default()).await?;
    let pids: Vec<String> = plane.pids().await.iter().map(ToString::to_string).collect();
    let file = plane.kubeconfig_file("token", "default")?;
    let directory = file.parent().context("a file lies in a directory")?;
    let draft = Path::new(&report).with_extension("draft");
    fs::write(&draft, format!("{}\n{}", pids.join(" "), directory.display()))?;
    fs::rename(draft, report)?;
    writeln!(io::stdout(), "waiting to be killed")?;
    std::future::pending().await
}

/// The state as `ps` abbreviates it, or `None` when there is no such process or only its exit status is left.
fn state(pid: i32) -> Option<String> {
    // Linux tells without `ps`, which a small machine does not have.
    let state = if Path::new("/proc/self/stat").exists() {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may have anything in it.
        stat.rsplit_once(") ")?.1.to_owned()
    } else {
        let output = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().ok()?;
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    (!state.is_empty() && !state.starts_with('Z')).then_some(state)
}
