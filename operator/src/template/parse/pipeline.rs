//! Parses what stands between the delimiters: pipelines, commands, operands.

use super::Parser;
use crate::template::fault::Fault;
use crate::template::functions::{self, Function};
use crate::template::lex::{Kind, Token};
use crate::template::node::{Command, Pipe, Term};
use crate::template::number;
use crate::template::quote::unquote;

impl<'a> Parser<'a> {
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe, Fault> {
        let line = self.peek_word()?.line;
        let mut pipe = Pipe { line, assigns: false, variables: Vec::new(), commands: Vec::new() };
        self.declarations(context, &mut pipe)?;
        loop {
            let token = self.next_word()?;
            if token.kind == end {
                break;
            }
            if !starts_term(token.kind) {
                return Err(self.fault("unexpected word in a pipeline"));
            }
            self.back(token);
            let command = self.command()?;
            pipe.commands.push(command);
        }
        if pipe.commands.is_empty() {
            return Err(self.fault("a pipeline is empty"));
        }
        let constant =
            |term: &Term| matches!(term, Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::Text(_));
        if pipe.commands.iter().skip(1).any(|command| constant(&command.first)) {
            return Err(self.fault("a later command of a pipeline is a constant"));
        }
        Ok(pipe)
    }

    /// `$x :=`, `$x =`, or in a range `$i, $x :=`. Without them, all that was read is put back.
    fn declarations(&mut self, context: &str, pipe: &mut Pipe) -> Result<(), Fault> {
        loop {
            let variable = self.peek_word()?;
            if variable.kind != Kind::Variable {
                return Ok(());
            }
            self.next_word()?;
            let after = self.peek()?;
            let next = self.peek_word_keeping(after)?;
            let comma = next.kind == Kind::Other && next.text == ",";
            if !comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
                self.back(variable);
                return Ok(());
            }
            self.next_word()?;
            pipe.variables.push(variable.text.to_owned());
            self.variables.push(variable.text.to_owned());
            if !comma {
                pipe.assigns = next.kind == Kind::Assign;
                return Ok(());
            }
            let follows = matches!(self.peek_word()?.kind, Kind::Variable | Kind::Right | Kind::Close);
            if context != "range" || pipe.variables.len() > 1 || !follows {
                return Err(self.fault("too many variables before `:=`"));
            }
        }
    }

    /// The next word, while a space before it stays to be read again.
    fn peek_word_keeping(&mut self, after: Token<'a>) -> Result<Token<'a>, Fault> {
        let word = self.peek_word()?;
        if after.kind == Kind::Space {
            self.back(after);
        }
        Ok(word)
    }

    fn command(&mut self) -> Result<Command, Fault> {
        let line = self.peek_word()?.line;
        let mut terms = Vec::new();
        loop {
            self.peek_word()?;
            terms.extend(self.operand()?);
            let token = self.next()?;
            match token.kind {
                Kind::Space => {}
                Kind::Pipe => break,
                Kind::Right | Kind::Close => {
                    self.back(token);
                    break;
                }
                _ => return Err(self.fault("unexpected word after an operand")),
            }
        }
        let mut terms = terms.into_iter();
        let first = terms.next().ok_or_else(|| self.fault("empty command"))?;
        Ok(Command { line, first, arguments: terms.collect() })
    }

    fn operand(&mut self) -> Result<Option<Term>, Fault> {
        let Some(term) = self.term()? else { return Ok(None) };
        let mut fields = Vec::new();
        while self.peek()?.kind == Kind::Field {
            fields.push(self.next()?.text.trim_start_matches('.').to_owned());
        }
        if fields.is_empty() {
            return Ok(Some(term));
        }
        match term {
            Term::Field(mut names) => {
                names.append(&mut fields);
                Ok(Some(Term::Field(names)))
            }
            Term::Variable(name, _) => Ok(Some(Term::Variable(name, fields))),
            Term::Bool(_) | Term::Text(_) | Term::Number(_) | Term::Nil | Term::Dot => {
                Err(self.fault("unexpected field after a constant"))
            }
            other => Ok(Some(Term::Chain(Box::new(other), fields))),
        }
    }

    fn term(&mut self) -> Result<Option<Term>, Fault> {
        let token = self.next_word()?;
        let term = match token.kind {
            Kind::Identifier => Term::Function(self.function(token.text)?),
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Bool => Term::Bool(token.text == "true"),
            Kind::Variable if self.variables.iter().any(|known| known == token.text) => {
                Term::Variable(token.text.to_owned(), Vec::new())
            }
            Kind::Variable => return Err(self.fault("undefined variable")),
            Kind::Field => Term::Field(vec![token.text.trim_start_matches('.').to_owned()]),
            Kind::Number | Kind::Character => {
                Term::Number(number::parse(token.text).map_err(|reason| self.fault(reason))?)
            }
            Kind::Quoted => {
                Term::Text(unquote(token.text).ok_or_else(|| self.fault("invalid syntax in a quoted string"))?)
            }
            Kind::Open => Term::Pipe(self.deeper(|parser| parser.pipeline("parentheses", Kind::Close))?),
            _ => {
                self.back(token);
                return Ok(None);
            }
        };
        Ok(Some(term))
    }

    fn function(&self, name: &str) -> Result<&'static Function, Fault> {
        if let Some(function) = functions::find(name) {
            return Ok(function);
        }
        let reason = if functions::UNSUPPORTED.contains(&name) {
            "this function of the original is not supported"
        } else {
            "there is no such function"
        };
        Err(Fault::new(reason).at(Some(name), self.line))
    }
}

fn starts_term(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Bool
            | Kind::Character
            | Kind::Dot
            | Kind::Field
            | Kind::Identifier
            | Kind::Number
            | Kind::Nil
            | Kind::Quoted
            | Kind::Variable
            | Kind::Open
    )
}
