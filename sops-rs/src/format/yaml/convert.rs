//! From nodes to the tree, as SOPS does it: comments become steps of their mapping or list, aliases are expanded, styles are dropped.
//! Only the first document is held to unique keys and sound merges; that is where the original looks.

use std::collections::HashSet;

use super::error::YamlError;
use super::node::{Content, Document, Node, NodeId, Nodes};
use super::resolve::{self, Unreadable};
use super::tag::Tag;
use crate::tree::{Branch, Comment, Entry, Item, Value};

/// Expansion is free up to this many nodes; above, it may cost this many times what the input itself has.
const FREE_NODES: usize = 400_000;
const FACTOR: usize = 10;
/// The same for the text in them.
const FREE_BYTES: usize = 32 << 20;
/// Aliases may nest what the input does not.
const DEEPEST: usize = 500;
/// Mappings up to this many keys are compared key by key.
const FEW_KEYS: usize = 8;

pub(super) struct Converter<'n, 'a> {
    nodes: &'n Nodes<'a>,
    first: bool,
    depth: usize,
    /// How many aliases the current node stands under.
    aliased: usize,
    expanded_nodes: usize,
    expanded_bytes: usize,
    input_nodes: usize,
}

impl<'n, 'a> Converter<'n, 'a> {
    pub(super) fn new(nodes: &'n Nodes<'a>, first: bool, input_nodes: usize) -> Converter<'n, 'a> {
        Converter { nodes, first, depth: 0, aliased: 0, expanded_nodes: 0, expanded_bytes: 0, input_nodes }
    }

    pub(super) fn document(&mut self, document: &Document) -> Result<Branch, YamlError> {
        let mut entries = Vec::new();
        comments(&document.head, false, |comment| entries.push(Entry::Comment(comment)));
        self.root(document.root, &mut entries)?;
        comments(&document.foot, false, |comment| entries.push(Entry::Comment(comment)));
        Ok(Branch(entries))
    }

    fn root(&mut self, id: NodeId, entries: &mut Vec<Entry>) -> Result<(), YamlError> {
        let node = self.nodes.get(id);
        match &node.content {
            Content::Mapping(pairs) => self.mapping(node, pairs, entries),
            Content::Alias(_, target) => {
                above(node, entries);
                self.root(*target, entries)?;
                below(node, entries);
                Ok(())
            }
            Content::Scalar { text, tag, plain } => match resolve::value(text, *tag, *plain) {
                Ok(Value::Null) => {
                    above(node, entries);
                    Ok(())
                }
                _ => Err(YamlError::NotAMapping { line: node.line }),
            },
            Content::Sequence(_) => Err(YamlError::NotAMapping { line: node.line }),
        }
    }

    /// A mapping with its own comments.
    fn mapping(
        &mut self,
        node: &Node<'a>,
        pairs: &[(NodeId, NodeId)],
        entries: &mut Vec<Entry>,
    ) -> Result<(), YamlError> {
        if self.first {
            self.check_unique(pairs)?;
        }
        entries.reserve(pairs.len());
        above(node, entries);
        for (key, value) in pairs {
            self.pair(*key, *value, entries)?;
        }
        below(node, entries);
        Ok(())
    }

    fn pair(&mut self, key: NodeId, value: NodeId, entries: &mut Vec<Entry>) -> Result<(), YamlError> {
        let (key, node) = (self.nodes.get(key), self.nodes.get(value));
        above(key, entries);
        let is_leaf = matches!(node.content, Content::Scalar { .. } | Content::Alias(..));
        if is_leaf {
            comments(node.head(), false, |comment| entries.push(Entry::Comment(comment)));
            comments(node.line_comment(), true, |comment| entries.push(Entry::Comment(comment)));
        }
        let name = self.key(key)?;
        if self.first && is_merge(key) {
            self.check_merge(node)?;
        }
        let value = self.value(node, is_leaf)?;
        entries.push(Entry::Pair(name, value));
        if is_leaf {
            below(node, entries);
        }
        below(key, entries);
        Ok(())
    }

    fn key(&mut self, node: &Node<'a>) -> Result<String, YamlError> {
        let not_string = YamlError::KeyNotString { line: node.line };
        match &node.content {
            Content::Scalar { text, tag, plain } => match scalar(text, *tag, *plain, node.line)? {
                Value::Str(text) => Ok(text),
                _ => Err(not_string),
            },
            Content::Alias(_, target) => match self.nodes.get(*target) {
                target @ Node { content: Content::Scalar { .. }, .. } => self.key(target),
                _ => Err(not_string),
            },
            _ => Err(not_string),
        }
    }

