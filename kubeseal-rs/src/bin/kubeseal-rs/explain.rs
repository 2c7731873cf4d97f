//! `kubeseal-rs explain`: why a SealedSecret does not open. Who holds the keys is told what it was sealed for; who does not is
//! told what everybody may see: the file itself, and what the cluster shows to whoever may read the object.

mod backup;
mod observed;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ValueEnum;
use jiff::Timestamp;
use kubeseal::{Place, Scope};
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::explain::backup::Search;
use crate::failure::Failure;
use crate::layout::located::documents;
use crate::sealed_file::{self, SealedObject};
use crate::{commands, files, output, recovery_keys};

const EXAMPLES: &str = "\
Examples:
  Ask the cluster: does it open there, what do its status and its events say?
    kubeseal-rs explain sealed-secret.yaml

  With a backup of the sealing keys, find the name, the namespace or the scope that it was sealed for:
    kubeseal-rs explain --key keys.yaml sealed-secret.yaml

  It may have had another name, or have been in another namespace:
    kubeseal-rs explain --key keys.yaml --was shop/database --was legacy/ sealed-secret.yaml

Exit status: 0 everything opens, 1 something does not or could not be asked, 2 wrong usage.";

/// Says why a SealedSecret does not open: renamed, moved, scope changed, cut off, or sealed with another cluster's key
///
/// With --key the sealing keys are tried here, under every name, namespace and scope that is worth a try. Without it the
/// controller is asked whether the object opens, and the cluster for its status and events, as far as you may read them.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// File with SealedSecrets; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Sealing keys to try: PEM private keys, or Secrets as kubectl prints them. May be repeated
    #[arg(long = "key", value_name = "FILE", visible_alias = "recovery-private-key")]
    keys: Vec<PathBuf>,

    /// With --key: another namespace and name that it may have been sealed for; either may be empty. May be repeated
    #[arg(long, value_name = "NAMESPACE/NAME", requires = "keys")]
    was: Vec<String>,

    /// How to report
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    report: Form,

    #[command(flatten)]
    connection: Connection,
}

/// How it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    #[default]
    Text,
    Json,
}

/// What is known about one object.
struct Explained {
    place: Place,
    /// What the cluster says about the object as a whole; empty with a key backup.
    observed: Vec<observed::Fact>,
    values: Vec<ExplainedValue>,
    opens: Option<bool>,
}

/// What is known about one value.
struct ExplainedValue {
    key: String,
    opens: Option<bool>,
    /// One clause.
    finding: String,
    hint: Option<String>,
    facts: Value,
}

/// Does it, and answers with the exit status.
pub(crate) fn run(options: &Options, _: Timestamp) -> Result<u8> {
    let bytes = if options.file.as_os_str() == "-" {
        files::standard_input("a SealedSecret as YAML or JSON")?
    } else {
        files::read(&options.file)?
    };
    let objects = objects(&bytes)?;
    let namespace = commands::namespace(&options.connection);
    let explained = if options.keys.is_empty() {
        observed::explain(&objects, namespace.as_deref(), &options.connection)?
    } else {
        let keyring = recovery_keys::read(&commands::paths(&options.keys))?;
        let was = options.was.iter().map(|text| former(text)).collect::<Result<Vec<_>>>()?;
        let search = Search { keyring: &keyring, objects: &objects, namespace: namespace.as_deref(), was: &was };
        objects.iter().map(|object| search.explain(object)).collect()
    };
    let text = match options.report {
        Form::Text => explained.iter().map(text).collect::<String>(),
        Form::Json => format!("{:#}\n", Value::Array(explained.iter().map(object_json).collect())),
    };
    output::write(None, text.as_bytes())?;
    Ok(if explained.iter().all(|object| object.opens == Some(true)) { 0 } else { crate::FAILED })
}

fn objects(bytes: &[u8]) -> Result<Vec<SealedObject>> {
    let Ok(text) = str::from_utf8(bytes) else { bail!("the file is not UTF-8") };
    let trees = documents(text).map_err(|malformed| {
        let message = format!("line {} is neither YAML nor JSON", malformed.line);
        Failure::with_hint(message, "check the indentation and the quotes there")
    })?;
    let objects = sealed_file::objects(&trees);
    if objects.is_empty() {
        return Err(Failure::with_hint("the file holds no SealedSecret", "its apiVersion is bitnami.com/v1alpha1"));
    }
    Ok(objects)
}

/// `NAMESPACE/NAME`, with either half empty.
fn former(text: &str) -> Result<(String, String)> {
    let halves = text.split_once('/').filter(|(namespace, name)| !(namespace.is_empty() && name.is_empty()));
    let (namespace, name) = halves.ok_or_else(|| {
        Failure::with_hint(
            format!("--was {text} names no place"),
            "write NAMESPACE/NAME; either may be empty: shop/ or /db",
        )
    })?;
    Ok((namespace.to_owned(), name.to_owned()))
}

fn text(object: &Explained) -> String {
    let mut lines = vec![format!("{} (scope {})", named(&object.place), object.place.scope)];
    let mut say = |what: String, hint: Option<&str>| {
        lines.push(what);
        lines.extend(hint.map(|hint| format!("    hint: {hint}")));
    };
    for fact in &object.observed {
        say(format!("  {}: {}", fact.what, fact.text), fact.hint);
    }
    for value in &object.values {
        say(format!("  `{}`: {}", value.key, value.finding), value.hint.as_deref());
    }
    lines.join("\n") + "\n"
}

fn named(place: &Place) -> String {
    let namespace = if place.namespace.is_empty() { "(no namespace)" } else { &place.namespace };
    format!("{namespace}/{}", place.name)
}

fn object_json(object: &Explained) -> Value {
    let value = |value: &ExplainedValue| {
        let mut facts = value.facts.clone();
        facts["key"] = json!(value.key);
        facts["opens"] = json!(value.opens);
        facts["finding"] = json!(value.finding);
        facts["hint"] = json!(value.hint);
        facts
    };
    let observed: Vec<Value> =
        object.observed.iter().map(|fact| json!({ "what": fact.what, "text": fact.text, "hint": fact.hint })).collect();
    json!({
        "namespace": object.place.namespace,
        "name": object.place.name,
        "scope": object.place.scope.as_str(),
        "opens": object.opens,
        "observed": observed,
        "values": object.values.iter().map(value).collect::<Vec<_>>(),
    })
}

/// What a value is wrong with before any key is tried: no text, or no base64.
fn unreadable(key: &str, text: Option<&str>) -> Result<Vec<u8>, ExplainedValue> {
    let (finding, hint) = match text.map(kubeseal::decode_base64) {
        Some(Ok(blob)) => return Ok(blob),
        Some(Err(_)) => ("it is not valid base64", "compare it with the last commit that worked"),
        None => ("there is no text", "seal the value, or take the key out"),
    };
    Err(ExplainedValue {
        key: key.to_owned(),
        opens: Some(false),
        finding: finding.to_owned(),
        hint: Some(hint.to_owned()),
        facts: json!({}),
    })
}

fn first_format() -> ExplainedValue {
    ExplainedValue {
        key: "spec.data".to_owned(),
        opens: None,
        finding: "it has the deprecated first format, which is not explained".to_owned(),
        hint: Some("seal its Secret again".to_owned()),
        facts: json!({}),
    }
}

/// The scope in the words of the annotations.
fn scope_hint(scope: Scope) -> String {
    match scope.annotation() {
        Some(annotation) => format!("annotate it with {annotation}: \"true\""),
        None => "take the annotations of a wider scope away".to_owned(),
    }
}
