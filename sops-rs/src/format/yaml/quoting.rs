//! How a scalar is put down in its style: quotes, escapes and literal blocks.

use super::scalar::{Scalar, Style, is_break, is_printable};
use super::writer::Writer;

/// What the digit of a literal block depends on.
#[derive(Clone, Copy)]
pub(super) struct Indents {
    /// Of the mapping or list that holds the scalar.
    pub(super) holder: i64,
    /// The one asked for.
    pub(super) file: i64,
}

impl Writer {
    pub(super) fn scalar(&mut self, scalar: &Scalar<'_>, indents: Indents) {
        if !scalar.tag.is_empty() {
            self.space();
            self.put_str(scalar.tag);
            self.after_content();
        }
        match scalar.style {
            Style::Plain => {
                self.space();
                self.put_str(scalar.text);
            }
            Style::Single => self.single_quoted(scalar.text),
            Style::Double => self.double_quoted(scalar.text),
            Style::Literal => return self.literal(scalar.text, indents),
        }
        self.after_content();
    }

    fn single_quoted(&mut self, text: &str) {
        self.indicator("'", true, false);
        let mut after_break = false;
        for c in text.chars() {
            if is_break(c) {
                self.put_text_break(c);
                after_break = true;
                continue;
            }
            if std::mem::replace(&mut after_break, false) {
                self.write_indent();
            }
            if c == '\'' {
                self.put('\'');
            }
            self.put(c);
            self.within_literal();
        }
        self.indicator("'", false, false);
    }

    fn double_quoted(&mut self, text: &str) {
        self.indicator("\"", true, false);
        // Behind a byte order mark at its start the original escapes the whole text.
        let marked = text.starts_with('\u{feff}');
        for c in text.chars() {
            if !marked && is_printable(c) && !is_break(c) && !matches!(c, '"' | '\\') {
                self.put(c);
            } else {
                self.put_str(&escape(c));
            }
        }
        self.indicator("\"", false, false);
    }

    /// The digit says how much further in the text stands than what holds it. The original always writes the indent of the file,
    /// which is wrong within lists: then it cannot read its own file, unless the text has nothing but breaks.
    fn literal(&mut self, text: &str, indents: Indents) {
        self.indicator("|", true, false);
        if text.starts_with(|c: char| c == ' ' || is_break(c)) {
            let hint = if text.chars().all(is_break) { indents.file } else { self.indent - indents.holder };
            self.indicator(&hint.to_string(), false, false);
        }
        let mut backwards = text.chars().rev();
        let chomping = match (backwards.next().map(is_break), backwards.next().map(is_break)) {
            (Some(true), Some(false)) => "",
            (Some(true), _) => "+",
            _ => "-",
        };
        if !chomping.is_empty() {
            self.indicator(chomping, false, false);
        }
        self.line_comment_or_break();
        self.begin_literal();
        for line in text.split_inclusive(is_break) {
            let content = line.trim_end_matches(is_break);
            if !content.is_empty() {
                self.write_indent();
                self.put_str(content);
                self.within_literal();
            }
            if let Some(c) = line[content.len()..].chars().next() {
                self.put_text_break(c);
            }
        }
    }
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(c) {
                code @ ..=0xff => format!("\\x{code:02X}"),
                code @ ..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}
