//! Row 11: `sops-rs` and `sops` as whole processes, on a small file, on large ones and on many; how the time grows with the file;
//! and how large the program is.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use rig::{Peers, built_binary};
use tempfile::TempDir;

use crate::cli::{Cost, Run, compare};
use crate::say;
use crate::table::{Row, Verdict, median};

/// Items of a large file, each of three values and, in YAML, a comment: 2 MB.
const ITEMS: usize = 20_000;

/// Items of the files that tell how the time grows, and how often it is taken.
const FEW_ITEMS: usize = 5_000;
const RUNS: usize = 5;

/// Small files below a folder.
const FILES: usize = 1_000;

/// What the program may weigh with every key type, in bytes.
const WEIGHT: f64 = 20e6;

/// What the time of ten times the values may be.
const TEN_TIMES: f64 = 11.0;

/// One comparison with the original.
struct Case {
    what: &'static str,
    arguments: &'static [&'static str],
    /// The original takes most of a minute for some.
    runs: usize,
    bar: &'static str,
    times: f64,
    memory: f64,
}

const CASES: [Case; 5] = [
    Case {
        what: "S1: decrypt a YAML file of 10 values",
        arguments: &["decrypt", "small.enc.yaml"],
        runs: 31,
        bar: "≥ 4 times, ≤ 0.33 of the memory",
        times: 4.0,
        memory: 1.0 / 3.0,
    },
    Case {
        what: "S2: encrypt 2 MB of YAML, 60,000 values and 20,000 comments",
        arguments: &["encrypt", "--age", RECIPIENT, "large.yaml"],
        runs: RUNS,
        bar: "≥ 8 times, ≤ 0.5 of the memory",
        times: 8.0,
        memory: 0.5,
    },
    Case {
        what: "S3: decrypt it",
        arguments: &["decrypt", "large.enc.yaml"],
        runs: RUNS,
        bar: "≥ 5 times, ≤ 0.5 of the memory",
        times: 5.0,
        memory: 0.5,
    },
    Case {
        what: "S4: encrypt the same values as JSON",
        arguments: &["encrypt", "--age", RECIPIENT, "large.json"],
        runs: 1,
        bar: "≥ 60 times",
        times: 60.0,
        memory: f64::INFINITY,
    },
    Case {
        what: "S5: decrypt them",
        arguments: &["decrypt", "large.enc.json"],
        runs: 1,
        bar: "≥ 15 times",
        times: 15.0,
        memory: f64::INFINITY,
    },
];

/// Stands for the recipient in the words of a case.
const RECIPIENT: &str = "RECIPIENT";

pub(crate) fn rows() -> Result<Vec<Row>> {
    let (folder, peers) = (TempDir::new()?, Peers::locate()?);
    let (ours, theirs) = (built_binary("sops-rs")?, peers.path("sops")?);
    let recipient = identity(folder.path(), &peers)?;
    let run = |program: &Path, words: &[&'static str]| Run {
        program: program.to_owned(),
        arguments: words.iter().map(|word| if *word == RECIPIENT { recipient.as_str() } else { word }).collect(),
        input: None,
        directory: folder.path(),
    };
    for (name, text) in files("large", ITEMS) {
        fs::write(folder.path().join(&name), text)?;
        seal(&run(&ours, &["encrypt", "--age", RECIPIENT]), &name)?;
    }
    fs::write(folder.path().join("small.yaml"), small())?;
    seal(&run(&ours, &["encrypt", "--age", RECIPIENT]), "small.yaml")?;
    let mut rows = vec![weight(&ours)?];
    for case in &CASES {
        say(case.what);
        let figures = compare(&run(&ours, case.arguments), &run(&theirs, case.arguments), case.runs)?;
        rows.push(compared(case, &figures));
    }
    for (ending, what) in FORMATS {
        say(what);
        rows.push(growth(&run(&ours, &["encrypt", "--age", RECIPIENT]), ending, what)?);
    }
    // Last: its `.sops.yaml` is for no other file of the folder.
    say(TREE.what);
    rows.push(many_files(folder.path(), &recipient, [&ours, &theirs])?);
    Ok(rows)
}

const TREE: Case = Case {
    what: "1,000 files of 10 values: `decrypt -r` against `xargs -P2 -n1 sops decrypt`",
    arguments: &["decrypt", "-r", "tree", "--output", "clear"],
    runs: 3,
    bar: "≥ 20 times",
    times: 20.0,
    memory: f64::INFINITY,
};

fn small() -> String {
    (0..10).map(|number| format!("key{number}: value number {number}\n")).collect::<Vec<_>>().concat()
}

/// A folder of small files: all at once here, one after the other on two processors there.
fn many_files(folder: &Path, recipient: &str, [ours, theirs]: [&Path; 2]) -> Result<Row> {
    fs::create_dir(folder.join("tree"))?;
    for number in 0..FILES {
        fs::write(folder.join(format!("tree/{number}.yaml")), small())?;
    }
    fs::write(folder.join(".sops.yaml"), format!("creation_rules: [{{path_regex: ^tree/, age: {recipient}}}]\n"))?;
    let status = Command::new(ours).args(["encrypt", "-i", "-r", "tree"]).current_dir(folder).status()?;
    ensure!(status.success(), "the tree could not be encrypted");
    let all = Run { program: ours.to_owned(), arguments: TREE.arguments.to_vec(), input: None, directory: folder };
    let script = format!("find tree -type f | xargs -P2 -n1 {} decrypt", theirs.display());
    let each = Run { program: "/bin/sh".into(), arguments: vec!["-c", &script], input: None, directory: folder };
    Ok(compared(&TREE, &compare(&all, &each, TREE.runs)?))
}

