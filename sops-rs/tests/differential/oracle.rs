//! The original's own packages in one long-lived process: a question and an answer a line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sops::Format;

use crate::cases::{Case, Keys};
use crate::peer::peer;

/// What the original says: bytes, or why there are none.
pub(crate) type Answer = Result<Vec<u8>, String>;

pub(crate) struct Oracle {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    pub(crate) fn new(keys: &Keys) -> Oracle {
        let mut command = Command::new(peer("sops-oracle"));
        command.env_clear().env("HOME", "/nonexistent").env("SOPS_AGE_KEY", &keys.identities);
        command.env("GNUPGHOME", keys.rings.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let questions = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Oracle { child, questions, answers }
    }

    fn ask(&mut self, question: &Value) -> Answer {
        let questions = self.questions.as_mut().unwrap();
        writeln!(questions, "{question}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(STANDARD.decode(answer["bytes"].as_str().unwrap_or_default()).unwrap()),
        }
    }

    pub(crate) fn encrypt(&mut self, case: &Case, keys: &Keys) -> Answer {
        let groups: Vec<Vec<&str>> = case.groups.iter().map(|group| keys.recipients(group)).collect();
        self.ask(&json!({
            "do": "encrypt",
            "in": case.input.name(),
            "out": case.output.name(),
            "bytes": STANDARD.encode(&case.document),
            "selector": case.selector.name(),
            "text": case.selector.text(),
            "mac_only_encrypted": case.mac_only_encrypted,
            "groups": groups,
            "threshold": case.threshold.unwrap_or_default(),
            "indent": case.indent,
        }))
    }

    pub(crate) fn decrypt(&mut self, bytes: &[u8], input: Format, output: Format) -> Answer {
        self.ask(&json!({
            "do": "decrypt", "in": input.name(), "out": output.name(), "bytes": STANDARD.encode(bytes),
        }))
    }

    pub(crate) fn convert(&mut self, bytes: &[u8], input: Format, output: Format) -> Answer {
        self.ask(&json!({
            "do": "convert", "in": input.name(), "out": output.name(), "bytes": STANDARD.encode(bytes),
        }))
    }

    /// The values of a plain file without its comments, as the original reads it: a line for each.
    pub(crate) fn leaves_of_plain(&mut self, bytes: &[u8], format: Format) -> Answer {
        self.ask(&json!({ "do": "leaves of plain", "in": format.name(), "bytes": STANDARD.encode(bytes) }))
    }

    /// The same of an encrypted file once it is opened.
    pub(crate) fn leaves_of_encrypted(&mut self, bytes: &[u8], format: Format) -> Answer {
        self.ask(&json!({ "do": "leaves of encrypted", "in": format.name(), "bytes": STANDARD.encode(bytes) }))
    }

    /// Whether Go's `regexp` finds the expression in each of the texts.
    pub(crate) fn finds(&mut self, expression: &str, texts: &[&str]) -> Result<Vec<bool>, String> {
        let found = self.ask(&json!({ "do": "match", "text": expression, "texts": texts }))?;
        Ok(found.iter().map(|found| *found == 1).collect())
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        // It ends when its questions do.
        self.questions.take();
        let _ = self.child.wait();
    }
}
