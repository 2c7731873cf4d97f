//! The parsers of SOPS: a file that is encrypted opens to the values it had, or is refused; what YAML and JSON write of what
//! they read is read as the same.

use async_trait::async_trait;
use futures::FutureExt as _;
use jiff::Timestamp;
use sops::tree::{Branch, Entry, Item, Value};
use sops::value::encoding::encode;
use sops::{Creation, DataKey, Document, Error, Format, KeyError, KeyGroup, KeyId, KeyService};
use zeroize::Zeroizing;

/// YAML.
pub fn yaml(bytes: &[u8]) {
    rewritten(Format::Yaml, bytes);
    resealed(Format::Yaml, bytes);
}

/// JSON.
pub fn json(bytes: &[u8]) {
    rewritten(Format::Json, bytes);
    resealed(Format::Json, bytes);
}

/// dotenv.
pub fn dotenv(bytes: &[u8]) {
    resealed(Format::Dotenv, bytes);
}

/// INI.
pub fn ini(bytes: &[u8]) {
    resealed(Format::Ini, bytes);
}

/// A binary file, and its envelope when it is encrypted.
pub fn binary(bytes: &[u8]) {
    resealed(Format::Binary, bytes);
    let written = Format::Binary.load(bytes).and_then(|branches| Format::Binary.emit(&branches, None));
    assert!(written.is_ok_and(|written| *written == bytes), "a binary file is written as it was read");
    encrypted(Format::Binary, bytes);
}

/// The metadata of formats that nest once at most, spelled out in names.
pub fn flattened(bytes: &[u8]) {
    encrypted(Format::Dotenv, bytes);
    encrypted(Format::Ini, bytes);
}

/// Reads, writes and reads a plain file. Values of dotenv and INI, whose writers are those of the original to the byte, do
/// not all come back: what is refused there is to encrypt them.
fn rewritten(format: Format, bytes: &[u8]) {
    let Ok(read) = format.load(bytes) else { return };
    let written = match format.emit(&read, None) {
        Ok(written) => written,
        // What it has no form for, it says.
        Err(Error::Shape { .. } | Error::Empty) => return,
        Err(error) => panic!("what was read is not written: {error}"),
    };
    let again = format.load(&written).unwrap_or_else(|error| panic!("what was written is not read: {error}"));
    assert!(same(&read, &again), "what was written reads as something else:\n{}", shown(&written));
    // Comments may move once more; values may not.
    let once_more = format.emit(&again, None).unwrap_or_else(|error| panic!("it is not written twice: {error}"));
    let once_more = format.load(&once_more).unwrap_or_else(|error| panic!("it is not read twice: {error}"));
    assert!(same(&read, &once_more), "what was written twice reads as something else:\n{}", shown(&written));
}

/// Encrypts a plain file, writes, reads and opens it.
fn resealed(format: Format, bytes: &[u8]) {
    let Ok(plain) = Document::plain(format, bytes, format) else { return };
    let groups = [KeyGroup::new([KeyId::Age("age1".to_owned())], "")];
    let now = Timestamp::UNIX_EPOCH;
    let (shamir_threshold, selector, allow_unencrypted, mac_only_encrypted) = (None, None, false, false);
    let creation = Creation { groups: &groups, shamir_threshold, selector, allow_unencrypted, mac_only_encrypted, now };
    // The first that is drawn is the data key; no nonce is drawn twice.
    let mut drawn: u64 = 0;
    let mut random = |bytes: &mut [u8]| {
        bytes.fill(0);
        bytes.iter_mut().zip(drawn.to_le_bytes()).for_each(|(byte, part)| *byte = part);
        drawn += 1;
        Ok(())
    };
    let sealed = plain.encrypt(&creation, &[&Nobody], &mut random).now_or_never();
    let Some(Ok((sealed, _))) = sealed else { return };
    // What would not open again is refused.
    let Ok(written) = sealed.emit(format, None) else { return };
    let read =
        Document::load(format, &written).unwrap_or_else(|error| panic!("what was encrypted is not read: {error}"));
    let opened = read.decrypt(&DataKey::new([0; 32]));
    let opened = opened.unwrap_or_else(|error| panic!("what was encrypted does not open: {error}"));
    assert!(same(plain.branches(), &opened), "what was encrypted opens to something else:\n{}", shown(&written));
    let _ = format.emit(&opened, None);
}

/// Wraps no data key.
struct Nobody;

#[async_trait]
impl KeyService for Nobody {
    async fn wrap(&self, _: &KeyId, _: &[u8]) -> Result<String, KeyError> {
        Ok("nothing".to_owned())
    }

    async fn unwrap(&self, key: &KeyId, _: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        Err(KeyError::Unsupported(key.kind().to_owned()))
    }
}

/// Reads a file as one that is encrypted, and writes and reads it again.
pub(super) fn encrypted(format: Format, bytes: &[u8]) -> Option<Document> {
    let document = Document::load(format, bytes).ok().filter(Document::is_encrypted)?;
    if let Ok(written) = document.emit(format, None) {
        let again =
            Document::load(format, &written).unwrap_or_else(|error| panic!("what was written is not read: {error}"));
        let (before, after) = (metadata(&document), metadata(&again));
        assert!(before == after, "the metadata was written as something else:\n{before}\n{after}");
        assert!(same(document.branches(), again.branches()), "what was written reads as something else");
    }
    Some(document)
}

/// The block as text; it holds nothing secret.
fn metadata(document: &Document) -> String {
    let block = document.metadata().map(sops::Metadata::write).unwrap_or_default();
    let text = Format::Json.emit(&[block], None).unwrap_or_else(|error| panic!("metadata is not written: {error}"));
    shown(&text)
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// Whether documents hold the same values, as the MAC sees them: where JSON writes 1.0 as 1, it is an integer afterwards.
/// Comments do not count.
pub(super) fn same(one: &[Branch], other: &[Branch]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_branch(one, other))
}

fn same_branch(one: &Branch, other: &Branch) -> bool {
    let (one, other): (Vec<_>, Vec<_>) = (pairs(one).collect(), pairs(other).collect());
    one.len() == other.len()
        && one.iter().zip(&other).all(|(one, other)| one.0 == other.0 && same_value(one.1, other.1))
}

fn same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Map(one), Value::Map(other)) => same_branch(one, other),
        (Value::List(one), Value::List(other)) => {
            let (one, other): (Vec<_>, Vec<_>) = (values(one).collect(), values(other).collect());
            one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| same_value(one, other))
        }
        _ => one == other || encode(one).zip(encode(other)).is_some_and(|((_, one), (_, other))| one == other),
    }
}

/// The pairs of a mapping.
pub(super) fn pairs(branch: &Branch) -> impl Iterator<Item = (&String, &Value)> {
    branch.0.iter().filter_map(|entry| match entry {
        Entry::Pair(key, value) => Some((key, value)),
        Entry::Comment(_) => None,
    })
}

/// The elements of a list.
pub(super) fn values(items: &[Item]) -> impl Iterator<Item = &Value> {
    items.iter().filter_map(|item| match item {
        Item::Value(value) => Some(value),
        Item::Comment(_) => None,
    })
}
