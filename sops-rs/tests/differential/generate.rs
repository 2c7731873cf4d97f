//! Documents of the formats other than YAML, and YAML that fits into them.

use std::fmt::Write as _;

use sops::Format;

use crate::documents::Dice;

const KEYS: [&str; 14] = [
    "a",
    "b",
    "data",
    "key",
    "x_unencrypted",
    "pass_enc",
    "é",
    "名前",
    "with space",
    "a:b",
    "a=b",
    "size1",
    "quo\"te",
    "back`tick",
];

/// Texts as they are, each a line.
const TEXTS: [&str; 34] = [
    "",
    "x",
    " ",
    "plain text",
    "é ü 日本",
    "😀",
    "true",
    "12",
    "-1.5",
    "null",
    "it's",
    "'q'",
    "\"q\"",
    "\"\"\"",
    "`t`",
    "a`b",
    "a # b",
    "a;b",
    "#",
    ";",
    "  lead",
    "trail  ",
    "back\\slash",
    "\\",
    "a\\nb",
    "end\\",
    "a=b",
    "[x]",
    "%(x)s",
    "$HOME",
    "<&>",
    "ENC[AES256_GCM,data:",
    "tab\tx",
    "\u{a0}nbsp\u{2003}",
];

fn key(dice: &mut Dice, number: usize) -> String {
    let name = if dice.percent(80) { dice.pick(&KEYS[..8]) } else { dice.pick(&KEYS) };
    if dice.percent(95) { format!("{name}{number}") } else { name.to_owned() }
}

fn text(dice: &mut Dice) -> String {
    match dice.roll(12) {
        0 => format!("{}\n{}", dice.pick(&TEXTS), dice.pick(&TEXTS)),
        1 => format!("{}{}", dice.pick(&TEXTS), dice.pick(&TEXTS)),
        2 => dice.pick(&["xy", "long "]).repeat(1 + dice.roll(400)),
        _ => dice.pick(&TEXTS).to_owned(),
    }
}

const NUMBERS: [&str; 22] = [
    "0",
    "-1",
    "42",
    "-0",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551616",
    "0.5",
    "-1.25",
    "1e3",
    "2.50",
    "1e21",
    "1e20",
    "1.5e-7",
    "0.000001",
    "123456789.125",
    "3.0",
    "-1e-10",
    "100000.0",
    "1000000.0",
    "5e-324",
];

