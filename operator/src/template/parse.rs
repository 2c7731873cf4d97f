//! Builds the tree of a template, as Go's `text/template/parse` does.

use std::collections::VecDeque;

use super::fault::Fault;
use super::lex::{Kind, Lexer, Token};
use super::node::{Node, Templates, is_blank};
use super::quote::unquote;

mod pipeline;

/// How deep blocks and parentheses may nest; far more than anyone writes, far less than the stack holds.
const DEEPEST: usize = 60;

/// Parses a text into the template of that name and all that it defines.
pub(super) fn parse(name: &str, text: &str, delimiters: (&str, &str)) -> Result<Templates, Fault> {
    let mut parser = Parser {
        lexer: Lexer::new(text, delimiters.0, delimiters.1),
        ahead: VecDeque::new(),
        line: 1,
        variables: vec!["$".to_owned()],
        ranges: 0,
        depth: 0,
        templates: Templates::new(),
    };
    let root = parser.root()?;
    parser.define(name.to_owned(), root)?;
    Ok(parser.templates)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    ahead: VecDeque<Token<'a>>,
    line: usize,
    variables: Vec<String>,
    ranges: usize,
    depth: usize,
    templates: Templates,
}

/// How a list of nodes ended.
#[derive(PartialEq, Eq)]
enum Ending {
    End,
    Else,
    /// `else if` or `else with`, whose keyword comes next.
    ElseChain,
}

enum Parsed {
    Node(Node),
    Ending(Ending),
}

impl<'a> Parser<'a> {
    fn fault(&self, reason: &'static str) -> Fault {
        Fault::new(reason).at(None, self.line)
    }

