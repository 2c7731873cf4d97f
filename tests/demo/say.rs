//! What the demo prints. Everything goes to standard output; a closed pipe ends the words, not the demo.

use std::io::{self, Write as _};
use std::time::Duration;

/// A step that begins.
pub(crate) fn step(words: &str) {
    line(&format!("\n==> {words}"));
}

/// A detail of the step.
pub(crate) fn detail(words: &str) {
    line(&format!("    {words}"));
}

/// A command that the demo runs, as a user would type it.
pub(crate) fn command(words: &str) {
    line(&format!("    $ {words}"));
}

/// One object and the Secret that arrived for it.
pub(crate) struct Row {
    /// Kind of the object.
    pub(crate) kind: &'static str,
    /// Name of the object.
    pub(crate) name: &'static str,
    /// Name of the Secret.
    pub(crate) secret: String,
    /// Keys of the Secret.
    pub(crate) keys: Vec<String>,
    /// From the moment the API server had the object until it had the Secret.
    pub(crate) took: Duration,
}

/// The table of what arrived.
pub(crate) fn table(rows: &[Row]) {
    let cells = rows.iter().map(|row| {
        [row.kind.into(), row.name.into(), row.secret.clone(), row.keys.join(","), row.took.as_millis().to_string()]
    });
    let head = ["KIND", "NAME", "SECRET", "KEYS", "MS"].map(String::from);
    let lines: Vec<[String; 5]> = std::iter::once(head).chain(cells).collect();
    let width = |column: usize| lines.iter().map(|cells| cells[column].len()).max().unwrap_or_default();
    for cells in &lines {
        let padded: Vec<String> =
            cells.iter().enumerate().map(|(column, cell)| format!("{cell:<width$}", width = width(column))).collect();
        line(&format!("    {}", padded.join("  ").trim_end()));
    }
}

fn line(words: &str) {
    let _closed_pipe = writeln!(io::stdout(), "{words}");
}
