//! A template as a tree.

use std::collections::BTreeMap;

use super::functions::Function;
use super::number::Number;

/// All templates of one text, by name.
pub(super) type Templates = BTreeMap<String, Vec<Node>>;

pub(super) enum Node {
    Text(String),
    Action(Pipe),
    /// `if`, and `else if` as further branches.
    If {
        branches: Vec<(Pipe, Vec<Node>)>,
        otherwise: Vec<Node>,
    },
    /// `with`, and `else with` as further branches.
    With {
        branches: Vec<(Pipe, Vec<Node>)>,
        otherwise: Vec<Node>,
    },
    Range {
        pipe: Pipe,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Template {
        name: String,
        pipe: Option<Pipe>,
        line: usize,
    },
    Break,
    Continue,
}

/// Commands of which each passes its value to the next, and the variables that take the last value.
pub(super) struct Pipe {
    pub(super) line: usize,
    /// Whether the variables exist already.
    pub(super) assigns: bool,
    pub(super) variables: Vec<String>,
    pub(super) commands: Vec<Command>,
}

/// A first word and its arguments; never empty.
pub(super) struct Command {
    pub(super) line: usize,
    pub(super) first: Term,
    pub(super) arguments: Vec<Term>,
}

pub(super) enum Term {
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    Text(Vec<u8>),
    /// Fields of the dot.
    Field(Vec<String>),
    /// A variable and fields of it.
    Variable(String, Vec<String>),
    Function(&'static Function),
    Pipe(Pipe),
    /// Fields of any other term.
    Chain(Box<Term>, Vec<String>),
}

/// Whether there is nothing but white space.
pub(super) fn is_blank(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| match node {
        Node::Text(text) => text.trim().is_empty(),
        _ => false,
    })
}
