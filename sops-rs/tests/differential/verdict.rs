//! Whether the two agree about a case.

use sops::tree::{Entry, Value};
use sops::Branch;

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
            return match oracle.decrypt(&theirs, case.output, case.output) {
                Err(_) => Ok(Outcome::Unsound),
                Ok(_) => Err(format!("we refuse: {error}\n--- theirs\n{}", show(&theirs))),
            };
        }
        (Ok(theirs), Ok(ours)) => (theirs, ours),
    };
    if let Err(error) = oracle.decrypt(&theirs, case.output, case.output)
        && !error.contains("Error dumping")
    {
        let opened = ours::decrypt(&ours, case.output, case.output, keys);
        return match opened {
            Ok(_) => Ok(Outcome::Unsound),
            Err(ours_error) => Err(format!("neither opens its own file: {error}; {ours_error}\n{}", show(&ours))),
        };
    }
    same("the encrypted file", &masked(&ours), &masked(&theirs))?;
    opened(oracle, keys, case, &ours, &theirs)
}

fn opened(oracle: &mut Oracle, keys: &Keys, case: &Case, ours: &[u8], theirs: &[u8]) -> Verdict {
    let expected = oracle.decrypt(theirs, case.output, case.opened);
    let theirs_of_ours = oracle.decrypt(ours, case.output, case.opened);
    let ours_of_theirs = ours::decrypt(theirs, case.output, case.opened, keys);
    match (expected, theirs_of_ours, ours_of_theirs) {
        (Ok(expected), Ok(one), Ok(other)) => {
            // A comment that does not open stays as it is.
            let expected = masked(&expected);
            same("our file, opened by the original", &masked(&one), &expected)?;
            same("their file, opened by us", &masked(&other), &expected)?;
            Ok(Outcome::Same)
        }
        (Err(_), Err(_), Err(_)) => Ok(Outcome::OpenedAndNotWritten),
        (expected, one, other) => Err(format!(
            "opened: theirs by theirs {:?}\nours by theirs {:?}\ntheirs by ours {:?}\n--- theirs\n{}",
            expected.map(|bytes| show(&bytes)),
            one.map(|bytes| show(&bytes)),
            other.map(|bytes| show(&bytes)).map_err(|error| error.to_string()),
            show(theirs),
        )),
    }
}

/// Compares converting without encryption.
pub(crate) fn compare_plain(oracle: &mut Oracle, _: &Keys, case: &Case) -> Verdict {
    let theirs = oracle.convert(&case.document, case.input, case.output);
    let ours = ours::convert(&case.document, case.input, case.output);
    match (theirs, ours) {
        (Err(_), Err(_)) => Ok(Outcome::RefusedByBoth),
        (Err(error), Ok(_)) => panicked(&error),
        (Ok(_), Err(error)) => Err(format!("we refuse: {error}")),
        (Ok(theirs), Ok(ours)) => match same("the converted file", &ours, &theirs) {
            Ok(()) => Ok(Outcome::Same),
            Err(_) if keeps(case, &ours) && !keeps(case, &theirs) => Ok(Outcome::Unsound),
            Err(mismatch) => Err(mismatch),
        },
    }
}

fn panicked(error: &str) -> Verdict {
    if error.starts_with("panic") { Ok(Outcome::Unsound) } else { Err(format!("the original refuses: {error}")) }
}

/// Whether a converted file has the keys of the document.
fn keeps(case: &Case, converted: &[u8]) -> bool {
    let [before, after] = [(case.input, case.document.as_slice()), (case.output, converted)].map(|(format, bytes)| {
        let mut keys = Vec::new();
        let loaded = format.load(bytes).unwrap_or_default();
        loaded.iter().for_each(|branch| gather(branch, &mut Vec::new(), &mut keys));
        keys
    });
    before == after
}

fn gather<'t>(branch: &'t Branch, path: &mut Vec<&'t str>, keys: &mut Vec<String>) {
    for entry in &branch.0 {
        let Entry::Pair(key, value) = entry else { continue };
        path.push(key);
        match value {
            Value::Map(branch) => gather(branch, path, keys),
            _ => keys.push(path.join("/")),
        }
        path.pop();
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
