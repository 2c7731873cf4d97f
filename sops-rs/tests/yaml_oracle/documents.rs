//! YAML documents made up from a seed: every form of scalar and collection, and comments, blank lines and indents wherever they may
//! stand. A few are not well-formed; the caller leaves those out.

use std::fmt::Write as _;

/// Numbers that are the same on every run (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 1).unwrap() % sides
    }

    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.roll(100) < chance
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const WORDS: [&str; 9] = ["a", "b", "foo", "bar", "key", "名前", "é", "with-dash", "u_v"];

/// Plain scalars of every type, and some that only look like one.
#[rustfmt::skip]
const PLAIN: [&str; 78] = [
    "1", "-5", "3.14", "1e3", "true", "null", "~", "yes", "no", "0x1F", "0777", "0o17", "0b11", "1_000",
    "2024-01-01", "2024-01-01T10:00:00Z", "2024-01-02 03:04:05.678", "2024-1-2T3:4:5+02:00",
    "2024-1-2t3:4:5,5-00:30", ".5", ".inf", "-.inf", ".nan", "12e03", "08", "1:20", "a b c", "http://x/y?z", "a#b",
    "-x", "?x", ":x", "a:b", "<<x", "=", "é", "日本", "😀", "12345678901234567890123", "-0", "0.0", "1.0",
    "1000000.0", "0.00001", "1e400", "+1", "0x", "0b", "0o8", "1__0", "-0b11", "0b-1", "1.", "1.e2", ".e1", "5e",
    "+.inf", "off", "N", "On", "TRUE", "False", "Null", "2024-13-01", "2024-02-30", "2024-02-29", "20240101",
    "9223372036854775807", "-9223372036854775808", "multi\n          line", "a\tb", ".5_0", "x ~", "0x_1",
    "1_000.5", "--x", "…", "a, b",
];

/// Texts for single quotes: all that must be quoted when it is written plain. A raw U+FEFF is left out: where it happens to begin a
/// buffer, go-yaml loses the first character of later lines.
#[rustfmt::skip]
const TEXTS: [&str; 52] = [
    "", "x", "it's", "a: b", "# no", "- x", "yes", "1", "true", "  lead", "trail ", "a  b", "!t", "&a", "*b", "[x",
    "{y", "%z", "@q", "`r", "a #b", "key:", "?", "-", "---", "...", "null", "1:20", "é😀", "~", "tab\there",
    "a\u{a0}b", "#", "!", "|", ">", "\"q\"", "a,b", "a]", "=", "y", "0x1F", "2024-01-01", "1e3", "--- a", "-a",
    "?a", ":a", "a:", "b\u{a0}", "c:\\d", "a b",
];

/// Escapes and line breaks.
#[rustfmt::skip]
const ESCAPED: [&str; 25] = [
    "", "x y", "a\\nb", "a\\nb\\n", "a\\n\\n", "a\\tb", "\\u00e9", "\\U0001F600", "a\\rb", "\\0", "a \\nb",
    "a\\n b", "a\\n\\tb", "\\x07\\e", "\\N", "# x", "a\\\\b\\\"c", "\\uFEFFx", "a\\n\\n\\nb\\n\\n", "yes",
    "a\\n# b\\n", "a\\n---\\nb",
    "a\\Lb", "a\\Pb\\nc", "é\\Lb",
];

const TAGGED: [&str; 8] =
    [" !foo x", " !!str 12", " !!binary aGk=", " !!float 3", " !!int '7'", " ! 12", " !!str", " !<tag:x> 1"];

/// Made before a document that uses aliases: a scalar, a mapping and two lists, with comments in them.
const ANCHORS: &str =
    "n0: &n0 v\nn1: &n1\n  # c\n  x: y # d\n\n  # e\nn2: &n2 [a, # q\n b]\nn3: # z\n- &n3\n  # w\n  u: v\n";

/// A document, without its `---`.
pub(crate) fn document(dice: &mut Dice) -> String {
    let quiet = dice.percent(20);
    let mut maker = Maker { dice, out: String::new(), aliases: false, quiet };
    maker.gap(0);
    if !quiet && maker.dice.percent(30) {
        maker.out.push_str(ANCHORS);
        maker.aliases = true;
    }
    maker.mapping(0, 0, true);
    maker.gap(0);
    let out = maker.out;
    if dice.percent(3) { out.replace('\n', "\r\n") } else { out }
}

struct Maker<'d> {
    dice: &'d mut Dice,
    out: String,
    aliases: bool,
    /// No comments beside anything, but empty collections: `sops` cannot read back every mixture of the two that it writes.
    quiet: bool,
}

