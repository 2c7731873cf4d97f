//! Row 5: the two command lines beside `sops` and `kubeseal`, run in turns, as whole processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kubeseal::SealingKey;
use rig::{Peers, built_binary};
use tempfile::TempDir;

use crate::say;
use crate::table::{Row, Verdict, median};

/// How often each program runs.
const RUNS: usize = 31;

/// One run of one program.
pub(crate) struct Run<'a> {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<&'a str>,
    pub(crate) input: Option<PathBuf>,
    pub(crate) directory: &'a Path,
}

/// Wall time in milliseconds and peak memory in MiB, medians.
pub(crate) struct Cost {
    pub(crate) milliseconds: f64,
    pub(crate) mebibytes: f64,
}

pub(crate) fn rows() -> Result<Vec<Row>> {
    let folder = TempDir::new()?;
    let peers = Peers::locate()?;
    prepare(folder.path(), &peers)?;
    let decrypt = |program| Run {
        program,
        arguments: vec!["--decrypt", "secret.enc.yaml"],
        input: None,
        directory: folder.path(),
    };
    let seal = |program| Run {
        program,
        arguments: vec!["--cert", "cert.pem", "--format", "yaml"],
        input: Some(folder.path().join("k8s.yaml")),
        directory: folder.path(),
    };
    say("decrypting a small file in turns");
    let s1 = compare(&decrypt(built_binary("sops-rs")?), &decrypt(peers.path("sops")?), RUNS)?;
    say("sealing one Secret in turns");
    let k1 = compare(&seal(built_binary("kubeseal-rs")?), &seal(peers.path("kubeseal")?), RUNS)?;
    Ok(vec![row("S1: decrypt a YAML file of 10 values, age", &s1), row("K1: seal a Secret of 3 values, RSA-4096", &k1)])
}

fn prepare(folder: &Path, peers: &Peers) -> Result<()> {
    let made = Command::new(peers.path("age-keygen")?).output()?;
    fs::write(folder.join("keys.txt"), &made.stdout)?;
    let text = String::from_utf8(made.stdout)?;
    let recipient =
        text.lines().find_map(|line| line.strip_prefix("# public key: ")).context("age-keygen named no key")?;
    let values: Vec<String> = (0..10).map(|number| format!("key{number}: value number {number}\n")).collect();
    fs::write(folder.join("secret.yaml"), values.concat())?;
    let encrypted = Command::new(peers.path("sops")?)
        .args(["--encrypt", "--age", recipient, "secret.yaml"])
        .current_dir(folder)
        .output()?;
    ensure!(encrypted.status.success(), "sops could not encrypt");
    fs::write(folder.join("secret.enc.yaml"), encrypted.stdout)?;
    let now = "2026-01-01T00:00:00Z".parse()?;
    let key = SealingKey::generate(4096, "", now, Duration::from_hours(87_600))?;
    fs::write(folder.join("cert.pem"), key.certificate_pem())?;
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {a: one, b: two, c: three}\n";
    fs::write(folder.join("k8s.yaml"), secret)?;
    Ok(())
}

/// Runs both in turns, so that what the machine does meanwhile hits both alike.
pub(crate) fn compare(ours: &Run<'_>, peer: &Run<'_>, runs: usize) -> Result<(Cost, Cost)> {
    let mut figures = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..runs {
        for (at, run) in [ours, peer].into_iter().enumerate() {
            figures[at * 2].push(run.milliseconds()?);
            figures[at * 2 + 1].push(run.mebibytes()?);
        }
    }
    let [our_time, our_memory, peer_time, peer_memory] = figures.map(median);
    Ok((
        Cost { milliseconds: our_time, mebibytes: our_memory },
        Cost { milliseconds: peer_time, mebibytes: peer_memory },
    ))
}

impl Run<'_> {
    fn command(&self, program: &Path) -> Result<Command> {
        let mut command = Command::new(program);
        command
            .current_dir(self.directory)
            .env("SOPS_AGE_KEY_FILE", "keys.txt")
            .env("SOPS_DISABLE_VERSION_CHECK", "true");
        command.stdout(Stdio::null()).stdin(match &self.input {
            Some(path) => Stdio::from(fs::File::open(path)?),
            None => Stdio::null(),
        });
        Ok(command)
    }

    pub(crate) fn milliseconds(&self) -> Result<f64> {
        let mut command = self.command(&self.program)?;
        command.args(&self.arguments).stderr(Stdio::null());
        let started = Instant::now();
        let status = command.status()?;
        ensure!(status.success(), "{} ended with {status}", self.program.display());
        Ok(started.elapsed().as_secs_f64() * 1000.0)
    }

    /// The peak, as the kernel has counted it.
    fn mebibytes(&self) -> Result<f64> {
        let mut command = self.command(Path::new("/usr/bin/time"))?;
        command.args(["-f", "%M"]).arg(&self.program).args(&self.arguments).stderr(Stdio::piped());
        let output = command.spawn().context("needs GNU time (Debian: time)")?.wait_with_output()?;
        ensure!(output.status.success(), "{} ended with {}", self.program.display(), output.status);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let kibibytes: f64 =
            text.lines().last().unwrap_or_default().trim().parse().context("GNU time printed no figure")?;
        Ok(kibibytes / 1024.0)
    }
}

fn row(what: &'static str, (ours, peer): &(Cost, Cost)) -> Row {
    let text = |cost: &Cost| format!("{:.1} ms, {:.1} MiB", cost.milliseconds, cost.mebibytes);
    let (time, memory) = (ours.milliseconds / peer.milliseconds, ours.mebibytes / peer.mebibytes);
    Row {
        number: 5,
        what,
        ours: text(ours),
        peer: text(peer),
        ratio: format!("{time:.2} of the time, {memory:.2} of the memory"),
        bar: "≤ 0.5 of both",
        verdict: Verdict::of(time <= 0.5 && memory <= 0.5),
    }
}
