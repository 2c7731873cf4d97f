//! Documents made up from a seed: every type, every style of scalar, comments wherever they may stand.

use std::fmt::Write as _;

/// A generator of numbers that are the same on every run (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let at = self.roll(from.len() as u64);
        from[usize::try_from(at).unwrap()]
    }
}

const KEYS: [&str; 12] = [
    "alpha",
    "beta",
    "data",
    "one_unencrypted",
    "password",
    "secret_key",
    "size",
    "Üml",
    "with space",
    "x:y",
    "zero",
    "é",
];

fn key(dice: &mut Dice, number: usize) -> String {
    format!("{}{number}{}", dice.pick(&KEYS), dice.pick(&["", "", "e", "a", "_unencrypted"]))
}

const INTEGERS: [&str; 7] = ["0", "-1", "42", "9223372036854775807", "-9223372036854775808", "1000000", "-17"];
const FLOATS: [&str; 9] = ["0.5", "-1.25", "1e3", "2.50", "1e21", "1.5e-7", "123456789.125", "3.0", "-1e-10"];

/// A JSON object with about `size` values.
pub(crate) fn json(dice: &mut Dice, size: usize) -> String {
    let mut out = String::new();
    json_object(dice, &mut out, size, 0);
    out.push('\n');
    out
}

fn json_object(dice: &mut Dice, out: &mut String, size: usize, depth: usize) {
    out.push('{');
    for number in 0..size {
        if number > 0 {
            out.push(',');
        }
        let number = if dice.one_in(40) { number.saturating_sub(1) } else { number };
        write!(out, "\"{}\": ", key(dice, number)).unwrap();
        json_value(dice, out, depth + 1);
    }
    out.push('}');
}

fn json_value(dice: &mut Dice, out: &mut String, depth: usize) {
    const TEXTS: [&str; 16] = [
        "",
        " ",
        "plain",
        "true",
        "12",
        "null",
        "é ü 日本",
        "😀",
        "a\\nb",
        "tab\\there",
        "quo\\\"te",
        "back\\\\slash",
        "<&>",
        "\\u2028\\u0001",
        "ENC[AES256_GCM,data:",
        "long text of several words that goes on and on and on, and then some more: #x",
    ];
    match dice.roll(if depth > 3 { 9 } else { 12 }) {
        0 => out.push_str("null"),
        1 => out.push_str(dice.pick(&["true", "false"])),
        2 => out.push_str(dice.pick(&INTEGERS)),
        3 => out.push_str(dice.pick(&FLOATS)),
        4 => write!(out, "{}", dice.roll(1 << 53)).unwrap(),
        5..9 => write!(out, "\"{}\"", dice.pick(&TEXTS)).unwrap(),
        9 => {
            out.push('[');
            for number in 0..dice.roll(5) {
                out.push_str(if number > 0 { "," } else { "" });
                json_value(dice, out, depth + 1);
            }
            out.push(']');
        }
        _ => {
            let size = usize::try_from(dice.roll(6)).unwrap();
            json_object(dice, out, size, depth);
        }
    }
}

/// A YAML file of one to three documents with about `size` values each. List comments are left out on request.
pub(crate) fn yaml(dice: &mut Dice, size: usize, list_comments: bool) -> String {
    let mut file = Yaml { dice, out: String::new(), list_comments };
    for document in 0..=file.dice.roll(3) {
        if document > 0 {
            file.out.push_str("---\n");
        }
        file.mapping(0, size, 0);
    }
    file.out
}

struct Yaml<'d> {
    dice: &'d mut Dice,
    out: String,
    list_comments: bool,
}

