//! The report on a data key that did not open: each key group, each key of it, and what each key service answered.
//!
//! Its layout and its first sentence are those of the original: other programs look for them.

use sops::KeyError;
use sops::document::{Attempts, GroupAttempt, KeyAttempt};

use crate::failure::{Failure, code, visible_line};

/// Columns of the closing words.
const WIDTH: usize = 75;
/// Columns of an answer.
const ANSWER_WIDTH: usize = 60;

/// The failure with the report.
pub(crate) fn failure(attempts: &Attempts) -> Failure {
    let hint = if no_type_is_known(attempts) {
        "another key of the file, or a key service (`--keyservice`) that has keys of this type, opens it"
    } else {
        "`sops-rs decrypt --help` lists where keys are looked for; for age set SOPS_AGE_KEY_FILE to the file with your identity"
    };
    Failure::new(code::NO_KEY, report(attempts)).hint(hint)
}

/// Whether nothing but keys that nobody here can use was found.
fn no_type_is_known(attempts: &Attempts) -> bool {
    let mut answers = attempts.groups.iter().flat_map(|group| &group.keys).flat_map(|key| &key.answers).peekable();
    answers.peek().is_some() && answers.all(|answer| matches!(answer, Err(KeyError::Unsupported(_))))
}

fn report(attempts: &Attempts) -> String {
    let mut parts = vec!["Failed to get the data key required to decrypt the SOPS file.".to_owned()];
    parts.extend(attempts.groups.iter().enumerate().map(|(number, attempt)| group(number, attempt)));
    parts.push(wrapped(&closing(attempts), WIDTH));
    parts.join("\n\n")
}

fn closing(attempts: &Attempts) -> String {
    if attempts.groups.len() == 1 {
        return "Recovery failed because no master key was able to decrypt the file: one key has to succeed, and none did."
            .to_owned();
    }
    format!(
        "Recovery failed because the file was encrypted with a Shamir threshold of {0}, but only {1} part(s) were recovered. \
         One key of each of {0} groups has to succeed.",
        attempts.needed,
        attempts.opened()
    )
}

fn group(number: usize, attempt: &GroupAttempt) -> String {
    if attempt.opened {
        return format!("Group {number}: SUCCESS");
    }
    let keys: Vec<String> = attempt.keys.iter().map(key).collect();
    format!("Group {number}: FAILED\n{}", prefixed(&keys.join("\n\n"), "  "))
}

fn key(attempt: &KeyAttempt) -> String {
    // A name with line breaks could pass for lines of the report.
    let name = visible_line(&attempt.name);
    let answers = attempt.answers.iter().filter_map(|answer| answer.as_ref().err());
    let answers: Vec<String> = answers
        .map(|error| {
            let lines = prefixed(&wrapped(&error.to_string(), ANSWER_WIDTH), "  | ");
            format!("-{}", lines.get(1..).unwrap_or_default())
        })
        .collect();
    if answers.is_empty() {
        return format!("{name}: FAILED\n  - | no key service was asked");
    }
    format!("{name}: FAILED\n{}", prefixed(&answers.join("\n\n"), "  "))
}

fn prefixed(text: &str, prefix: &str) -> String {
    text.lines().map(|line| format!("{prefix}{line}")).collect::<Vec<_>>().join("\n")
}

/// Breaks lines at spaces before they get longer than `width`.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut current = String::new();
        for word in line.split(' ') {
            let full = !current.is_empty() && current.chars().count() + 1 + word.chars().count() > width;
            if full {
                lines.push(std::mem::take(&mut current));
            } else if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use sops::document::{Attempts, GroupAttempt, KeyAttempt};

    use super::{KeyError, report, wrapped};

    fn attempt(name: &str, answers: &[&str]) -> KeyAttempt {
        let answers = answers.iter().map(|answer| Err(KeyError::Refused((*answer).to_owned()))).collect();
        KeyAttempt { kind: "age".to_owned(), name: name.to_owned(), answers, old_context: false }
    }

    #[test]
    fn one_group_with_two_keys() {
        let keys = vec![attempt("age1a", &["no identity", "no answer\nat all"]), attempt("ABCD", &["x"])];
        let attempts = Attempts { groups: vec![GroupAttempt { keys, opened: false }], needed: 1 };
        assert_eq!(
            report(&attempts),
            "Failed to get the data key required to decrypt the SOPS file.\n\nGroup 0: FAILED\n  age1a: FAILED\n    - | no identity\n    \n    - | no answer\n      | at all\n  \n  ABCD: FAILED\n    - | x\n\nRecovery failed because no master key was able to \
             decrypt the file: one key\nhas to succeed, and none did."
        );
    }

    #[test]
    fn groups_of_which_too_few_open() {
        let groups = vec![
            GroupAttempt { keys: vec![], opened: true },
            GroupAttempt { keys: vec![attempt("b", &[])], opened: false },
        ];
        let report = report(&Attempts { groups, needed: 2 });
        assert!(report.contains("\n\nGroup 0: SUCCESS\n\nGroup 1: FAILED\n  b: FAILED\n"), "{report}");
        assert!(report.contains("threshold of\n2, but only 1 part(s)"), "{report}");
    }

    #[test]
    fn long_lines_are_broken_at_spaces() {
        assert_eq!(wrapped("aa bb ccc\nd", 5), "aa bb\nccc\nd");
        assert_eq!(wrapped("aaaaaaaa b", 5), "aaaaaaaa\nb");
    }
}
