//! What can be told about an encrypted file without any key: whether every value its rules want encrypted is, whether
//! its metadata is complete, and whether it is for the master keys that a creation rule names.
//!
//! Findings name places and public keys, never values.

use std::fmt;

#[cfg(feature = "cli")]
use crate::config::CreationRule;
use crate::document::Document;
use crate::error::Error;
#[cfg(feature = "cli")]
use crate::master_key::KeyId;
#[cfg(feature = "cli")]
use crate::metadata::KeyGroup;
use crate::metadata::Metadata;
use crate::path::Place;
use crate::rules::Rules;
use crate::tree::{Branch, Comment, Entry, Item, Value};
use crate::value::encoding::encode;
use crate::value::{Encrypted, Kind, ValueError};
use crate::walk::Position;

#[cfg(test)]
mod tests;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The file has no `sops` block though a creation rule is for it.
    NotEncrypted,
    /// The file cannot be read, or its block not used. The reason quotes no value.
    Unreadable(String),
    /// A value is in clear though the rules of the file want it encrypted.
    InClear(Place),
    /// A comment is in clear though the rules of the file want it encrypted; old versions left them so.
    CommentInClear(Place),
    /// A value is encrypted where the rules of the file want it in clear: it will not be opened.
    Sealed(Place),
    /// An encrypted value is malformed.
    Malformed(Place, ValueError),
    /// There is no MAC.
    NoMac,
    /// A master key holds no data key.
    NothingWrapped(String),
    /// The creation rule names a master key that the file is not for.
    Missing(String),
    /// The file is for a master key that its creation rule does not name.
    Unexpected(String),
    /// The same keys stand in other groups, or another number of groups is needed.
    Groups,
    /// The creation rule has another selector.
    Selector {
        /// What the file has.
        has: String,
        /// What the rule says.
        wants: String,
    },
    /// The values do not open, or the MAC does not match; only with keys.
    NotVerified(String),
}

impl Finding {
    /// A short name that does not change, for machines.
    pub fn id(&self) -> &'static str {
        match self {
            Finding::NotEncrypted => "not-encrypted",
            Finding::Unreadable(_) => "unreadable",
            Finding::InClear(_) => "value-in-clear",
            Finding::CommentInClear(_) => "comment-in-clear",
            Finding::Sealed(_) => "value-encrypted",
            Finding::Malformed(..) => "value-malformed",
            Finding::NoMac => "no-mac",
            Finding::NothingWrapped(_) => "nothing-wrapped",
            Finding::Missing(_) => "recipient-missing",
            Finding::Unexpected(_) => "recipient-unexpected",
            Finding::Groups => "key-groups",
            Finding::Selector { .. } => "selector",
            Finding::NotVerified(_) => "not-verified",
        }
    }

    /// All names, with what they mean.
    pub const IDS: [(&'static str, &'static str); 13] = [
        ("not-encrypted", "a creation rule is for the file, but it is not encrypted"),
        ("unreadable", "the file cannot be read"),
        ("value-in-clear", "a value that has to be encrypted is in clear"),
        ("comment-in-clear", "a comment that has to be encrypted is in clear"),
        ("value-encrypted", "a value that has to be in clear is encrypted"),
        ("value-malformed", "an encrypted value is malformed"),
        ("no-mac", "the file has no MAC"),
        ("nothing-wrapped", "a master key of the file holds no data key"),
        ("recipient-missing", "a master key of the creation rule cannot open the file"),
        ("recipient-unexpected", "a master key that the creation rule does not name can open the file"),
        ("key-groups", "the key groups are not those of the creation rule"),
        ("selector", "the selector is not that of the creation rule"),
        ("not-verified", "the values do not open or the MAC does not match"),
    ];

    /// Whether it is a remark rather than a fault.
    pub fn is_remark(&self) -> bool {
        matches!(self, Finding::CommentInClear(_) | Finding::Sealed(_))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::NotEncrypted => write!(out, "the file is not encrypted though a creation rule is for it"),
            Finding::Unreadable(reason) | Finding::NotVerified(reason) => write!(out, "{reason}"),
            Finding::InClear(place) => write!(out, "{place} is in clear"),
            Finding::CommentInClear(place) => write!(out, "a comment at {place} is in clear"),
            Finding::Sealed(place) => write!(out, "{place} is encrypted where the rules of the file want it in clear"),
            Finding::Malformed(place, cause) => write!(out, "{place}: {cause}"),
            Finding::NoMac => write!(out, "the file has no MAC"),
            Finding::NothingWrapped(name) => write!(out, "{name} holds no data key"),
            Finding::Missing(name) => write!(out, "{name} is in the creation rule, but cannot open the file"),
            Finding::Unexpected(name) => write!(out, "{name} can open the file, but is not in the creation rule"),
            Finding::Groups => write!(out, "the key groups or their threshold are not those of the creation rule"),
            Finding::Selector { has, wants } => write!(out, "the file has {has}, its creation rule {wants}"),
        }
    }
}

