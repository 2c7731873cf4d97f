//! YAML as the original writes it (go-yaml 2): keys sorted with numbers in them by value, lists not indented, long texts
//! folded at 80 columns, quotes only where an unquoted text would be read as something else.

use serde_json::{Map, Value};

use crate::key_order::sorted_keys;
use crate::scalar::{Meaning, is_base_60, meaning};

const INDENT: usize = 2;
const WIDTH: usize = 80;
const LONGEST_SIMPLE_KEY: usize = 128;

/// The YAML text of a mapping as a document of its own, with the separator before it.
pub(crate) fn document(mapping: &Map<String, Value>) -> String {
    let mut emitter = Emitter { text: String::new(), column: 0, whitespace: true, indention: true };
    emitter.mapping(mapping, 0);
    emitter.start_line(0);
    format!("---\n{}", emitter.text)
}

struct Emitter {
    text: String,
    /// In characters.
    column: usize,
    /// The last thing written was white space, so the next needs none before it.
    whitespace: bool,
    /// Nothing but indentation has been written on this line.
    indention: bool,
}

enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

impl Emitter {
    fn put(&mut self, character: char) {
        self.text.push(character);
        self.column += 1;
    }

    fn line_break(&mut self) {
        self.text.push('\n');
        self.column = 0;
    }

