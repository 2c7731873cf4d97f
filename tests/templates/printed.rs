//! `printf`: verbs, flags, widths and precisions over values of every type.

use anyhow::Result;

use crate::arguments::pool;
use crate::oracle::{Case, compare};
use crate::random::Random;

const VERBS: &[&str] =
    &["v", "s", "q", "d", "x", "X", "f", "g", "e", "t", "T", "c", "U", "b", "o", "O", "G", "E", "F", "w", "z", "%"];
const FLAGS: &[&str] = &["", "", "#", "+", "-", " ", "0", "+#", "-0", "0+", "# ", "+ "];
const WIDTHS: &[&str] = &["", "", "1", "5", "12", "*", "[2]*"];
const PRECISIONS: &[&str] = &["", "", ".", ".0", ".2", ".10", ".*", ".[1]*"];
const FLOATS: &[&str] = &[
    "0.0",
    "1.0",
    "-1.5",
    "1e6",
    "1e20",
    "1e21",
    "123456789.0",
    "1e-5",
    "0.0001",
    "3.14159265358979",
    "1e300",
    "5e-324",
    "2.5",
    "0.5",
    "1234567.0",
    "(divf 1 3)",
    "(float64 \"Inf\")",
    "(float64 \"NaN\")",
    "(float64 \"-Inf\")",
    "-0.0",
    "100000.0",
    "12345678.9",
];

#[test]
fn printf_prints_what_go_prints() -> Result<()> {
    let mut random = Random::new(2);
    let mut cases = Vec::new();
    for _ in 0..6000 {
        let format = [FLAGS, WIDTHS, PRECISIONS, VERBS].map(|part| *random.choose(part)).concat();
        let values = pool(if random.below(2) == 0 { 'a' } else { 'n' });
        let values = if random.below(3) == 0 { FLOATS } else { values };
        let index = if random.below(12) == 0 { "[2]" } else { "" };
        let arguments: Vec<&str> = (0..=random.below(3)).map(|_| *random.choose(values)).collect();
        // What Go prints of a moment or a version beyond their text is its memory.
        let opaque = arguments.iter().any(|argument| argument.contains("toDate") || argument.contains("semver"));
        if opaque && !matches!(format.as_str(), "s" | "T" | "q" | "%") {
            continue;
        }
        cases.push(Case::new(format!("{{{{ printf \"<%{index}{format}>\" {} }}}}", arguments.join(" "))));
    }
    compare("printf", &cases)
}
