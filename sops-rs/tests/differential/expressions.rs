//! Regular expressions of selectors beside Go's `regexp`: what one takes the other takes, and both find the same.

use sops::Selector;
use sops::rules::{Rules, Scope};

use crate::cases::Keys;
use crate::documents::Dice;
use crate::oracle::Oracle;
use crate::setting;

/// What expressions are made of, right and wrong.
#[rustfmt::skip]
const PIECES: [&str; 215] = [
    "a", "b", "ab", "k", "s", "K", "S", "é", "É", "σ", "名", "1", "_", " ", "\n", "\t", "#", "-", "&&", "~", ",", "/", ":", "=", "!", "<", ">",
    ".", "^", "$", "|", "(", ")", "()", "(|a)", "(?:", "(?i)", "(?i:", "(?s)", "(?s:.)", "(?m)", "(?m:^a$)", "(?U)", "(?-i)", "(?-)", "(?)",
    "(?i-)", "(?ii)", "(?i-s:", "(?im-sU:", "(?--i)", "(?P<n>", "(?P<1>a)", "(?<n2>b)", "(?<n2>", "(?P<é>a)", "(?P<>a)", "(?P<n", "(?P=n)", "(?P>n)", "(?#c)",
    "(?=a)", "(?!a)", "(?<=a)", "(?>a)", "(?x)", "(?u)", "(?R)", "(?", "(?:)",
    "*", "+", "?", "*?", "+?", "??", "**", "*+", "{2}", "{,3}", "{1,}", "{2,1}", "{0}", "{0,0}", "{0,}", "{01}", "{1,02}", "{2}?", "{2,3}", "{2}{3}", "{",
    "}", "{}", "{a}", "{1", "{1,", "{1,2", "{,}", "{ 1}", "{-1}", "a{1000}", "a{1001}", "a{99999999999}", "(a{100}){10}", "(a{100}){11}", "((a{100}){0}){20}",
    "(a{30}|b{40}){26}", "(?:a{0,500}){2}",
    "[ab]", "[^ab]", "[a-z]", "[]a]", "[^]a]", "[a-]", "[-a]", "[a-b-c]", "[z-a]", "[a-a]", "[[:alpha:]]", "[[:^digit:]]", "[[:foo:]]", "[[:ALPHA:]]",
    "[:alpha:]", "[[:word:]x]", "[^[:space:]]", "[[:upper:]]", "[[:alpha]", "[[:", r"[\d\w]", r"[^\S]", r"[\pL]", r"[\p{Greek}-z]", r"[^\pL\d]", r"[a-\d]",
    "[a&&b]", "[a~~b]", "[a--b]", "[[a]", "[a", "[", "[]", "[^]", r"[\]]", r"[\x41-\x{5a}]", r"[\b]", r"[\B]", r"[\Q]", r"[\A]", r"[^\x00-\x{10FFFF}]",
    r"[\x{d800}-\x{e000}]", r"[\x{d800}]", r"[é-í]", r"[\07-\11]", "[#-&]", "[ -~]", "[^\n]", r"[\-a]", r"[\",
    r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\b", r"\B", r"\A", r"\z", r"\Z", r"\a", r"\f", r"\t", r"\n", r"\r", r"\v", r"\C", r"\Q.*\E", r"\Q\E",
    r"\Qa", r"\Q\", r"\E", r"\1", r"\12", r"\07", r"\0", r"\8", r"\377", r"\400", r"\x4", r"\x41", r"\x{41}", r"\x{110000}", r"\x{}", r"\x{4g}", r"\x{000000000041}", r"\x",
    r"\_", r"\-", r"\.", r"\/", r"\é", r"\<", r"\>", r"\y", r"\h", r"\R", r"\X", r"\u0041", r"\U", r"\e", r"\c", r"\#", r"\ ", r"\", r"\\",
];

/// Names of classes.
#[rustfmt::skip]
const CLASSES: [&str; 36] = [
    "L", "Lu", "lu", "LC", "lc", "Nd", "N", "C", "Cn", "Cs", "Co", "Z", "Letter", "uppercase_letter", "Upper case-Letter", "digit", "punct", "Surrogate",
    "Greek", "greek", "Grek", "Latin", "Han", "Cyrillic", "Nko", "Old_Italic", "OldItalic", "SignWriting", "Any", "any", "ASCII", "Assigned", "Alphabetic",
    "sc=Greek", "", "White_Space",
];