    /// Goes to column `indent` of a line that holds nothing yet, a new one when needed.
    fn start_line(&mut self, indent: usize) {
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.line_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn space(&mut self) {
        if !self.whitespace {
            self.put(' ');
        }
    }

    fn indicator(&mut self, character: char) {
        self.put(character);
        self.whitespace = false;
    }

    fn mapping(&mut self, mapping: &Map<String, Value>, indent: usize) {
        for key in sorted_keys(mapping) {
            self.start_line(indent);
            if key.len() <= LONGEST_SIMPLE_KEY && !key.contains('\n') {
                self.scalar(key, indent, true);
            } else {
                self.space();
                self.indicator('?');
                self.scalar(key, indent + INDENT, false);
                self.start_line(indent);
            }
            self.indicator(':');
            if let Some(value) = mapping.get(key) {
                self.value(value, indent, indent + INDENT);
            }
        }
    }

    /// `indent` is where a list begins, `inner` where a mapping or the next line of a text does.
    fn value(&mut self, value: &Value, indent: usize, inner: usize) {
        match value {
            Value::Object(mapping) if mapping.is_empty() => self.word("{}"),
            Value::Array(items) if items.is_empty() => self.word("[]"),
            Value::Object(mapping) => self.mapping(mapping, inner),
            Value::Array(items) => {
                for item in items {
                    self.start_line(indent);
                    self.indicator('-');
                    self.value(item, inner, inner);
                }
            }
            Value::String(text) => self.scalar(text, inner, false),
            Value::Null => self.word("null"),
            Value::Bool(value) => self.word(if *value { "true" } else { "false" }),
            Value::Number(number) => self.word(&number.to_string()),
        }
    }

    fn word(&mut self, word: &str) {
        self.space();
        word.chars().for_each(|character| self.put(character));
        self.whitespace = false;
        self.indention = false;
    }

    fn scalar(&mut self, text: &str, indent: usize, is_key: bool) {
        self.space();
        let fold = (!is_key).then_some(indent);
        match style_of(text, is_key) {
            Style::Plain => self.plain(text, fold),
            Style::Single => self.single_quoted(text, fold),
            Style::Double => self.double_quoted(text, fold),
            Style::Literal => self.literal(text, indent),
        }
    }

    /// Writes a space, or breaks the line instead when it has become long.
    fn space_or_fold(&mut self, fold: Option<usize>, may_fold: bool) {
        match fold {
            Some(indent) if may_fold && self.column > WIDTH => self.start_line(indent),
            _ => self.put(' '),
        }
    }

    fn plain(&mut self, text: &str, fold: Option<usize>) {
        let characters: Vec<char> = text.chars().collect();
        for (index, character) in characters.iter().enumerate() {
            if *character == ' ' {
                self.space_or_fold(fold, stands_alone(&characters, index));
            } else {
                self.put(*character);
                self.indention = false;
            }
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn single_quoted(&mut self, text: &str, fold: Option<usize>) {
        self.indicator('\'');
        self.indention = false;
        let characters: Vec<char> = text.chars().collect();
        for (index, character) in characters.iter().enumerate() {
            let is_inside = index > 0 && index + 1 < characters.len();
            match *character {
                ' ' => self.space_or_fold(fold, is_inside && stands_alone(&characters, index)),
                '\'' => {
                    self.put('\'');
                    self.put('\'');
                    self.indention = false;
                }
                character => {
                    self.put(character);
                    self.indention = false;
                }
            }
        }
        self.indicator('\'');
        self.indention = false;
    }

    fn double_quoted(&mut self, text: &str, fold: Option<usize>) {
        self.indicator('"');
        self.indention = false;
        let characters: Vec<char> = text.chars().collect();
        for (index, character) in characters.iter().enumerate() {
            let is_inside = index > 0 && index + 1 < characters.len();
            let follows_space = index > 0 && characters[index - 1] == ' ';
            match *character {
                ' ' if fold.is_some() && is_inside && !follows_space && self.column > WIDTH => {
                    self.start_line(fold.unwrap_or_default());
                    // A space that begins a line would be swallowed by the fold.
                    if characters[index + 1] == ' ' {
                        self.put('\\');
                    }
                }
                '"' | '\\' => self.escape(*character),
                character if character == '\n' || !is_printable(character) => self.escape(character),
                character => self.put(character),
            }
        }
        self.indicator('"');
        self.indention = false;
    }

    fn escape(&mut self, character: char) {
        let code = u32::from(character);
        let escaped = match character {
            '\0' => "0".to_owned(),
            '\u{7}' => "a".to_owned(),
            '\u{8}' => "b".to_owned(),
            '\t' => "t".to_owned(),
            '\n' => "n".to_owned(),
            '\u{b}' => "v".to_owned(),
            '\u{c}' => "f".to_owned(),
            '\r' => "r".to_owned(),
            '\u{1b}' => "e".to_owned(),
            '"' | '\\' => character.to_string(),
            '\u{85}' => "N".to_owned(),
            '\u{2028}' => "L".to_owned(),
            '\u{2029}' => "P".to_owned(),
            _ if code <= 0xFF => format!("x{code:02X}"),
            _ if code <= 0xFFFF => format!("u{code:04X}"),
            _ => format!("U{code:08X}"),
        };
        self.put('\\');
        escaped.chars().for_each(|character| self.put(character));
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.indicator('|');
        if text.starts_with([' ', '\n']) {
            // The reader could not tell the text's own space from the indentation.
            self.put('2');
        }
        if !text.ends_with('\n') {
            self.put('-');
        } else if text == "\n" || text.ends_with("\n\n") {
            self.put('+');
        }
        self.line_break();
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches('\n');
            if !content.is_empty() {
                self.whitespace = true;
                self.indention = true;
                self.start_line(indent);
                content.chars().for_each(|character| self.put(character));
                self.indention = false;
            }
            if line.ends_with('\n') {
                self.line_break();
                self.indention = true;
            }
        }
    }
}

/// A space with none beside it: the only kind that a line may be folded at.
fn stands_alone(characters: &[char], index: usize) -> bool {
    let is_space = |index: usize| characters.get(index) == Some(&' ');
    !is_space(index + 1) && (index == 0 || !is_space(index - 1))
}

/// Whether a text may hold the character outside of escapes. The line and paragraph separators may not: YAML 1.1 and 1.2
/// disagree on them, so whoever writes them unescaped is read differently by the two.
fn is_printable(character: char) -> bool {
    let is_in_range = matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}');
    is_in_range && !matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Quotes are the exception: where the text would be read as something else, or could not be read at all.
fn style_of(text: &str, is_key: bool) -> Style {
    let is_printable = text.chars().all(is_printable);
    if text.contains('\n') {
        let is_lossless = is_printable && !text.contains(" \n") && !text.ends_with(' ');
        return if is_lossless && !is_key { Style::Literal } else { Style::Double };
    }
    let is_text = matches!(meaning(text), Meaning::Text) && !is_base_60(text);
    match (is_text && is_printable, is_syntax(text)) {
        (true, false) => Style::Plain,
        (true, true) => Style::Single,
        (false, _) => Style::Double,
    }
}

/// Whether the text, unquoted, would be taken for something else than a scalar, or would lose the spaces at its ends.
fn is_syntax(text: &str) -> bool {
    text.starts_with(' ')
        || text.ends_with([' ', ':'])
        || text.starts_with("---")
        || text.starts_with("...")
        || text.contains(": ")
        || text.contains(" #")
        || begins_like_syntax(text)
}

fn begins_like_syntax(text: &str) -> bool {
    let mut characters = text.chars();
    match characters.next() {
        Some('#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`') => true,
        Some('?' | ':' | '-') => characters.next().is_none_or(|next| next == ' '),
        _ => false,
    }
}
