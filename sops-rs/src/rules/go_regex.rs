//! Expressions in the syntax of Go's `regexp` (RE2) on the `regex` crate, which is linear in time as well.
//!
//! An expression is read by the rules of Go and written anew, each atom with its own flags, so that nothing of it is left
//! to what the other syntax would make of it. Only whether a text is found is asked for: groups do not capture, and it
//! does not matter whether a repetition is reluctant.
//!
//! Refused, though Go would take them: groups nested more than 60 deep, and what takes more than 10 MiB once compiled.

use regex::Regex;

mod class;
mod names;
mod repetition;

use repetition::{Counts, MOST};

/// How deep groups may be nested. Each can make four levels in what is written, of which the `regex` crate takes 250.
const DEEPEST: usize = 60;

/// Compiles an expression; `None` if it is not valid.
pub(crate) fn compile(expression: &str) -> Option<Regex> {
    Regex::new(&Parser::new(expression).read()?).ok()
}

#[derive(Clone, Copy, Default)]
struct Flags {
    fold: bool,
    lines: bool,
    dot_all: bool,
}

/// What a repetition would repeat.
#[derive(Clone, Copy)]
struct Atom {
    /// Where it begins in what is written.
    start: usize,
    /// How many copies of its innermost part it makes at most.
    copies: u32,
    repeated: bool,
}

/// A group that is still open, or the whole expression.
struct Group {
    start: usize,
    /// The flags outside of it.
    flags: Flags,
    /// Copies of what stands before the last atom.
    copies: u32,
    last: Option<Atom>,
}

struct Parser<'e> {
    rest: &'e str,
    out: String,
    flags: Flags,
    groups: Vec<Group>,
}

