//! Columns, indentation and comments of YAML output: the part of go-yaml 3.0.4's emitter that knows where on the line it is.

use super::scalar::is_break;

/// What a node's comments become while they wait for their place in the output; empty when there is none.
#[derive(Default)]
pub(super) struct Slots {
    pub(super) head: String,
    pub(super) line: String,
    pub(super) foot: String,
    /// Below the pair before, written with the next key or the end of the mapping.
    pub(super) tail: String,
    /// Beside a key whose value starts on a line of its own.
    pub(super) key_line: String,
}

pub(super) struct Writer {
    out: String,
    pub(super) slots: Slots,
    /// -1 before the first collection.
    pub(super) indent: i64,
    column: i64,
    /// The last character was a space or an indicator that needs none behind it.
    whitespace: bool,
    /// Nothing but indentation and dashes on this line yet.
    indention: bool,
    /// A line of this indent right below a foot comment is set off by an empty one; -1 for none.
    foot_indent: i64,
}

impl Writer {
    pub(super) fn new() -> Writer {
        Writer {
            out: String::new(),
            slots: Slots::default(),
            indent: -1,
            column: 0,
            whitespace: true,
            indention: true,
            foot_indent: -1,
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out.into_bytes()
    }

    pub(super) fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    /// Text of one line, character by character as it is.
    pub(super) fn put_str(&mut self, text: &str) {
        self.out.push_str(text);
        self.column +=
            i64::try_from(if text.is_ascii() { text.len() } else { text.chars().count() }).unwrap_or(i64::MAX);
    }

    pub(super) fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
        self.indention = true;
    }

    /// A line break of the text itself.
    pub(super) fn put_text_break(&mut self, c: char) {
        if c == '\n' {
            self.put_break();
        } else {
            self.out.push(c);
            self.column = 0;
            self.indention = true;
        }
    }

    pub(super) fn write_indent(&mut self) {
        let indent = self.indent.max(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        if self.foot_indent == indent {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.foot_indent = -1;
    }

    /// `-`, `?`, `:` and the brackets and quotes.
    pub(super) fn indicator(&mut self, text: &str, spaced: bool, keeps_indention: bool) {
        if spaced {
            self.space();
        }
        self.put_str(text);
        self.whitespace = false;
        self.indention &= keeps_indention;
    }

    /// A space, unless there is one.
    pub(super) fn space(&mut self) {
        if !self.whitespace {
            self.put(' ');
        }
    }

    pub(super) fn after_content(&mut self) {
        self.whitespace = false;
        self.indention = false;
    }

    pub(super) fn after_opening_bracket(&mut self) {
        self.whitespace = true;
    }

    /// Within a literal block the next line is indented as a whole.
    pub(super) fn begin_literal(&mut self) {
        self.whitespace = true;
    }

    pub(super) fn within_literal(&mut self) {
        self.indention = false;
    }

    pub(super) fn at_line_start(&self) -> bool {
        self.column == 0
    }

    pub(super) fn head_comment(&mut self) {
        if !self.slots.tail.is_empty() {
            let tail = std::mem::take(&mut self.slots.tail);
            self.write_indent();
            self.comment(&tail);
            self.foot_indent = self.indent.max(0);
        }
        if !self.slots.head.is_empty() {
            let head = std::mem::take(&mut self.slots.head);
            self.write_indent();
            self.comment(&head);
        }
    }

    pub(super) fn line_comment(&mut self) {
        if !self.slots.line.is_empty() {
            let line = std::mem::take(&mut self.slots.line);
            self.space();
            self.comment(&line);
        }
    }

    /// The end of a block scalar's first line. Several comments go on that line: on lines of their own, as the original writes
    /// them, they would be text of the block.
    pub(super) fn line_comment_or_break(&mut self) {
        if self.slots.line.is_empty() {
            self.put_break();
        } else {
            self.slots.line = self.slots.line.replace(is_break, " ");
            self.line_comment();
        }
    }

    pub(super) fn foot_comment(&mut self) {
        if !self.slots.foot.is_empty() {
            let foot = std::mem::take(&mut self.slots.foot);
            self.write_indent();
            self.comment(&foot);
            self.foot_indent = self.indent.max(0);
        }
    }

    /// Sets off what stands below a whole document.
    pub(super) fn document_foot(&mut self) {
        self.foot_indent = 0;
        self.foot_comment();
        self.foot_indent = -1;
    }

    fn comment(&mut self, text: &str) {
        let mut breaks = false;
        for line in text.split_inclusive(is_break) {
            let content = line.trim_end_matches(is_break);
            if !content.is_empty() {
                if breaks {
                    self.write_indent();
                }
                if !content.starts_with('#') {
                    self.put_str("# ");
                }
                self.put_str(content);
                (self.indention, breaks) = (false, false);
            }
            if let Some(c) = line[content.len()..].chars().next() {
                self.put_text_break(c);
                breaks = true;
            }
        }
        if !breaks {
            self.put_break();
        }
        self.whitespace = true;
    }
}
