//! Where the `sops` block stands in each format.
//!
//! | format | block |
//! |---|---|
//! | YAML, JSON | the value of the key `sops` |
//! | binary | the same, in a JSON object beside the key `data` |
//! | INI | its leaves, flattened, in the section `sops` |
//! | dotenv | its leaves, flattened, as keys that begin with `sops_` |

use crate::error::Error;
use crate::format::flatten::{flatten, unflatten};
use crate::format::read_back::{Reading, first_difference, first_duplicate, has_bytes};
use crate::format::{Format, ShapeError, json};
use crate::metadata::{self, MetadataError};
use crate::tree::{Branch, Entry, Value};

const DOTENV_PREFIX: &str = "sops_";

/// Whether a key at the top belongs to the block.
pub(crate) fn is_reserved(format: Format, key: &str) -> bool {
    match format {
        Format::Dotenv => key.starts_with(DOTENV_PREFIX),
        _ => key == metadata::KEY,
    }
}

/// Reads a file and takes its block off; `None` if there is none and the file is plain.
pub(crate) fn load(format: Format, bytes: &[u8]) -> Result<(Vec<Branch>, Option<Value>), Error> {
    let mut branches = if format == Format::Binary {
        match json::load(bytes) {
            Ok(envelope) if envelope.get(metadata::KEY).is_some() => vec![envelope],
            _ => return Ok((format.load(bytes)?, None)),
        }
    } else {
        format.load(bytes)?
    };
    let block = match branches.first_mut() {
        None => None,
        Some(first) if format == Format::Dotenv => leaves(first)?,
        Some(first) => one(format, first)?,
    };
    if block.is_some() {
        for branch in branches.iter_mut().skip(1) {
            branch.0.retain(|entry| !is_block(format, entry));
        }
    }
    Ok((branches, block))
}

fn is_block(format: Format, entry: &Entry) -> bool {
    matches!(entry, Entry::Pair(key, _) if is_reserved(format, key))
}

fn take(format: Format, branch: &mut Branch) -> Vec<(String, Value)> {
    let (block, rest): (Vec<Entry>, Vec<Entry>) =
        std::mem::take(&mut branch.0).into_iter().partition(|entry| is_block(format, entry));
    branch.0 = rest;
    block
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Pair(key, value) => Some((key, value)),
            Entry::Comment(_) => None,
        })
        .collect()
}

fn leaves(branch: &mut Branch) -> Result<Option<Value>, Error> {
    let leaves = take(Format::Dotenv, branch);
    if leaves.is_empty() {
        return Ok(None);
    }
    let bare = |key: String| key.strip_prefix(DOTENV_PREFIX).map(str::to_owned).unwrap_or(key);
    let leaves = leaves.into_iter().map(|(key, value)| (bare(key), value));
    Ok(Some(Value::Map(unflatten(leaves.collect())?)))
}

fn one(format: Format, branch: &mut Branch) -> Result<Option<Value>, Error> {
    let mut blocks = take(format, branch);
    let Some((_, block)) = blocks.pop() else { return Ok(None) };
    if !blocks.is_empty() {
        return Err(MetadataError::Twice.into());
    }
    match block {
        Value::Map(section) if format == Format::Ini => {
            let leaves = section.0.into_iter().filter_map(|entry| match entry {
                Entry::Pair(key, value) => Some((key, line_breaks(value))),
                Entry::Comment(_) => None,
            });
            Ok(Some(Value::Map(unflatten(leaves.collect())?)))
        }
        other => Ok(Some(other)),
    }
}

/// Most versions write line breaks as `\n`; 3.13.0 and 3.13.1 wrote them as they are.
fn line_breaks(value: Value) -> Value {
    match value {
        Value::Str(text) => Value::Str(text.replace("\\n", "\n")),
        other => other,
    }
}

fn escaped(value: Value) -> Value {
    match value {
        Value::Str(text) => Value::Str(text.replace('\n', "\\n")),
        other => other,
    }
}

/// How an encrypted file is written.
pub(crate) struct Writing<'a> {
    pub(crate) format: Format,
    pub(crate) indent: Option<usize>,
    pub(crate) reading: Reading<'a>,
}

/// Puts the block into the documents of an encrypted file and writes them.
///
/// # Errors
/// [`Error::Shape`] if a key is in the way of the block, if the format cannot hold the documents, or if what it holds
/// of them would not open again.
pub(crate) fn emit(writing: &Writing<'_>, branches: &[Branch], block: &Branch) -> Result<Vec<u8>, Error> {
    let Writing { format, indent, reading } = *writing;
    for (document, branch) in branches.iter().enumerate() {
        for entry in &branch.0 {
            if let Entry::Pair(key, _) = entry
                && is_reserved(format, key)
            {
                return Err(ShapeError::Reserved.at(document, &[key]));
            }
        }
    }
    if !matches!(format, Format::Yaml | Format::Ini) && branches.len() > 1 {
        return Err(ShapeError::Documents.at(1, &[]));
    }
    // Of YAML, only later documents may repeat a key.
    if format == Format::Yaml
        && let Some(path) = branches.first().and_then(first_duplicate)
    {
        return Err(ShapeError::Duplicate.at(0, &path));
    }
    let mut whole = branches.to_vec();
    place(format, &mut whole, block);
    let text = if format == Format::Binary { Format::Json } else { format };
    let bytes = text.write(&whole, indent)?;
    let keeps_values = match text {
        Format::Yaml => true,
        Format::Json => !branches.iter().any(has_bytes),
        _ => false,
    };
    if !keeps_values || reading.rules.read_comments() {
        let lossy = |path: &[&str]| ShapeError::Lossy.at(0, path);
        let (read, _) = load(format, &bytes).map_err(|_| lossy(&[]))?;
        if let Some(path) = first_difference(reading, branches, &read) {
            return Err(lossy(&path));
        }
    }
    Ok(bytes)
}

fn place(format: Format, branches: &mut [Branch], block: &Branch) {
    let section = |value: Branch| Entry::Pair(metadata::KEY.to_owned(), Value::Map(value));
    match format {
        Format::Yaml | Format::Json | Format::Binary => {
            for branch in branches {
                branch.0.push(section(block.clone()));
            }
        }
        Format::Dotenv => {
            let pair = |(key, leaf)| Entry::Pair(format!("{DOTENV_PREFIX}{key}"), leaf);
            let leaves = flatten(block).into_iter().map(pair);
            branches.iter_mut().take(1).for_each(|branch| branch.0.extend(leaves.clone()));
        }
        // All documents become one, which has one block.
        Format::Ini => {
            let leaves = flatten(block).into_iter().map(|(key, leaf)| Entry::Pair(key, escaped(leaf)));
            if let Some(last) = branches.last_mut() {
                last.0.push(section(Branch(leaves.collect())));
            }
        }
    }
}
