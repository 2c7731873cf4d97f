//! `set`: one value of an encrypted file, in place.

use std::collections::HashSet;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::{fs, mem};

use clap::{Args, ValueHint};
use sops::Format;
use sops::tree::{Entry, Item, Value};
use zeroize::Zeroizing;

use crate::args::Global;
use crate::args::services::{OrderFlag, ServiceFlags};
use crate::args::types::TypeFlags;
use crate::change;
use crate::failure::{Failure, code};
use crate::index::{self, Step};
use crate::input::Source;
use crate::opened::{Keyring, Opened, emit};
use crate::output::{self, Secrecy};
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  sops-rs set secrets.yaml '[\"db\"][\"password\"]' '\"hunter2\"'      a value is JSON: text needs its quotes
  sops-rs set secrets.yaml '[\"hosts\"][0]' '{\"name\": \"a\"}'
  pass db | jq -R . | sops-rs set --value-stdin secrets.yaml '[\"db\"][\"password\"]'
  sops-rs set --value-file secrets.yaml '[\"tls\"]' tls.json

The value on the command line is seen by whoever may list processes: --value-stdin and --value-file are not.
An index past the end of a list appends. Of several YAML documents the first is changed.";

/// Flags of `set`.
#[derive(Args, Default)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Set {
    /// The file
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    #[arg(help = "Where: '[\"key\"][0]'")]
    pub(crate) index: Option<String>,
    /// The value as JSON; with --value-file the name of a file that has it
    #[arg(allow_negative_numbers = true)]
    pub(crate) value: Option<String>,
    #[arg(hide = true)]
    pub(crate) surplus: Vec<String>,
    /// Read the value from the file that VALUE names
    #[arg(long)]
    pub(crate) value_file: bool,
    /// Read the value from standard input
    #[arg(long)]
    pub(crate) value_stdin: bool,
    /// Leave the file as it is if it has this value already
    #[arg(long)]
    pub(crate) idempotent: bool,
    /// Change the file even if its MAC does not match
    #[arg(long)]
    pub(crate) ignore_mac: bool,
    /// Changes nothing, as in the original
    #[arg(long, hide = true)]
    pub(crate) shamir_secret_sharing_threshold: Option<i64>,
    #[command(flatten)]
    pub(crate) types: TypeFlags,
    #[command(flatten)]
    pub(crate) order: OrderFlag,
    #[command(flatten)]
    pub(crate) services: ServiceFlags,
}

impl Set {
    /// Sets the value.
    pub(crate) fn run(&self, global: &Global) -> Result<(), Failure> {
        let (file, index) = self.words()?;
        let path = parse_index(index)?;
        let value = json_value(&self.text()?)?;
        let source = Source::new(Some(file), None);
        let settings = Settings::load(global)?;
        let format = source.input_format(self.types.input());
        let keyring = Keyring::new(&self.services, &self.order)?;
        let mut opened = Opened::open(&source, format, &keyring, self.ignore_mac)?;
        let changed = change::set(opened.first()?, &path, value).map_err(|error| {
            Failure::new(code::BAD_ASSIGNMENT, format!("`{index}`: {error}")).about(&source.label())
        })?;
        if !changed && self.idempotent {
            return Ok(());
        }
        let out = source.output_format(self.types.output());
        let bytes = emit(&opened.encrypt(false)?, out, settings.indent(out))?;
        output::replace(file, &bytes, Secrecy::Ciphertext)
    }

    fn words(&self) -> Result<(&std::path::Path, &str), Failure> {
        if self.value_file && self.value_stdin {
            return Err(Failure::new(code::GENERIC, "--value-file and --value-stdin exclude each other"));
        }
        let missing =
            |message: &str| Err(Failure::new(code::NO_FILE, message).hint("`sops-rs set --help` shows examples"));
        match (&self.file, &self.index, &self.value) {
            _ if !self.surplus.is_empty() => missing("set takes a file, an index and a value, and nothing else"),
            (Some(_), Some(_), Some(_)) if self.value_stdin => {
                missing("with --value-stdin there is no value behind the index")
            }
            (Some(file), Some(index), Some(_)) => Ok((file, index)),
            (Some(file), Some(index), None) if self.value_stdin => Ok((file, index)),
            _ => missing("set needs a file, an index and a value"),
        }
    }

