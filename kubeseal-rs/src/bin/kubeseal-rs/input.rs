//! The input of the program to Secrets: which format it is in, and where one document ends.

use anyhow::{Context as _, Result};
use serde_json::error::Category;

use crate::failure::Failure;
use crate::node::Node;
use crate::secret::Secret;
use crate::yaml_input;

/// Reads every Secret of a stream of JSON objects or YAML documents. Empty documents are passed over; anything that is
/// neither empty nor a Secret is an error, because a document that was left out would be missed only in the cluster.
/// Each comes with the number of its document, from 1.
pub(crate) fn secrets(bytes: &[u8]) -> Result<Vec<(usize, Secret)>> {
    let mut secrets = Vec::new();
    for (number, document) in (1..).zip(documents_in(bytes)?) {
        let secret = Secret::from_document(document).with_context(|| format!("document {number}"))?;
        secrets.extend(secret.map(|secret| (number, secret)));
    }
    if secrets.is_empty() {
        return Err(Failure::with_hint(
            "the input holds no Secret",
            "give a Secret as JSON or YAML, or use --raw for a value",
        ));
    }
    Ok(secrets)
}

/// The documents of a text in UTF-8, empty ones included.
pub(crate) fn documents_in(bytes: &[u8]) -> Result<Vec<Node>> {
    let text = str::from_utf8(bytes).map_err(|_| {
        Failure::with_hint("the input is not UTF-8", "save the file as UTF-8; some shells write UTF-16")
    })?;
    documents(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Text that begins like JSON is read as JSON. When that fails it may still be YAML in JSON's clothes, such as objects
/// with `---` between them, so the YAML parser is asked; when it fails as well, the JSON error is the one to tell.
pub(crate) fn documents(text: &str) -> Result<Vec<Node>> {
    if !text.trim_start().starts_with('{') {
        return yaml_input::documents(text);
    }
    let stream = serde_json::Deserializer::from_str(text).into_iter::<Node>();
    match stream.collect::<Result<Vec<Node>, _>>() {
        Ok(documents) => Ok(documents),
        Err(error) => yaml_input::documents(text).map_err(|_| malformed(&error)),
    }
}

fn malformed(error: &serde_json::Error) -> anyhow::Error {
    let place = format!("line {}, column {}", error.line(), error.column());
    let message = match error.classify() {
        Category::Eof => "the input ends in the middle of a JSON object".to_owned(),
        _ => format!("the input is not valid JSON at {place}"),
    };
    Failure::with_hint(message, "check the quotes, commas and braces there")
}