    fn next(&mut self) -> Result<Token<'a>, Fault> {
        let token = match self.ahead.pop_front() {
            Some(token) => token,
            None => self.lexer.next()?,
        };
        self.line = token.line;
        Ok(token)
    }

    fn back(&mut self, token: Token<'a>) {
        self.ahead.push_front(token);
    }

    fn peek(&mut self) -> Result<Token<'a>, Fault> {
        let token = self.next()?;
        self.back(token);
        Ok(token)
    }

    fn next_word(&mut self) -> Result<Token<'a>, Fault> {
        loop {
            let token = self.next()?;
            if token.kind != Kind::Space {
                return Ok(token);
            }
        }
    }

    fn peek_word(&mut self) -> Result<Token<'a>, Fault> {
        let token = self.next_word()?;
        self.back(token);
        Ok(token)
    }

    fn expect_right(&mut self) -> Result<(), Fault> {
        match self.next_word()?.kind {
            Kind::Right => Ok(()),
            _ => Err(self.fault("unexpected word before the end of an action")),
        }
    }

    fn define(&mut self, name: String, nodes: Vec<Node>) -> Result<(), Fault> {
        match self.templates.get(&name) {
            Some(present) if !is_blank(present) && !is_blank(&nodes) => Err(self.fault("a template is defined twice")),
            Some(present) if !is_blank(present) => Ok(()),
            _ => {
                self.templates.insert(name, nodes);
                Ok(())
            }
        }
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth == DEEPEST {
            return Err(self.fault("blocks or parentheses are nested too deep"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn root(&mut self) -> Result<Vec<Node>, Fault> {
        let mut nodes = Vec::new();
        loop {
            let token = self.peek()?;
            if token.kind == Kind::End {
                return Ok(nodes);
            }
            if token.kind == Kind::Left {
                self.next()?;
                if self.peek_word()?.is_keyword("define") {
                    self.next_word()?;
                    self.definition()?;
                    continue;
                }
                self.back(token);
            }
            match self.text_or_action()? {
                Parsed::Node(node) => nodes.push(node),
                Parsed::Ending(_) => return Err(self.fault("unexpected `end` or `else`")),
            }
        }
    }

    fn definition(&mut self) -> Result<(), Fault> {
        let name = self.template_name()?;
        self.expect_right()?;
        let body = self.body_of_its_own()?;
        self.define(name, body)
    }

    /// A list of nodes up to `end` that sees no variable and no loop around it.
    fn body_of_its_own(&mut self) -> Result<Vec<Node>, Fault> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (body, ending) = self.deeper(Self::list)?;
        (self.variables, self.ranges) = (variables, ranges);
        if ending == Ending::End { Ok(body) } else { Err(self.fault("unexpected `else`")) }
    }

    fn list(&mut self) -> Result<(Vec<Node>, Ending), Fault> {
        let mut nodes = Vec::new();
        while self.peek_word()?.kind != Kind::End {
            match self.text_or_action()? {
                Parsed::Node(node) => nodes.push(node),
                Parsed::Ending(ending) => return Ok((nodes, ending)),
            }
        }
        Err(self.fault("unexpected end of the template: an `end` is missing"))
    }

    fn text_or_action(&mut self) -> Result<Parsed, Fault> {
        let token = self.next_word()?;
        match token.kind {
            Kind::Text => Ok(Parsed::Node(Node::Text(token.text.to_owned()))),
            Kind::Left => self.action(),
            _ => Err(self.fault("unexpected word outside of an action")),
        }
    }

    fn action(&mut self) -> Result<Parsed, Fault> {
        let token = self.next_word()?;
        if token.kind != Kind::Keyword {
            self.back(token);
            return Ok(Parsed::Node(Node::Action(self.pipeline("", Kind::Right)?)));
        }
        let node = match token.text {
            "block" => self.block(token.line)?,
            "break" | "continue" => self.jump(token.text)?,
            "else" => {
                let next = self.peek_word()?;
                if next.is_keyword("if") || next.is_keyword("with") {
                    return Ok(Parsed::Ending(Ending::ElseChain));
                }
                self.expect_right()?;
                return Ok(Parsed::Ending(Ending::Else));
            }
            "end" => {
                self.expect_right()?;
                return Ok(Parsed::Ending(Ending::End));
            }
            "if" | "with" => self.branches(token.text)?,
            "range" => self.range()?,
            "template" => self.template(token.line)?,
            _ => return Err(self.fault("unexpected `define` within a block")),
        };
        Ok(Parsed::Node(node))
    }

    fn jump(&mut self, word: &str) -> Result<Node, Fault> {
        self.expect_right()?;
        match (self.ranges, word) {
            (0, _) => Err(self.fault("`break` or `continue` outside of `range`")),
            (_, "break") => Ok(Node::Break),
            _ => Ok(Node::Continue),
        }
    }

    /// `if` or `with` and all its branches; their variables live until the last `end`.
    fn branches(&mut self, word: &str) -> Result<Node, Fault> {
        let known = self.variables.len();
        let mut branches = Vec::new();
        let otherwise = loop {
            let pipe = self.pipeline(word, Kind::Right)?;
            let (body, ending) = self.deeper(Self::list)?;
            branches.push((pipe, body));
            match ending {
                Ending::End => break Vec::new(),
                Ending::Else => break self.last_branch()?,
                Ending::ElseChain if self.peek()?.is_keyword(word) => self.next()?,
                Ending::ElseChain => return Err(self.fault("`else` continues another kind of block")),
            };
        };
        self.variables.truncate(known);
        Ok(if word == "if" { Node::If { branches, otherwise } } else { Node::With { branches, otherwise } })
    }

    fn last_branch(&mut self) -> Result<Vec<Node>, Fault> {
        match self.deeper(Self::list)? {
            (body, Ending::End) => Ok(body),
            _ => Err(self.fault("unexpected `else`")),
        }
    }

    fn range(&mut self) -> Result<Node, Fault> {
        let known = self.variables.len();
        let pipe = self.pipeline("range", Kind::Right)?;
        self.ranges += 1;
        let (body, ending) = self.deeper(Self::list)?;
        self.ranges -= 1;
        let otherwise = match ending {
            Ending::End => Vec::new(),
            Ending::Else => self.last_branch()?,
            Ending::ElseChain => return Err(self.fault("`else` continues another kind of block")),
        };
        self.variables.truncate(known);
        Ok(Node::Range { pipe, body, otherwise })
    }

    fn block(&mut self, line: usize) -> Result<Node, Fault> {
        let name = self.template_name()?;
        let pipe = self.pipeline("block", Kind::Right)?;
        let body = self.body_of_its_own()?;
        self.define(name.clone(), body)?;
        Ok(Node::Template { name, pipe: Some(pipe), line })
    }

    fn template(&mut self, line: usize) -> Result<Node, Fault> {
        let name = self.template_name()?;
        let token = self.next_word()?;
        if token.kind == Kind::Right {
            return Ok(Node::Template { name, pipe: None, line });
        }
        self.back(token);
        let pipe = self.pipeline("template", Kind::Right)?;
        Ok(Node::Template { name, pipe: Some(pipe), line })
    }

    fn template_name(&mut self) -> Result<String, Fault> {
        let token = self.next_word()?;
        let name = (token.kind == Kind::Quoted).then(|| unquote(token.text)).flatten();
        let name = name.and_then(|name| String::from_utf8(name).ok());
        name.ok_or_else(|| self.fault("the name of a template must be a string"))
    }
}
