//! Expressions in the syntax of Go's `regexp` (RE2) on the `regex` crate.
//!
//! The two agree but for a few spellings: in Go `\d`, `\w`, `\s` and `\b` are ASCII, `\Q…\E` quotes, a brace that
//! opens no repetition is itself, and character classes know no set operations.

use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// Compiles an expression; `None` if it is not valid.
pub(crate) fn compile(expression: &str) -> Option<Regex> {
    Regex::new(&translate(expression)?).ok()
}

fn translate(expression: &str) -> Option<String> {
    let mut out = String::with_capacity(expression.len() + 8);
    let mut rest = expression.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\\' => escape(&mut rest, &mut out, false)?,
            '[' => class(&mut rest, &mut out)?,
            '{' if !opens_repetition(&rest) => out.push_str("\\{"),
            '}' => out.push_str(if closes_repetition(&out) { "}" } else { "\\}" }),
            other => out.push(other),
        }
    }
    Some(out)
}

fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String, in_class: bool) -> Option<()> {
    match rest.next()? {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(r"[\t\n\f\r ]"),
        'S' => out.push_str(r"[^\t\n\f\r ]"),
        'b' if !in_class => out.push_str(r"(?-u:\b)"),
        'B' if !in_class => out.push_str(r"\B"),
        'Q' if !in_class => quote(rest, out),
        'E' if !in_class => {}
        'C' => return None,
        other => {
            out.push('\\');
            out.push(other);
            if matches!(other, 'p' | 'P' | 'x') && rest.peek() == Some(&'{') {
                for inner in rest.by_ref() {
                    out.push(inner);
                    if inner == '}' {
                        break;
                    }
                }
            }
        }
    }
    Some(())
}

fn quote(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
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

fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
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
            special @ ('[' | '&' | '~') => {
                out.push('\\');
                out.push(special);
            }
            other => out.push(other),
        }
        first = false;
    }
    out.push(']');
    Some(())
}

fn opens_repetition(rest: &Peekable<Chars<'_>>) -> bool {
    let inner: String = rest.clone().take_while(|next| *next != '}').collect();
    let closed = rest.clone().any(|next| next == '}');
    let (least, most) = inner.split_once(',').unwrap_or((&inner, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    closed && !least.is_empty() && digits(least) && digits(most)
}

fn closes_repetition(out: &str) -> bool {
    let Some(open) = out.rfind('{') else { return false };
    let inner = out.get(open + 1..).unwrap_or_default();
    let literal = out.get(..open).unwrap_or_default().ends_with('\\');
    !literal && !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
}
