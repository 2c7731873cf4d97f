//! The table of results.

use std::fmt::Write as _;

/// One measured thing beside its bar.
pub(crate) struct Row {
    /// The number of the bar.
    pub(crate) number: u8,
    /// What was measured.
    pub(crate) what: &'static str,
    /// Our figure.
    pub(crate) ours: String,
    /// The original's figure.
    pub(crate) peer: String,
    /// How they compare.
    pub(crate) ratio: String,
    /// The bar.
    pub(crate) bar: &'static str,
    /// Whether it was met.
    pub(crate) met: bool,
}

/// The rows as a table of Markdown.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text =
        String::from("| # | what | ours | the original | ratio | bar | met |\n|---|---|---|---|---|---|---|\n");
    for Row { number, what, ours, peer, ratio, bar, met } in rows {
        let met = if *met { "yes" } else { "**no**" };
        // Writing to a String does not fail.
        let _infallible = writeln!(text, "| {number} | {what} | {ours} | {peer} | {ratio} | {bar} | {met} |");
    }
    text
}

/// The middle one of some figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
