//! Which comments of a mapping or list go with which of its nodes when they are written: SOPS's own rules (`stores/yaml/store.go`),
//! not those by which they were read.

use crate::tree::{Branch, Comment, Entry, Item, Value};

/// Comments on the way to their node, in document order.
#[derive(Default)]
pub(super) struct Gathered<'t> {
    above: Vec<&'t str>,
    inline: Vec<&'t str>,
}

impl<'t> Gathered<'t> {
    pub(super) fn add(&mut self, comment: &'t Comment) {
        if comment.inline {
            self.inline.push(&comment.text);
        } else {
            self.above.push(&comment.text);
        }
    }

    /// What stands above the next node, its own head comment last.
    pub(super) fn above(&mut self, own: String) -> String {
        let mut lines = join(&self.above);
        self.above.clear();
        if lines.is_empty() {
            return own;
        }
        if !own.is_empty() {
            lines.push('\n');
            lines.push_str(&own);
        }
        lines
    }

    pub(super) fn inline(&mut self) -> String {
        let lines = join(&self.inline);
        self.inline.clear();
        lines
    }

    /// What no node follows.
    pub(super) fn all(&mut self) -> String {
        self.above.append(&mut self.inline);
        self.above(String::new())
    }
}

fn join(comments: &[&str]) -> String {
    let mut lines = String::new();
    for comment in comments {
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines.push('#');
        lines.push_str(comment);
    }
    lines
}

pub(super) fn mapping_head(branch: &Branch) -> String {
    let mut gathered = Gathered::default();
    for entry in &branch.0 {
        match entry {
            Entry::Comment(comment) => gathered.add(comment),
            Entry::Pair(..) => return gathered.above(String::new()),
        }
    }
    gathered.all()
}

pub(super) fn list_head(items: &[Item]) -> String {
    let mut gathered = Gathered::default();
    for item in items {
        match item {
            Item::Comment(comment) => gathered.add(comment),
            Item::Value(_) => return gathered.above(String::new()),
        }
    }
    gathered.all()
}

pub(super) fn node_head(value: &Value) -> String {
    match value {
        Value::Map(branch) => mapping_head(branch),
        Value::List(items) => list_head(items),
        _ => String::new(),
    }
}

/// The comments behind the last element of a list.
pub(super) fn rest(items: &[Item]) -> String {
    let mut gathered = Gathered::default();
    for item in items {
        if let Item::Comment(comment) = item {
            gathered.add(comment);
        }
    }
    gathered.all()
}
