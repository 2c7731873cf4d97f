//! Row 5: `kubeseal-rs` beside `kubeseal`, run in turns, as whole processes; and how two programs are compared.

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
const FEW_RUNS: usize = 7;

/// The files to seal.
const ONE: &str = "one.yaml";
const MANY: &str = "many.yaml";

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
    prepare(folder.path())?;
    let seal = |program, input: &str| Run {
        program,
        arguments: vec!["--cert", "cert.pem", "--format", "yaml"],
        input: Some(folder.path().join(input)),
        directory: folder.path(),
    };
    let (ours, peer) = (built_binary("kubeseal-rs")?, peers.path("kubeseal")?);
    say("sealing one Secret in turns");
    let one = compare(&seal(ours.clone(), ONE), &seal(peer.clone(), ONE), RUNS)?;
    say("sealing 1,000 Secrets in one stream in turns");
    let many = compare(&seal(ours, MANY), &seal(peer, MANY), FEW_RUNS)?;
    Ok(vec![
        row(
            "K1: seal a Secret of 3 values, RSA-4096",
            &one,
            "≤ 0.5 of the time, ≤ 0.33 of the memory",
            [0.5, 1.0 / 3.0],
        ),
        row("K2: 1,000 of them in one stream", &many, "≤ 0.25 of the time", [0.25, f64::INFINITY]),
    ])
}

fn prepare(folder: &Path) -> Result<()> {
    let now = "2026-01-01T00:00:00Z".parse()?;
    let key = SealingKey::generate(4096, "", now, Duration::from_hours(87_600))?;
    fs::write(folder.join("cert.pem"), key.certificate_pem())?;
    let secret = |number: usize| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: db-{number}, namespace: shop}}\nstringData: {{a: one, b: two, c: three}}\n"
        )
    };
    fs::write(folder.join(ONE), secret(0))?;
    fs::write(folder.join(MANY), (0..1000).map(secret).collect::<Vec<_>>().join("---\n"))?;
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

fn row(what: &'static str, (ours, peer): &(Cost, Cost), bar: &'static str, bars: [f64; 2]) -> Row {
    let text = |cost: &Cost| format!("{:.1} ms, {:.1} MiB", cost.milliseconds, cost.mebibytes);
    let (time, memory) = (ours.milliseconds / peer.milliseconds, ours.mebibytes / peer.mebibytes);
    Row {
        number: 5,
        what,
        ours: text(ours),
        peer: text(peer),
        ratio: format!("{time:.2} of the time, {memory:.2} of the memory"),
        bar,
        verdict: Verdict::of(time <= bars[0] && memory <= bars[1]),
    }
}
