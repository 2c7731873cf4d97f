//! Whether the two agree about a case.

use std::sync::LazyLock;

use regex::bytes::Regex;
use serde_json::Value;
use sops::format::ShapeError;
use sops::{Error, Format};

use crate::cases::{Case, Keys};
use crate::mask::masked;
use crate::oracle::{Answer, Oracle};
use crate::ours;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// The same encrypted file, and each opens what the other encrypted to the same bytes.
    Same,
    /// The same, up to a plain form that both refuse to write.
    OpenedAndNotWritten,
    /// Both refuse the document.
    RefusedByBoth,
    /// The original fails by itself, as its own answers show. We refuse, or write what keeps all values.
    Unsound(Flaw),
}

/// How the original fails by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flaw {
    Panics,
    /// It does not open what it encrypted.
    Locks,
    /// It reads back other values than there were.
    Loses,
    /// It leaves comments encrypted.
    KeepsCommentsSealed,
    /// It writes Go's own form of a list or mapping into a section of INI.
    WritesGo,
}

/// The outcome, or how the two differ.
pub(crate) type Verdict = Result<Outcome, String>;

/// Compares encrypting, and opening both ways.
pub(crate) fn compare(oracle: &mut Oracle, keys: &Keys, case: &Case) -> Verdict {
    match (oracle.encrypt(case, keys), ours::encrypt(case, keys)) {
        (Err(_), Err(_)) => Ok(Outcome::RefusedByBoth),
        (Err(error), Ok(ours)) if error.starts_with("panic") => unsound(oracle, (keys, case), Flaw::Panics, &ours),
        (Err(error), Ok(_)) => Err(format!("the original refuses: {error}")),
        (Ok(theirs), Err(error)) => flaw(oracle, case, &theirs)
            .map(Outcome::Unsound)
            .ok_or_else(|| format!("we refuse: {error}\n--- theirs\n{}", show(&theirs))),
        (Ok(theirs), Ok(ours)) => {
            let [our_file, their_file] = [&ours, &theirs].map(|file| comparable(case.output, file));
            let verdict = same("the encrypted file", &our_file, &their_file);
            verdict.and_then(|()| opened(oracle, keys, case, (&ours, &theirs))).or_else(|mismatch| {
                let flaw = flaw(oracle, case, &theirs).ok_or_else(|| mismatch.clone())?;
                unsound(oracle, (keys, case), flaw, &ours).map_err(|other| format!("{mismatch}\n{flaw:?}, but {other}"))
            })
        }
    }
}

/// What is wrong with a file that the original encrypted, by its own word.
fn flaw(oracle: &mut Oracle, case: &Case, theirs: &[u8]) -> Option<Flaw> {
    let before = oracle.leaves_of_plain(&case.document, case.input);
    match oracle.leaves_of_encrypted(theirs, case.output) {
        Err(_) => Some(Flaw::Locks),
        after if after != before => Some(Flaw::Loses),
        _ => None,
    }
}

/// Where the original is wrong, our file has to be right: the original finds all values in it, or in what we make of it.
fn unsound(oracle: &mut Oracle, (keys, case): (&Keys, &Case), flaw: Flaw, ours: &[u8]) -> Verdict {
    let opened = ours::decrypt(ours, case.output, Format::Yaml, keys);
    let opened = opened.map_err(|error| format!("we do not open our own file: {error}\n{}", show(ours)))?;
    let before = oracle.leaves_of_plain(&case.document, case.input);
    // YAML can say everything but names that come twice.
    if oracle.leaves_of_encrypted(ours, case.output) == before
        || oracle.leaves_of_plain(&opened, Format::Yaml) == before
    {
        Ok(Outcome::Unsound(flaw))
    } else {
        Err(format!("we lose values: {}", show(&opened)))
    }
}

