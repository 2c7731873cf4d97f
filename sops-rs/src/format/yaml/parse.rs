//! From tokens to nodes, each with the comments that go-yaml 3.0.4 would hang on it.
//!
//! The grammar is that of libyaml. Comments wait in three slots (above, beside, below) until an event takes them; which events do,
//! and in which order tokens are looked at, is what decides where a comment ends up (`parserc.go`, `decode.go`).

use std::borrow::Cow;
use std::collections::HashMap;

use super::error::YamlError;
use super::gap::Side;
use super::node::{Content, Document, NodeId, Nodes, Remarks};
use super::tag::{Handles, Tag};
use super::tokens::{Kind, Token, Tokens};

/// Collections within collections.
const DEEPEST: usize = 250;

pub(super) struct Parser<'a> {
    tokens: Tokens<'a>,
    pub(super) nodes: Nodes<'a>,
    anchors: HashMap<String, NodeId>,
    /// Anchored collections that are still being read: an alias of one would contain itself.
    open: Vec<NodeId>,
    handles: Handles,
    pub(super) pending: Remarks,
    /// Comment of a list entry whose content is itself a block collection.
    pub(super) stem: String,
    depth: usize,
    first: bool,
}

/// Anchor and tag in front of a node.
#[derive(Default)]
struct Properties<'a> {
    anchor: Option<Cow<'a, str>>,
    tag: Option<Tag>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(source: &'a str) -> Parser<'a> {
        Parser {
            tokens: Tokens::new(source),
            nodes: Nodes::default(),
            anchors: HashMap::new(),
            open: Vec::new(),
            handles: Handles::default(),
            pending: Remarks::default(),
            stem: String::new(),
            depth: 0,
            first: true,
        }
    }

    /// The next document; nothing at the end of the input.
    pub(super) fn document(&mut self) -> Result<Option<Document>, YamlError> {
        let first = std::mem::replace(&mut self.first, false);
        self.peek()?;
        while !first && self.peek_is(&Kind::DocumentEnd)? {
            self.skip()?;
        }
        let mut head = String::new();
        let explicit =
            matches!(self.peek()?.kind, Kind::VersionDirective | Kind::TagDirective(..) | Kind::DocumentStart);
        if self.peek_is(&Kind::StreamEnd)? {
            return Ok(None);
        }
        let root = if first && !explicit {
            self.directives()?;
            head = self.split_document_head();
            self.node(true, false)?
        } else {
            self.directives()?;
            if !self.peek_is(&Kind::DocumentStart)? {
                return self.expected("expected the start of a document");
            }
            self.skip()?;
            self.document_content()?
        };
        if self.peek_is(&Kind::DocumentEnd)? {
            self.skip()?;
        }
        let end = std::mem::take(&mut self.pending);
        let foot = if end.foot.is_empty() { end.head } else { end.foot };
        self.stem.clear();
        Ok(Some(Document { root, head, foot }))
    }

    fn document_content(&mut self) -> Result<NodeId, YamlError> {
        let empty = matches!(
            self.peek()?.kind,
            Kind::VersionDirective | Kind::TagDirective(..) | Kind::DocumentStart | Kind::DocumentEnd | Kind::StreamEnd
        );
        if empty { self.empty_scalar() } else { self.node(true, false) }
    }

    /// The part above the last empty line belongs to the document, the rest to what follows.
    fn split_document_head(&mut self) -> String {
        let head = &self.pending.head;
        if let Some(whole) = head.strip_suffix('\n').filter(|whole| !whole.is_empty()) {
            let whole = whole.to_owned();
            self.pending.head.clear();
            return whole;
        }
        match head.rfind("\n\n").filter(|at| *at > 0) {
            Some(at) => {
                let rest = head[at + 2..].to_owned();
                let mut whole = std::mem::replace(&mut self.pending.head, rest);
                whole.truncate(at);
                whole
            }
            None => String::new(),
        }
    }

    fn directives(&mut self) -> Result<(), YamlError> {
        self.handles.clear();
        let mut has_version = false;
        while matches!(self.peek()?.kind, Kind::VersionDirective | Kind::TagDirective(..)) {
            let Some(Token { kind, line, column, .. }) = self.skip()? else { break };
            let is_new = match kind {
                Kind::TagDirective(handle, prefix) => self.handles.define(&handle, &prefix),
                _ => !std::mem::replace(&mut has_version, true),
            };
            if !is_new {
                return Err(YamlError::Syntax { line, column, problem: "the directive is there already" });
            }
        }
        Ok(())
    }

    pub(super) fn node(&mut self, block: bool, indentless: bool) -> Result<NodeId, YamlError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(YamlError::TooDeep);
        }
        let node = self.node_at_depth(block, indentless)?;
        self.depth -= 1;
        Ok(node)
    }

    fn node_at_depth(&mut self, block: bool, indentless: bool) -> Result<NodeId, YamlError> {
        if matches!(self.peek()?.kind, Kind::Alias(_)) {
            return self.alias();
        }
        let properties = self.properties()?;
        let line = self.peek()?.line;
        match &self.peek()?.kind {
            Kind::Scalar { .. } => self.scalar(properties),
            Kind::BlockEntry if indentless => self.collection(properties, line, Self::indentless_entries),
            Kind::FlowSequenceStart => self.collection(properties, line, Self::flow_sequence),
            Kind::FlowMappingStart => self.collection(properties, line, Self::flow_mapping),
            Kind::BlockSequenceStart if block => self.collection(properties, line, Self::block_sequence),
            Kind::BlockMappingStart if block => self.collection(properties, line, Self::block_mapping),
            _ if properties.anchor.is_some() || properties.tag.is_some() => {
                let content =
                    Content::Scalar { text: Cow::Borrowed(""), tag: properties.tag.unwrap_or(Tag::None), plain: true };
                let node = self.nodes.add(content, None, line);
                self.define(properties.anchor, node);
                Ok(node)
            }
            _ => self.expected("expected a value"),
        }
    }

    fn alias(&mut self) -> Result<NodeId, YamlError> {
        let remarks = self.take_pending();
        match self.skip()? {
            Some(Token { kind: Kind::Alias(name), line, .. }) => {
                let target = self.anchors.get(name.as_ref()).copied().ok_or(YamlError::Alias { line })?;
                if self.open.contains(&target) {
                    return Err(YamlError::Alias { line });
                }
                Ok(self.nodes.add(Content::Alias(name, target), remarks, line))
            }
            _ => self.expected("expected an alias"),
        }
    }

    fn properties(&mut self) -> Result<Properties<'a>, YamlError> {
        let mut properties = Properties::default();
        loop {
            match &self.peek()?.kind {
                Kind::Anchor(_) if properties.anchor.is_none() => {}
                Kind::Tag(..) if properties.tag.is_none() => {}
                _ => return Ok(properties),
            }
            match self.skip()?.map(|token| token.kind) {
                Some(Kind::Anchor(name)) => properties.anchor = Some(name),
                Some(Kind::Tag(handle, suffix)) => {
                    let tag = self.handles.resolve(&handle, &suffix);
                    let Some(tag) = tag else { return self.expected("a tag handle that no directive defines") };
                    properties.tag = Some(tag);
                }
                _ => return Ok(properties),
            }
        }
    }

    fn scalar(&mut self, properties: Properties<'a>) -> Result<NodeId, YamlError> {
        let remarks = self.take_pending();
        match self.skip()? {
            Some(Token { kind: Kind::Scalar { text, plain }, line, .. }) => {
                let content = Content::Scalar { text, tag: properties.tag.unwrap_or(Tag::None), plain };
                let node = self.nodes.add(content, remarks, line);
                self.define(properties.anchor, node);
                Ok(node)
            }
            _ => self.expected("expected a scalar"),
        }
    }

    /// A plain scalar of no characters takes no comments.
    pub(super) fn empty_scalar(&mut self) -> Result<NodeId, YamlError> {
        let line = self.peek()?.line;
        let content = Content::Scalar { text: Cow::Borrowed(""), tag: Tag::None, plain: true };
        Ok(self.nodes.add(content, None, line))
    }

    fn define(&mut self, anchor: Option<Cow<'a, str>>, node: NodeId) {
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor.into_owned(), node);
        }
    }

    fn collection(
        &mut self,
        properties: Properties<'a>,
        line: usize,
        read: fn(&mut Self, NodeId) -> Result<Content<'a>, YamlError>,
    ) -> Result<NodeId, YamlError> {
        let node = self.nodes.add(Content::Sequence(Vec::new()), None, line);
        let anchored = properties.anchor.is_some();
        self.define(properties.anchor, node);
        if anchored {
            self.open.push(node);
        }
        let content = read(self, node)?;
        self.nodes.set_content(node, content);
        if anchored {
            self.open.pop();
        }
        Ok(node)
    }

    fn start_block(&mut self, node: NodeId) -> Result<(), YamlError> {
        if !self.stem.is_empty() {
            self.nodes.remarks_mut(node).head = std::mem::take(&mut self.stem);
        }
        self.skip()?;
        Ok(())
    }

    fn block_sequence(&mut self, node: NodeId) -> Result<Content<'a>, YamlError> {
        self.start_block(node)?;
        let mut items = Vec::new();
        while self.peek_is(&Kind::BlockEntry)? {
            items.push(self.entry(|kind| matches!(kind, Kind::BlockEntry | Kind::BlockEnd))?);
        }
        if !self.peek_is(&Kind::BlockEnd)? {
            return self.expected("expected `-`");
        }
        self.skip()?;
        Ok(Content::Sequence(items))
    }

    /// A list whose dashes stand in the column of the key above: it has no start and no end of its own.
    fn indentless_entries(&mut self, _node: NodeId) -> Result<Content<'a>, YamlError> {
        let mut items = Vec::new();
        while self.peek_is(&Kind::BlockEntry)? {
            items.push(self.entry(|kind| matches!(kind, Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd))?);
        }
        Ok(Content::Sequence(items))
    }

    fn entry(&mut self, is_empty: fn(&Kind<'a>) -> bool) -> Result<NodeId, YamlError> {
        let above = self.pending.head.len();
        self.skip()?;
        self.split_stem(above)?;
        if is_empty(&self.peek()?.kind) { self.empty_scalar() } else { self.node(true, false) }
    }

    /// The comment above an entry that holds a block collection is that collection's, not its first key's.
    fn split_stem(&mut self, above: usize) -> Result<(), YamlError> {
        if above == 0 || !matches!(self.peek()?.kind, Kind::BlockSequenceStart | Kind::BlockMappingStart) {
            return Ok(());
        }
        let rest = self.pending.head.get(above + 1..).unwrap_or("").to_owned();
        self.pending.head.truncate(above);
        self.stem = std::mem::replace(&mut self.pending.head, rest);
        Ok(())
    }

    fn block_mapping(&mut self, node: NodeId) -> Result<Content<'a>, YamlError> {
        self.start_block(node)?;
        let mut pairs: Vec<(NodeId, NodeId)> = Vec::new();
        while self.peek_is(&Kind::Key)? {
            self.skip()?;
            let key = self.block_mapping_part()?;
            self.foot_to_pair_before(key, &pairs);
            let value = if self.peek_is(&Kind::Value)? {
                self.skip()?;
                self.block_mapping_part()?
            } else {
                self.empty_scalar()?
            };
            self.foot_to_key(key, value);
            pairs.push((key, value));
        }
        if !self.peek_is(&Kind::BlockEnd)? {
            return self.expected("expected a key");
        }
        self.end_collection(node)?;
        let foot = if pairs.is_empty() { String::new() } else { self.nodes.take_foot(node) };
        if let (false, Some((key, _))) = (foot.is_empty(), pairs.last()) {
            self.nodes.remarks_mut(*key).foot = foot;
        }
        Ok(Content::Mapping(pairs))
    }

    fn block_mapping_part(&mut self) -> Result<NodeId, YamlError> {
        if matches!(self.peek()?.kind, Kind::Key | Kind::Value | Kind::BlockEnd) {
            self.empty_scalar()
        } else {
            self.node(true, true)
        }
    }

    /// What is found below a key was seen too late: it stands below the pair before.
    fn foot_to_pair_before(&mut self, key: NodeId, pairs: &[(NodeId, NodeId)]) {
        if let Some((before, _)) = pairs.last() {
            let foot = self.nodes.take_foot(key);
            if !foot.is_empty() {
                self.nodes.remarks_mut(*before).foot = foot;
            }
        }
    }

    pub(super) fn foot_to_key(&mut self, key: NodeId, value: NodeId) {
        if self.nodes.get(key).foot().is_empty() {
            let foot = self.nodes.take_foot(value);
            if !foot.is_empty() {
                self.nodes.remarks_mut(key).foot = foot;
            }
        }
    }

    /// The closing token brings the comments beside and below the collection.
    pub(super) fn end_collection(&mut self, node: NodeId) -> Result<(), YamlError> {
        let end = std::mem::take(&mut self.pending);
        self.stem.clear();
        if !end.line.is_empty() || !end.foot.is_empty() {
            let remarks = self.nodes.remarks_mut(node);
            (remarks.line, remarks.foot) = (end.line, end.foot);
        }
        self.skip()?;
        Ok(())
    }

    /// Looks at the next token and moves the comments that belong to it, or to one before, into the slots.
    pub(super) fn peek(&mut self) -> Result<&Token<'a>, YamlError> {
        let ends_block = self.tokens.peek()?.kind == Kind::BlockEnd;
        // Nothing stands above the end of a block: such a comment waits for the token behind.
        while let Some(remark) = self.tokens.take_remark(|remark| !(ends_block && remark.side == Side::Head)) {
            let slot = match remark.side {
                Side::Head => &mut self.pending.head,
                Side::Line => &mut self.pending.line,
                Side::Foot => &mut self.pending.foot,
            };
            if !slot.is_empty() {
                slot.push('\n');
            }
            slot.push_str(&remark.text);
        }
        self.tokens.peek()
    }

    pub(super) fn peek_is(&mut self, kind: &Kind<'a>) -> Result<bool, YamlError> {
        Ok(self.peek()?.kind == *kind)
    }

    pub(super) fn skip(&mut self) -> Result<Option<Token<'a>>, YamlError> {
        self.peek()?;
        Ok(self.tokens.take())
    }

    fn take_pending(&mut self) -> Option<Box<Remarks>> {
        self.stem.clear();
        let pending = &self.pending;
        if pending.head.is_empty() && pending.line.is_empty() && pending.foot.is_empty() {
            return None;
        }
        Some(Box::new(std::mem::take(&mut self.pending)))
    }

    pub(super) fn expected<T>(&mut self, problem: &'static str) -> Result<T, YamlError> {
        let token = self.tokens.peek()?;
        Err(YamlError::Syntax { line: token.line, column: token.column, problem })
    }
}
