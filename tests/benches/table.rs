//! The table of results.

use std::fmt::{self, Display, Write as _};

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
    pub(crate) verdict: Verdict,
}

/// What the figures say about the bar.
#[derive(Clone, Copy)]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// Nothing missed, but a part of the bar was not measured.
    Open,
}

impl Verdict {
    pub(crate) fn of(met: bool) -> Verdict {
        if met { Verdict::Met } else { Verdict::Missed }
    }
}

impl Display for Verdict {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str(match self {
            Verdict::Met => "yes",
            Verdict::Missed => "**no**",
            Verdict::Open => "not known",
        })
    }
}

/// The rows as a table of Markdown.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text =
        String::from("| # | what | ours | the original | ratio | bar | met |\n|---|---|---|---|---|---|---|\n");
    for Row { number, what, ours, peer, ratio, bar, verdict } in rows {
        // Writing to a String does not fail.
        let _infallible = writeln!(text, "| {number} | {what} | {ours} | {peer} | {ratio} | {bar} | {verdict} |");
    }
    text
}

/// The middle one of some figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// The middle one, and between which two all of them lie.
pub(crate) fn spread(figures: &[f64], unit: &str) -> String {
    let (least, most) =
        figures.iter().fold((f64::MAX, f64::MIN), |(least, most), &one| (least.min(one), most.max(one)));
    format!("{:.1} {unit} ({least:.1} to {most:.1})", median(figures.to_vec()))
}