    /// The JSON text.
    fn text(&self) -> Result<Zeroizing<String>, Failure> {
        let mut text = Zeroizing::new(String::new());
        let given = self.value.clone().unwrap_or_default();
        if self.value_stdin {
            io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Failure::new(code::GENERIC, format!("standard input could not be read: {error}")))?;
        } else if self.value_file {
            *text = fs::read_to_string(&given)
                .map_err(|error| Failure::new(code::GENERIC, format!("{given} could not be read: {error}")))?;
        } else {
            *text = given;
        }
        Ok(text)
    }
}

/// Understands the index of `set`.
fn parse_index(index: &str) -> Result<Vec<Step>, Failure> {
    index::parse(index).ok_or_else(|| {
        Failure::new(code::BAD_ASSIGNMENT, "the index is malformed").hint("it has the form '[\"key\"][0]'")
    })
}

/// A JSON text as a value of the tree. As in the original a number at the top is a float, unless that would change it.
fn json_value(text: &str) -> Result<Value, Failure> {
    let wrong =
        || Failure::new(code::BAD_ASSIGNMENT, "the value is not JSON").hint("text needs quotes of its own: '\"text\"'");
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|_| wrong())?;
    let wrapped = Zeroizing::new(format!("{{\"\":{text}}}"));
    let mut loaded = Format::Json.load(wrapped.as_bytes()).map_err(|_| wrong())?;
    let value = match loaded.first_mut().and_then(|branch| branch.0.first_mut()) {
        Some(Entry::Pair(_, value)) => mem::replace(value, Value::Null),
        _ => return Err(wrong()),
    };
    if repeats(&value) {
        return Err(Failure::new(code::BAD_ASSIGNMENT, "the value has a key twice"));
    }
    Ok(match value {
        Value::Int(number) => as_float(number).map_or(value, Value::Float),
        value => value,
    })
}

/// Whether a mapping of the value has a key twice: YAML with it could not be read again.
fn repeats(value: &Value) -> bool {
    match value {
        Value::Map(branch) => {
            let mut keys = HashSet::new();
            branch.0.iter().any(|entry| match entry {
                Entry::Pair(key, below) => !keys.insert(key) || repeats(below),
                Entry::Comment(_) => false,
            })
        }
        Value::List(items) => items.iter().any(|item| matches!(item, Item::Value(below) if repeats(below))),
        _ => false,
    }
}

/// The same number as a float.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "checked by the way back")]
fn as_float(number: i64) -> Option<f64> {
    let float = number as f64;
    // The way back saturates at the largest integer, which no float is.
    (float as i64 == number && number != i64::MAX).then_some(float)
}

/// The two halves of `--set '["key"] JSON'`.
pub(crate) fn split_assignment(text: &str) -> Result<(String, String), Failure> {
    let (index, value) = text.split_once("] ").ok_or_else(|| {
        Failure::new(code::BAD_ASSIGNMENT, "--set has no index and value").hint("it has the form '[\"key\"] \"text\"'")
    })?;
    Ok((format!("{index}]"), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use sops::tree::Value;

    use super::{json_value, split_assignment};

    #[test]
    fn values_are_json() {
        for (text, expected) in [
            ("\"x\"", Value::Str("x".to_owned())),
            ("5", Value::Float(5.0)),
            (" -1.5 ", Value::Float(-1.5)),
            ("9007199254740993", Value::Int(9_007_199_254_740_993)),
            ("9223372036854775807", Value::Int(i64::MAX)),
            ("true", Value::Bool(true)),
            ("null", Value::Null),
        ] {
            assert!(json_value(text).unwrap() == expected, "{text}");
        }
        assert!(matches!(json_value("{\"a\": 1}"), Ok(Value::Map(_))));
        assert!(matches!(json_value("[1]"), Ok(Value::List(_))));
        for text in
            ["", "hunter2", "1}, {", "{\"a\": [{\"b\": 1, \"b\": 2}]}", "1, \"a\": 2", "{", "\"a\" \"b\"", "'x'"]
        {
            let failure = json_value(text).err().unwrap();
            assert!(failure.code == 7 && !failure.message.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn assignments_are_split_at_the_first_bracket_with_a_space() {
        assert_eq!(split_assignment("[\"a\"][0] \"x] y\"").unwrap(), ("[\"a\"][0]".to_owned(), "\"x] y\"".to_owned()));
        assert_eq!(split_assignment("[\"a\"]\"x\"").err().unwrap().code, 7);
    }
}
