//! Whether the two agree about a case.

use std::sync::LazyLock;

use regex::bytes::Regex;
use sops::format::ShapeError;
use sops::tree::{Entry, Item, Value};
use sops::value::encoding::encode;
use sops::{Branch, Error, Format};

use crate::cases::{Case, Keys};
use crate::mask::masked;
use crate::oracle::Oracle;
use crate::ours;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// The same encrypted file, and each opens what the other encrypted to the same bytes.
    Same,
    /// The same, up to a plain form that both refuse to write.
    OpenedAndNotWritten,
    /// Both refuse the document.
    RefusedByBoth,
    /// The original does not open what it encrypted. We refuse, or write what opens.
    Unsound,
}

/// The outcome, or how the two differ.
pub(crate) type Verdict = Result<Outcome, String>;

/// Compares encrypting, and opening both ways.
pub(crate) fn compare(oracle: &mut Oracle, keys: &Keys, case: &Case) -> Verdict {
    let theirs = oracle.encrypt(case, keys);
    let ours = ours::encrypt(case, keys);
    let (theirs, ours) = match (theirs, ours) {
        (Err(_), Err(_)) => return Ok(Outcome::RefusedByBoth),
        (Err(error), Ok(_)) => return panicked(&error),
        (Ok(theirs), Err(error)) => {
            return match oracle.decrypt(&theirs, case.output, Format::Yaml) {
                Err(_) => Ok(Outcome::Unsound),
                Ok(opened) if !keeps(case, (Format::Yaml, &opened)) => Ok(Outcome::Unsound),
                Ok(_) => Err(format!("we refuse: {error}\n--- theirs\n{}", show(&theirs))),
            };
        }
        (Ok(theirs), Ok(ours)) => (theirs, ours),
    };
    // YAML can say everything.
    let kept = match oracle.decrypt(&theirs, case.output, Format::Yaml) {
        Ok(opened) => keeps(case, (Format::Yaml, &opened)),
        Err(error) => {
            return match ours::decrypt(&ours, case.output, Format::Yaml, keys) {
                Ok(_) => Ok(Outcome::Unsound),
                Err(ours_error) => Err(format!("neither opens its own file: {error}; {ours_error}\n{}", show(&ours))),
            };
        }
    };
    let [our_file, their_file] = [&ours, &theirs].map(|file| comparable(case.output, file));
    let verdict = same("the encrypted file", &our_file, &their_file);
    let verdict = verdict.and_then(|()| opened(oracle, keys, case, &ours, &theirs));
    // What we open has to be the document all the same.
    if verdict.is_err()
        && !kept
        && let Ok(opened) = ours::decrypt(&ours, case.output, Format::Yaml, keys)
        && keeps(case, (Format::Yaml, &opened))
    {
        return Ok(Outcome::Unsound);
    }
    verdict
}

fn opened(oracle: &mut Oracle, keys: &Keys, case: &Case, ours: &[u8], theirs: &[u8]) -> Verdict {
    let expected = oracle.decrypt(theirs, case.output, case.opened);
    let theirs_of_ours = oracle.decrypt(ours, case.output, case.opened);
    let ours_of_theirs = ours::decrypt(theirs, case.output, case.opened, keys);
    match (expected, theirs_of_ours, ours_of_theirs) {
        // A comment that selects what is below it is sealed itself, and then selects no more when the original reads it.
        (Ok(expected), Ok(_), Ok(other)) if sealed_comments(&expected) > sealed_comments(&other) => {
            Ok(Outcome::Unsound)
        }
        (Ok(expected), Ok(one), Ok(other)) => {
            let [expected, one, other] = [expected, one, other].map(|file| comparable(case.opened, &file));
            same("our file, opened by the original", &one, &expected)?;
            same("their file, opened by us", &other, &expected)?;
            Ok(Outcome::Same)
        }
        (Err(_), Err(_), Err(_)) => Ok(Outcome::OpenedAndNotWritten),
        // Go's own form of a list.
        (Ok(_), Ok(_), Err(Error::Shape { cause: ShapeError::IniNested, .. })) => Ok(Outcome::Unsound),
        (Err(error), ..) if error.starts_with("panic") => Ok(Outcome::Unsound),
        (expected, one, other) => Err(format!(
            "opened: theirs by theirs {:?}\nours by theirs {:?}\ntheirs by ours {:?}\n--- theirs\n{}",
            expected.map(|bytes| show(&bytes)),
            one.map(|bytes| show(&bytes)),
            other.map(|bytes| show(&bytes)).map_err(|error| error.to_string()),
            show(theirs),
        )),
    }
}