impl Maker<'_> {
    fn pad(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// Comments and blank lines between two entries.
    fn gap(&mut self, indent: usize) {
        for _ in 0..self.dice.roll(4) {
            if self.dice.percent(40) {
                self.out.push('\n');
                continue;
            }
            let indent = [0, indent.saturating_sub(2), indent + 2, indent, indent, indent][self.dice.roll(6)];
            self.pad(indent);
            let text = self.dice.pick(&["#", "# c", "# d e", "#x", "#  # y", "# é"]);
            writeln!(self.out, "{text}").unwrap();
        }
    }

    fn end_of_line(&mut self) {
        if !self.quiet && self.dice.percent(20) {
            let text = self.dice.pick(&[" # t", "   # u v", " #w", " #"]);
            self.out.push_str(text);
        }
        self.out.push('\n');
    }

    fn mapping(&mut self, indent: usize, depth: usize, padded: bool) {
        for number in 0..=self.dice.roll(4) {
            if number > 0 {
                self.gap(indent);
            }
            if number > 0 || padded {
                self.pad(indent);
            }
            if self.dice.percent(2) {
                self.complex_key(number, indent);
            } else {
                self.simple_key(number);
            }
            self.out.push(':');
            self.value(indent, depth, false);
        }
    }

    fn simple_key(&mut self, number: usize) {
        let key = match self.dice.roll(10) {
            0 => format!("'{}'", self.dice.pick(&TEXTS).replace('\'', "''")),
            1 => format!("\"{}\"", self.dice.pick(&ESCAPED)),
            2 => format!("k{}_{number}", self.dice.pick(&PLAIN[..70]).replace('\n', "")),
            _ => format!("{}{number}", self.dice.pick(&WORDS)),
        };
        self.out.push_str(&key);
    }

    fn complex_key(&mut self, number: usize, indent: usize) {
        self.out.push_str("? ");
        if self.dice.percent(50) {
            write!(self.out, "k{number}").unwrap();
            self.end_of_line();
        } else {
            self.block(indent + 2);
        }
        self.pad(indent);
    }

    /// What stands behind `key:` or `-`; `indent` is that of the key or the dash.
    fn value(&mut self, indent: usize, depth: usize, in_list: bool) {
        match self.dice.roll(100) {
            0..22 if depth < 4 => {
                self.end_of_line();
                self.gap(indent + 2);
                let further = if self.dice.percent(80) { 2 } else { 1 + self.dice.roll(4) };
                self.mapping(indent + further, depth + 1, true);
            }
            22..42 if depth < 4 => {
                self.end_of_line();
                let further = if in_list { 1 + self.dice.roll(3) } else { [0, 2, 2][self.dice.roll(3)] };
                self.gap(indent + further);
                self.list(indent + further, depth + 1, true);
            }
            42..50 => {
                self.out.push(' ');
                self.flow(0, indent);
                self.end_of_line();
            }
            50..58 => {
                self.out.push(' ');
                self.block(indent + 2);
            }
            58..62 if self.aliases => self.oddity(&[" *n0", " *n1", " *n2", " *n3", " &n1 w", " &n0\n"]),
            62..65 => self.oddity(&TAGGED),
            _ => {
                self.scalar();
                self.end_of_line();
            }
        }
    }

    fn oddity(&mut self, from: &[&str]) {
        let text = self.dice.pick(from);
        self.out.push_str(text);
        self.end_of_line();
    }

    fn scalar(&mut self) {
        let scalar = match self.dice.roll(10) {
            0 => String::new(),
            1 | 2 => format!(" {}", self.dice.pick(&WORDS)),
            3..6 => format!(" {}", self.dice.pick(&PLAIN)),
            6 | 7 => format!(" '{}'", self.dice.pick(&TEXTS).replace('\'', "''")),
            _ => format!(" \"{}\"", self.dice.pick(&ESCAPED)),
        };
        self.out.push_str(&scalar);
    }

    fn list(&mut self, indent: usize, depth: usize, padded: bool) {
        for number in 0..=self.dice.roll(4) {
            if number > 0 {
                self.gap(indent);
            }
            if number > 0 || padded {
                self.pad(indent);
            }
            self.out.push('-');
            match self.dice.roll(100) {
                0..25 if depth < 4 => {
                    let spaces = 1 + self.dice.roll(2);
                    self.pad(spaces);
                    self.mapping(indent + 1 + spaces, depth + 1, false);
                }
                25..37 if depth < 4 => {
                    self.out.push(' ');
                    self.list(indent + 2, depth + 1, false);
                }
                _ => self.value(indent, depth, true),
            }
        }
    }

    /// A literal or folded block. The first line is not indented further: within a list `sops` writes that unreadably.
    fn block(&mut self, indent: usize) {
        let header = self.dice.pick(&["|", "|-", "|+", ">", ">-", ">+"]);
        self.out.push_str(header);
        if !self.quiet && self.dice.percent(15) {
            self.out.push_str(" # b");
        }
        self.out.push('\n');
        for number in 0..=self.dice.roll(4) {
            if number > 0 && self.dice.percent(20) {
                self.out.push('\n');
                continue;
            }
            self.pad(indent);
            if number > 0 && self.dice.percent(15) {
                self.out.push_str("  ");
            }
            let line = self.dice.pick(&["line", "# not a comment", "a: b", "- x", "tab\tx", "é", "😀", "trail ", "'"]);
            writeln!(self.out, "{line}").unwrap();
        }
        for _ in 0..self.dice.roll(3) {
            self.out.push('\n');
        }
    }

    fn flow(&mut self, depth: usize, indent: usize) {
        let is_list = self.dice.percent(50);
        self.out.push(if is_list { '[' } else { '{' });
        let fewest = usize::from(!self.quiet);
        for number in 0..fewest + self.dice.roll(4) {
            if number > 0 {
                self.out.push(',');
            }
            self.flow_gap(indent + 2, 15);
            self.out.push(' ');
            if !is_list {
                write!(self.out, "{}{number}: ", self.dice.pick(&["a", "b", "é"])).unwrap();
            }
            if depth < 2 && self.dice.percent(20) {
                self.flow(depth + 1, indent);
            } else {
                let value = self.dice.pick(&["1", "x", "'y z'", "\"w\"", "true", "null", "3.5"]);
                self.out.push_str(value);
            }
        }
        self.flow_gap(indent, 10);
        self.out.push(if is_list { ']' } else { '}' });
    }

    /// Now and then a line break within brackets, with comments.
    fn flow_gap(&mut self, indent: usize, chance: usize) {
        if !self.dice.percent(chance) {
            return;
        }
        if !self.quiet && self.dice.percent(50) {
            self.out.push_str(" # f");
        }
        self.out.push('\n');
        if self.dice.percent(40) {
            self.pad(indent);
            self.out.push_str("# g\n");
        }
        self.pad(indent);
    }
}
