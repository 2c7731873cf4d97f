//! The library beside SOPS 3.13.3 on files made up from seeds: what one encrypts the other opens, the plaintext is the
//! same to the byte, and so is the encrypted file but for ciphertexts and the time.
//!
//! `SOPS_CASES=100000 cargo test --test differential` compares more of them; `SOPS_SEED=7` begins elsewhere.
//! `SOPS_PROCESS_CASES` and `SOPS_PROCESS_SEED` are the same for the programs, `SOPS_EXPRESSIONS` for expressions,
//! `SOPS_COMMENT_PAIRS` for comments. `SOPS_HUGE=1` adds the files that take long.
//! `SOPS_SHOW='Unsound(Locks)'` shows the cases with this outcome.

#![cfg(all(unix, feature = "pgp"))]
#![expect(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "the counts are to be read")]

#[path = "differential/cases.rs"]
mod cases;
#[path = "differential/comments.rs"]
mod comments;
#[path = "yaml_oracle/documents.rs"]
mod documents;
#[path = "differential/expressions.rs"]
mod expressions;
#[path = "workspace/folder.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod folder;
#[path = "differential/generate.rs"]
mod generate;
#[path = "pgp/gnupg.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod gnupg;
#[path = "differential/huge.rs"]
mod huge;
#[path = "differential/mask.rs"]
mod mask;
#[path = "differential/oracle.rs"]
mod oracle;
#[path = "differential/ours.rs"]
mod ours;
#[path = "workspace/peer.rs"]
mod peer;
#[path = "differential/processes.rs"]
mod processes;
#[path = "differential/quirks.rs"]
mod quirks;
#[path = "differential/verdict.rs"]
mod verdict;

use std::collections::BTreeMap;
use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use cases::{Case, Keys};
use oracle::Oracle;
use verdict::{Outcome, Verdict, compare, compare_plain};

const CASES: u64 = 20_000;
/// Mismatches after which a run ends.
const ENOUGH: usize = 5;

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

type Judge = fn(&mut Oracle, &Keys, &Case) -> Verdict;
type Counts = BTreeMap<(String, Outcome), u64>;

/// As many cases as are asked for.
fn run_all(judge: Judge) -> Counts {
    run(setting("SOPS_SEED", 0), setting("SOPS_CASES", CASES), judge)
}

/// Compares cases on all processors. Gives counts by kind and outcome.
fn run(first: u64, cases: u64, judge: Judge) -> Counts {
    let (keys, next) = (Keys::new(), AtomicU64::new(0));
    let shown = env::var("SOPS_SHOW").ok();
    let counts = Mutex::new(BTreeMap::new());
    let mismatches = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(|| {
                let mut oracle = Oracle::new(&keys);
                while mismatches.lock().unwrap().len() < ENOUGH {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= cases {
                        break;
                    }
                    let case = Case::new(first + number);
                    match judge(&mut oracle, &keys, &case) {
                        Ok(outcome) => {
                            if shown.as_deref() == Some(format!("{outcome:?}").as_str()) {
                                println!("{}", report(&case, ""));
                            }
                            *counts.lock().unwrap().entry((case.kind(), outcome)).or_insert(0) += 1;
                        }
                        Err(mismatch) => mismatches.lock().unwrap().push(report(&case, &mismatch)),
                    }
                }
            });
        }
    });
    let mismatches = mismatches.into_inner().unwrap();
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n\n"));
    counts.into_inner().unwrap()
}

fn report(case: &Case, mismatch: &str) -> String {
    format!(
        "seed {}: {}, opened as {}, {} {:?}, mac_only_encrypted {}, groups {:?} of {:?}, indent {:?}\n{mismatch}\n--- the \
         document\n{}\n{:?}",
        case.seed,
        case.kind(),
        case.opened.name(),
        case.selector.name(),
        case.selector.text(),
        case.mac_only_encrypted,
        case.groups,
        case.threshold,
        case.indent,
        String::from_utf8_lossy(&case.document),
        String::from_utf8_lossy(&case.document),
    )
}

fn print(what: &str, counts: &Counts) -> BTreeMap<Outcome, u64> {
    let mut sums = BTreeMap::new();
    for ((kind, outcome), count) in counts {
        println!("{what}: {kind}: {outcome:?} {count}");
        *sums.entry(*outcome).or_insert(0) += count;
    }
    println!("{what}: all: {sums:?}");
    sums
}

/// Most cases must say something, and only so many may be such that the original fails by itself.
fn assert_telling(sums: &BTreeMap<Outcome, u64>, same: u64, unsound: u64) {
    let all: u64 = sums.values().sum();
    let of = |wanted: fn(&Outcome) -> bool| -> u64 {
        sums.iter().filter(|(outcome, _)| wanted(outcome)).map(|(_, count)| count).sum()
    };
    assert!(of(|outcome| matches!(outcome, Outcome::Same)) * 100 >= all * same, "{sums:?}");
    assert!(of(|outcome| matches!(outcome, Outcome::Unsound(_))) * 100 <= all * unsound, "{sums:?}");
}

#[test]
fn what_one_encrypts_the_other_opens() {
    assert_telling(&print("encrypted", &run_all(compare)), 70, 10);
}

#[test]
fn plain_files_are_converted_alike() {
    assert_telling(&print("converted", &run_all(compare_plain)), 70, 10);
}
