//! Whole files of SOPS: a changed one never opens as if it were whole, and merging loses nothing.

use std::sync::LazyLock;

use sops::merge::{Prefer, Sides, three_way};
use sops::tree::{Branch, Value};
use sops::value::encoding::encode;
use sops::value::is_encrypted_comment;
use sops::{CheckMac, DataKey, Document, Format, Identity};

use super::formats::{encrypted, pairs, same, values};

/// Files of the original that all open with the same identities: the seeds of this target.
const FILES: [(Format, &[u8]); 9] = [
    (Format::Yaml, include_bytes!("../corpus/sops_document/whole.yaml")),
    (Format::Json, include_bytes!("../corpus/sops_document/whole.json")),
    (Format::Dotenv, include_bytes!("../corpus/sops_document/whole.env")),
    (Format::Ini, include_bytes!("../corpus/sops_document/whole.ini")),
    (Format::Binary, include_bytes!("../corpus/sops_document/whole.bin")),
    (Format::Yaml, include_bytes!("../corpus/sops_document/groups.yaml")),
    (Format::Dotenv, include_bytes!("../corpus/sops_document/groups.env")),
    (Format::Yaml, include_bytes!("../corpus/sops_document/mac-only-encrypted.yaml")),
    (Format::Yaml, include_bytes!("../corpus/sops_document/comment-regex.yaml")),
];

/// A value that was opened.
struct Leaf {
    /// The path that it is bound to.
    path: String,
    bytes: Vec<u8>,
    /// Whether it came out as it went in. The type is not authenticated: as a number, text may come out in another form.
    verbatim: bool,
}

struct Original {
    key: DataKey,
    leaves: Leaves,
}

/// What a file held.
#[derive(Default)]
struct Leaves {
    opened: Vec<Leaf>,
    /// All values that the MAC covers, as it sees them.
    covered: Vec<u8>,
}

static IDENTITIES: LazyLock<Vec<Identity>> = LazyLock::new(|| {
    Identity::parse(include_str!("../keys/age.txt")).unwrap_or_else(|error| panic!("the identities: {error}"))
});

static ORIGINALS: LazyLock<Vec<Original>> = LazyLock::new(|| {
    let original = |(format, bytes)| {
        let document = Document::load(format, bytes)?;
        let key = document.data_key(&IDENTITIES)?;
        let leaves = leaves(&document, &document.decrypt(&key)?);
        Ok(Original { key, leaves })
    };
    FILES
        .into_iter()
        .map(|file| original(file).unwrap_or_else(|error: sops::Error| panic!("a seed: {error}")))
        .collect()
});

/// A file that is encrypted, or was before it was changed.
pub fn document(bytes: &[u8]) {
    for format in Format::ALL {
        let Some(document) = encrypted(format, bytes) else { continue };
        let _ = (sops::check::file(&document), document.check_unambiguous(), document.data_key(&IDENTITIES));
        for original in ORIGINALS.iter() {
            judge(&document, original);
        }
    }
}

/// Whatever opens was encrypted for this very path; what passes as whole has the values of the original in their order.
fn judge(document: &Document, original: &Original) {
    let Ok(opened) = document.open(&original.key, CheckMac::No) else { return };
    let found = leaves(document, &opened.branches);
    for leaf in found.opened.iter().filter(|leaf| leaf.verbatim) {
        let mut known = original.leaves.opened.iter();
        let is_known = known.any(|known| known.path == leaf.path && known.bytes == leaf.bytes);
        assert!(is_known, "a value opens to what was never encrypted at {}", leaf.path);
    }
    if document.decrypt(&original.key).is_ok() {
        assert!(found.covered == original.leaves.covered, "a changed file passes as whole");
    }
}

fn leaves(document: &Document, opened: &[Branch]) -> Leaves {
    let only_encrypted = document.metadata().is_some_and(|metadata| metadata.mac_only_encrypted);
    let mut walk = Walk { only_encrypted, path: Vec::new(), leaves: Leaves::default() };
    for (sealed, opened) in document.branches().iter().zip(opened) {
        walk.branch(sealed, opened);
    }
    walk.leaves
}

/// A walk through a file and what it opened to, side by side.
struct Walk {
    only_encrypted: bool,
    path: Vec<String>,
    leaves: Leaves,
}

impl Walk {
    fn branch(&mut self, sealed: &Branch, opened: &Branch) {
        for ((key, sealed), (_, opened)) in pairs(sealed).zip(pairs(opened)) {
            self.path.push(key.clone());
            self.value(sealed, opened);
            self.path.pop();
        }
    }

    fn value(&mut self, sealed: &Value, opened: &Value) {
        match (sealed, opened) {
            (Value::Map(sealed), Value::Map(opened)) => self.branch(sealed, opened),
            (Value::List(sealed), Value::List(opened)) => {
                // Comments of a list are encrypted as elements, and are comments when they are opened.
                let is_comment = |value: &&Value| matches!(value, Value::Str(text) if is_encrypted_comment(text));
                let (sealed, opened): (Vec<_>, Vec<_>) = (values(sealed).collect(), values(opened).collect());
                let sealed = if sealed.len() == opened.len() {
                    sealed
                } else {
                    sealed.into_iter().filter(|value| !is_comment(value)).collect()
                };
                sealed.into_iter().zip(opened).for_each(|(sealed, opened)| self.value(sealed, opened));
            }
            _ => self.leaf(sealed, opened),
        }
    }

    fn leaf(&mut self, sealed: &Value, opened: &Value) {
        let Some((_, bytes)) = encode(opened) else { return };
        let was_opened = sealed != opened;
        if was_opened || !self.only_encrypted {
            self.leaves.covered.extend_from_slice(&bytes);
        }
        if was_opened {
            let verbatim = matches!(opened, Value::Str(_) | Value::Bytes(_));
            self.leaves.opened.push(Leaf { path: self.path.join(":"), bytes: bytes.to_vec(), verbatim });
        }
    }
}

/// Three versions of a file, with a byte between them that no text has.
pub fn merge(bytes: &[u8]) {
    let mut versions =
        bytes.splitn(3, |byte| *byte == 0xff).map(|version| Format::Yaml.load(version).unwrap_or_default());
    let [base, ours, theirs] = std::array::from_fn(|_| versions.next().unwrap_or_default());
    for prefer in [Prefer::Ours, Prefer::Theirs] {
        let _ = three_way(Sides { base: &base, ours: &ours, theirs: &theirs }, prefer);
        for (sides, expected) in [
            (Sides { base: &base, ours: &base, theirs: &theirs }, &theirs),
            (Sides { base: &base, ours: &ours, theirs: &base }, &ours),
            (Sides { base: &base, ours: &ours, theirs: &ours }, &ours),
        ] {
            let merged = three_way(sides, prefer);
            assert!(merged.conflicts.is_empty(), "one side alone is in conflict");
            assert!(same(&merged.branches, expected), "the change of one side is lost");
        }
    }
}
