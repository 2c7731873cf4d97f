//! `make demo`: a secret of each kind arrives on a real control plane, a Secret edited by hand is healed, and a value that
//! changes in its store arrives. It runs the binaries that users run, and cleans up after itself.

mod definitions;
mod neighbours;
mod objects;
mod say;
mod secrets;
mod stage;
mod story;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::stage::Stage;

#[tokio::main]
async fn main() -> ExitCode {
    match demo().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _closed_pipe = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo() -> Result<()> {
    let current = std::env::var("CLUSTER").is_ok_and(|cluster| cluster == "current");
    if std::env::args().any(|argument| argument == "--clean") {
        return stage::clean_current().await;
    }
    let started = Instant::now();
    let stage = if current { Stage::current().await? } else { Stage::rig().await? };
    let told = tokio::select! {
        told = story::tell(&stage) => told.map_err(|error| error.context(stage.operator.last_words())),
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    let closed = stage.close().await;
    match (told, closed) {
        (Ok(()), Ok(())) => {
            say::step(&format!("Done after {} s", started.elapsed().as_secs()));
            Ok(())
        }
        (Err(error), Ok(())) | (Ok(()), Err(error)) => Err(error),
        (Err(error), Err(unclean)) => bail!("{error:#}; and cleaning up failed: {unclean:#}"),
    }
}
