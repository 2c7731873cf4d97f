//! Cuts a template into tokens, as Go's `text/template/parse` does.

use super::fault::Fault;
use super::unicode::{is_digit, is_letter};

/// What a token is. Keywords are identifiers until the parser asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Left,
    Right,
    Space,
    Assign,
    Declare,
    Pipe,
    Quoted,
    Variable,
    Field,
    Dot,
    Identifier,
    Keyword,
    Bool,
    Nil,
    Number,
    Character,
    Open,
    Close,
    Other,
    End,
}

/// A token and the line on which it starts.
#[derive(Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) line: usize,
}

impl Token<'_> {
    pub(super) fn is_keyword(&self, word: &str) -> bool {
        self.kind == Kind::Keyword && self.text == word
    }
}

/// The rest of a template.
pub(super) struct Lexer<'a> {
    rest: &'a str,
    left: &'a str,
    right: &'a str,
    line: usize,
    inside: bool,
    open: usize,
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn is_word(character: char) -> bool {
    character == '_' || is_letter(character) || is_digit(character)
}

fn trims_left(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.starts_with(is_blank))
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, left: &'a str, right: &'a str) -> Lexer<'a> {
        Lexer { rest: text, left, right, line: 1, inside: false, open: 0 }
    }

    /// The next token; `End` for ever once the text is used up.
    pub(super) fn next(&mut self) -> Result<Token<'a>, Fault> {
        if self.inside { self.inside() } else { self.text() }
    }

    pub(super) fn fault(&self, reason: &'static str) -> Fault {
        Fault::new(reason).at(None, self.line)
    }

    fn take(&mut self, kind: Kind, length: usize) -> Token<'a> {
        let (text, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        let token = Token { kind, text, line: self.line };
        self.line += text.matches('\n').count();
        self.rest = rest;
        token
    }

    fn text(&mut self) -> Result<Token<'a>, Fault> {
        loop {
            let Some(at) = self.rest.find(self.left) else {
                let kind = if self.rest.is_empty() { Kind::End } else { Kind::Text };
                return Ok(self.take(kind, self.rest.len()));
            };
            if at > 0 {
                let (before, action) = self.rest.split_at_checked(at).unwrap_or_default();
                let trims = action.get(self.left.len()..).is_some_and(trims_left);
                let kept = if trims { before.trim_end_matches(is_blank).len() } else { at };
                let token = self.take(Kind::Text, kept);
                self.take(Kind::Space, at - kept);
                if kept > 0 {
                    return Ok(token);
                }
            }
            let after = self.rest.get(self.left.len()..).unwrap_or_default();
            let marker = if trims_left(after) { 2 } else { 0 };
            if after.get(marker..).is_some_and(|rest| rest.starts_with("/*")) {
                self.comment(marker)?;
                continue;
            }
            let token = self.take(Kind::Left, self.left.len());
            self.take(Kind::Space, marker);
            self.inside = true;
            self.open = 0;
            return Ok(token);
        }
    }

    fn comment(&mut self, marker: usize) -> Result<(), Fault> {
        self.take(Kind::Left, self.left.len() + marker + 2);
        let Some(end) = self.rest.find("*/") else { return Err(self.fault("unclosed comment")) };
        self.take(Kind::Space, end + 2);
        if self.right_delimiter().is_none() {
            return Err(self.fault("a comment ends before its closing delimiter"));
        }
        self.close();
        Ok(())
    }

    /// The length of the trim marker before a right delimiter that comes next.
    fn right_delimiter(&self) -> Option<usize> {
        let marked = self.rest.strip_prefix(is_blank).and_then(|rest| rest.strip_prefix('-'));
        if marked.is_some_and(|rest| rest.starts_with(self.right)) {
            return Some(2);
        }
        self.rest.starts_with(self.right).then_some(0)
    }

    fn close(&mut self) -> Token<'a> {
        let marker = self.right_delimiter().unwrap_or_default();
        self.take(Kind::Space, marker);
        let token = self.take(Kind::Right, self.right.len());
        if marker > 0 {
            self.take(Kind::Space, self.rest.len() - self.rest.trim_start_matches(is_blank).len());
        }
        self.inside = false;
        token
    }

    fn inside(&mut self) -> Result<Token<'a>, Fault> {
        if self.right_delimiter().is_some() {
            return if self.open == 0 { Ok(self.close()) } else { Err(self.fault("unclosed left parenthesis")) };
        }
        let mut characters = self.rest.chars();
        let Some(first) = characters.next() else { return Err(self.fault("unclosed action")) };
        let second = characters.next().unwrap_or_default();
        match first {
            _ if is_blank(first) => Ok(self.space()),
            '=' => Ok(self.take(Kind::Assign, 1)),
            ':' if second == '=' => Ok(self.take(Kind::Declare, 2)),
            ':' => Err(self.fault("expected `:=`")),
            '|' => Ok(self.take(Kind::Pipe, 1)),
            '"' => self.quoted(Kind::Quoted, '"'),
            '\'' => self.quoted(Kind::Character, '\''),
            '`' => self.raw(),
            '$' => self.word(Kind::Variable, 1),
            '.' if !second.is_ascii_digit() => self.word(Kind::Field, 1),
            '.' | '+' | '-' | '0'..='9' => self.number(),
            _ if is_word(first) => self.word(Kind::Identifier, 0),
            '(' => {
                self.open += 1;
                Ok(self.take(Kind::Open, 1))
            }
            ')' if self.open == 0 => Err(self.fault("unexpected right parenthesis")),
            ')' => {
                self.open -= 1;
                Ok(self.take(Kind::Close, 1))
            }
            '!'..='~' => Ok(self.take(Kind::Other, 1)),
            _ => Err(self.fault("unrecognized character in an action")),
        }
    }

    /// A run of blanks, but for the last one if it belongs to a trimming delimiter.
    fn space(&mut self) -> Token<'a> {
        let length = self.rest.len() - self.rest.trim_start_matches(is_blank).len();
        let last = self.rest.get(length - 1..).unwrap_or_default();
        let marked = last.get(1..).and_then(|rest| rest.strip_prefix('-'));
        let trims = marked.is_some_and(|rest| rest.starts_with(self.right));
        if trims && length == 1 { self.close() } else { self.take(Kind::Space, length - usize::from(trims)) }
    }

    fn quoted(&mut self, kind: Kind, mark: char) -> Result<Token<'a>, Fault> {
        let mut escaped = false;
        for (at, next) in self.rest.char_indices().skip(1) {
            match next {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if next == mark => return Ok(self.take(kind, at + 1)),
                _ => {}
            }
        }
        Err(self.fault("unterminated quoted string or character"))
    }

    fn raw(&mut self) -> Result<Token<'a>, Fault> {
        let inner = self.rest.get(1..).unwrap_or_default();
        let Some(end) = inner.find('`') else { return Err(self.fault("unterminated raw string")) };
        Ok(self.take(Kind::Quoted, end + 2))
    }

    fn word(&mut self, kind: Kind, prefix: usize) -> Result<Token<'a>, Fault> {
        let after = self.rest.get(prefix..).unwrap_or_default();
        let length =
            if prefix > 0 && self.ends_word(after) { 0 } else { after.len() - after.trim_start_matches(is_word).len() };
        if !self.ends_word(after.get(length..).unwrap_or_default()) {
            return Err(self.fault("unexpected character after a name"));
        }
        let token = self.take(kind, prefix + length);
        let kind = match token.text {
            "." => Kind::Dot,
            "nil" => Kind::Nil,
            "true" | "false" => Kind::Bool,
            "block" | "break" | "continue" | "define" | "else" | "end" | "if" | "range" | "template" | "with" => {
                Kind::Keyword
            }
            _ => kind,
        };
        Ok(Token { kind, ..token })
    }

    fn ends_word(&self, rest: &str) -> bool {
        let next = rest.chars().next();
        next.is_none_or(|next| is_blank(next) || matches!(next, '.' | ',' | '|' | ':' | '(' | ')'))
            || rest.starts_with(self.right)
    }

    fn number(&mut self) -> Result<Token<'a>, Fault> {
        let mut length = scan_number(self.rest);
        let mut complex = false;
        if let Some(length) = &mut length
            && self.rest.get(*length..).is_some_and(|rest| rest.starts_with(['+', '-']))
        {
            complex = true;
            *length += self.rest.get(*length..).and_then(scan_number).unwrap_or_default();
        }
        let length = length.ok_or_else(|| self.fault("bad number syntax"))?;
        let token = self.take(Kind::Number, length);
        if complex && !token.text.ends_with('i') {
            return Err(self.fault("bad number syntax"));
        }
        Ok(token)
    }
}

/// The length of what looks like a number; `None` if a letter follows it.
fn scan_number(text: &str) -> Option<usize> {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut digits = "0123456789_";
    if let Some(after) = rest.strip_prefix('0') {
        rest = after;
        for (marks, set) in [(['x', 'X'], "0123456789abcdefABCDEF_"), (['o', 'O'], "01234567_"), (['b', 'B'], "01_")] {
            if let Some(after) = rest.strip_prefix(marks) {
                (rest, digits) = (after, set);
                break;
            }
        }
    }
    let run = |rest: &mut &str, set: &str| *rest = rest.trim_start_matches(|next| set.contains(next));
    let mut whole = rest;
    run(&mut whole, digits);
    if let Some(mut fraction) = whole.strip_prefix('.') {
        run(&mut fraction, digits);
        whole = fraction;
    }
    let exponent = match digits.len() {
        11 => whole.strip_prefix(['e', 'E']),
        23 => whole.strip_prefix(['p', 'P']),
        _ => None,
    };
    if let Some(exponent) = exponent {
        whole = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        run(&mut whole, "0123456789_");
    }
    let whole = whole.strip_prefix('i').unwrap_or(whole);
    (!whole.starts_with(is_word)).then(|| text.len() - whole.len())
}