/// A JSON object: anything, or what a dotenv or INI file can hold.
pub(crate) fn json(dice: &mut Dice, shape: Option<Format>) -> String {
    let mut out = String::new();
    match shape {
        Some(Format::Dotenv) => object(dice, &mut out, 9),
        Some(Format::Ini) => {
            out.push('{');
            for number in 0..dice.roll(4) {
                let comma = if number > 0 { "," } else { "" };
                let name = if dice.percent(15) { "DEFAULT".to_owned() } else { key(dice, number) };
                write!(out, "{comma}{}:", quoted(&name)).unwrap();
                object(dice, &mut out, 9);
            }
            out.push('}');
        }
        Some(Format::Binary) => write!(out, "{{\"data\": {}}}", quoted(&text(dice))).unwrap(),
        _ => object(dice, &mut out, 0),
    }
    out.push_str(dice.pick(&["", "\n", "\n\n trailing"]));
    out
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// From depth 9 on there are scalars only.
fn object(dice: &mut Dice, out: &mut String, depth: usize) {
    out.push('{');
    for number in 0..dice.roll(7) {
        let comma = if number > 0 { ", " } else { "" };
        write!(out, "{comma}{}: ", quoted(&key(dice, number))).unwrap();
        value(dice, out, depth + 1);
    }
    out.push('}');
}

fn value(dice: &mut Dice, out: &mut String, depth: usize) {
    match dice.roll(if depth > 3 { 9 } else { 12 }) {
        0 => out.push_str("null"),
        1 => out.push_str(dice.pick(&["true", "false"])),
        2 | 3 => out.push_str(dice.pick(&NUMBERS)),
        4..9 => out.push_str(&quoted(&text(dice))),
        9 => {
            out.push('[');
            for number in 0..dice.roll(5) {
                out.push_str(if number > 0 { "," } else { "" });
                value(dice, out, depth + 1);
            }
            out.push(']');
        }
        _ => object(dice, out, depth),
    }
}

const SCALARS: [&str; 24] = [
    "1",
    "-5",
    "3.14",
    "1e3",
    "true",
    "null",
    "~",
    "yes",
    "0x1F",
    "2024-01-01",
    "2024-01-02 03:04:05.678",
    ".inf",
    "-0",
    "1.0",
    "plain words",
    "'it''s'",
    "\"a\\nb\"",
    "\"\\\"q\\\"\"",
    "'a # b'",
    "é",
    "\"\"",
    "' x '",
    "'a;b'",
    "|-\n        two\n        lines",
];

/// YAML that a dotenv, INI or binary file can hold.
pub(crate) fn flat_yaml(dice: &mut Dice, shape: Format) -> String {
    let mut out = String::new();
    match shape {
        Format::Binary => writeln!(out, "data: {}", dice.pick(&SCALARS)).unwrap(),
        Format::Ini => {
            for number in 0..=dice.roll(3) {
                yaml_comment(dice, &mut out, 0);
                writeln!(out, "s{number}:").unwrap();
                pairs(dice, &mut out, 4);
            }
        }
        _ => pairs(dice, &mut out, 0),
    }
    out
}

fn yaml_comment(dice: &mut Dice, out: &mut String, indent: usize) {
    if dice.percent(25) {
        writeln!(out, "{}{}", " ".repeat(indent), dice.pick(&["# c", "#x", "#", "# d e"])).unwrap();
    }
}

fn pairs(dice: &mut Dice, out: &mut String, indent: usize) {
    for number in 0..=dice.roll(5) {
        yaml_comment(dice, out, indent);
        let key = quoted(&key(dice, number));
        let key = if dice.percent(90) { format!("k{number}") } else { key };
        writeln!(out, "{}{key}: {}", " ".repeat(indent), dice.pick(&SCALARS)).unwrap();
    }
}

/// A dotenv file; for a binary one it has the key `data`.
pub(crate) fn dotenv(dice: &mut Dice, shape: Option<Format>) -> Vec<u8> {
    let mut out = Vec::new();
    if shape == Some(Format::Binary) {
        out.extend_from_slice(b"data=some text\\nand more\n");
    }
    for number in 0..dice.roll(9) {
        match dice.roll(8) {
            0 => out.extend_from_slice(dice.pick(&["\n", "# c\n", "#\n", "#x=y\n", "# d e\n"]).as_bytes()),
            1 => out
                .extend_from_slice(dice.pick(&["export A=b\n", "=empty\n", " K = v \n", "A=1\r\n", "B=\n"]).as_bytes()),
            _ => {
                let key = key(dice, number).replace('=', "");
                let line = format!("{key}={}\n", text(dice).replace('\n', "\\n"));
                out.extend_from_slice(line.as_bytes());
            }
        }
    }
    if dice.percent(3) {
        out.extend_from_slice(b"BYTES=\xff\xfe\n");
    }
    if dice.percent(10) {
        out.pop();
    }
    out
}

/// An INI file with all its forms, some of them broken.
pub(crate) fn ini(dice: &mut Dice) -> Vec<u8> {
    let mut out = String::new();
    if dice.percent(40) {
        ini_pairs(dice, &mut out);
    }
    for number in 0..dice.roll(4) {
        ini_comment(dice, &mut out);
        let name = if dice.percent(90) {
            format!("s{number}")
        } else {
            dice.pick(&["DEFAULT", "default", "s0", " s ", "a]b"]).to_owned()
        };
        writeln!(out, "{}[{name}]{}", dice.pick(&["", "", "  "]), dice.pick(&["", "", " ; t", "# u"])).unwrap();
        ini_pairs(dice, &mut out);
    }
    ini_comment(dice, &mut out);
    let mut out = if dice.percent(5) { out.replace('\n', "\r\n") } else { out }.into_bytes();
    if dice.percent(3) {
        out.extend_from_slice(b"bytes = \xff\xfe\n");
    }
    if dice.percent(3) {
        out.splice(0..0, [0xef, 0xbb, 0xbf]);
    }
    out
}

fn ini_comment(dice: &mut Dice, out: &mut String) {
    for _ in 0..dice.roll(3) {
        out.push_str(dice.pick(&["", "\n", "; c\n", "# d e\n", ";\n", ";; x\n", "  # y z\n", "#\n"]));
    }
}

fn ini_pairs(dice: &mut Dice, out: &mut String) {
    for number in 0..dice.roll(6) {
        ini_comment(dice, out);
        let key = key(dice, number);
        let key = match dice.roll(12) {
            0 => format!("`{}`", key.replace('`', "")),
            1 => format!("\"{}\"", key.replace('"', "")),
            2 => "-".to_owned(),
            3 => format!("\"\"\"{key}\"\"\""),
            _ => key.replace(['"', '`', '=', ':'], "_"),
        };
        let sign = dice.pick(&[" = ", "=", ": ", " =", " : ", "\t=\t"]);
        let text = text(dice);
        let value = match dice.roll(10) {
            // The original forgets such a key in silence when it is empty.
            _ if key == "-" => "x".to_owned(),
            0 => format!("`{}`", text.replace('`', "")),
            1 => format!("\"\"\"{}\"\"\"", text.replace('"', "'")),
            2 => format!("\"{}\"", text.replace('\n', " ")),
            3 => format!("{} ; i", text.replace('\n', " ")),
            4 => format!("{}\\\n  and {}", text.replace('\n', " "), dice.pick(&["more", "so\\\n on", ""])),
            5 if dice.percent(10) => format!("\"\"\"{text}"),
            _ => text.replace('\n', " "),
        };
        writeln!(out, "{key}{sign}{value}").unwrap();
    }
    if dice.percent(2) {
        out.push_str(dice.pick(&["no sign\n", "= no name\n", "[open\n", "[]\n", "`open = x\n"]));
    }
}

/// Bytes of any kind.
pub(crate) fn bytes(dice: &mut Dice) -> Vec<u8> {
    match dice.roll(6) {
        0 => Vec::new(),
        1 => json(dice, None).into_bytes(),
        2 => ini(dice),
        3 => text(dice).into_bytes(),
        _ => {
            let length = dice.roll(1500);
            (0..length).map(|_| u8::try_from(dice.roll(256)).unwrap()).collect()
        }
    }
}
