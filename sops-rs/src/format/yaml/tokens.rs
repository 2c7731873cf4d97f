//! The tokens of an input with their true places, and the comments found between them.
//!
//! granit's scanner finds the tokens; this layer follows its position to cross the gaps itself, because where a comment hangs
//! depends on the indent and the blank lines there. It hands out what libyaml's scanner would: granit's own marks for mappings
//! implied inside brackets are dropped.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use granit_parser::{ErrorKind, ScalarStyle, ScanError, Scanner, StrInput, TokenType, options};

use super::breaks::OtherBreaks;
use super::error::YamlError;
use super::gap::{Context, Gaps, Remark, byte, is_blank, is_break, line_end, next_line};

/// Tokens that must be known before the first of them is judged: a comment may belong to a token two before it.
const LOOKAHEAD: usize = 3;

pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    /// Byte offset; for the end of a block the place where its comments end.
    pub(super) start: usize,
    /// From 1.
    pub(super) line: usize,
    /// From 1, in characters.
    pub(super) column: usize,
}

#[derive(PartialEq)]
pub(super) enum Kind<'a> {
    StreamEnd,
    VersionDirective,
    TagDirective(Cow<'a, str>, Cow<'a, str>),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(Cow<'a, str>),
    Anchor(Cow<'a, str>),
    Tag(Cow<'a, str>, Cow<'a, str>),
    Scalar { text: Cow<'a, str>, plain: bool },
}

/// A place of the token stream: what a later comment may still belong to.
#[derive(Clone, Copy)]
struct Seen {
    start: usize,
    comma: bool,
    value: bool,
}

pub(super) struct Tokens<'a> {
    source: &'a str,
    breaks: OtherBreaks<'a>,
    scanner: Scanner<'a, StrInput<'a>>,
    queue: VecDeque<Token<'a>>,
    /// `None` when the input has no `#`: then no gap is looked at.
    gaps: Option<Gaps>,
    /// Where the last token ended, and where the search for the next began.
    at: usize,
    crossed_from: Option<usize>,
    indents: Vec<i64>,
    flow: usize,
    last: Seen,
    before_last: Seen,
    /// The end mark that blocks ending at the same token share, and whether it is the one of the end of the document.
    ending: Option<(i64, bool)>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(source: &'a str) -> Tokens<'a> {
        let options = options! { emit_comments: false, block_scalar_eof_without_line_feed: true };
        let start = Seen { start: 0, comma: false, value: false };
        Tokens {
            source,
            breaks: OtherBreaks::new(source),
            scanner: Scanner::with_options(StrInput::new(source), options),
            queue: VecDeque::with_capacity(8),
            gaps: source.contains('#').then(Gaps::default),
            at: 0,
            crossed_from: None,
            indents: Vec::new(),
            flow: 0,
            last: start,
            before_last: start,
            ending: None,
        }
    }

    /// The next token; the end of the stream again and again.
    pub(super) fn peek(&mut self) -> Result<&Token<'a>, YamlError> {
        if !self.is_ready() {
            self.fill()?;
        }
        self.queue.front().ok_or(YamlError::NoDocument)
    }

    fn is_ready(&self) -> bool {
        let wanted = if self.gaps.is_some() { LOOKAHEAD } else { 1 };
        // The ends of blocks are placed all at once, before a comment among them is taken.
        self.queue.back().is_some_and(|last| match last.kind {
            Kind::StreamEnd => true,
            Kind::BlockEnd => false,
            _ => self.queue.len() >= wanted,
        })
    }

    /// Kept out of [`Tokens::peek`], which is called for many times as often.
    #[inline(never)]
    fn fill(&mut self) -> Result<(), YamlError> {
        while !self.is_ready() {
            self.fetch()?;
        }
        Ok(())
    }

    /// Takes the token that [`Tokens::peek`] showed.
    pub(super) fn take(&mut self) -> Option<Token<'a>> {
        if self.queue.front().is_some_and(|token| token.kind == Kind::StreamEnd) {
            None
        } else {
            self.queue.pop_front()
        }
    }

    /// The oldest comment, if it belongs to the next token or to one before.
    pub(super) fn take_remark(&mut self, accepts: impl FnOnce(&Remark) -> bool) -> Option<Remark> {
        let start = self.queue.front()?.start;
        let found = &mut self.gaps.as_mut()?.found;
        if found.front().is_some_and(|remark| remark.owner <= start && accepts(remark)) {
            found.pop_front()
        } else {
            None
        }
    }

    fn fetch(&mut self) -> Result<(), YamlError> {
        let token = match self.scanner.next() {
            Some(Ok(token)) => token,
            Some(Err(error)) => return Err(syntax(&error)),
            None => return Err(YamlError::NoDocument),
        };
        let (span, token) = token.into_parts();
        let bounds = span.byte_range().unwrap_or(0..0);
        let column = span.start.col();
        Self::check_directive(&token, span.start.line())?;
        let Some((mut kind, style)) = Self::convert(token, bounds.is_empty()) else { return Ok(()) };
        self.breaks.check(bounds.start)?;
        if let (Kind::Scalar { text, .. }, Some(style)) = (&mut kind, style) {
            *text = self.breaks.read(std::mem::take(text), style, &bounds, column)?;
        }
        self.check_dialect(&kind, &bounds, span.start.line())?;
        let mut token = Token { kind, start: bounds.start, line: span.start.line(), column: column + 1 };
        if self.gaps.is_some() {
            self.place(&mut token, bounds.end, column, style);
        }
        match token.kind {
            Kind::FlowSequenceStart | Kind::FlowMappingStart => self.flow += 1,
            Kind::FlowSequenceEnd | Kind::FlowMappingEnd => self.flow = self.flow.saturating_sub(1),
            _ => {}
        }
        self.queue.push_back(token);
        Ok(())
    }

    /// go-yaml knows only its own version of YAML and no directive that is not in it. It takes a `%` at the start of any line
    /// for one, so that to pass over others would lose what may have been meant as a key.
    fn check_directive(token: &TokenType<'a>, line: usize) -> Result<(), YamlError> {
        let what = match token {
            TokenType::VersionDirective(1, 1) => return Ok(()),
            TokenType::VersionDirective(..) => "a `%YAML` other than 1.1",
            TokenType::ReservedDirective(..) => "a line that begins with `%`, but for `%YAML` and `%TAG`,",
            _ => return Ok(()),
        };
        Err(YamlError::Unsupported { line, what })
    }

    /// Our kind of a token, and the style of a scalar; nothing for what libyaml has no token for.
    fn convert(token: TokenType<'a>, empty: bool) -> Option<(Kind<'a>, Option<ScalarStyle>)> {
        let kind = match token {
            TokenType::StreamEnd => Kind::StreamEnd,
            TokenType::VersionDirective(..) => Kind::VersionDirective,
            TokenType::TagDirective(handle, prefix) => Kind::TagDirective(handle, prefix),
            TokenType::DocumentStart => Kind::DocumentStart,
            TokenType::DocumentEnd => Kind::DocumentEnd,
            TokenType::BlockSequenceStart => Kind::BlockSequenceStart,
            TokenType::BlockMappingStart => Kind::BlockMappingStart,
            TokenType::BlockEnd => Kind::BlockEnd,
            TokenType::FlowMappingStart | TokenType::FlowMappingEnd if empty => return None,
            TokenType::FlowSequenceStart => Kind::FlowSequenceStart,
            TokenType::FlowSequenceEnd => Kind::FlowSequenceEnd,
            TokenType::FlowMappingStart => Kind::FlowMappingStart,
            TokenType::FlowMappingEnd => Kind::FlowMappingEnd,
            TokenType::BlockEntry => Kind::BlockEntry,
            TokenType::FlowEntry => Kind::FlowEntry,
            TokenType::Key => Kind::Key,
            TokenType::Value => Kind::Value,
            TokenType::Alias(name) => Kind::Alias(name),
            TokenType::Anchor(name) => Kind::Anchor(name),
            TokenType::Tag(handle, suffix) => Kind::Tag(handle, suffix),
            TokenType::Scalar(style, text) => {
                return Some((Kind::Scalar { text, plain: style == ScalarStyle::Plain }, Some(style)));
            }
            _ => return None,
        };
        Some((kind, None))
    }

    /// Refuses what go-yaml reads otherwise than YAML 1.2: `&a:b` is the anchor `a` there, and inside brackets `a:]` is the text `a:`
    /// and `?a` a key.
    fn check_dialect(&self, kind: &Kind<'a>, bounds: &Range<usize>, line: usize) -> Result<(), YamlError> {
        let bytes = self.source.as_bytes();
        let unclear = match kind {
            Kind::Anchor(name) | Kind::Alias(name) => {
                let is_simple = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
                if name.bytes().all(is_simple) {
                    return Ok(());
                }
                return Err(YamlError::Unsupported {
                    line,
                    what: "an anchor of other than letters, digits, `_` and `-`",
                });
            }
            _ if self.flow == 0 => false,
            Kind::Value => {
                let before = bounds.start.checked_sub(1).map_or(0, |at| byte(bytes, at));
                let after = byte(bytes, bounds.start + 1);
                matches!(after, b',' | b'[' | b']' | b'{' | b'}')
                    && !matches!(before, b'"' | b'\'' | b']' | b'}' | b' ' | b'\t')
            }
            Kind::Scalar { plain: true, .. } => byte(bytes, bounds.start) == b'?',
            _ => false,
        };
        if unclear {
            Err(YamlError::Unsupported { line, what: "`:` or `?` without a space inside brackets" })
        } else {
            Ok(())
        }
    }

    /// Crosses the gap before a token and notes where the token truly starts and ends, and its comment.
    fn place(&mut self, token: &mut Token<'a>, end: usize, column: usize, style: Option<ScalarStyle>) {
        let virtual_key = token.kind == Kind::Key && end == token.start;
        let start = self.cross();
        if token.kind == Kind::BlockEnd {
            self.end_block(token, column, start);
            return;
        }
        token.start = start;
        match token.kind {
            Kind::BlockMappingStart | Kind::BlockSequenceStart => {
                self.indents.push(i64::try_from(column).unwrap_or(i64::MAX));
                self.note(token);
                return;
            }
            Kind::Key if virtual_key => return self.note(token),
            _ => {}
        }
        // The comment on the line of `key:` or `value,` is that of the key or the value.
        let owner = match token.kind {
            Kind::Value if self.flow == 0 => self.last.start,
            Kind::FlowEntry => self.last.start,
            _ => start,
        };
        self.at = self.end_of(token, end, style, owner);
        self.crossed_from = None;
        self.ending = None;
        self.note(token);
        let commentless = matches!(
            token.kind,
            Kind::BlockEntry
                | Kind::DocumentStart
                | Kind::DocumentEnd
                | Kind::VersionDirective
                | Kind::TagDirective(..)
                | Kind::StreamEnd
        );
        if let (false, Some(gaps)) = (commentless, self.gaps.as_mut()) {
            self.at = gaps.same_line(self.source, self.at, owner);
        }
    }

    fn cross(&mut self) -> usize {
        if self.crossed_from.is_some() {
            return self.at;
        }
        let previous = if self.last.comma { self.before_last } else { self.last };
        let context = Context {
            indent: self.indents.last().copied().unwrap_or(-1),
            in_flow: self.flow > 0,
            previous: previous.start,
            after_value: previous.value,
        };
        self.crossed_from = Some(self.at);
        if let Some(gaps) = self.gaps.as_mut() {
            self.at = gaps.cross(self.source, self.at, &context);
        }
        self.at
    }

    /// Blocks end in two steps: those further in than the next token, then, at the end of a document, all others.
    fn end_block(&mut self, token: &mut Token<'a>, column: usize, start: usize) {
        let indent = self.indents.pop().unwrap_or(-1);
        let at_document_end = indent <= i64::try_from(column).unwrap_or(i64::MAX);
        let from = if at_document_end { start } else { self.crossed_from.unwrap_or(start) };
        let mark = match self.ending {
            Some((mark, of_document)) if of_document == at_document_end => mark,
            _ => i64::try_from(from).unwrap_or(i64::MAX) - 1,
        };
        let mark = self.gaps.as_ref().map_or(mark, |gaps| gaps.block_end(indent, mark));
        self.ending = Some((mark, at_document_end));
        token.start = usize::try_from(mark).unwrap_or(0);
        self.note(token);
    }

    fn note(&mut self, token: &Token<'a>) {
        self.before_last = self.last;
        self.last = Seen { start: token.start, comma: token.kind == Kind::FlowEntry, value: token.kind == Kind::Value };
    }

    /// Where libyaml's scanner stands behind a token. It reads the breaks behind plain and block scalars as part of them,
    /// and one behind a directive.
    fn end_of(&mut self, token: &Token<'a>, end: usize, style: Option<ScalarStyle>, owner: usize) -> usize {
        let bytes = self.source.as_bytes();
        match (&token.kind, style) {
            (Kind::BlockEntry | Kind::Value, _) => token.start + 1,
            (Kind::VersionDirective | Kind::TagDirective(..), _) => next_line(bytes, token.start),
            (_, Some(ScalarStyle::Plain)) => {
                end + bytes[end..].iter().take_while(|byte| is_blank(**byte) || is_break(**byte)).count()
            }
            (_, Some(ScalarStyle::Literal | ScalarStyle::Folded)) => {
                let header = token.start + 1;
                let digits =
                    bytes[header..].iter().take_while(|byte| matches!(byte, b'+' | b'-' | b'0'..=b'9')).count();
                if let Some(gaps) = self.gaps.as_mut() {
                    gaps.same_line(self.source, header + digits, owner);
                }
                end.max(line_end(bytes, header))
            }
            _ => end,
        }
    }
}

/// Where granit stopped. Its own words may quote the input; these do not.
fn syntax(error: &ScanError) -> YamlError {
    let problem = match error.kind() {
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => "expected `:` after a key",
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation => "a tab where only spaces may stand",
        ErrorKind::InvalidIndentation => "wrong indentation",
        ErrorKind::UnexpectedCharacter { .. } => "a character that may not stand here",
        ErrorKind::CommentNotSeparated => "a `#` without a space before it",
        ErrorKind::CommentInterceptedScalar => "a comment within a scalar",
        _ => "not well-formed YAML",
    };
    let mark = error.marker();
    YamlError::Syntax { line: mark.line(), column: mark.col() + 1, problem }
}