    fn value(&mut self, node: &Node<'a>, comments_done: bool) -> Result<Value, YamlError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(YamlError::TooDeep);
        }
        let value = match &node.content {
            Content::Scalar { text, tag, plain } => scalar(text, *tag, *plain, node.line)?,
            Content::Mapping(pairs) => {
                let mut entries = Vec::new();
                self.mapping_value(node, pairs, comments_done, &mut entries)?;
                Value::Map(Branch(entries))
            }
            Content::Sequence(items) => Value::List(self.sequence(node, items, comments_done)?),
            Content::Alias(_, target) => {
                self.aliased += 1;
                let value = self.value(self.nodes.get(*target), false)?;
                self.aliased -= 1;
                value
            }
        };
        self.depth -= 1;
        self.spend(node, &value)?;
        Ok(value)
    }

    fn mapping_value(
        &mut self,
        node: &Node<'a>,
        pairs: &[(NodeId, NodeId)],
        comments_done: bool,
        entries: &mut Vec<Entry>,
    ) -> Result<(), YamlError> {
        if comments_done {
            let bare = Node { content: Content::Sequence(Vec::new()), remarks: None, line: node.line };
            self.mapping(&bare, pairs, entries)
        } else {
            self.mapping(node, pairs, entries)
        }
    }

    fn sequence(&mut self, node: &Node<'a>, ids: &[NodeId], comments_done: bool) -> Result<Vec<Item>, YamlError> {
        let mut items = Vec::with_capacity(ids.len());
        if !comments_done {
            comments(node.head(), false, |comment| items.push(Item::Comment(comment)));
            comments(node.line_comment(), false, |comment| items.push(Item::Comment(comment)));
        }
        for id in ids {
            let item = self.nodes.get(*id);
            comments(item.head(), false, |comment| items.push(Item::Comment(comment)));
            comments(item.line_comment(), true, |comment| items.push(Item::Comment(comment)));
            items.push(Item::Value(self.value(item, true)?));
            comments(item.foot(), false, |comment| items.push(Item::Comment(comment)));
        }
        if !comments_done {
            comments(node.foot(), false, |comment| items.push(Item::Comment(comment)));
        }
        Ok(items)
    }

    /// Counts what aliases add, so that a few lines cannot become gigabytes.
    fn spend(&mut self, node: &Node<'a>, value: &Value) -> Result<(), YamlError> {
        if self.aliased == 0 {
            return Ok(());
        }
        self.expanded_nodes += 1;
        if let Value::Str(text) = value {
            self.expanded_bytes += text.len();
        }
        let nodes = FREE_NODES.max(FACTOR * self.input_nodes);
        if self.expanded_nodes > nodes || self.expanded_bytes > FREE_BYTES {
            return Err(YamlError::TooManyAliases { line: node.line });
        }
        Ok(())
    }

    fn check_unique(&self, pairs: &[(NodeId, NodeId)]) -> Result<(), YamlError> {
        let name = |(key, _): &(NodeId, NodeId)| match &self.nodes.get(*key).content {
            Content::Scalar { text, .. } => Some((false, text.as_ref())),
            Content::Alias(name, _) => Some((true, name.as_ref())),
            _ => None,
        };
        let repeated = if pairs.len() <= FEW_KEYS {
            pairs.iter().enumerate().find(|(at, pair)| pairs[..*at].iter().any(|before| name(before) == name(pair)))
        } else {
            let mut seen = HashSet::with_capacity(pairs.len());
            pairs.iter().enumerate().find(|(_, pair)| !seen.insert(name(pair)))
        };
        match repeated {
            Some((_, (key, _))) => Err(YamlError::DuplicateKey { line: self.nodes.get(*key).line }),
            None => Ok(()),
        }
    }

    fn check_merge(&self, value: &Node<'a>) -> Result<(), YamlError> {
        let is_mapping = |node: &Node<'a>| match &node.content {
            Content::Mapping(_) => true,
            Content::Alias(_, target) => matches!(self.nodes.get(*target).content, Content::Mapping(_)),
            _ => false,
        };
        let sound = match &value.content {
            Content::Sequence(items) => items.iter().all(|item| is_mapping(self.nodes.get(*item))),
            _ => is_mapping(value),
        };
        if sound { Ok(()) } else { Err(YamlError::Merge { line: value.line }) }
    }
}

fn scalar(text: &str, tag: Tag, plain: bool, line: usize) -> Result<Value, YamlError> {
    resolve::value(text, tag, plain).map_err(|unreadable| match unreadable {
        Unreadable::WrongTag => YamlError::WrongTag { line },
        Unreadable::TooLarge => YamlError::IntegerTooLarge { line },
    })
}

fn is_merge(key: &Node<'_>) -> bool {
    matches!(&key.content, Content::Scalar { text, tag: Tag::None, plain: true } if text == "<<")
}

fn above(node: &Node<'_>, entries: &mut Vec<Entry>) {
    comments(node.head(), false, |comment| entries.push(Entry::Comment(comment)));
    comments(node.line_comment(), false, |comment| entries.push(Entry::Comment(comment)));
}

fn below(node: &Node<'_>, entries: &mut Vec<Entry>) {
    comments(node.foot(), false, |comment| entries.push(Entry::Comment(comment)));
}

/// One comment a line; empty lines between them are not kept.
fn comments(lines: &str, inline: bool, mut push: impl FnMut(Comment)) {
    for line in lines.split('\n').filter(|line| !line.is_empty()) {
        push(Comment { text: line.strip_prefix('#').unwrap_or(line).to_owned(), inline });
    }
}
