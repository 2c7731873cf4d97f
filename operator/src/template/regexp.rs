//! Expressions in the syntax of Go's `regexp` (RE2), run by the `regex` crate, which is linear in time as well.
//!
//! Where the two spell things differently, an expression is respelled: in Go `\d`, `\w`, `\s` and `\b` are ASCII,
//! `\Q…\E` quotes, an escaped mark is always itself, a brace that opens no repetition is itself, repetitions do not follow
//! repetitions, and classes know no set operations.

use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

mod subject;

pub(super) use subject::{Subject, expand};

/// The most repetitions that Go accepts.
const MOST: u32 = 1000;

/// Compiles an expression; `None` if it is not one.
pub(super) fn compile(expression: &[u8]) -> Option<Regex> {
    let expression = std::str::from_utf8(expression).ok()?;
    RegexBuilder::new(&translate(expression)?).size_limit(4 << 20).dfa_size_limit(4 << 20).build().ok()
}

type Rest<'a> = Peekable<Chars<'a>>;

fn translate(expression: &str) -> Option<String> {
    let mut out = String::with_capacity(expression.len() + 8);
    let mut rest = expression.chars().peekable();
    let mut repeated = false;
    while let Some(next) = rest.next() {
        let repeats = match next {
            '*' | '+' | '?' => {
                out.push(next);
                true
            }
            '{' => {
                let counts = repetition(&mut rest);
                out.push_str(&counts.as_deref().map_or(Some("\\{".to_owned()), bounded)?);
                counts.is_some()
            }
            _ => {
                token(next, &mut rest, &mut out)?;
                false
            }
        };
        if repeats && repeated {
            return None;
        }
        // A question mark after a repetition makes it reluctant.
        if repeats && rest.next_if_eq(&'?').is_some() {
            out.push('?');
        }
        repeated = repeats;
    }
    Some(out)
}

fn token(next: char, rest: &mut Rest<'_>, out: &mut String) -> Option<()> {
    match next {
        '\\' => escape(rest, out, false)?,
        '[' => class(rest, out)?,
        '(' => group(rest, out)?,
        '}' => out.push_str("\\}"),
        other => out.push(other),
    }
    Some(())
}

/// The counts of a repetition whose brace was just read; what is no repetition stays to be read.
fn repetition(rest: &mut Rest<'_>) -> Option<String> {
    let inner: String = rest.clone().take_while(|next| *next != '}').collect();
    let (least, most) = inner.split_once(',').unwrap_or((&inner, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let closed = rest.clone().any(|next| next == '}');
    let fits = closed && !least.is_empty() && digits(least) && digits(most) && least.len() < 10 && most.len() < 10;
    if !fits {
        return None;
    }
    for _ in 0..=inner.chars().count() {
        rest.next();
    }
    Some(inner)
}

fn bounded(counts: &str) -> Option<String> {
    let small = counts
        .split(',')
        .filter(|count| !count.is_empty())
        .all(|count| count.parse().is_ok_and(|count: u32| count <= MOST));
    small.then(|| format!("{{{counts}}}"))
}

/// After an opening parenthesis: flags may only be those that Go has.
fn group(rest: &mut Rest<'_>, out: &mut String) -> Option<()> {
    out.push('(');
    if rest.next_if_eq(&'?').is_none() {
        return Some(());
    }
    out.push('?');
    while let Some(flag) = rest.next_if(|next| !matches!(next, ':' | ')' | 'P' | '<')) {
        if !matches!(flag, 'i' | 'm' | 's' | 'U' | '-') {
            return None;
        }
        out.push(flag);
    }
    Some(())
}

fn escape(rest: &mut Rest<'_>, out: &mut String, in_class: bool) -> Option<()> {
    let next = rest.next()?;
    match next {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(r"[\t\n\f\r ]"),
        'S' => out.push_str(r"[^\t\n\f\r ]"),
        'b' | 'B' if !in_class => out.push_str(if next == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" }),
        'A' | 'z' if !in_class => out.extend(['\\', next]),
        'Q' if !in_class => quote(rest, out),
        'a' => out.push_str(r"\x07"),
        'f' | 't' | 'n' | 'r' | 'v' => out.extend(['\\', next]),
        'p' | 'P' | 'x' => named(next, rest, out)?,
        '0'..='7' => octal(next, rest, out)?,
        mark if mark.is_ascii_punctuation() => out.push_str(&literal(mark)),
        _ => return None,
    }
    Some(())
}

/// A mark that is itself, inside of a class and outside.
fn literal(mark: char) -> String {
    format!("\\x{{{:x}}}", u32::from(mark))
}

fn named(kind: char, rest: &mut Rest<'_>, out: &mut String) -> Option<()> {
    out.extend(['\\', kind]);
    if rest.peek() == Some(&'{') {
        for inner in rest.by_ref() {
            out.push(inner);
            if inner == '}' {
                break;
            }
        }
        return Some(());
    }
    let count = if kind == 'x' { 2 } else { 1 };
    for _ in 0..count {
        out.push(rest.next()?);
    }
    Some(())
}

/// Octal: a single digit other than zero would refer back, which RE2 does not.
fn octal(first: char, rest: &mut Rest<'_>, out: &mut String) -> Option<()> {
    if first != '0' && !rest.peek().is_some_and(|next| ('0'..='7').contains(next)) {
        return None;
    }
    let mut code = first.to_digit(8)?;
    for _ in 0..2 {
        let Some(digit) = rest.next_if(|next| ('0'..='7').contains(next)) else { break };
        code = code * 8 + digit.to_digit(8)?;
    }
    out.push_str(&literal(char::from_u32(code)?));
    Some(())
}

fn quote(rest: &mut Rest<'_>, out: &mut String) {
    let mut literal = String::new();
    while let Some(next) = rest.next() {
        if next == '\\' && rest.peek() == Some(&'E') {
            rest.next();
            break;
        }
        literal.push(next);
    }
    out.push_str(&regex::escape(&literal));
}

fn class(rest: &mut Rest<'_>, out: &mut String) -> Option<()> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    loop {
        match rest.next()? {
            ']' if !first => break,
            ']' => out.push_str("\\]"),
            '\\' => escape(rest, out, true)?,
            '[' if rest.peek() == Some(&':') => {
                out.push('[');
                for inner in rest.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            special @ ('[' | '&' | '~') => out.extend(['\\', special]),
            other => out.push(other),
        }
        first = false;
    }
    out.push(']');
    Some(())
}
