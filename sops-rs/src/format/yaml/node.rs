//! The nodes of the documents of one input, with the comments that hang on each: the shape between tokens and the tree.

use std::borrow::Cow;

use super::tag::Tag;

/// Index of a node in its [`Nodes`].
pub(super) type NodeId = usize;

/// Every node of an input. Anchors live as long as the input, as in go-yaml: a later document may name an earlier one.
#[derive(Default)]
pub(super) struct Nodes<'a>(Vec<Node<'a>>);

/// A node and its comments.
pub(super) struct Node<'a> {
    pub(super) content: Content<'a>,
    pub(super) remarks: Option<Box<Remarks>>,
    pub(super) line: usize,
}

/// What a node is.
pub(super) enum Content<'a> {
    Scalar {
        text: Cow<'a, str>,
        tag: Tag,
        plain: bool,
    },
    Mapping(Vec<(NodeId, NodeId)>),
    Sequence(Vec<NodeId>),
    /// The name and the node it stands for.
    Alias(Cow<'a, str>, NodeId),
}

/// The comments of a node: lines that begin with `#` or are empty, joined by `\n`; empty when there are none.
#[derive(Default)]
pub(super) struct Remarks {
    /// Above the node.
    pub(super) head: String,
    /// On the line of the node.
    pub(super) line: String,
    /// Below the node.
    pub(super) foot: String,
}

/// A document: its content and the comments outside of it.
pub(super) struct Document {
    pub(super) root: NodeId,
    pub(super) head: String,
    pub(super) foot: String,
}

impl<'a> Nodes<'a> {
    pub(super) fn add(&mut self, content: Content<'a>, remarks: Option<Box<Remarks>>, line: usize) -> NodeId {
        self.0.push(Node { content, remarks, line });
        self.0.len() - 1
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, id: NodeId) -> &Node<'a> {
        &self.0[id]
    }

    pub(super) fn set_content(&mut self, id: NodeId, content: Content<'a>) {
        self.0[id].content = content;
    }

    /// The comments of a node, to be changed.
    pub(super) fn remarks_mut(&mut self, id: NodeId) -> &mut Remarks {
        self.0[id].remarks.get_or_insert_default()
    }

    /// Takes the foot comment of a node.
    pub(super) fn take_foot(&mut self, id: NodeId) -> String {
        self.0[id].remarks.as_deref_mut().map_or_else(String::new, |remarks| std::mem::take(&mut remarks.foot))
    }
}

impl Node<'_> {
    pub(super) fn head(&self) -> &str {
        self.remarks.as_deref().map_or("", |remarks| &remarks.head)
    }

    pub(super) fn line_comment(&self) -> &str {
        self.remarks.as_deref().map_or("", |remarks| &remarks.line)
    }

    pub(super) fn foot(&self) -> &str {
        self.remarks.as_deref().map_or("", |remarks| &remarks.foot)
    }
}
