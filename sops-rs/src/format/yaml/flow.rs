//! Collections in brackets and braces.

use super::error::YamlError;
use super::node::{Content, NodeId};
use super::parse::Parser;
use super::tokens::Kind;

impl<'a> Parser<'a> {
    fn start_flow(&mut self, node: NodeId) -> Result<(), YamlError> {
        // What stood beside or below the opening bracket is lost, as in go-yaml; what stood above it is kept.
        let head = std::mem::take(&mut self.pending).head;
        self.stem.clear();
        if !head.is_empty() {
            self.nodes.remarks_mut(node).head = head;
        }
        self.skip()?;
        Ok(())
    }

    pub(super) fn flow_sequence(&mut self, node: NodeId) -> Result<Content<'a>, YamlError> {
        self.start_flow(node)?;
        let mut items = Vec::new();
        while self.next_in_flow(&Kind::FlowSequenceEnd, items.is_empty())? {
            let item = if self.peek_is(&Kind::Key)? { self.single_pair()? } else { self.node(false, false)? };
            items.push(item);
        }
        self.end_collection(node)?;
        Ok(Content::Sequence(items))
    }

    /// `[key: value]` holds a mapping of one pair.
    fn single_pair(&mut self) -> Result<NodeId, YamlError> {
        let line = self.peek()?.line;
        self.skip()?;
        let is_end = |kind: &Kind<'a>| matches!(kind, Kind::FlowEntry | Kind::FlowSequenceEnd);
        if matches!(self.peek()?.kind, Kind::Value) || is_end(&self.peek()?.kind) {
            return self.expected("expected a key");
        }
        let key = self.node(false, false)?;
        let value = self.flow_value(is_end)?;
        self.foot_to_key(key, value);
        self.peek()?;
        Ok(self.nodes.add(Content::Mapping(vec![(key, value)]), None, line))
    }

    fn flow_value(&mut self, is_end: impl Fn(&Kind<'a>) -> bool) -> Result<NodeId, YamlError> {
        if self.peek_is(&Kind::Value)? {
            self.skip()?;
            if !is_end(&self.peek()?.kind) {
                return self.node(false, false);
            }
        }
        self.empty_scalar()
    }

    pub(super) fn flow_mapping(&mut self, node: NodeId) -> Result<Content<'a>, YamlError> {
        self.start_flow(node)?;
        let is_end = |kind: &Kind<'a>| matches!(kind, Kind::FlowEntry | Kind::FlowMappingEnd);
        let mut pairs = Vec::new();
        while self.next_in_flow(&Kind::FlowMappingEnd, pairs.is_empty())? {
            let (key, value) = if self.peek_is(&Kind::Key)? {
                self.skip()?;
                let empty = matches!(self.peek()?.kind, Kind::Value) || is_end(&self.peek()?.kind);
                let key = if empty { self.empty_scalar()? } else { self.node(false, false)? };
                (key, self.flow_value(is_end)?)
            } else {
                let key = self.node(false, false)?;
                self.peek()?;
                (key, self.empty_scalar()?)
            };
            self.foot_to_key(key, value);
            pairs.push((key, value));
        }
        self.end_collection(node)?;
        Ok(Content::Mapping(pairs))
    }

    /// Whether another element follows, past its comma.
    fn next_in_flow(&mut self, end: &Kind<'a>, first: bool) -> Result<bool, YamlError> {
        if self.peek_is(end)? {
            return Ok(false);
        }
        if !first {
            if !self.peek_is(&Kind::FlowEntry)? {
                return self.expected("expected `,` or a closing bracket");
            }
            self.skip()?;
        }
        Ok(!self.peek_is(end)?)
    }
}