/// Findings about the file alone.
///
/// # Errors
/// [`Error::NotEncrypted`].
pub fn file(document: &Document) -> Result<Vec<Finding>, Error> {
    let metadata = document.metadata().ok_or(Error::NotEncrypted)?;
    let rules = Rules::new(&metadata.selector)?;
    let mut findings = metadata_alone(metadata);
    for (number, branch) in document.branches().iter().enumerate() {
        let mut walk = Walk { at: Position::new(&rules, number), findings };
        walk.branch(branch);
        findings = walk.findings;
    }
    Ok(findings)
}

fn metadata_alone(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    if metadata.mac.is_empty() {
        findings.push(Finding::NoMac);
    }
    let known = metadata.master_keys().filter(|key| crate::KeyId::KINDS.contains(&key.kind()));
    findings.extend(known.filter(|key| key.enc.is_empty()).map(|key| Finding::NothingWrapped(key.name())));
    findings
}

/// Findings about the file beside its creation rule.
#[cfg(feature = "cli")]
pub fn against(metadata: &Metadata, rule: &CreationRule) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !rule.groups.is_empty() {
        findings.extend(keys(metadata, rule));
    }
    let wants = rule.selector.clone().unwrap_or_default();
    if metadata.selector != wants {
        let text = |selector: &crate::Selector| format!("{} `{}`", selector.name(), selector.text());
        findings.push(Finding::Selector { has: text(&metadata.selector), wants: text(&wants) });
    }
    findings
}

#[cfg(feature = "cli")]
fn keys(metadata: &Metadata, rule: &CreationRule) -> Vec<Finding> {
    let name = |id: &KeyId| (id.kind().to_owned(), id.name());
    let of_file = |group: &KeyGroup| group.0.iter().map(|key| name(&key.id)).collect::<Vec<_>>();
    let mut has: Vec<Vec<_>> = metadata.groups.iter().map(of_file).collect();
    let mut wants: Vec<Vec<_>> = rule.groups.iter().map(|group| group.iter().map(name).collect()).collect();
    let missing = wants.iter().flatten().filter(|key| !has.iter().flatten().any(|other| other == *key));
    let unexpected = has.iter().flatten().filter(|key| !wants.iter().flatten().any(|other| other == *key));
    let mut findings: Vec<Finding> = missing.map(|(_, name)| Finding::Missing(name.clone())).collect();
    findings.extend(unexpected.map(|(_, name)| Finding::Unexpected(name.clone())));
    for group in has.iter_mut().chain(&mut wants) {
        group.sort();
    }
    let needed = |threshold: Option<i64>, groups: usize| threshold.or_else(|| i64::try_from(groups).ok());
    let thresholds_differ =
        has.len() > 1 && needed(metadata.shamir_threshold, has.len()) != needed(rule.shamir_threshold, wants.len());
    if findings.is_empty() && (has != wants || thresholds_differ) {
        findings.push(Finding::Groups);
    }
    findings
}

struct Walk<'r> {
    at: Position<'r>,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    fn branch(&mut self, branch: &Branch) {
        self.at.scope.open();
        for entry in &branch.0 {
            match entry {
                Entry::Comment(comment) => self.comment(comment),
                Entry::Pair(key, value) => {
                    self.at.enter(key);
                    self.value(value);
                    self.at.leave();
                    self.at.scope.value_done();
                }
            }
        }
        self.at.scope.close();
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Map(branch) => self.branch(branch),
            Value::List(items) => {
                self.at.scope.open();
                for item in items {
                    self.item(item);
                }
                self.at.scope.close();
            }
            leaf => self.leaf(leaf),
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Comment(comment) => self.comment(comment),
            // Encrypted comments of a list are stored as its elements.
            Item::Value(Value::Str(text)) if is_comment(text) => self.at.scope.comment(text),
            Item::Value(value) => {
                self.value(value);
                self.at.scope.value_done();
            }
        }
    }

    fn leaf(&mut self, leaf: &Value) {
        if encode(leaf).is_none_or(|(_, bytes)| bytes.is_empty()) {
            return;
        }
        let sealed = match leaf {
            Value::Str(text) => Encrypted::parse(text).map(|_| ()),
            _ => Err(ValueError::NotEncrypted),
        };
        match (self.at.scope.value_is_encrypted(), sealed) {
            (true, Ok(())) | (false, Err(_)) => {}
            (true, Err(ValueError::NotEncrypted)) => self.findings.push(Finding::InClear(self.at.place())),
            (true, Err(cause)) => self.findings.push(Finding::Malformed(self.at.place(), cause)),
            (false, Ok(())) => self.findings.push(Finding::Sealed(self.at.place())),
        }
    }

    fn comment(&mut self, comment: &Comment) {
        self.at.scope.comment(&comment.text);
        let wanted = self.at.scope.comment_is_encrypted() && !comment.text.is_empty();
        if wanted && !is_comment(&comment.text) {
            self.findings.push(Finding::CommentInClear(self.at.place()));
        }
    }
}

fn is_comment(text: &str) -> bool {
    Encrypted::parse(text).is_ok_and(|sealed| sealed.kind == Kind::Comment)
}
