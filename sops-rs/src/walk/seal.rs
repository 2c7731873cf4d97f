//! Sealing a tree.

use super::Position;
use crate::document::Random;
use crate::error::Error;
use crate::mac::Mac;
use crate::rules::Rules;
use crate::tree::{Branch, Comment, Entry, Item, Value};
use crate::value::cipher::{Cipher, NONCE_LEN};
use crate::value::encoding::encode;
use crate::value::{Kind, ValueError};

/// Draws bytes.
pub(crate) fn draw<const N: usize>(random: &mut Random<'_>) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    random(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}

/// What the walk met, to tell a selector that selects nothing.
#[derive(Default)]
pub(crate) struct Tally {
    /// Values that have bytes.
    pub(crate) values: usize,
    /// Those of them that were sealed.
    pub(crate) sealed: usize,
}

/// Seals the documents of one file, one after the other.
pub(crate) struct Sealer<'a> {
    pub(crate) cipher: &'a Cipher,
    pub(crate) rules: &'a Rules,
    pub(crate) mac: Mac,
    pub(crate) tally: Tally,
}

impl Sealer<'_> {
    /// Seals the document with this number.
    pub(crate) fn document(
        &mut self,
        number: usize,
        branch: &Branch,
        random: &mut Random<'_>,
    ) -> Result<Branch, Error> {
        let at = Position::new(self.rules, number);
        Pass { sealer: self, at, random }.branch(branch)
    }
}

struct Pass<'a, 's, 'r> {
    sealer: &'a mut Sealer<'s>,
    at: Position<'s>,
    random: &'a mut Random<'r>,
}

impl Pass<'_, '_, '_> {
    fn branch(&mut self, branch: &Branch) -> Result<Branch, Error> {
        let mut out = Vec::with_capacity(branch.0.len());
        self.at.scope.open();
        for entry in &branch.0 {
            out.push(match entry {
                Entry::Comment(comment) => Entry::Comment(match self.comment(comment)? {
                    Some(text) => Comment { text, inline: comment.inline },
                    None => comment.clone(),
                }),
                Entry::Pair(key, value) => {
                    self.at.enter(key);
                    let value = self.value(value)?;
                    self.at.leave();
                    self.at.scope.value_done();
                    Entry::Pair(key.clone(), value)
                }
            });
        }
        self.at.scope.close();
        Ok(Branch(out))
    }

    fn list(&mut self, items: &[Item]) -> Result<Value, Error> {
        let mut out = Vec::with_capacity(items.len());
        self.at.scope.open();
        for item in items {
            match item {
                // An empty comment cannot be told from an empty element once it is stored as one.
                Item::Comment(comment) if comment.text.is_empty() => self.at.scope.comment(""),
                Item::Comment(comment) => out.push(match self.comment(comment)? {
                    Some(text) => Item::Value(Value::Str(text)),
                    None => Item::Comment(comment.clone()),
                }),
                Item::Value(value) => {
                    out.push(Item::Value(self.value(value)?));
                    self.at.scope.value_done();
                }
            }
        }
        self.at.scope.close();
        Ok(Value::List(out))
    }

    fn value(&mut self, value: &Value) -> Result<Value, Error> {
        match value {
            Value::Map(branch) => Ok(Value::Map(self.branch(branch)?)),
            Value::List(items) => self.list(items),
            leaf => self.leaf(leaf),
        }
    }

    fn leaf(&mut self, leaf: &Value) -> Result<Value, Error> {
        let Some((kind, bytes)) = encode(leaf) else { return Ok(leaf.clone()) };
        let encrypted = self.at.scope.value_is_encrypted();
        self.sealer.mac.add(&bytes, encrypted);
        if bytes.is_empty() {
            return Ok(Value::Str(String::new()));
        }
        self.sealer.tally.values += 1;
        if !encrypted {
            return Ok(leaf.clone());
        }
        self.sealer.tally.sealed += 1;
        Ok(Value::Str(self.seal(kind, &bytes)?))
    }

    /// The sealed text of a comment; `None` if it stays as it is.
    fn comment(&mut self, comment: &Comment) -> Result<Option<String>, Error> {
        self.at.scope.comment(&comment.text);
        if !self.at.scope.comment_is_encrypted() || comment.text.is_empty() {
            return Ok(None);
        }
        let text = self.seal(Kind::Comment, comment.text.as_bytes())?;
        if self.sealer.rules.trips_over(&text) {
            return Err(Error::CommentMatches(self.at.place()));
        }
        Ok(Some(text))
    }

    fn seal(&mut self, kind: Kind, bytes: &[u8]) -> Result<String, Error> {
        let nonce = draw::<NONCE_LEN>(self.random)?;
        let sealed = self.sealer.cipher.seal((kind, bytes), self.at.aad(), &nonce);
        sealed
            .map(|sealed| sealed.to_string())
            .map_err(|cause: ValueError| Error::Value { place: self.at.place(), cause })
    }
}
