//! The process that runs a target. It says on its output when each execution is over, so that who watches knows which one it
//! was that did not end, or ended everything.

use std::io::Write as _;
use std::thread;

use anyhow::{Context as _, Result, anyhow};

use crate::mutation::Mutation;
use crate::targets::{TARGETS, Target};
use crate::{broken, seeds};

/// The word on the command line that makes this program one.
pub(crate) const FLAG: &str = "--child";
/// What is written after an execution.
pub(crate) const DONE: u8 = b'.';
/// What a thread of a server has, by default.
const STACK: usize = 2 << 20;

/// The target with this name.
pub(crate) fn target(name: &str) -> Result<&'static Target> {
    let mut all = TARGETS.iter().chain(broken::TARGETS);
    all.find(|target| target.name == name).with_context(|| format!("there is no target {name}"))
}

/// The input of an execution: the seeds one after the other, then what is made of them. Depends on nothing else, so that an
/// input can be had again from its number.
pub(crate) fn input(target: &Target, seeds: &[Vec<u8>], number: usize) -> Vec<u8> {
    seeds.get(number).cloned().unwrap_or_else(|| Mutation::new(target, seeds, number).input())
}

/// Runs a target on so many inputs.
pub(crate) fn run(name: &str, executions: &str) -> Result<()> {
    let (target, executions): (_, usize) = (target(name)?, executions.parse()?);
    let seeds = seeds::of(target.name)?;
    let worker = thread::Builder::new().stack_size(STACK).spawn(move || -> Result<()> {
        let mut output = std::io::stdout();
        for number in 0..executions {
            (target.run)(&input(target, &seeds, number));
            output.write_all(&[DONE])?;
            output.flush()?;
        }
        Ok(())
    });
    worker?.join().map_err(|_| anyhow!("it panicked"))?
}
