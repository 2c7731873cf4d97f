//! `--extract '["key"][0]'`: one part of the first document.

use sops::format::json;
use sops::tree::{Entry, Item, Value};
use sops::{Branch, Format};
use zeroize::Zeroizing;

use crate::failure::{Failure, code};
use crate::index::{self, Step};

/// The text of the part: strings as they are, mappings as a document, anything else as a value of the format.
pub(crate) fn emit(
    branches: &[Branch],
    path: &[Step],
    format: Format,
    indent: Option<usize>,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let found = find(branches, path)?;
    let emitted = match (found, format) {
        (Value::Str(text), _) => Ok(text.as_bytes().to_vec()),
        (Value::Bytes(bytes), _) => Ok(bytes.clone()),
        (Value::Map(branch), _) => {
            return format.emit(std::slice::from_ref(branch), indent).map_err(Failure::not_emitted);
        }
        (value, Format::Json | Format::Ini) => json::emit_value(value, indent).map_err(sops::Error::from),
        (_, Format::Binary) => {
            return Err(Failure::new(code::NOT_EMITTED, "a binary file has no form for a value that is no text"));
        }
        (_, Format::Dotenv) => {
            return Err(Failure::new(code::NOT_EMITTED, "dotenv has no form for a value that is no text"));
        }
        (value, Format::Yaml) => return yaml_value(value, indent).map_err(Failure::not_emitted),
    };
    emitted.map(Zeroizing::new).map_err(Failure::not_emitted)
}

/// YAML emits documents, which are mappings: the value is written as the only one of a mapping and cut out.
fn yaml_value(value: &Value, indent: Option<usize>) -> Result<Zeroizing<Vec<u8>>, sops::Error> {
    let wrapped = Zeroizing::new(Branch(vec![Entry::Pair("v".to_owned(), value.clone())]));
    let text = Format::Yaml.emit(std::slice::from_ref(&*wrapped), indent)?;
    let text = text.strip_prefix(b"v:").unwrap_or(&text);
    if let Some(scalar) = text.strip_prefix(b" ") {
        return Ok(Zeroizing::new(scalar.to_vec()));
    }
    let block = text.strip_prefix(b"\n").unwrap_or(text);
    let margin = block.iter().take_while(|byte| **byte == b' ').count();
    let mut out = Zeroizing::new(Vec::with_capacity(block.len()));
    for line in block.split_inclusive(|byte| *byte == b'\n') {
        out.extend_from_slice(line.get(margin..).unwrap_or(b"\n"));
    }
    Ok(out)
}

fn find<'t>(branches: &'t [Branch], path: &[Step]) -> Result<&'t Value, Failure> {
    let no_document = || Failure::new(code::NO_DOCUMENT, "the file holds no document");
    let missing = |step: &Step| {
        let what = match step {
            Step::Key(key) => format!("there is no key `{key}`"),
            Step::Element(number) => format!("there is no element {number}"),
        };
        Failure::new(code::GENERIC, format!("`{}`: {what}", index::display(path)))
    };
    let mut top = Some(branches.first().ok_or_else(no_document)?);
    let mut value: Option<&Value> = None;
    for step in path {
        value = match (step, top.take(), value) {
            (Step::Key(key), Some(branch), _) | (Step::Key(key), None, Some(Value::Map(branch))) => branch.get(key),
            (Step::Element(number), None, Some(Value::List(items))) => values(items).nth(*number),
            _ => None,
        };
        if value.is_none() {
            return Err(missing(step));
        }
    }
    value.ok_or_else(no_document)
}

fn values(items: &[Item]) -> impl Iterator<Item = &Value> {
    items.iter().filter_map(|item| match item {
        Item::Value(value) => Some(value),
        Item::Comment(_) => None,
    })
}