/// Where they are looked for.
#[rustfmt::skip]
const TEXTS: [&str; 44] = [
    "", "a", "b", "ab", "ba", "aab", "aaa", "A", "AB", "k", "K", "\u{212a}", "é", "É", "é a", "σ", "ς", "Σ", "ſ", "s", "S", "ß", "a b", "a\nb", "b\na", "\n",
    "1", "12", "٣", "_", "a_b", "{2}", "{,3}", "a{1", "-", "]", "[a", "&~", "\u{7}", "\t", "名", "Αα", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\u{e000}",
];

const EXPRESSIONS: u64 = 5_000;

fn expression(dice: &mut Dice) -> String {
    let mut out = String::new();
    if dice.percent(50) {
        return sound(dice, 0);
    }
    for _ in 0..=dice.roll(6) {
        out += &piece(dice);
    }
    out
}

fn piece(dice: &mut Dice) -> String {
    if dice.percent(92) {
        return dice.pick(&PIECES).to_owned();
    }
    let (kind, name) = (dice.pick(&["p", "P"]), dice.pick(&CLASSES));
    let class = match dice.roll(4) {
        0 => format!("\\{kind}{}", name.get(..1).unwrap_or("")),
        1 => format!("\\{kind}{{^{name}}}"),
        _ => format!("\\{kind}{{{name}}}"),
    };
    if dice.percent(30) { format!("[a{class}]") } else { class }
}

/// Pieces within groups that are closed, between which repetitions stand where they may.
fn sound(dice: &mut Dice, depth: usize) -> String {
    let mut out = String::new();
    for _ in 0..=dice.roll(4) {
        let part = match dice.roll(8) {
            0..2 if depth < 4 => {
                let opening = dice.pick(&["(", "(?:", "(?i:", "(?s-i:", "(?P<n>", "(?m:"]);
                format!("{opening}{})", sound(dice, depth + 1))
            }
            2 => "|".to_owned() + &piece(dice),
            _ => piece(dice),
        };
        out.push_str(&part);
        if dice.percent(25) {
            out += dice.pick(&["*", "+?", "?", "{2}", "{0,3}", "{1,}?"]);
        }
    }
    out
}

/// What our rules make of an expression that should find keys.
fn ours(expression: &str) -> Option<Vec<bool>> {
    let rules = Rules::new(&Selector::EncryptedRegex(expression.to_owned())).ok()?;
    let find = |text: &&str| {
        let mut scope = Scope::new(&rules);
        scope.enter_key(text);
        scope.value_is_encrypted()
    };
    Some(TEXTS.iter().map(find).collect())
}

#[test]
fn expressions_are_those_of_go() {
    let mut oracle = Oracle::new(&Keys::new());
    let (mut refused, mut found, mut wrong) = (0, 0, Vec::new());
    for seed in 0..setting("SOPS_EXPRESSIONS", EXPRESSIONS) {
        let expression = expression(&mut Dice(seed ^ 0x9e37));
        let (theirs, ours) = (oracle.finds(&expression, &TEXTS), ours(&expression));
        match (&theirs, &ours) {
            (Err(_), None) => refused += 1,
            (Ok(theirs), Some(ours)) if theirs == ours => found += ours.iter().filter(|found| **found).count(),
            (Ok(theirs), Some(ours)) => {
                let texts: Vec<_> =
                    (0..TEXTS.len()).filter(|at| theirs[*at] != ours[*at]).map(|at| TEXTS[at]).collect();
                wrong.push(format!("{expression:?} differs on {texts:?}"));
            }
            (theirs, ours) => {
                wrong.push(format!("{expression:?}: {:?}, here {}", theirs.as_ref().err(), ours.is_some()));
            }
        }
    }
    wrong.sort_by_key(String::len);
    wrong.truncate(40);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused > 1000 && found > 8_000, "{refused} refused, {found} found");
}
