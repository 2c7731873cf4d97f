//! Opening a tree.

use zeroize::Zeroizing;

use super::Position;
use crate::error::Error;
use crate::mac::Mac;
use crate::path::Place;
use crate::rules::Rules;
use crate::tree::{Branch, Comment, Entry, Item, Value};
use crate::value::cipher::Cipher;
use crate::value::encoding::{Plain, decode, encode};
use crate::value::{Encrypted, Kind, ValueError};

/// Opens the documents of one file, one after the other.
pub(crate) struct Opener<'a> {
    cipher: &'a Cipher,
    at: Position<'a>,
    mac: &'a mut Mac,
    /// Comments in clear where the rules want them encrypted.
    pub(crate) plain_comments: Vec<Place>,
}

impl<'a> Opener<'a> {
    /// For the document with this number.
    pub(crate) fn new(cipher: &'a Cipher, rules: &'a Rules, mac: &'a mut Mac, document: usize) -> Opener<'a> {
        Opener { cipher, at: Position::new(rules, document), mac, plain_comments: Vec::new() }
    }

    pub(crate) fn branch(&mut self, branch: &Branch) -> Result<Branch, Error> {
        let mut out = Zeroizing::new(Branch(Vec::with_capacity(branch.0.len())));
        self.at.scope.open();
        for entry in &branch.0 {
            out.0.push(match entry {
                Entry::Comment(comment) => Entry::Comment(self.comment(comment)),
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
        Ok(std::mem::take(&mut *out))
    }

    fn list(&mut self, items: &[Item]) -> Result<Value, Error> {
        let mut out = Zeroizing::new(Value::List(Vec::with_capacity(items.len())));
        self.at.scope.open();
        for item in items {
            let opened = self.item(item)?;
            if let Value::List(items) = &mut *out {
                items.push(opened);
            }
        }
        self.at.scope.close();
        Ok(std::mem::replace(&mut *out, Value::Null))
    }

    fn item(&mut self, item: &Item) -> Result<Item, Error> {
        let value = match item {
            Item::Comment(comment) => return Ok(Item::Comment(self.comment(comment))),
            Item::Value(value) => value,
        };
        // Encrypted comments of a list are stored as its elements. They must not end the reach of earlier comments.
        if let Value::Str(text) = value
            && self.at.scope.value_is_encrypted()
            && let Ok(sealed) = Encrypted::parse(text)
            && sealed.kind == Kind::Comment
        {
            self.at.scope.comment(text);
            return match self.open(&sealed)? {
                Plain::Comment(comment) => Ok(Item::Comment(comment)),
                Plain::Value(_) => Err(self.failed(ValueError::Plaintext)),
            };
        }
        let value = self.value(value)?;
        self.at.scope.value_done();
        Ok(Item::Value(value))
    }

    fn value(&mut self, value: &Value) -> Result<Value, Error> {
        match value {
            Value::Null => Ok(Value::Null),
            Value::Map(branch) => Ok(Value::Map(self.branch(branch)?)),
            Value::List(items) => self.list(items),
            leaf => self.leaf(leaf),
        }
    }

    fn leaf(&mut self, leaf: &Value) -> Result<Value, Error> {
        let encrypted = self.at.scope.value_is_encrypted();
        let value = match leaf {
            plain if !encrypted => plain.clone(),
            // Nothing was encrypted, so nothing tells an emptied value but the MAC.
            Value::Str(text) if text.is_empty() => Value::Str(String::new()),
            Value::Str(text) => {
                let sealed = Encrypted::parse(text).map_err(|cause| self.failed(cause))?;
                match self.open(&sealed)? {
                    Plain::Value(value) => value,
                    Plain::Comment(_) => return Err(self.failed(ValueError::Plaintext)),
                }
            }
            _ => return Err(self.failed(ValueError::NotEncrypted)),
        };
        if let Some((_, bytes)) = encode(&value) {
            self.mac.add(&bytes, encrypted);
        }
        Ok(value)
    }

    /// A comment that does not open is kept as it stands: old files have plain ones, and the MAC covers none of them.
    fn comment(&mut self, comment: &Comment) -> Comment {
        self.at.scope.comment(&comment.text);
        if !self.at.scope.comment_is_encrypted() || comment.text.is_empty() {
            return comment.clone();
        }
        if let Ok(sealed) = Encrypted::parse(&comment.text)
            && let Ok(Plain::Comment(opened)) = self.open(&sealed)
        {
            return opened;
        }
        self.plain_comments.push(self.at.place());
        comment.clone()
    }

    fn open(&self, sealed: &Encrypted) -> Result<Plain, Error> {
        self.cipher
            .open(sealed, self.at.aad())
            .and_then(|bytes| decode(sealed.kind, bytes))
            .map_err(|cause| self.failed(cause))
    }

    fn failed(&self, cause: ValueError) -> Error {
        Error::Value { place: self.at.place(), cause }
    }
}
