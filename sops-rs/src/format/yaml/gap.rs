//! Comments between two tokens, and the token each belongs to.
//!
//! SOPS encrypts a comment with the path of the mapping or list it hangs on, so where a comment hangs is part of the format.
//! The rules are those of go-yaml 3.0.4 (`scannerc.go`), which decides with the indent, the blank lines and the token before:
//! every number here, odd ones included, is what that library computes. Offsets are bytes, columns characters.

use std::collections::VecDeque;

/// No gap is searched further than this for its next comment.
const HORIZON: usize = 512;

/// How a comment stands to the token it was found beside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Head,
    Line,
    Foot,
}

/// A comment that no node has taken yet.
pub(super) struct Remark {
    pub(super) side: Side,
    pub(super) text: String,
    /// The first token that starts here or later takes the comment.
    pub(super) owner: usize,
    /// Where the search began that found it.
    searched_from: usize,
    start: Spot,
    end: usize,
}

/// A place within a gap: lines are counted from the start of the search, columns from 1; all 0 while unset.
#[derive(Clone, Copy, Default)]
struct Spot {
    offset: usize,
    line: usize,
    column: usize,
}

/// What the search for comments must know about the tokens around.
pub(super) struct Context {
    /// Column of the innermost block collection, -1 outside of all.
    pub(super) indent: i64,
    /// Inside brackets or braces.
    pub(super) in_flow: bool,
    /// Start of the token before, or of the one before that if it is a comma.
    pub(super) previous: usize,
    /// That token is a `:`.
    pub(super) after_value: bool,
}

/// The comments of an input, in the order in which they were found.
#[derive(Default)]
pub(super) struct Gaps {
    pub(super) found: VecDeque<Remark>,
}

/// One search, from a `#` to the next token.
struct Search<'a> {
    bytes: &'a [u8],
    context: &'a Context,
    /// After the last comment read.
    at: usize,
    searched_from: usize,
    owner: usize,
    first_line_empty: bool,
    foot_line: Option<i64>,
    /// Of the last comment read.
    line: usize,
    start: Spot,
    text: String,
}

impl Gaps {
    /// Goes over blanks, breaks and comments from `from` to the next token and returns where that starts.
    pub(super) fn cross(&mut self, source: &str, from: usize, context: &Context) -> usize {
        let bytes = source.as_bytes();
        let mut at = from;
        loop {
            if source.get(at..).is_some_and(|rest| rest.starts_with('\u{feff}')) && (at == 0 || is_break(bytes[at - 1]))
            {
                at += '\u{feff}'.len_utf8();
            }
            while at < bytes.len() && is_blank(bytes[at]) {
                at += 1;
            }
            if byte(bytes, at) == b'#' {
                at = self.search(source, at, from, context);
            }
            if !is_break(byte(bytes, at)) {
                return at;
            }
            at += break_length(bytes, at);
        }
    }

    /// Reads the comment that stands on the line of a token which ends at `at`, and returns where the line ends then.
    pub(super) fn same_line(&mut self, source: &str, at: usize, owner: usize) -> usize {
        let bytes = source.as_bytes();
        if breaks_before(bytes, at) > 0 {
            return at;
        }
        let blanks = bytes[at..].iter().take(HORIZON).take_while(|byte| is_blank(**byte)).count();
        let start = at + blanks;
        if byte(bytes, start) != b'#' {
            return at;
        }
        let end = line_end(bytes, start);
        let text = source[start..end].to_owned();
        self.found.push_back(Remark {
            side: Side::Line,
            text,
            owner,
            searched_from: 0,
            start: Spot::default(),
            end: 0,
        });
        end
    }

    /// Where the block of this indent ends: before the comments behind it that stand further out, after those that stand at its
    /// own indent. `mark` is the state between blocks that end at the same token.
    pub(super) fn block_end(&self, indent: i64, mark: i64) -> i64 {
        let mut mark = mark;
        let mut stop = mark;
        for remark in self.found.iter().rev() {
            if to_signed(remark.end) < stop {
                break;
            }
            if to_signed(remark.start.column) == indent + 1 {
                mark = to_signed(remark.start.offset);
            }
            stop = to_signed(remark.searched_from);
        }
        mark
    }

    fn search(&mut self, source: &str, at: usize, from: usize, context: &Context) -> usize {
        let bytes = source.as_bytes();
        let breaks = breaks_before(bytes, at);
        let column = source[line_start(bytes, at)..at].chars().count();
        let on_first_line = !bytes[..from].iter().any(|byte| is_break(*byte));
        // The line right below the token is the only one where a comment is still its foot.
        let foot_line = 1 - to_signed(breaks) + i64::from(breaks == 0 && column > 1);
        let mut search = Search {
            bytes,
            context,
            at,
            searched_from: from,
            owner: context.previous,
            first_line_empty: breaks <= 1,
            foot_line: (!on_first_line).then_some(foot_line),
            line: 0,
            start: Spot::default(),
            text: String::new(),
        };
        let end = search.run(source, column, &mut self.found);
        if !search.text.is_empty() {
            search.flush(Side::Head, search.start.offset, end - 1, &mut self.found);
        }
        search.at
    }
}

