//! The peer: a Go program that renders templates, one a line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rig::Peers;
use serde::{Deserialize, Serialize};
use strongroom::template::{Limits, MissingKey, Options, render};
use zeroize::Zeroizing;

/// A template and Go's option for missing keys.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) template: String,
    pub(crate) option: &'static str,
}

impl Case {
    pub(crate) fn new(template: impl Into<String>) -> Case {
        Case { template: template.into(), option: "" }
    }
}

#[derive(Serialize)]
struct Request<'a> {
    template: String,
    values: BTreeMap<&'a str, String>,
    option: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    output: Option<String>,
    #[serde(default)]
    error: String,
}

/// The values that every template sees.
pub(crate) fn values() -> BTreeMap<String, Zeroizing<Vec<u8>>> {
    let json =
        br#"{"name":"web","ports":[80,443.5,1e21,1e-7],"on":true,"none":null,"deep":{"a":{"b":"c"}},"html":"<&>"}"#;
    let values: [(&str, &[u8]); 8] = [
        ("user", b"admin"),
        ("password", b"p@ss \"word\" & <tag>\n"),
        ("empty", b""),
        ("binary", &[0, 1, 0xff, b'a', 0xc3, 0x28, 0xe2, 0x82, 10]),
        ("unicode", "Größe – ŝtrañge 日本語 ǆ İ".as_bytes()),
        ("number", b"42"),
        ("json", json),
        ("lines", b"first\n  second\n\nthird"),
    ];
    values.into_iter().map(|(key, value)| (key.to_owned(), Zeroizing::new(value.to_vec()))).collect()
}

/// What we make of a template: the output, or the message of the error.
pub(crate) fn ours(case: &Case) -> Result<Vec<u8>, String> {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let mut options = Options::new("key", now, &|bytes| bytes.fill(7));
    options.limits = Limits { steps: 20_000_000, ..Limits::default() };
    options.missing_key = match case.option {
        "missingkey=zero" => MissingKey::Zero,
        "missingkey=error" => MissingKey::Error,
        _ => MissingKey::NoValue,
    };
    render(&case.template, &values(), &options).map(|output| output.to_vec()).map_err(|error| error.to_string())
}

/// What Go makes of the templates.
pub(crate) fn theirs(cases: &[Case]) -> Result<Vec<Result<Vec<u8>, String>>> {
    let program = Peers::locate()?.path("template-oracle")?;
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take().context("no stdin")?;
    let stdout = child.stdout.take().context("no stdout")?;
    let requests = requests(cases)?;
    let writer = thread::spawn(move || -> Result<()> {
        let mut out = BufWriter::new(stdin);
        for request in requests {
            writeln!(out, "{request}")?;
        }
        Ok(out.flush()?)
    });
    let mut answers = Vec::new();
    for line in BufReader::new(stdout).lines() {
        let answer: Answer = serde_json::from_str(&line?)?;
        answers.push(if answer.error.is_empty() {
            Ok(STANDARD.decode(answer.output.unwrap_or_default())?)
        } else {
            Err(answer.error)
        });
    }
    writer.join().map_err(|_| anyhow::anyhow!("the writer failed"))??;
    child.wait()?;
    ensure!(answers.len() == cases.len(), "the peer gave {} answers to {} templates", answers.len(), cases.len());
    Ok(answers)
}

fn requests(cases: &[Case]) -> Result<Vec<String>> {
    let values = values();
    let encode = |case: &Case| {
        let values = values.iter().map(|(key, value)| (key.as_str(), STANDARD.encode(value))).collect();
        let request = Request { template: STANDARD.encode(&case.template), values, option: case.option };
        Ok(serde_json::to_string(&request)?)
    };
    cases.iter().map(encode).collect()
}

/// The functions of Sprig that the peer offers.
pub(crate) fn function_names() -> Result<BTreeSet<String>> {
    let program = Peers::locate()?.path("template-oracle")?;
    let output = Command::new(program).arg("--functions").output()?;
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}

/// Renders all on both sides and fails with the first of the differences.
pub(crate) fn compare(what: &str, cases: &[Case]) -> Result<()> {
    let theirs = theirs(cases)?;
    let mut differences = Vec::new();
    let mut failed = 0;
    for (case, theirs) in cases.iter().zip(&theirs) {
        let ours = ours(case);
        failed += usize::from(theirs.is_err());
        let same = match (&ours, theirs) {
            (Ok(ours), Ok(theirs)) => ours == theirs,
            (ours, theirs) => ours.is_err() && theirs.is_err(),
        };
        if !same {
            let shown = |result: &Result<Vec<u8>, String>| match result {
                Ok(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
                Err(error) => format!("error: {error}"),
            };
            differences.push(format!("{}\n  ours  {}\n  Go    {}", case.template, shown(&ours), shown(theirs)));
        }
    }
    println!("{what}: {} templates compared with Go, of which {failed} fail on both sides", cases.len());
    let count = differences.len();
    differences.truncate(std::env::var("SHOWN").ok().and_then(|shown| shown.parse().ok()).unwrap_or(20));
    ensure!(count == 0, "{count} of {} differ:\n{}", cases.len(), differences.join("\n"));
    Ok(())
}
