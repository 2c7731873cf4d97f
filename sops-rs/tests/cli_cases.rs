//! The command line as data: each file of `tests/cli` tells what to run and what comes of it, and every step is run by
//! `sops` 3.13.3 as well.
//!
//! Unless a step says otherwise, both programs end with the same code, print the same bytes and leave the same files.
//! Random parts are masked: payloads of values, wrapped data keys, dates.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "cli_cases/case.rs"]
mod case;
#[path = "workspace/folder.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod folder;
#[path = "cli_cases/mask.rs"]
mod mask;
#[path = "workspace/peer.rs"]
mod peer;

use std::collections::BTreeMap;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use case::{Case, Original, Step};
use folder::{Ended, Folder};
use mask::masked;
use peer::peer;

/// Both folders of a case: one for each program.
struct Pair {
    ours: Folder,
    theirs: Folder,
    /// A recipient nobody here has the identity of.
    stranger: String,
}

impl Pair {
    fn new(case: &Case) -> Pair {
        let ours = Folder::new();
        let mut theirs = Folder::new();
        theirs.recipient.clone_from(&ours.recipient);
        theirs.write("key.txt", ours.read("key.txt"));
        let mut pair = Pair { ours, theirs, stranger: Folder::new().recipient };
        let environment: Vec<_> = case.environment.iter().map(|(name, text)| (name.clone(), text.clone())).collect();
        for (name, text) in environment {
            pair.ours.variables.push((name.clone(), pair.filled(&text, &pair.ours)));
            pair.theirs.variables.push((name, pair.filled(&text, &pair.theirs)));
        }
        for (name, text) in &case.files {
            pair.ours.write(name, pair.filled(text, &pair.ours));
            pair.theirs.write(name, pair.filled(text, &pair.theirs));
        }
        for name in &case.encrypted {
            let recipient = pair.ours.recipient.clone();
            let words = ["encrypt", "--config", "/dev/null", "--age", &recipient, "--in-place", name];
            run(&pair.theirs, &peer("sops"), &words, "").text();
            pair.ours.write(name, pair.theirs.read(name));
        }
        for (name, start) in &case.removed {
            let text = without_line(&pair.ours.read(name), start);
            pair.ours.write(name, &text);
            pair.theirs.write(name, text);
        }
        pair
    }

    fn filled(&self, text: &str, folder: &Folder) -> String {
        let here = folder.path("").display().to_string();
        let here = here.trim_end_matches('/');
        text.replace("{recipient}", &folder.recipient).replace("{stranger}", &self.stranger).replace("{here}", here)
    }

    fn run(&self, folder: &Folder, program: &Path, step: &Step) -> Ended {
        let words: Vec<String> = step.run.iter().map(|word| self.filled(word, folder)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        run(folder, program, &words, &self.filled(&step.stdin, folder))
    }

    /// Text without what differs between the two folders and between runs.
    fn bare(&self, text: &str, folder: &Folder) -> String {
        let here = folder.path("").display().to_string();
        masked(text)
            .replace(here.trim_end_matches('/'), "{here}")
            .replace(&self.ours.recipient, "{recipient}")
            .replace(&self.stranger, "{stranger}")
    }

    fn step(&self, step: &Step) {
        let ours = self.run(&self.ours, Path::new(env!("CARGO_BIN_EXE_sops-rs")), step);
        let said = || {
            format!(
                "{:?} {}\nstdout: {}\nstderr: {}",
                step.run,
                step.about,
                String::from_utf8_lossy(&ours.stdout),
                ours.stderr
            )
        };
        assert_eq!(ours.code, step.code, "the exit code of {}", said());
        let printed = self.bare(&String::from_utf8_lossy(&ours.stdout), &self.ours);
        if let Some(expected) = &step.stdout {
            assert_eq!(&printed, expected, "standard output of {}", said());
        }
        for part in &step.shows {
            assert!(printed.contains(part.as_str()), "`{part}` is not shown by {}", said());
        }
        let words = self.bare(&ours.stderr, &self.ours);
        for part in &step.stderr {
            assert!(words.contains(part.as_str()), "`{part}` is missing in {}", said());
        }
        assert!(step.code == 0 || words.contains("error: "), "a failure is silent: {}", said());
        for part in &step.never {
            assert!(!words.contains(part.as_str()) && !printed.contains(part.as_str()), "`{part}` is in {}", said());
        }
        let files = self.files(&self.ours);
        for (name, expected) in &step.files {
            assert_eq!(files.get(name), Some(expected), "the file {name} after {}", said());
        }
        self.compare(step, ours.code, &printed, &files);
    }

    fn compare(&self, step: &Step, code: i32, printed: &str, files: &BTreeMap<String, String>) {
        if step.original == Original::Skipped {
            return;
        }
        let theirs = self.run(&self.theirs, &peer("sops"), step);
        if let Original::Ends { code } = step.original {
            assert_eq!(theirs.code, code, "the exit code of the original for {:?}: {}", step.run, theirs.stderr);
            return;
        }
        assert_eq!(code, theirs.code, "the exit codes of {:?} differ: the original says {}", step.run, theirs.stderr);
        let expected = self.bare(&String::from_utf8_lossy(&theirs.stdout), &self.theirs);
        assert_eq!(printed, expected, "the outputs of {:?} differ", step.run);
        assert_eq!(files, &self.files(&self.theirs), "the files after {:?} differ", step.run);
    }

    /// All files of a folder but the identity.
    fn files(&self, folder: &Folder) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.path("")];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(&next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(folder.path("")).unwrap().display().to_string();
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                files.insert(name, self.bare(&text, folder));
            }
        }
        files.remove("key.txt");
        files
    }
}

/// The text without its one line that begins so.
fn without_line(text: &str, start: &str) -> String {
    let found: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with(start)).collect();
    let [line] = found[..] else { panic!("{} lines begin with `{start}`", found.len()) };
    text.replace(&format!("{line}\n"), "")
}

fn run(folder: &Folder, program: &Path, words: &[&str], input: &str) -> Ended {
    folder.run(program, words, input.as_bytes())
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let wanted = std::env::var("CASE").unwrap_or_default();
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.display().to_string().contains(&wanted)).collect();
    paths.sort();
    paths
}

/// `CASE=name` runs the files whose name has it.
#[test]
fn every_case_ends_as_it_says_and_as_the_original() {
    let paths = cases();
    let (next, steps, failed) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for (number, case) in case::read(path).iter().enumerate() {
                        let ended = panic::catch_unwind(panic::AssertUnwindSafe(|| {
                            let pair = Pair::new(case);
                            case.steps.iter().for_each(|step| pair.step(step));
                        }));
                        steps.fetch_add(case.steps.len(), Ordering::Relaxed);
                        if ended.is_err() {
                            let name = path.file_name().unwrap().to_string_lossy();
                            eprintln!("FAILED: {name}, case {}: {}\n", number + 1, case.about);
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    let (steps, failed) = (steps.into_inner(), failed.into_inner());
    println!("{steps} steps of {} files", paths.len());
    assert_eq!(failed, 0, "cases failed");
}
