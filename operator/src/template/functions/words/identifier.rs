//! `snake_case`, `kebab-case` and `PascalCase`, with the notion of words that the `xstrings` library has.

use super::is_alphabetic;
use crate::template::unicode::{characters, decode, is_number, is_punctuation, is_space, is_upper, to_lower, to_upper};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Number,
    Upper,
    Letters,
    Connector,
    Punctuation,
    Other,
}

fn is_connector(next: char) -> bool {
    next == '-' || next == '_' || is_space(next)
}

/// A character and its bytes, with what is not UTF-8 before it.
struct Unit<'a> {
    next: char,
    bytes: &'a [u8],
}

/// What is not UTF-8 belongs to the character that follows it, or to the last one.
fn units(text: &[u8]) -> Vec<Unit<'_>> {
    let mut units = Vec::new();
    let (mut start, mut at, mut before) = (0, 0, char::REPLACEMENT_CHARACTER);
    while let Some((next, length, _)) = decode(text.get(at..).unwrap_or_default()) {
        at += length;
        let is_last = at >= text.len();
        let valid = next != char::REPLACEMENT_CHARACTER;
        if valid || is_last {
            before = if valid { next } else { before };
            units.push(Unit { next: before, bytes: text.get(start..at).unwrap_or_default() });
            start = at;
        }
    }
    units
}

/// The first word of a text: its kind and length.
fn first_word(text: &[Unit<'_>]) -> (Kind, usize) {
    let Some(first) = text.first() else { return (Kind::None, 0) };
    let run = |from: usize, fits: fn(char) -> bool| {
        from + text.get(from..).unwrap_or_default().iter().take_while(|unit| fits(unit.next)).count()
    };
    let lower_letter: fn(char) -> bool = |next| is_alphabetic(next) && !is_upper(next);
    match first.next {
        char::REPLACEMENT_CHARACTER => (Kind::None, text.len()),
        next if is_connector(next) => (Kind::Connector, run(1, is_connector)),
        next if is_punctuation(next) => (Kind::Punctuation, run(1, is_punctuation)),
        next if is_upper(next) => {
            let uppers = run(1, is_upper);
            let follows = text.get(uppers).is_some_and(|unit| is_alphabetic(unit.next));
            match (uppers, follows) {
                (1, true) => (Kind::Upper, run(2, lower_letter)),
                // The last capital belongs to the word that it begins.
                (_, true) => (Kind::Upper, uppers - 1),
                (_, false) => (Kind::Upper, uppers),
            }
        }
        next if is_alphabetic(next) => (Kind::Letters, run(1, lower_letter)),
        next if is_number(next) => (Kind::Number, run(1, is_number)),
        _ => {
            let other: fn(char) -> bool =
                |next| !is_connector(next) && !is_alphabetic(next) && !is_number(next) && !is_punctuation(next);
            (Kind::Other, run(1, other))
        }
    }
}

/// A text that is cut into words one after another.
struct Words<'a> {
    rest: &'a [Unit<'a>],
    kind: Kind,
    word: &'a [Unit<'a>],
}

impl Words<'_> {
    fn advance(&mut self) {
        let (kind, length) = first_word(self.rest);
        let (word, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        (self.kind, self.word, self.rest) = (kind, word, rest);
    }

    fn joins(&self) -> bool {
        !matches!(self.kind, Kind::None | Kind::Connector | Kind::Punctuation)
    }
}

/// Words in lower case with a connector between them.
pub(super) fn lower(text: &[u8], connector: char) -> Vec<u8> {
    let all = units(text);
    let mut words = Words { rest: &all, kind: Kind::None, word: &[] };
    let mut out = Vec::with_capacity(text.len());
    words.advance();
    while !words.rest.is_empty() {
        if words.kind != Kind::Connector {
            append(&mut out, words.kind, words.word, connector);
        }
        let (before, last) = (words.kind, words.word);
        words.advance();
        match before {
            Kind::Number => after_number(&mut words, &mut out, connector),
            Kind::Connector => append(&mut out, before, last, connector),
            Kind::Punctuation => {}
            _ if words.kind != Kind::Number => {
                if !matches!(words.kind, Kind::Connector | Kind::Punctuation) {
                    out.push(mark(connector));
                }
            }
            _ if words.rest.is_empty() => {}
            _ => number_within(&mut words, &mut out, connector),
        }
    }
    append(&mut out, words.kind, words.word, connector);
    out
}

/// Letters and numbers right after a number belong to it.
fn after_number(words: &mut Words<'_>, out: &mut Vec<u8>, connector: char) {
    while matches!(words.kind, Kind::Letters | Kind::Number) {
        append(out, words.kind, words.word, connector);
        words.advance();
    }
    if words.joins() {
        out.push(mark(connector));
    }
}

/// A number after a word: a part of that word, unless letters follow.
fn number_within(words: &mut Words<'_>, out: &mut Vec<u8>, connector: char) {
    let number = words.word;
    words.advance();
    if words.kind != Kind::Letters {
        append(out, Kind::Number, number, connector);
        if !matches!(words.kind, Kind::Connector | Kind::Punctuation) {
            out.push(mark(connector));
        }
        return;
    }
    out.push(mark(connector));
    append(out, Kind::Number, number, connector);
    after_number(words, out, connector);
}

fn append(out: &mut Vec<u8>, kind: Kind, word: &[Unit<'_>], connector: char) {
    let bytes = word.iter().flat_map(|unit| unit.bytes).copied();
    if !matches!(kind, Kind::Upper | Kind::Connector) {
        out.extend(bytes);
        return;
    }
    let lowered = characters(&bytes.collect::<Vec<u8>>()).into_iter().map(|next| match next {
        next if is_connector(next) => connector,
        next if is_upper(next) => to_lower(next),
        next => next,
    });
    out.extend(lowered.collect::<String>().bytes());
}

/// The byte of a connector, which is ASCII.
fn mark(connector: char) -> u8 {
    u8::try_from(connector).unwrap_or(b'_')
}

/// Words without connectors, each with a capital.
pub(super) fn pascal(text: &str) -> Vec<char> {
    let all: Vec<char> = text.chars().collect();
    let start = all.iter().position(|next| !is_connector(*next)).unwrap_or(all.len());
    // Leading connectors stay; a text of nothing else ends with its last one twice passed over.
    let mut out: Vec<char> = all.get(..start).unwrap_or_default().to_vec();
    let Some(first) = all.get(start) else { return pascal_of_connectors(out) };
    let mut upper_run = is_upper(*first);
    let mut current = to_upper(*first);
    for next in all.get(start + 1..).unwrap_or_default() {
        let before = std::mem::replace(&mut current, *next);
        if is_connector(current) && is_connector(before) {
            out.push(before);
            continue;
        }
        if is_connector(before) {
            upper_run = is_upper(current);
            current = to_upper(current);
        } else {
            if upper_run {
                if is_upper(current) {
                    current = to_lower(current);
                } else {
                    upper_run = false;
                }
            }
            out.push(before);
        }
    }
    out.push(current);
    out
}

fn pascal_of_connectors(mut out: Vec<char>) -> Vec<char> {
    // The original writes the last character once more when nothing follows it.
    out.extend(out.last().copied());
    out
}
