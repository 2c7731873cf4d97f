//! Findings as text, JSON and SARIF (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/>).

use serde_json::{Value, json};
use sops::check::Finding;

use super::{Checked, Output};

/// What is printed.
pub(super) fn write(checked: &[Checked], output: Output) -> String {
    match output {
        Output::Text => text(checked),
        Output::Json => pretty(&json!({ "files": checked.iter().map(file).collect::<Vec<_>>() })),
        Output::Sarif => pretty(&sarif(checked)),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn text(checked: &[Checked]) -> String {
    let lines = checked.iter().flat_map(|checked| {
        checked.findings.iter().map(|finding| {
            let level = if finding.is_remark() { "note: " } else { "" };
            format!("{}: {level}{finding} [{}]\n", checked.file, finding.id())
        })
    });
    lines.collect()
}

fn file(checked: &Checked) -> Value {
    let findings = checked
        .findings
        .iter()
        .map(|finding| json!({ "id": finding.id(), "fault": !finding.is_remark(), "message": finding.to_string() }));
    json!({ "file": checked.file, "findings": findings.collect::<Vec<_>>() })
}

fn sarif(checked: &[Checked]) -> Value {
    let rules = Finding::IDS.map(|(id, text)| json!({ "id": id, "shortDescription": { "text": text } }));
    let results = checked.iter().flat_map(|checked| checked.findings.iter().map(|finding| result(checked, finding)));
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "sops-rs",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

fn result(checked: &Checked, finding: &Finding) -> Value {
    let uri = checked.file.split('/').map(percent_encoded).collect::<Vec<_>>().join("/");
    json!({
        "ruleId": finding.id(),
        "level": if finding.is_remark() { "note" } else { "error" },
        "message": { "text": finding.to_string() },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri } } }],
    })
}

/// A segment of a path as a URI has it (RFC 3986, section 2.1).
fn percent_encoded(segment: &str) -> String {
    let encoded = segment.bytes().map(|byte| {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    });
    encoded.collect()
}
