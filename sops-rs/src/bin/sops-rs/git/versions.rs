//! The three versions of a file that a merge is about, opened.

use sops::document::{CheckMac, Opened};
use sops::merge::{Merged, Prefer, Sides, three_way};
use sops::metadata::{KeyGroup, Metadata};
use sops::{Branch, Document, Error, Format};

use crate::failure::{Failure, code};
use crate::opened::{self, Keyring};

/// One version.
enum Version {
    /// There is none: the file was added on both sides.
    Absent,
    /// It was not encrypted yet.
    Plain(Vec<Branch>),
    Encrypted(Box<(Document, Opened)>),
}

impl Version {
    fn branches(&self) -> &[Branch] {
        match self {
            Version::Absent => &[],
            Version::Plain(branches) => branches,
            Version::Encrypted(file) => &file.1.branches,
        }
    }

    fn metadata(&self) -> Option<&Metadata> {
        match self {
            Version::Encrypted(file) => file.0.metadata(),
            _ => None,
        }
    }
}

/// A base and two sides that are both encrypted.
pub(super) struct Versions {
    base: Version,
    ours: (Document, Opened),
    theirs: (Document, Opened),
}

/// Which side something comes from.
#[derive(Clone, Copy)]
enum Side {
    Ours,
    Theirs,
}

impl Versions {
    /// Opens the versions. `None` if neither side is encrypted: then the file is none of ours.
    pub(super) fn open(texts: [&[u8]; 3], format: Format, keyring: &Keyring) -> Result<Option<Versions>, Failure> {
        let [base, ours, theirs] = texts;
        let name = |failure: Failure, side: &str| failure.about(side);
        let ours = version(ours, format, keyring).map_err(|failure| name(failure, "our version"))?;
        let theirs = version(theirs, format, keyring).map_err(|failure| name(failure, "their version"))?;
        match (ours, theirs) {
            (Version::Encrypted(mut ours), Version::Encrypted(mut theirs)) => {
                let base = version(base, format, keyring).map_err(|failure| name(failure, "the common ancestor"))?;
                ours.1.remember(&theirs.1);
                theirs.1.remember(&ours.1);
                Ok(Some(Versions { base, ours: *ours, theirs: *theirs }))
            }
            (Version::Encrypted(_), _) | (_, Version::Encrypted(_)) => {
                Err(Failure::new(code::GENERIC, "the file is encrypted on one side only")
                    .hint("encrypt it on the other side too, then merge again"))
            }
            _ => Ok(None),
        }
    }

    /// The merge of the values.
    pub(super) fn merge(&self, prefer: Prefer) -> Merged {
        let (ours, theirs) = (&self.ours.1.branches, &self.theirs.1.branches);
        three_way(Sides { base: self.base.branches(), ours, theirs }, prefer)
    }

    /// The merged values as a file: for the master keys and under the rules of the side that changed them.
    pub(super) fn encrypt(&self, branches: &[Branch]) -> Result<Document, Failure> {
        let keys = self.side(|metadata| (metadata.groups.clone(), metadata.shamir_threshold), same_names)?;
        let rules = self.side(|metadata| (metadata.selector.clone(), metadata.mac_only_encrypted), |_, _| false)?;
        let (document, opened) = self.of(keys);
        let metadata = document.metadata().ok_or(Error::NotEncrypted)?;
        let with_rules = self.of(rules).0.with_keys(metadata.groups.clone(), metadata.shamir_threshold)?;
        Ok(opened::edit(&with_rules, opened, branches, false)?.0)
    }

    fn of(&self, side: Side) -> (&Document, &Opened) {
        let (document, opened) = match side {
            Side::Ours => &self.ours,
            Side::Theirs => &self.theirs,
        };
        (document, opened)
    }

    /// The side that changed what `part` gives; `alike` says when two changes come to the same.
    fn side<T: PartialEq>(
        &self,
        part: impl Fn(&Metadata) -> T,
        alike: impl Fn(&T, &T) -> bool,
    ) -> Result<Side, Failure> {
        let base = self.base.metadata().map(&part);
        let [ours, theirs] = [&self.ours.0, &self.theirs.0].map(|document| document.metadata().map(&part));
        if ours == theirs || base == theirs {
            return Ok(Side::Ours);
        }
        if base == ours {
            return Ok(Side::Theirs);
        }
        match (&ours, &theirs) {
            (Some(ours), Some(theirs)) if alike(ours, theirs) => Ok(Side::Ours),
            _ => Err(Failure::new(code::GENERIC, "both sides changed the master keys or the rules of the file")
                .hint("run `sops-rs updatekeys` on one side so that both agree, then merge again")),
        }
    }
}

/// Both sides rotated the data key, or wrapped it anew, for the same master keys.
fn same_names(ours: &(Vec<KeyGroup>, Option<i64>), theirs: &(Vec<KeyGroup>, Option<i64>)) -> bool {
    let names = |groups: &[KeyGroup]| -> Vec<Vec<String>> {
        groups
            .iter()
            .map(|group| group.0.iter().map(|key| format!("{}:{}", key.kind(), key.name())).collect())
            .collect()
    };
    ours.1 == theirs.1 && names(&ours.0) == names(&theirs.0)
}

fn version(text: &[u8], format: Format, keyring: &Keyring) -> Result<Version, Failure> {
    if text.is_empty() {
        return Ok(Version::Absent);
    }
    let document = Document::load(format, text)?;
    if !document.is_encrypted() {
        return Ok(Version::Plain(document.branches().to_vec()));
    }
    let key = keyring.open(&document)?;
    let opened = document.open(&key, CheckMac::Yes)?;
    Ok(Version::Encrypted(Box::new((document, opened))))
}
