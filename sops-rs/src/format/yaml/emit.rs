//! From the tree to bytes: what SOPS makes of comments (`stores/yaml/store.go`) and the events go-yaml 3.0.4 writes them with.
//!
//! A comment waits in a slot until an event writes it, and a later one may take its slot: the original loses such a comment, and so
//! do we, or the same tree would not give the same bytes.

use std::borrow::Cow;

use super::error::YamlError;
use super::gather::{Gathered, list_head, mapping_head, node_head, rest};
use super::number;
use super::quoting::Indents;
use super::resolve::encode_binary;
use super::scalar::Scalar;
use super::writer::Writer;
use crate::tree::{Branch, Entry, Item, Value};

/// Collections within collections.
const DEEPEST: usize = 1000;

struct Emitter {
    writer: Writer,
    indent: i64,
    depth: usize,
}

/// Where a node stands: it decides by how much its content is indented.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    Pair,
}

/// Comments that are written once a node has ended.
#[derive(Default)]
struct After {
    line: String,
    foot: String,
}

pub(super) fn documents(documents: &[Branch], indent: usize) -> Result<Vec<u8>, YamlError> {
    let indent = match indent {
        0 => 4,
        2..=9 => i64::try_from(indent).unwrap_or(2),
        _ => 2,
    };
    let mut emitter = Emitter { writer: Writer::new(), indent, depth: 0 };
    for (number, branch) in documents.iter().enumerate() {
        emitter.document(branch, number > 0)?;
    }
    Ok(emitter.writer.into_bytes())
}

impl Emitter {
    fn document(&mut self, branch: &Branch, separated: bool) -> Result<(), YamlError> {
        if separated {
            self.writer.write_indent();
            self.writer.indicator("---", true, false);
            self.writer.write_indent();
        }
        if !self.writer.slots.head.is_empty() {
            self.writer.head_comment();
            self.writer.put_break();
        }
        self.set_head(mapping_head(branch));
        self.writer.head_comment();
        self.writer.line_comment();
        self.writer.foot_comment();
        self.mapping(branch, Place::Root, After::default())?;
        self.writer.document_foot();
        self.writer.write_indent();
        Ok(())
    }

    fn mapping(&mut self, branch: &Branch, place: Place, after: After) -> Result<(), YamlError> {
        if !branch.0.iter().any(|entry| matches!(entry, Entry::Pair(..))) {
            self.empty('{', '}', place, after);
            return Ok(());
        }
        let outer = self.enter(place)?;
        let mut gathered = Gathered::default();
        let mut first = true;
        for entry in &branch.0 {
            match entry {
                Entry::Comment(comment) => gathered.add(comment),
                Entry::Pair(key, value) => {
                    // Comments above the first key are the mapping's own, and written already.
                    let above = gathered.above(String::new());
                    self.key(key, if std::mem::replace(&mut first, false) { String::new() } else { above });
                    self.pair_value(value, gathered.inline())?;
                }
            }
        }
        self.set_after(after);
        let tail = gathered.all();
        if !tail.is_empty() {
            self.writer.slots.tail = tail;
        }
        self.writer.head_comment();
        self.leave(outer);
        Ok(())
    }

    fn key(&mut self, key: &str, head: String) {
        self.set_head(head);
        self.writer.head_comment();
        self.writer.write_indent();
        if !self.writer.slots.line.is_empty() {
            self.writer.slots.key_line = std::mem::take(&mut self.writer.slots.line);
        }
        let scalar = Scalar::text(key);
        if scalar.is_simple_key() {
            self.scalar(&scalar, Place::Pair);
            self.writer.indicator(":", false, false);
        } else {
            self.writer.indicator("?", true, true);
            self.scalar(&scalar, Place::Pair);
            self.writer.write_indent();
            self.writer.indicator(":", true, true);
        }
    }

    fn pair_value(&mut self, value: &Value, inline: String) -> Result<(), YamlError> {
        match value {
            Value::Map(branch) => {
                self.start_collection(mapping_head(branch), is_empty(value));
                self.mapping(branch, Place::Pair, After { line: inline, foot: String::new() })
            }
            Value::List(items) => {
                self.start_collection(list_head(items), is_empty(value));
                self.list(items, Place::Pair, After { line: inline, foot: String::new() })
            }
            leaf => {
                if !inline.is_empty() {
                    self.writer.slots.line = inline;
                }
                if self.writer.slots.line.is_empty() {
                    self.writer.slots.line = std::mem::take(&mut self.writer.slots.key_line);
                }
                self.leaf(leaf, Place::Pair);
                self.writer.line_comment();
                self.writer.foot_comment();
                Ok(())
            }
        }
    }

    /// The value of a key is a collection: a comment that waits beside the key is written now. Before a bracket it would leave
    /// that on a line where it means something else: the original writes such a file and cannot read it, here the comment
    /// goes behind the bracket.
    fn start_collection(&mut self, head: String, empty: bool) {
        self.set_head(head);
        if empty {
            let key_line = std::mem::take(&mut self.writer.slots.key_line);
            self.add_line(&key_line);
            return;
        }
        if !self.writer.slots.key_line.is_empty() {
            let key_line = std::mem::take(&mut self.writer.slots.key_line);
            let line = std::mem::replace(&mut self.writer.slots.line, key_line);
            self.writer.line_comment();
            self.writer.slots.line = line;
        }
        self.writer.line_comment();
        self.writer.foot_comment();
    }