fn opened(oracle: &mut Oracle, keys: &Keys, case: &Case, (ours, theirs): (&[u8], &[u8])) -> Verdict {
    let expected = oracle.decrypt(theirs, case.output, case.opened);
    let theirs_of_ours = oracle.decrypt(ours, case.output, case.opened);
    let ours_of_theirs = ours::decrypt(theirs, case.output, case.opened, keys);
    match (expected, theirs_of_ours, ours_of_theirs) {
        // A comment that selects what is below it is sealed itself, and then selects no more when the original reads it.
        (Ok(expected), Ok(_), Ok(other)) if sealed_comments(&expected) > sealed_comments(&other) => {
            let [expected, other] = [expected, other].map(|file| oracle.leaves_of_plain(&file, case.opened));
            if expected == other {
                Ok(Outcome::Unsound(Flaw::KeepsCommentsSealed))
            } else {
                Err("comments that the original leaves sealed are not all that differs".to_owned())
            }
        }
        (Ok(expected), Ok(one), Ok(other)) => {
            let [expected_file, one, other_file] = [&expected, &one, &other].map(|file| comparable(case.opened, file));
            same("our file, opened by the original", &one, &expected_file)?;
            same("their file, opened by us", &other_file, &expected_file).map(|()| Outcome::Same).or_else(|mismatch| {
                // What the original cannot read again it has not written well.
                let before = oracle.leaves_of_plain(&case.document, case.input);
                let [after, ours] = [&expected, &other].map(|file| oracle.leaves_of_plain(file, case.opened));
                if after != before && ours == before { Ok(Outcome::Unsound(Flaw::Loses)) } else { Err(mismatch) }
            })
        }
        // It is the plain form that fails, and nothing before.
        (Err(_), Err(_), Err(_)) if case.opened != Format::Yaml => {
            let case = Case { opened: Format::Yaml, ..case.clone() };
            match opened(oracle, keys, &case, (ours, theirs))? {
                Outcome::Same => Ok(Outcome::OpenedAndNotWritten),
                other => Ok(other),
            }
        }
        (Ok(_), Ok(_), Err(Error::Shape { cause: ShapeError::IniNested, .. })) if case.opened == Format::Ini => {
            Ok(Outcome::Unsound(Flaw::WritesGo))
        }
        (Err(error), _, Ok(_)) if error.starts_with("panic") => Ok(Outcome::Unsound(Flaw::Panics)),
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
        (Err(error), Ok(_)) if error.starts_with("panic") => Ok(Outcome::Unsound(Flaw::Panics)),
        (Err(error), Ok(_)) => Err(format!("the original refuses: {error}")),
        (Ok(theirs), Err(error)) if keeps(oracle, case, &theirs) => {
            Err(format!("we refuse: {error}\n--- theirs\n{}", show(&theirs)))
        }
        (Ok(_), Err(_)) => Ok(Outcome::Unsound(Flaw::Loses)),
        (Ok(theirs), Ok(ours)) => {
            let [our_file, their_file] = [&ours, &theirs].map(|file| comparable(case.output, file));
            match same("the converted file", &our_file, &their_file) {
                Ok(()) => Ok(Outcome::Same),
                Err(_) if keeps(oracle, case, &ours) && !keeps(oracle, case, &theirs) => {
                    Ok(Outcome::Unsound(Flaw::Loses))
                }
                Err(mismatch) => Err(mismatch),
            }
        }
    }
}

/// Whether a converted file has what the document had, as the original reads the two: in YAML keys and values, elsewhere
/// keys.
fn keeps(oracle: &mut Oracle, case: &Case, converted: &[u8]) -> bool {
    let before = oracle.leaves_of_plain(&case.document, case.input);
    let after = oracle.leaves_of_plain(converted, case.output);
    if case.output == Format::Yaml { before == after } else { keys_of(before) == keys_of(after) }
}

fn keys_of(leaves: Answer) -> Result<Vec<Value>, String> {
    let leaves = String::from_utf8(leaves?).unwrap();
    Ok(leaves.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()[0].take()).collect())
}

/// A file without what may differ. A comment that does not open stays encrypted. Keys without a name are `-` in an INI
/// file; the original writes the number it gave them, which makes a comment of the line.
pub(crate) fn comparable(format: Format, file: &[u8]) -> Vec<u8> {
    static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^(?:-|#\d+) * = ").unwrap());
    let file = masked(file);
    if format == Format::Ini { KEY.replace_all(&file, b"- = ".as_slice()).into_owned() } else { file }
}

pub(crate) fn same(what: &str, ours: &[u8], theirs: &[u8]) -> Result<(), String> {
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