impl<'e> Parser<'e> {
    fn new(expression: &'e str) -> Parser<'e> {
        let whole = Group { start: 0, flags: Flags::default(), copies: 0, last: None };
        Parser {
            rest: expression,
            out: String::with_capacity(2 * expression.len()),
            flags: Flags::default(),
            groups: vec![whole],
        }
    }

    fn read(mut self) -> Option<String> {
        let mut repeated = false;
        while let Some(next) = self.rest.chars().next() {
            let counts = match next {
                '*' | '+' | '?' => Some(Counts::of_sign(next)),
                '{' => repetition::read(self.rest),
                _ => None,
            };
            let repeats = counts.is_some();
            // Go knows no repetition of a repetition, unless something that is nothing stands between the two.
            if repeats && repeated {
                return None;
            }
            match counts {
                Some(counts) => self.repeat(&counts)?,
                None => self.token(next)?,
            }
            repeated = repeats;
        }
        (self.groups.len() == 1).then_some(self.out)
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn token(&mut self, next: char) -> Option<()> {
        match next {
            '\\' => return self.escape(),
            '[' => {
                let (class, rest) = class::bracketed(self.rest)?;
                self.rest = rest;
                self.class(&class);
                return Some(());
            }
            _ => self.skip(next.len_utf8()),
        }
        match next {
            '(' => return self.group(),
            ')' => return self.close(),
            '|' => self.bar(),
            '^' => self.atom(if self.flags.lines { "(?m:^)" } else { "(?:^)" }),
            '$' => self.atom(if self.flags.lines { "(?m:$)" } else { "(?:$)" }),
            '.' => self.atom(if self.flags.dot_all { "(?s:.)" } else { "." }),
            other => self.literal(other),
        }
        Some(())
    }

    fn atom(&mut self, text: &str) {
        let start = self.out.len();
        self.out.push_str(text);
        self.push(Atom { start, copies: 0, repeated: false });
    }

    fn push(&mut self, atom: Atom) {
        if let Some(group) = self.groups.last_mut() {
            group.copies = group.copies.max(group.last.map_or(0, |last| last.copies));
            group.last = Some(atom);
        }
    }

    fn literal(&mut self, letter: char) {
        let written = class::letter(letter);
        if self.flags.fold { self.atom(&format!("(?i:{written})")) } else { self.atom(&written) }
    }

    fn class(&mut self, class: &str) {
        if self.flags.fold { self.atom(&format!("(?i:{class})")) } else { self.atom(class) }
    }

    fn escape(&mut self) -> Option<()> {
        match self.rest.get(1..)?.chars().next()? {
            'A' => self.atom(r"(?:\A)"),
            'z' => self.atom(r"(?:\z)"),
            'b' => self.atom(r"(?-u:\b)"),
            'B' => self.atom(r"(?-u:\B)"),
            'Q' => return self.quoted(),
            _ => {
                if let Some((class, rest)) = class::escaped(self.rest)? {
                    self.rest = rest;
                    self.class(&class);
                } else {
                    let (letter, rest) = class::escaped_letter(self.rest)?;
                    self.rest = rest;
                    // Halves of surrogate pairs are in no text.
                    match char::from_u32(letter) {
                        Some(letter) => self.literal(letter),
                        None => self.atom(class::NONE),
                    }
                }
                return Some(());
            }
        }
        self.skip(2);
        Some(())
    }

    fn quoted(&mut self) -> Option<()> {
        let quoted = self.rest.get(2..)?;
        let (text, rest) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
        self.rest = rest;
        text.chars().for_each(|letter| self.literal(letter));
        Some(())
    }

    /// Behind an opening parenthesis.
    fn group(&mut self) -> Option<()> {
        let Some(special) = self.rest.strip_prefix('?') else { return self.open(self.flags) };
        let Some(named) = special.strip_prefix("P<").or_else(|| special.strip_prefix('<')) else {
            self.rest = special;
            return self.flags();
        };
        let (name, rest) = named.split_once('>')?;
        if name.is_empty() || !name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
            return None;
        }
        self.rest = rest;
        self.open(self.flags)
    }

    /// Flags for the group that begins here, or for the rest of the one that is open.
    fn flags(&mut self) -> Option<()> {
        let mut flags = self.flags;
        let (mut on, mut any) = (true, true);
        loop {
            let next = self.rest.chars().next()?;
            self.skip(next.len_utf8());
            match next {
                'i' => flags.fold = on,
                'm' => flags.lines = on,
                's' => flags.dot_all = on,
                'U' => {}
                '-' if on => on = false,
                ':' if any => return self.open(flags),
                ')' if any => {
                    self.flags = flags;
                    return Some(());
                }
                _ => return None,
            }
            any = next != '-';
        }
    }

    fn open(&mut self, inside: Flags) -> Option<()> {
        if self.groups.len() > DEEPEST {
            return None;
        }
        self.groups.push(Group { start: self.out.len(), flags: self.flags, copies: 0, last: None });
        self.out.push_str("(?:");
        self.flags = inside;
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let group = self.groups.pop().filter(|_| !self.groups.is_empty())?;
        self.flags = group.flags;
        self.out.push(')');
        let copies = group.copies.max(group.last.map_or(0, |last| last.copies));
        self.push(Atom { start: group.start, copies, repeated: false });
        Some(())
    }

    fn bar(&mut self) {
        self.out.push('|');
        if let Some(group) = self.groups.last_mut() {
            group.copies = group.copies.max(group.last.take().map_or(0, |last| last.copies));
        }
    }

    fn repeat(&mut self, counts: &Counts) -> Option<()> {
        self.skip(counts.length);
        if self.rest.starts_with('?') {
            self.skip(1);
        }
        let last = self.groups.last_mut()?.last.as_mut()?;
        if last.repeated {
            self.out.insert_str(last.start, "(?:");
            self.out.push(')');
        }
        self.out.push_str(&counts.written);
        last.repeated = true;
        last.copies = counts.copies(last.copies);
        (!counts.multiplies() || last.copies <= MOST).then_some(())
    }
}