    fn list(&mut self, items: &[Item], place: Place, after: After) -> Result<(), YamlError> {
        let Some(last) = items.iter().rposition(|item| matches!(item, Item::Value(_))) else {
            self.empty('[', ']', place, after);
            return Ok(());
        };
        let outer = self.enter(place)?;
        let mut gathered = Gathered::default();
        let mut first = true;
        for (at, item) in items.iter().enumerate() {
            match item {
                Item::Comment(comment) => gathered.add(comment),
                Item::Value(value) => {
                    let above = gathered.above(node_head(value));
                    let head = if std::mem::replace(&mut first, false) { node_head(value) } else { above };
                    let line = gathered.inline();
                    let foot = if at == last { rest(&items[at + 1..]) } else { String::new() };
                    self.item(value, head, After { line, foot })?;
                    if at == last {
                        break;
                    }
                }
            }
        }
        self.set_after(after);
        self.leave(outer);
        Ok(())
    }

    fn item(&mut self, value: &Value, head: String, after: After) -> Result<(), YamlError> {
        self.set_head(head);
        let is_leaf = !matches!(value, Value::Map(_) | Value::List(_));
        let mut after = Some(after);
        if is_leaf {
            self.set_after(after.take().unwrap_or_default());
        }
        self.writer.head_comment();
        self.writer.write_indent();
        self.writer.indicator("-", true, true);
        if is_leaf {
            self.leaf(value, Place::Item);
        }
        if !is_empty(value) {
            self.writer.line_comment();
            self.writer.foot_comment();
        }
        match value {
            Value::Map(branch) => self.mapping(branch, Place::Item, after.unwrap_or_default()),
            Value::List(items) => self.list(items, Place::Item, after.unwrap_or_default()),
            _ => Ok(()),
        }
    }

    /// `{}` or `[]`. A comment above what would stand within braces is written there; within brackets it waits.
    fn empty(&mut self, open: char, close: char, place: Place, after: After) {
        self.add_line(&after.line);
        self.set_after(After { line: String::new(), foot: after.foot });
        self.writer.indicator(open.encode_utf8(&mut [0; 4]), true, false);
        self.writer.after_opening_bracket();
        let outer = self.writer.indent;
        self.writer.indent = if outer < 0 { self.indent } else { self.deeper(place) };
        if open == '{' {
            self.writer.head_comment();
        }
        self.writer.indent = outer;
        if open == '[' && self.writer.at_line_start() {
            self.writer.write_indent();
        }
        self.writer.indicator(close.encode_utf8(&mut [0; 4]), false, false);
        self.writer.line_comment();
        self.writer.foot_comment();
    }

    fn leaf(&mut self, value: &Value, place: Place) {
        let text: Cow<'_, str> = match value {
            Value::Null | Value::Map(_) | Value::List(_) => Cow::Borrowed("null"),
            Value::Bool(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            Value::Int(number) => Cow::Owned(number.to_string()),
            Value::Float(number) => Cow::Owned(number::float(*number)),
            Value::Str(text) => return self.scalar(&Scalar::text(text), place),
            Value::Bytes(bytes) => return self.scalar(&Scalar::binary(&encode_binary(bytes)), place),
            Value::Time(text) => Cow::Borrowed(text),
        };
        self.scalar(&Scalar::plain(&text), place);
    }

    fn scalar(&mut self, scalar: &Scalar<'_>, place: Place) {
        let outer = self.writer.indent;
        self.writer.indent = self.deeper(place);
        self.writer.scalar(scalar, Indents { holder: outer, file: self.indent });
        self.writer.indent = outer;
    }

    /// The indent of what a node holds.
    fn deeper(&self, place: Place) -> i64 {
        let outer = self.writer.indent;
        match place {
            _ if outer < 0 => 0,
            Place::Item => outer + 2,
            Place::Root | Place::Pair => self.indent * ((outer + self.indent) / self.indent),
        }
    }

    fn enter(&mut self, place: Place) -> Result<i64, YamlError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(YamlError::TooDeep);
        }
        let outer = self.writer.indent;
        self.writer.indent = self.deeper(place);
        Ok(outer)
    }

    fn leave(&mut self, outer: i64) {
        self.depth -= 1;
        self.writer.indent = outer;
    }

    /// A comment beside the node, behind one that waits already.
    fn add_line(&mut self, line: &str) {
        let slot = &mut self.writer.slots.line;
        if !slot.is_empty() && !line.is_empty() {
            slot.push('\n');
        }
        slot.push_str(line);
    }

    fn set_head(&mut self, head: String) {
        if !head.is_empty() {
            self.writer.slots.head = head;
        }
    }

    fn set_after(&mut self, after: After) {
        if !after.line.is_empty() {
            self.writer.slots.line = after.line;
        }
        if !after.foot.is_empty() {
            self.writer.slots.foot = after.foot;
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Map(branch) => !branch.0.iter().any(|entry| matches!(entry, Entry::Pair(..))),
        Value::List(items) => !items.iter().any(|item| matches!(item, Item::Value(_))),
        _ => false,
    }
}
