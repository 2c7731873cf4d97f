//! Watching the process that runs a target: how long each execution takes, whether it ends by itself, and that it has no more
//! room than it is given.

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::{child, seeds};

/// How long one execution may take; far more than any needs, for machines that are busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// The room that the process has for everything, in KiB: most of it is the program itself.
const ROOM: usize = 1 << 20;

/// Runs a target on so many inputs and answers how many it was.
///
/// # Errors
/// Says which execution failed and how, and where its input is kept.
pub(crate) fn run(name: &str, executions: u32, patience: Duration) -> Result<usize> {
    let program = std::env::current_exe()?;
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!(r#"ulimit -c 0; ulimit -v {ROOM} && exec "$@""#)).arg("room").arg(program);
    command.args([child::FLAG, name, &executions.to_string()]).env("RUST_BACKTRACE", "0");
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let words = process.stderr.take().map(|stderr| thread::spawn(move || text(stderr)));
    let progress = progress(process.stdout.take().context("the process has no output")?);
    let (done, hangs) = follow(&progress, patience);
    if hangs {
        process.kill()?;
    }
    let status = process.wait()?;
    let words = words.and_then(|words| words.join().ok()).unwrap_or_default();
    if status.success() && !hangs {
        return Ok(done);
    }
    let how = if hangs { format!("no end after {patience:?}") } else { status.to_string() };
    bail!("{name}: execution {done}: {how}\n{}\n{}", words.trim(), keep(name, done)?)
}

/// Counts executions until there are no more, or one takes too long.
fn follow(progress: &Receiver<usize>, patience: Duration) -> (usize, bool) {
    let mut done = 0;
    loop {
        match progress.recv_timeout(patience) {
            Ok(more) => done += more,
            Err(RecvTimeoutError::Disconnected) => return (done, false),
            Err(RecvTimeoutError::Timeout) => return (done, true),
        }
    }
}

fn progress(mut output: impl Read + Send + 'static) -> Receiver<usize> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            match output.read(&mut buffer) {
                Ok(length @ 1..) if sender.send(length).is_ok() => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return,
            }
        }
    });
    receiver
}

fn text(mut stderr: impl Read) -> String {
    let mut bytes = Vec::new();
    // What can be had of it will do.
    let _ = stderr.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Keeps the input of an execution, and says where.
fn keep(name: &str, number: usize) -> Result<String> {
    let input = child::input(child::target(name)?, &seeds::of(name)?, number);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{name}-{number}"));
    std::fs::write(&file, input).with_context(|| format!("could not write {}", file.display()))?;
    Ok(format!("its input is {}; once mended it belongs into tests/fuzz/corpus/{name}", file.display()))
}
