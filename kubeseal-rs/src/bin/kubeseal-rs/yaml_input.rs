//! YAML documents to trees, with the meaning that the original's parser gives them.
//!
//! Aliases are copied where they stand, so a small text could describe an endless tree; a budget of values stops it.
//! Errors say where, never what.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use granit_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use crate::failure::Failure;
use crate::node::Node;

const MAXIMUM_VALUES: usize = 200_000;
const MAXIMUM_DEPTH: usize = 64;

/// Reads every document of a stream; one that is empty becomes [`Node::Null`].
pub(crate) fn documents(text: &str) -> Result<Vec<Node>> {
    let mut documents = Vec::new();
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| malformed(*error.marker()))?;
        match event {
            Event::DocumentStart(..) => builder = Builder::default(),
            Event::DocumentEnd => documents.push(builder.document.take().unwrap_or(Node::Null)),
            event => builder.accept(event).map_err(|problem| at(problem, span.start))?,
        }
    }
    Ok(documents)
}

/// What a well-formed document holds that is refused.
#[derive(Clone, Copy)]
enum Problem {
    Key,
    Tag,
    Merge,
    TooMuch,
}

fn malformed(marker: Marker) -> anyhow::Error {
    let place = format!("line {}, column {}", marker.line(), marker.col() + 1);
    Failure::with_hint(format!("the input is not valid YAML at {place}"), "check the indentation and the quotes there")
}

fn at(problem: Problem, marker: Marker) -> anyhow::Error {
    let line = marker.line();
    match problem {
        Problem::Key => {
            Failure::with_hint(format!("a key at line {line} is not a plain text"), "write the key in double quotes")
        }
        Problem::Tag => Failure::with_hint(format!("a tag at line {line} is not supported"), "remove the tag"),
        Problem::Merge => {
            Failure::with_hint(format!("the merge key at line {line} names no mapping"), "write the entries out")
        }
        Problem::TooMuch => Failure::with_hint(
            format!("the document is too deep or too large at line {line}"),
            format!("up to {MAXIMUM_VALUES} values and {MAXIMUM_DEPTH} levels are read, aliases counted"),
        ),
    }
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    values: usize,
    document: Option<Node>,
}

/// A collection whose end has not come yet.
struct Open {
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: BTreeMap<String, Node>, key: Option<Key>, merged: Vec<Node> },
}

enum Key {
    Name(String),
    Merge,
}

impl Builder {
    fn accept(&mut self, event: Event<'_>) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_merge = &*text == "<<" && style == ScalarStyle::Plain && tag.is_none();
                if is_merge && self.expects_key() {
                    return self.set_key(Key::Merge);
                }
                self.add(scalar(&text, style, tag.as_deref())?, anchor)
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).ok_or(Problem::TooMuch)?.clone();
                self.add(node, 0)
            }
            Event::SequenceStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), "seq")?;
                self.start(anchor, Content::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), "map")?;
                self.start(anchor, Content::Map { entries: BTreeMap::new(), key: None, merged: Vec::new() })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            _ => Ok(()),
        }
    }

    fn start(&mut self, anchor: usize, content: Content) -> Result<(), Problem> {
        if self.expects_key() {
            return Err(Problem::Key);
        }
        if self.open.len() >= MAXIMUM_DEPTH {
            return Err(Problem::TooMuch);
        }
        self.open.push(Open { anchor, content });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let node = match open.content {
            Content::List(items) => Node::List(items),
            Content::Map { mut entries, merged, .. } => {
                for source in merged {
                    merge(&mut entries, source)?;
                }
                Node::Map(entries)
            }
        };
        self.add(node, open.anchor)
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Problem> {
        self.values += node.size();
        if self.values > MAXIMUM_VALUES {
            return Err(Problem::TooMuch);
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        if self.expects_key() {
            return self.set_key(Key::Name(key_text(node)?));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.document = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, key, merged }) => match key.take() {
                Some(Key::Name(name)) => {
                    entries.insert(name, node);
                }
                Some(Key::Merge) => merged.push(node),
                None => return Err(Problem::Key),
            },
        }
        Ok(())
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Map { key: None, .. }, .. }))
    }

    fn set_key(&mut self, name: Key) -> Result<(), Problem> {
        match self.open.last_mut() {
            Some(Open { content: Content::Map { key, .. }, .. }) => *key = Some(name),
            _ => return Err(Problem::Key),
        }
        Ok(())
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Node, Problem> {
    match tag {
        None if style == ScalarStyle::Plain => Ok(Node::plain(text)),
        None => Ok(Node::text(text)),
        Some(tag) if tag.is_yaml_core_schema_tag("str") || tag.parts() == ("", "!") => Ok(Node::text(text)),
        Some(_) => Err(Problem::Tag),
    }
}

fn refuse_tag(tag: Option<&Tag>, allowed: &str) -> Result<(), Problem> {
    if tag.is_none_or(|tag| tag.is_yaml_core_schema_tag(allowed)) { Ok(()) } else { Err(Problem::Tag) }
}

fn key_text(node: Node) -> Result<String, Problem> {
    match node {
        Node::Text(text) => Ok(text.to_string()),
        Node::Number(text) => Ok(text),
        Node::Bool(value) => Ok(value.to_string()),
        Node::Null | Node::Ambiguous | Node::List(_) | Node::Map(_) => Err(Problem::Key),
    }
}

/// Entries of the mapping itself win over merged ones, and of merged ones the first wins.
fn merge(entries: &mut BTreeMap<String, Node>, source: Node) -> Result<(), Problem> {
    match source {
        Node::Map(merged) => {
            for (key, value) in merged {
                entries.entry(key).or_insert(value);
            }
            Ok(())
        }
        Node::List(sources) => sources.into_iter().try_for_each(|source| merge(entries, source)),
        _ => Err(Problem::Merge),
    }
}
