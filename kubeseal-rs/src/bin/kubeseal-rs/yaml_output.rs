//! YAML as the original writes it (go-yaml 2): keys sorted with numbers in them by value, lists not indented, long texts
//! folded at 80 columns, quotes only where an unquoted text would be read as something else.

use std::cmp::Ordering;

use serde_json::{Map, Value};

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

    fn line_break(&mut self, character: char) {
        self.text.push(character);
        self.column = 0;
    }

    /// Goes to column `indent` of a line that holds nothing yet, a new one when needed.
    fn start_line(&mut self, indent: usize) {
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.line_break('\n');
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
            if key.len() <= LONGEST_SIMPLE_KEY && !key.contains(is_break) {
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
        if text.starts_with(|first| first == ' ' || is_break(first)) {
            // The reader could not tell the text's own space from the indentation.
            self.put('2');
        }
        let mut from_end = text.chars().rev();
        match (from_end.next().is_some_and(is_break), from_end.next()) {
            (false, _) => self.put('-'),
            (true, before) if before.is_none_or(is_break) => self.put('+'),
            (true, _) => {}
        }
        self.line_break('\n');
        self.indention = true;
        self.whitespace = true;
        let mut after_break = true;
        for character in text.chars() {
            if is_break(character) {
                self.line_break(character);
                self.indention = true;
                after_break = true;
                continue;
            }
            if after_break {
                self.start_line(indent);
                after_break = false;
            }
            self.put(character);
            self.indention = false;
        }
    }
}

/// A space with none beside it: the only kind that a line may be folded at.
fn stands_alone(characters: &[char], index: usize) -> bool {
    let is_space = |index: usize| characters.get(index) == Some(&' ');
    !(index > 0 && is_space(index - 1)) && !is_space(index + 1)
}

/// Whether a text may hold the character outside of escapes. The line and paragraph separators may not: YAML 1.1 and 1.2
/// disagree on them, so whoever writes them unescaped is read differently by the two.
fn is_printable(character: char) -> bool {
    let is_in_range = matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}');
    is_in_range && !matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// What a text allows, as libyaml's emitter judges it.
struct Analysis {
    plain: bool,
    single: bool,
    literal: bool,
}

impl Analysis {
    fn of(text: &str) -> Analysis {
        let is_at_end = |edge: Option<char>| edge.is_some_and(|character| character == ' ' || is_break(character));
        let pairs = || text.chars().zip(text.chars().skip(1));
        let has_indicator = text.starts_with("---") || text.starts_with("...") || begins_like_syntax(text);
        let colon_or_comment = text.ends_with(':')
            || pairs().any(|(first, second)| (first == ':' && is_blank(second)) || (is_blank(first) && second == '#'));
        let space_before_break = pairs().any(|(first, second)| first == ' ' && is_break(second));
        let space_after_break = pairs().any(|(first, second)| is_break(first) && second == ' ');
        let special = space_before_break || !text.chars().all(is_printable);
        let at_edge = is_at_end(text.chars().next()) || is_at_end(text.chars().next_back());
        Analysis {
            plain: !(has_indicator || colon_or_comment || special || at_edge || text.contains(is_break)),
            single: !(special || space_after_break),
            literal: !(special || text.is_empty() || text.ends_with(' ')),
        }
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t') || is_break(character)
}

fn begins_like_syntax(text: &str) -> bool {
    let mut characters = text.chars();
    match characters.next() {
        Some('#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`') => true,
        Some('?' | ':' | '-') => characters.next().is_none_or(is_blank),
        _ => false,
    }
}

fn style_of(text: &str, is_key: bool) -> Style {
    let analysis = Analysis::of(text);
    let is_text = matches!(meaning(text), Meaning::Text) && !is_base_60(text);
    if text.contains('\n') {
        return if analysis.literal && !is_key { Style::Literal } else { Style::Double };
    }
    match (is_text, analysis.plain, analysis.single) {
        (true, true, _) => Style::Plain,
        (true, false, true) => Style::Single,
        _ => Style::Double,
    }
}

/// Sorts by insertion: the original's order is not transitive for absurdly long numbers, which the standard library's
/// sorts answer with a panic.
fn sorted_keys(mapping: &Map<String, Value>) -> Vec<&str> {
    let mut sorted: Vec<&str> = Vec::with_capacity(mapping.len());
    for key in mapping.keys() {
        let position = sorted.partition_point(|other| natural_order(other, key) == Ordering::Less);
        sorted.insert(position, key);
    }
    sorted
}

/// Letters after everything else, runs of digits by their value, the rest by code point.
fn natural_order(left: &str, right: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let Some(index) = left.iter().zip(&right).position(|(left, right)| left != right) else {
        return left.len().cmp(&right.len());
    };
    let (first, second) = (left[index], right[index]);
    match (first.is_alphabetic(), second.is_alphabetic()) {
        (true, true) => return first.cmp(&second),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let leading = i64::from((first == '0' || second == '0') && continues_number(&left[..index]));
    let (left_value, left_end) = number_at(&left, index, leading);
    let (right_value, right_end) = number_at(&right, index, leading);
    left_value.cmp(&right_value).then(left_end.cmp(&right_end)).then(first.cmp(&second))
}

/// Whether the digits before a place make a zero there count.
fn continues_number(before: &[char]) -> bool {
    before.iter().rev().take_while(|character| character.is_ascii_digit()).any(|digit| *digit != '0')
}

fn number_at(characters: &[char], start: usize, leading: i64) -> (i64, usize) {
    let digits = characters[start..].iter().map_while(|character| character.to_digit(10));
    digits
        .fold((leading, start), |(value, end), digit| (value.wrapping_mul(10).wrapping_add(i64::from(digit)), end + 1))
}
