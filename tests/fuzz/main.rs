//! Fuzzing in `make test`: each target of `targets.rs` on its seeds and on inputs that are made up of them, the same in every
//! run. It runs in a process of its own that has little room; this one watches how long each execution takes. What the
//! watching is worth is tried first, on targets that fail in every way there is.
//!
//! `cargo test -p strongroom-tests --test fuzz -- yaml` runs the targets with `yaml` in their names;
//! `STRONGROOM_FUZZ_EXECUTIONS` is how often each is run.

#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a target that fails panics; the counts are to be read"
)]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Result, ensure};

mod broken;
mod child;
mod layout;
mod mutation;
mod seeds;
pub mod targets;
mod watch;

use targets::{TARGETS, Target};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [child::FLAG, name, executions] => child::run(name, executions),
        ["--list", ..] => {
            for target in TARGETS {
                println!("{}: test", target.name);
            }
            Ok(())
        }
        words => run(words.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all targets with `part` in their names, as many at once as there are processors.
fn run(part: &str) -> Result<()> {
    layout::check()?;
    broken::all_are_caught()?;
    let wanted: Vec<&Target> = TARGETS.iter().filter(|target| target.name.contains(part)).collect();
    let (next, failures, total) = (AtomicUsize::new(0), Mutex::new(Vec::new()), AtomicUsize::new(0));
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(target) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match one(target) {
                        Ok(executions) => _ = total.fetch_add(executions, Ordering::Relaxed),
                        Err(error) => failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(error),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    for error in &failures {
        eprintln!("{error:#}");
    }
    println!("{} executions of {} targets in {:.0?}", total.into_inner(), wanted.len(), started.elapsed());
    ensure!(failures.is_empty(), "{} of {} targets failed", failures.len(), wanted.len());
    Ok(())
}

fn one(target: &Target) -> Result<usize> {
    let asked = std::env::var("STRONGROOM_FUZZ_EXECUTIONS").ok().and_then(|asked| asked.parse().ok());
    let started = Instant::now();
    let executions = watch::run(target.name, asked.unwrap_or(target.executions), watch::PATIENCE)?;
    println!("{:<20} {executions:>8} executions in {:.1?}", target.name, started.elapsed());
    Ok(executions)
}
