//! The lines of `.gitattributes` that name the drivers.

/// The text with a line for each pattern that has none yet.
pub(super) fn with_patterns(text: &str, patterns: &[String], attributes: &str) -> String {
    let mut out = text.to_owned();
    for pattern in patterns {
        let line = format!("{pattern} {attributes}");
        if !text.lines().any(|known| known.trim() == line) {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::with_patterns;

    #[test]
    fn lines_are_added_once() {
        let patterns = ["*.yaml".to_owned(), "*.json".to_owned()];
        let once = with_patterns("*.png binary", &patterns, "diff=sops");
        assert_eq!(once, "*.png binary\n*.yaml diff=sops\n*.json diff=sops\n");
        assert_eq!(with_patterns(&once, &patterns, "diff=sops"), once);
    }
}