impl Search<'_> {
    /// Reads on until there is no comment, and returns the end of what was looked at; the comments still held are a head.
    fn run(&mut self, source: &str, column: usize, found: &mut VecDeque<Remark>) -> usize {
        let inner = self.context.indent.max(0);
        let (mut line, mut column, mut peek) = (0, column, 0);
        let mut after_empty = false;
        while peek < HORIZON {
            column += 1;
            let here = Spot { offset: self.at + peek, line, column };
            let c = byte(self.bytes, here.offset);
            let closes = self.context.in_flow && matches!(c, b']' | b'}');
            if is_blank(c) {
                peek += 1;
                continue;
            }
            if closes || is_break_or_end(c) {
                if closes || !after_empty {
                    self.end_of_paragraph(closes, here.offset, found);
                }
                if !is_break(c) {
                    break;
                }
                (self.first_line_empty, after_empty) = (false, true);
                (column, line, peek) = (0, line + 1, peek + 1);
                continue;
            }
            if !self.text.is_empty() && to_signed(column) - 1 < inner && column != self.start.column {
                self.flush_foot(here.offset, found);
            }
            if c != b'#' {
                break;
            }
            if self.text.is_empty() {
                self.start = here;
            } else {
                self.text.push('\n');
            }
            // The break behind a comment is not looked at: the next round begins after it.
            (after_empty, line, column, peek) = (false, self.read(source, here), 0, 1);
        }
        self.at + peek
    }

    /// A first empty line, or a closing bracket, behind what may be comment lines.
    fn end_of_paragraph(&mut self, closes: bool, offset: usize, found: &mut VecDeque<Remark>) {
        let dedented = to_signed(self.start.column) - 1 < self.context.indent.max(0);
        let below = self.foot_line == Some(to_signed(self.start.line)) && !self.context.after_value;
        if closes || self.first_line_empty && (below || dedented) {
            if !self.text.is_empty() {
                if dedented {
                    self.owner = self.start.offset;
                }
                self.flush_foot(offset, found);
            }
        } else if !self.text.is_empty() && offset < self.bytes.len() {
            self.text.push('\n');
        }
    }

    fn flush_foot(&mut self, offset: usize, found: &mut VecDeque<Remark>) {
        self.flush(Side::Foot, self.owner, offset, found);
        (self.searched_from, self.owner) = (offset, offset);
    }

    fn flush(&mut self, side: Side, owner: usize, end: usize, found: &mut VecDeque<Remark>) {
        let text = std::mem::take(&mut self.text);
        found.push_back(Remark { side, text, owner, searched_from: self.searched_from, start: self.start, end });
    }

    /// Reads one comment to the end of its line and returns that line.
    fn read(&mut self, source: &str, start: Spot) -> usize {
        let skipped = &self.bytes[self.at..start.offset];
        let pairs = skipped.windows(2).filter(|pair| *pair == b"\r\n").count();
        let breaks = skipped.iter().filter(|byte| is_break(**byte)).count();
        let end = line_end(self.bytes, start.offset);
        self.text.push_str(&source[start.offset..end]);
        self.at = end;
        self.line += breaks - pairs;
        self.line
    }
}

/// The byte at an offset; 0 behind the end.
pub(super) fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

pub(super) fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn is_break_or_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | 0)
}

fn break_length(bytes: &[u8], at: usize) -> usize {
    if bytes[at..].starts_with(b"\r\n") { 2 } else { 1 }
}

/// The end of the line that holds `at`, without its break.
pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| is_break(*byte)).map_or(bytes.len(), |length| at + length)
}

/// The start of the line behind the one that holds `at`.
pub(super) fn next_line(bytes: &[u8], at: usize) -> usize {
    let end = line_end(bytes, at);
    if is_break(byte(bytes, end)) { end + break_length(bytes, end) } else { end }
}

fn line_start(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().rposition(|byte| is_break(*byte)).map_or(0, |last| last + 1)
}

/// Line breaks between `at` and the last character before it that is neither blank nor a break.
fn breaks_before(bytes: &[u8], at: usize) -> usize {
    let content = bytes[..at].iter().rposition(|byte| !is_blank(*byte) && !is_break(*byte)).map_or(0, |last| last + 1);
    let space = &bytes[content..at];
    let pairs = space.windows(2).filter(|pair| *pair == b"\r\n").count();
    space.iter().filter(|byte| is_break(**byte)).count() - pairs
}

fn to_signed(offset: usize) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}
