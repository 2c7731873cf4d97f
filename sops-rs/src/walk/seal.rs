//! Sealing a tree.

use std::collections::HashMap;

use super::{Nonces, Position};
use crate::error::Error;
use crate::mac::Mac;
use crate::rules::Rules;
use crate::tree::{Branch, Comment, Entry, Item, Value};
use crate::value::cipher::{Cipher, LongNonce, ValueId};
use crate::value::encoding::encode;
use crate::value::{Kind, ValueError};

/// What the walk met, to tell a selector that selects nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Values that are not empty.
    pub values: usize,
    /// Those of them that were encrypted.
    pub sealed: usize,
}

/// Seals the documents of one file, one after the other.
pub(crate) struct Sealer<'a, 'r> {
    pub(crate) cipher: &'a Cipher,
    pub(crate) rules: &'a Rules,
    pub(crate) nonces: Nonces<'a, 'r>,
    pub(crate) mac: Mac,
    pub(crate) tally: Tally,
    /// How often each value was met that the cipher may remember.
    pub(crate) met: HashMap<ValueId, usize>,
}

impl Sealer<'_, '_> {
    /// Seals the document with this number.
    pub(crate) fn document(&mut self, number: usize, branch: &Branch) -> Result<Branch, Error> {
        let at = Position::new(self.rules, number);
        Pass { sealer: self, at }.branch(branch)
    }
}

struct Pass<'a, 's, 'r> {
    sealer: &'a mut Sealer<'s, 'r>,
    at: Position<'s>,
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
                Item::Comment(comment) => match self.comment(comment)? {
                    Some(text) => out.push(Item::Value(Value::Str(text))),
                    // The original stores it as an empty element, as which it comes back.
                    None if comment.text.is_empty() && self.at.scope.comment_is_encrypted() => {}
                    None => out.push(Item::Comment(comment.clone())),
                },
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
        let nonce = self.nonce((kind, bytes))?;
        let sealed = self.sealer.cipher.seal((kind, bytes), self.at.aad(), &nonce);
        sealed.map(|sealed| sealed.text()).map_err(|cause: ValueError| Error::Value { place: self.at.place(), cause })
    }

    /// The nonce with which the value stood in the file before, or a new one.
    fn nonce(&mut self, value: (Kind, &[u8])) -> Result<LongNonce, Error> {
        if !self.sealer.cipher.has_memory() {
            return self.sealer.nonces.next();
        }
        let value = ValueId::new(value, self.at.aad());
        let met = self.sealer.met.entry(value).or_default();
        let remembered = self.sealer.cipher.remembered(value, *met);
        *met += 1;
        match remembered {
            Some(nonce) => Ok(nonce),
            None => self.sealer.nonces.next(),
        }
    }
}
