//! Targets that fail, each in its own way, to see that it is noticed.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::targets::Target;
use crate::watch;

/// None of them is a real one.
pub(crate) const TARGETS: &[Target] = &[
    broken("broken_panics", |bytes| assert!(bytes.len() < 20, "it is too long")),
    broken("broken_hangs", |bytes| {
        while bytes.len() > 20 {
            std::hint::spin_loop();
        }
    }),
    broken("broken_hoards", |bytes| {
        if bytes.len() > 20 {
            hoard();
        }
    }),
    broken("broken_recurses", |bytes| {
        if bytes.len() > 20 {
            recurse(bytes.len());
        }
    }),
    broken("broken_never", |_| {}),
];
/// The targets, a word of how it is said that they failed, and how long one execution may take.
const CAUGHT: [(&str, &str, Duration); 4] = [
    ("broken_panics", "it is too long", watch::PATIENCE),
    ("broken_hangs", "no end after", Duration::from_secs(2)),
    ("broken_hoards", "memory allocation of", watch::PATIENCE),
    ("broken_recurses", "overflowed its stack", watch::PATIENCE),
];
const EXECUTIONS: u32 = 1_000;

const fn broken(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, executions: 0, words: &["long and longer"] }
}

/// More than there is room for, bit by bit.
fn hoard() {
    let mut heap: Vec<Vec<u8>> = Vec::new();
    loop {
        heap.push(Vec::with_capacity(1 << 25));
        std::hint::black_box(&heap);
    }
}

#[expect(unconditional_recursion, reason = "that is what is wrong with it")]
fn recurse(depth: usize) {
    let here = std::hint::black_box([depth; 64]);
    recurse(depth + 1);
    std::hint::black_box(here);
}

/// Runs them all.
///
/// # Errors
/// One of them was not noticed, or one was that is all right.
pub(crate) fn all_are_caught() -> Result<()> {
    for (name, word, patience) in CAUGHT {
        let said = watch::run(name, EXECUTIONS, patience).err().map(|error| format!("{error:#}")).unwrap_or_default();
        ensure!(said.contains(word), "{name} is not noticed as `{word}` but as: {said}");
    }
    ensure!(watch::run("broken_never", EXECUTIONS, watch::PATIENCE)? == EXECUTIONS as usize, "not all was run");
    Ok(())
}