#[expect(clippy::cast_precision_loss, reason = "a size in megabytes")]
fn weight(program: &Path) -> Result<Row> {
    let bytes = fs::metadata(program)?.len() as f64;
    Ok(Row {
        number: 11,
        what: "the program with every key type, stripped",
        ours: format!("{:.1} MB", bytes / 1e6),
        peer: "–".to_owned(),
        ratio: "–".to_owned(),
        bar: "≤ 20 MB",
        verdict: Verdict::of(bytes <= WEIGHT),
    })
}

fn identity(folder: &Path, peers: &Peers) -> Result<String> {
    let made = Command::new(peers.path("age-keygen")?).output()?;
    fs::write(folder.join("keys.txt"), &made.stdout)?;
    let text = String::from_utf8(made.stdout)?;
    let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: "));
    Ok(recipient.context("age-keygen named no key")?.to_owned())
}

const FORMATS: [(&str, &str); 4] = [
    ("yaml", "ten times the values, YAML: encrypt and decrypt"),
    ("json", "ten times the values, JSON: encrypt and decrypt"),
    ("env", "ten times the values, dotenv: encrypt and decrypt"),
    ("ini", "ten times the values, INI: encrypt and decrypt"),
];

/// The same values in each format, by name of the file.
fn files(name: &str, items: usize) -> [(String, String); 4] {
    let (mut yaml, mut json, mut dotenv, mut ini) = (String::new(), String::from("{"), String::new(), String::new());
    for item in 0..items {
        let (flag, comma) = (item % 2 == 0, if item == 0 { "" } else { "," });
        let (text, number) = (format!("value-{item}-abcdefghijklmnop"), item * 7);
        // Writing to a String does not fail.
        let _yaml = writeln!(
            yaml,
            "# comment of item {item}\nitem{item}:\n    name: {text}\n    number: {number}\n    flag: {flag}"
        );
        let _json =
            write!(json, "{comma}\n\"item{item}\": {{\"name\": \"{text}\", \"number\": {number}, \"flag\": {flag}}}");
        let _dotenv = writeln!(dotenv, "NAME{item}={text}\nNUMBER{item}={number}\nFLAG{item}={flag}");
        let _ini = writeln!(ini, "[item{item}]\nname = {text}\nnumber = {number}\nflag = {flag}\n");
    }
    json.push_str("}\n");
    let file = |ending: &str| format!("{name}.{ending}");
    [(file("yaml"), yaml), (file("json"), json), (file("env"), dotenv), (file("ini"), ini)]
}

/// Writes `NAME.enc.ENDING` beside `NAME.ENDING`.
fn seal(encrypt: &Run<'_>, name: &str) -> Result<()> {
    let sealed = File::create(encrypt.directory.join(sealed_name(name)))?;
    let mut command = Command::new(&encrypt.program);
    let status = command.args(&encrypt.arguments).arg(name).current_dir(encrypt.directory).stdout(sealed).status()?;
    ensure!(status.success(), "{name} could not be encrypted");
    Ok(())
}

fn sealed_name(name: &str) -> String {
    name.replacen('.', ".enc.", 1)
}

/// Ten times the values against once.
fn growth(encrypt: &Run<'_>, ending: &'static str, what: &'static str) -> Result<Row> {
    let mut totals = Vec::new();
    for (size, items) in [("few", FEW_ITEMS), ("many", 10 * FEW_ITEMS)] {
        let file = files(size, items).into_iter().find(|(name, _)| name.ends_with(ending));
        let (name, text) = file.context("no such format")?;
        fs::write(encrypt.directory.join(&name), text)?;
        seal(encrypt, &name)?;
        let sealed = sealed_name(&name);
        let run = |arguments: Vec<&str>| -> Result<f64> {
            let run = Run { program: encrypt.program.clone(), arguments, input: None, directory: encrypt.directory };
            (0..RUNS).map(|_| run.milliseconds()).collect::<Result<Vec<f64>>>().map(median)
        };
        let words = [encrypt.arguments.as_slice(), &[name.as_str()]].concat();
        totals.push(run(words)? + run(vec!["decrypt", &sealed])?);
    }
    let [few, many] = totals.as_slice() else { anyhow::bail!("two sizes were measured") };
    Ok(Row {
        number: 11,
        what,
        ours: format!("{many:.0} ms against {few:.0} ms"),
        peer: "–".to_owned(),
        ratio: format!("{:.1} times", many / few),
        bar: "≤ 11 times",
        verdict: Verdict::of(many / few <= TEN_TIMES),
    })
}

fn compared(case: &Case, (ours, peer): &(Cost, Cost)) -> Row {
    let text = |cost: &Cost| format!("{:.0} ms, {:.0} MiB", cost.milliseconds, cost.mebibytes);
    let (times, memory) = (peer.milliseconds / ours.milliseconds, ours.mebibytes / peer.mebibytes);
    Row {
        number: 11,
        what: case.what,
        ours: text(ours),
        peer: text(peer),
        ratio: format!("{times:.1} times, {memory:.2} of the memory"),
        bar: case.bar,
        verdict: Verdict::of(times >= case.times && memory <= case.memory),
    }
}
