//! In which style a text is written: plain where it reads back as the same text, else quoted or as a literal block, by the rules of
//! go-yaml 3.0.4 (`emitterc.go`, `encode.go`).

use super::resolve::{Resolved, resolve};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// A text with its style.
pub(super) struct Scalar<'t> {
    pub(super) text: &'t str,
    pub(super) style: Style,
    /// `!!merge`, `!!binary` or empty.
    pub(super) tag: &'static str,
    /// Has a line break of any kind.
    pub(super) multiline: bool,
}

/// What a text allows.
struct Analysis {
    /// The lightest style on one line.
    lightest: Style,
    literal: bool,
    multiline: bool,
}

impl<'t> Scalar<'t> {
    /// A number, a boolean, null or a time: never quoted.
    pub(super) fn plain(text: &'t str) -> Scalar<'t> {
        Scalar { text, style: Style::Plain, tag: "", multiline: false }
    }

    /// The lines of base64 of bytes that are no text.
    pub(super) fn binary(text: &'t str) -> Scalar<'t> {
        let multiline = text.contains('\n');
        Scalar { text, style: if multiline { Style::Literal } else { Style::Plain }, tag: "!!binary", multiline }
    }

    pub(super) fn text(text: &'t str) -> Scalar<'t> {
        if text.is_empty() {
            return Scalar { text, style: Style::Double, tag: "", multiline: false };
        }
        if text == "<<" {
            return Scalar { text, style: Style::Plain, tag: "!!merge", multiline: false };
        }
        let analysis = analyze(text);
        // The original loses a text that begins with a tab and has several lines: no reader finds the indent of such a block.
        let literal = analysis.literal && !text.starts_with('\t') && !has_empty_old_lines(text);
        let style = if text.contains('\n') {
            if literal { Style::Literal } else { Style::Double }
        } else if resolve(text, true) != Resolved::Str || is_sexagesimal(text) || is_old_bool(text) {
            Style::Double
        } else {
            analysis.lightest
        };
        Scalar { text, style, tag: "", multiline: analysis.multiline }
    }

    /// Short and on one line, so that no `?` is needed.
    pub(super) fn is_simple_key(&self) -> bool {
        !self.multiline && self.tag.len() + self.text.len() <= 128
    }
}

/// A break of YAML 1.1.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Written as it is; all else is escaped within double quotes.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

fn analyze(text: &str) -> Analysis {
    if is_plain_word(text) {
        return Analysis { lightest: Style::Plain, literal: true, multiline: false };
    }
    let mut indicators = text.starts_with("---") || text.starts_with("...");
    let (mut breaks, mut special, mut tab) = (false, false, false);
    let (mut break_space, mut space_break) = (false, false);
    let (mut after_blank, mut after_space, mut after_break) = (true, false, false);
    let mut chars = text.chars().peekable();
    let mut first = true;
    while let Some(c) = chars.next() {
        let before_blank = chars.peek().is_none_or(|next| is_blank(*next));
        indicators |= match c {
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => first,
            '?' | '-' => first && before_blank,
            ':' => before_blank,
            '#' => after_blank,
            _ => false,
        };
        tab |= c == '\t';
        special |= c != '\t' && !is_printable(c);
        let (space, is_break) = (c == ' ', is_break(c));
        break_space |= space && after_break;
        space_break |= is_break && after_space;
        breaks |= is_break;
        (after_space, after_break) = (space, is_break);
        after_blank = is_blank(c) || is_break;
        first = false;
    }
    let edge = |c: Option<char>| c.is_some_and(|c| c == ' ' || is_break(c));
    let loose = edge(text.chars().next()) || edge(text.chars().next_back());
    let lightest = if break_space || space_break || tab || special {
        Style::Double
    } else if indicators || loose || breaks {
        Style::Single
    } else {
        Style::Plain
    };
    Analysis { lightest, literal: !(space_break || special || text.ends_with(' ')), multiline: breaks }
}

/// A shortcut for most texts, encrypted ones above all: where there is no blank, only the first character or the last can be a mark
/// of YAML.
fn is_plain_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(':')
        && text.bytes().fold(true, |graphic, byte| graphic & byte.is_ascii_graphic())
}

/// Has U+2028 or U+2029 at an end of the text or beside another break. The original writes such a line as a bare break in a block,
/// which YAML 1.2 takes for text that is not indented; here it is escaped.
fn has_empty_old_lines(text: &str) -> bool {
    let is_old = |c: char| matches!(c, '\u{2028}' | '\u{2029}');
    let mut before = '\n';
    text.chars().chain(['\n']).any(|c| {
        let beside = (is_old(before) && is_break(c)) || (is_old(c) && is_break(before));
        before = c;
        beside
    })
}

/// YAML 1.1 reads `1:20` as eighty.
fn is_sexagesimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let whole = parts.next().unwrap_or("");
    let starts = whole.starts_with(|c: char| c.is_ascii_digit())
        && whole.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    if !starts {
        return false;
    }
    let rest: Vec<&str> = parts.collect();
    let Some((last, middle)) = rest.split_last() else { return false };
    let (last, fraction) = last.split_once('.').map_or((*last, ""), |(last, fraction)| (last, fraction));
    let sixtieth = |part: &str| matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    middle.iter().all(|part| sixtieth(part))
        && sixtieth(last)
        && fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

fn is_old_bool(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF"
    )
}