/// Comments that an opened file still has encrypted.
fn sealed_comments(file: &[u8]) -> usize {
    show(file).matches(",type:comment]").count()
}

/// Compares converting without encryption.
pub(crate) fn compare_plain(oracle: &mut Oracle, _: &Keys, case: &Case) -> Verdict {
    let theirs = oracle.convert(&case.document, case.input, case.output);
    let ours = ours::convert(&case.document, case.input, case.output);
    match (theirs, ours) {
        (Err(_), Err(_)) => Ok(Outcome::RefusedByBoth),
        (Err(error), Ok(_)) => panicked(&error),
        (Ok(theirs), Err(error)) => {
            if keeps(case, (case.output, &theirs)) {
                Err(format!("we refuse: {error}"))
            } else {
                Ok(Outcome::Unsound)
            }
        }
        (Ok(theirs), Ok(ours)) => {
            let [ours, theirs] = [ours, theirs].map(|file| comparable(case.output, &file));
            match same("the converted file", &ours, &theirs) {
                Ok(()) => Ok(Outcome::Same),
                Err(_) if keeps(case, (case.output, &ours)) && !keeps(case, (case.output, &theirs)) => {
                    Ok(Outcome::Unsound)
                }
                Err(mismatch) => Err(mismatch),
            }
        }
    }
}

fn panicked(error: &str) -> Verdict {
    if error.starts_with("panic") { Ok(Outcome::Unsound) } else { Err(format!("the original refuses: {error}")) }
}

/// A file without what may differ. A comment that does not open stays encrypted. Keys without a name are `-` in an INI
/// file; the original writes the number it gave them, which makes a comment of the line.
fn comparable(format: Format, file: &[u8]) -> Vec<u8> {
    static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^(?:-|#\d+) * = ").unwrap());
    let file = masked(file);
    if format == Format::Ini { KEY.replace_all(&file, b"- = ".as_slice()).into_owned() } else { file }
}

/// Whether a converted file has what the document had: in YAML keys and values, elsewhere keys.
fn keeps(case: &Case, converted: (Format, &[u8])) -> bool {
    let [before, after] = [(case.input, case.document.as_slice()), converted].map(|(format, bytes)| {
        let mut leaves = Leaves { values: converted.0 == Format::Yaml, path: Vec::new(), found: Vec::new() };
        format.load(bytes).unwrap_or_default().iter().for_each(|branch| leaves.branch(branch));
        leaves.found
    });
    before == after
}

struct Leaves {
    values: bool,
    path: Vec<String>,
    found: Vec<(Vec<String>, Option<Vec<u8>>)>,
}

impl Leaves {
    fn branch(&mut self, branch: &Branch) {
        for entry in &branch.0 {
            if let Entry::Pair(key, value) = entry {
                self.below(key.clone(), value);
            }
        }
    }

    fn below(&mut self, step: String, value: &Value) {
        self.path.push(step);
        match value {
            Value::Map(branch) => self.branch(branch),
            Value::List(items) => {
                let values = items.iter().filter_map(|item| match item {
                    Item::Value(value) => Some(value),
                    Item::Comment(_) => None,
                });
                values.enumerate().for_each(|(number, value)| self.below(number.to_string(), value));
            }
            leaf => {
                let bytes = encode(leaf).filter(|_| self.values).map(|(_, bytes)| bytes.to_vec());
                self.found.push((self.path.clone(), bytes));
            }
        }
        self.path.pop();
    }
}

fn same(what: &str, ours: &[u8], theirs: &[u8]) -> Result<(), String> {
    if ours == theirs {
        return Ok(());
    }
    let (ours, theirs) = (show(ours), show(theirs));
    let line = ours.lines().zip(theirs.lines()).position(|(ours, theirs)| ours != theirs);
    let line = line.unwrap_or_else(|| ours.lines().count().min(theirs.lines().count()));
    let near = |text: &str| text.lines().skip(line.saturating_sub(6)).take(12).collect::<Vec<_>>().join("\n");
    Err(format!("{what} differs in line {}\n--- ours\n{}\n--- theirs\n{}", line + 1, near(&ours), near(&theirs)))
}

fn show(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
