//! Paths into a document, as `--extract`, `set` and `unset` take them: `["key"][0]`.

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The value of a key.
    Key(String),
    /// An element of a list; comments do not count.
    Element(usize),
}

/// Understands a path; `None` if it is malformed. An empty path is the whole document.
///
/// There are no escapes: a key ends at the first closing quote and bracket that end a step.
pub fn parse(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = step(rest.strip_prefix('[')?)?;
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

/// One step and what follows it; the opening bracket is gone already.
fn step(text: &str) -> Option<(Step, &str)> {
    for end in ["\"]", "']"] {
        let Some(inner) = text.strip_prefix(&end[..1]) else { continue };
        let ends = |at: &usize| matches!(inner[at + end.len()..].chars().next(), None | Some('['));
        let at = inner.match_indices(end).map(|(at, _)| at).find(ends)?;
        return Some((Step::Key(inner[..at].to_owned()), &inner[at + end.len()..]));
    }
    let (number, after) = text.split_once(']')?;
    Some((Step::Element(number.parse().ok()?), after))
}

/// A path as a person writes it.
pub fn display(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Key(key) => format!("[\"{key}\"]"),
        Step::Element(number) => format!("[{number}]"),
    });
    steps.collect()
}

#[cfg(test)]
mod tests {
    use super::{Step, display, parse};

    #[test]
    fn paths_are_read_and_shown() {
        for (text, shown) in [
            ("", ""),
            (r#"["a"][0]"#, r#"["a"][0]"#),
            ("['a']['b c']", r#"["a"]["b c"]"#),
            (r#"["a[0]"]["]"]"#, r#"["a[0]"]["]"]"#),
            (r#"["it's"]"#, r#"["it's"]"#),
            (r#"[""][12]"#, r#"[""][12]"#),
            (r#"["ключ"]"#, r#"["ключ"]"#),
        ] {
            assert_eq!(display(&parse(text).unwrap()), shown, "{text}");
        }
        assert_eq!(parse("['a']"), Some(vec![Step::Key("a".to_owned())]));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "a",
            "[",
            "[]",
            "[-1]",
            r#"["a"#,
            r#"["a""#,
            r#"["a']"#,
            "[a]",
            r#"["a"]x"#,
            "[0]]",
            "[[0]]",
            "[1 ]",
            " [0]",
            "['ы",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