impl Yaml<'_> {
    fn indent(&mut self, indent: usize) {
        self.out.push_str(&" ".repeat(indent));
    }

    fn comment(&mut self, indent: usize) {
        const COMMENTS: [&str; 8] =
            ["# secret", "# plain text", "#no blank", "# a: b", "#  two", "# ünïcode", "# 'quoted\"", "# sec"];
        self.indent(indent);
        let comment = self.dice.pick(&COMMENTS);
        writeln!(self.out, "{comment}").unwrap();
    }

    fn mapping(&mut self, indent: usize, size: usize, depth: usize) {
        for number in 0..size.max(1) {
            if self.dice.one_in(5) {
                self.comment(indent);
                if self.dice.one_in(4) {
                    self.comment(indent);
                }
            }
            self.indent(indent);
            let name = key(self.dice, number);
            let name = if name.contains(':') || self.dice.one_in(12) { format!("\"{name}\"") } else { name };
            write!(self.out, "{name}:").unwrap();
            self.value(indent, depth + 1);
        }
    }

    fn list(&mut self, indent: usize, depth: usize) {
        for _ in 0..=self.dice.roll(4) {
            if self.list_comments && self.dice.one_in(6) {
                self.comment(indent);
            }
            self.indent(indent);
            self.out.push('-');
            if depth < 4 && self.dice.one_in(5) {
                write!(self.out, " {}0: 1\n{}z9:", self.dice.pick(&KEYS[..3]), " ".repeat(indent + 2)).unwrap();
                self.value(indent + 2, depth + 1);
            } else {
                self.scalar(indent);
            }
        }
    }

    /// A value after `key:`.
    fn value(&mut self, indent: usize, depth: usize) {
        match self.dice.roll(if depth > 3 { 7 } else { 10 }) {
            7 | 8 => {
                self.out.push('\n');
                let size = usize::try_from(self.dice.roll(5)).unwrap();
                self.mapping(indent + 2, size, depth);
            }
            9 => {
                self.out.push('\n');
                self.list(indent + 2, depth);
            }
            0 => {
                const FLOW: [&str; 7] =
                    ["[]", "{}", "[1, two, \"three\"]", "{a: 1, b: [x, y]}", "[[1], {}]", "[ a , b ]", "{\"q\": null}"];
                writeln!(self.out, " {}", self.dice.pick(&FLOW)).unwrap();
            }
            _ => self.scalar(indent),
        }
    }

    fn scalar(&mut self, indent: usize) {
        const SCALARS: [&str; 36] = [
            "null",
            "~",
            "\"\"",
            "''",
            "true",
            "False",
            "yes",
            "off",
            "plain text",
            "'single ''quoted'''",
            "\"double \\\"q\\\" \\n\\t\\u00e9\"",
            "0x1F",
            "0o17",
            "017",
            "1_000",
            "1.50",
            ".inf",
            "-.Inf",
            "1e3",
            "2024-01-01",
            "2024-01-01T10:00:00.5+02:00",
            "\"2024-01-01\"",
            "12:30:45",
            "\"123\"",
            "'true'",
            "é ü 日本",
            "😀",
            "- not a list",
            "a #not",
            "http://x/?a=b&c=d",
            "\"trailing \"",
            "!!str 12",
            "=",
            "\"ENC[AES256_GCM,data:\"",
            "\"a: b\"",
            "x]y",
        ];
        match self.dice.roll(12) {
            0 => {
                let header = self.dice.pick(&["|", "|-", "|+", ">", ">-"]);
                let pad = " ".repeat(indent + 2);
                writeln!(self.out, " {header}\n{pad}first line\n{pad}  second # no comment\n\n{pad}last: line")
                    .unwrap();
                return;
            }
            1 => write!(self.out, " {}", self.dice.pick(&INTEGERS)).unwrap(),
            2 => write!(self.out, " {}", self.dice.pick(&FLOATS)).unwrap(),
            3 => write!(self.out, " text{}", self.dice.roll(1 << 40)).unwrap(),
            _ => {
                let scalar = match self.dice.pick(&SCALARS) {
                    "- not a list" => "'- not a list'",
                    other => other,
                };
                write!(self.out, " {scalar}").unwrap();
            }
        }
        if self.dice.one_in(8) {
            self.out.push_str(self.dice.pick(&[" # inline", " # secret too"]));
        }
        self.out.push('\n');
    }
}
