//! Comments of YAML in every place: each document gets one at every line, at every depth, and at every end of a line.

use sops::{Format, Selector};

use crate::cases::{Case, Keys};
use crate::documents::Dice;
use crate::oracle::Oracle;
use crate::verdict::{Outcome, Verdict, compare, compare_plain};
use crate::{Counts, assert_telling, print, run, setting};

/// Every form that a value, a key and a collection has.
const DOCUMENTS: [&str; 16] = [
    "a: 1\nb:\n  c: 2\n  d:\n    e: 3\n    f: 4\n  g: 5\nh: 6\n",
    "a:\n  - 1\n  - 2\nb:\n- 3\n- 4\nc: 5\n",
    "a:\n  - b: 1\n    c: 2\n  - d: 3\n    e:\n      - 4\n      - f: 5\n  - 6\ng: 7\n",
    "a:\n  - - 1\n    - 2\n  - - 3\n  -\n    - 4\n  -\n    b: 5\nc: 6\n",
    "a:\n  - - - 1\n      - 2\n    - 3\n  - - b: 4\n      c: 5\nd: 6\n",
    "a: |\n  one\n  two\nb: >-\n  three\n  four\nc: |+\n  five\n\nd: 6\n",
    "a:\n  - |\n    one\n    two\n  - >\n    three\n  - 4\nb:\n  c: |-\n    five\n  d: 6\n",
    "a: [1, 2,\n  3]\nb: {c: 4,\n  d: [5,\n  6]\n  }\ne: []\nf: {}\ng: 7\n",
    "a:\n  - [1,\n    2]\n  - {b: 3,\n     c: 4}\n  - []\n  - {}\nd: 5\n",
    "? a\n: 1\n? b\n:\n  c: 2\n? |\n  d\n:\n  - 3\ne: 4\n",
    "a: 'one\n  two'\nb: \"three\n  four\"\nc: five\n  six\nd:\n  - 'seven\n    eight'\n  - nine\n    ten\n",
    "a:\nb: null\nc: ~\nd:\n  -\n  - e:\n    f:\n  -\ng:\n  h:\ni: ''\n",
    "a: &x\n  b: 1\nc: *x\nd: &y [1, 2]\ne:\n  - *x\n  - &z 3\n  - *y\n  - *z\nf: 4\n",
    "a: !foo 1\nb: !!str\n  2\nc: !bar\n  d: 3\ne: !baz\n  - 4\nf: &x !qux\n  g: 5\nh: 6\n",
    "---\na: 1\n---\nb:\n  - 2\n...\n---\nc:\n  d: 3\n...\n",
    "%YAML 1.1\n---\n\na: 1\n\n\nb:\n\n  - 2\n\n  - c: 3\n\n\nd: 4\n\n",
];

/// What is put in, between two lines and at the end of one.
const LINES: [&[&str]; 5] = [&["# x"], &["", "# x"], &["# x", ""], &["# x", "# y"], &["# x", "", "# y"]];
const ENDS: [&str; 2] = [" # t", "    #u"];
const DEPTHS: [usize; 7] = [0, 1, 2, 3, 4, 6, 8];

/// How many comments stand alone in a document, and with how many more in others.
const PAIRS: u64 = 3_000;

/// A change of a document: what is put in front of a line, or at the end of it.
enum Change {
    Lines { before: usize, depth: usize, lines: &'static [&'static str] },
    End { of: usize, text: &'static str },
}

fn changes(document: &str) -> Vec<Change> {
    let count = document.lines().count();
    let mut all = Vec::new();
    for before in 0..=count {
        for depth in DEPTHS {
            all.extend(LINES.map(|lines| Change::Lines { before, depth, lines }));
        }
    }
    all.extend((0..count).flat_map(|of| ENDS.map(|text| Change::End { of, text })));
    all
}

fn changed(document: &str, changes: &[&Change]) -> String {
    let mut out = String::new();
    for (number, line) in document.lines().map(Some).chain([None]).enumerate() {
        for change in changes {
            if let Change::Lines { before, depth, lines } = change
                && *before == number
            {
                for text in *lines {
                    out.extend(std::iter::repeat_n(' ', if text.is_empty() { 0 } else { *depth }));
                    out.push_str(text);
                    out.push('\n');
                }
            }
        }
        let Some(line) = line else { break };
        out.push_str(line);
        for change in changes {
            if let Change::End { of, text } = change
                && *of == number
            {
                out.push_str(text);
            }
        }
        out.push('\n');
    }
    out
}

/// The document of a seed: first those with one change, then those with two to four.
fn document(seed: u64) -> Option<String> {
    let mut rest = usize::try_from(seed).unwrap();
    for document in DOCUMENTS {
        let all = changes(document);
        match all.get(rest) {
            Some(change) => return Some(changed(document, &[change])),
            None => rest -= all.len(),
        }
    }
    (rest < usize::try_from(setting("SOPS_COMMENT_PAIRS", PAIRS)).unwrap()).then(|| {
        let dice = &mut Dice(seed);
        let document = dice.pick(&DOCUMENTS);
        let all = changes(document);
        let picked: Vec<&Change> = (0..2 + dice.roll(3)).map(|_| &all[dice.roll(all.len())]).collect();
        changed(document, &picked)
    })
}

fn judge(oracle: &mut Oracle, keys: &Keys, case: &Case) -> Verdict {
    let Some(document) = document(case.seed) else { return Ok(Outcome::RefusedByBoth) };
    let yaml = Format::Yaml;
    let case = Case { document: document.into_bytes(), input: yaml, output: yaml, opened: yaml, ..case.clone() };
    let judge = if case.seed.is_multiple_of(8) { compare } else { compare_plain };
    let case = Case { selector: Selector::default(), indent: None, groups: vec![vec![0]], threshold: None, ..case };
    judge(oracle, keys, &case).map_err(|mismatch| format!("{}\n{mismatch}", String::from_utf8_lossy(&case.document)))
}

#[test]
fn comments_of_yaml_stand_where_the_original_puts_them() {
    let singles: usize = DOCUMENTS.iter().map(|document| changes(document).len()).sum();
    let all = u64::try_from(singles).unwrap() + setting("SOPS_COMMENT_PAIRS", PAIRS);
    assert_telling(&print("comments", &by_outcome(run(0, all, judge))), 80, 2);
}

/// The formats of the cases say nothing here.
fn by_outcome(counts: Counts) -> Counts {
    let mut sums = Counts::new();
    for ((_, outcome), count) in counts {
        *sums.entry(("yaml".to_owned(), outcome)).or_insert(0) += count;
    }
    sums
}
