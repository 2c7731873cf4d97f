//! The bars that this project sets itself, measured with the originals beside us in the same run: `make bench`, or
//! `cargo bench -p strongroom-tests -- 5` for one row. The table goes to standard output, words to standard error. No bar is
//! a test: a busy machine must not turn anything red.

mod cli;
mod idle;
mod original;
mod rates;
mod sealed;
mod sops;
mod stage;
mod table;
mod vault;

use std::io::{self, Write as _};

use anyhow::Result;
use table::Row;

#[tokio::main]
async fn main() -> Result<()> {
    let wanted: Vec<u8> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let is_wanted = |row: u8| wanted.is_empty() || wanted.contains(&row);
    let mut rows: Vec<Row> = Vec::new();
    if is_wanted(5) {
        rows.extend(cli::rows()?);
    }
    if is_wanted(11) {
        rows.extend(sops::rows()?);
    }
    if is_wanted(1) || is_wanted(2) {
        rows.extend(idle::rows().await?);
    }
    if is_wanted(3) || is_wanted(6) {
        rows.extend(rates::rows(is_wanted(3), is_wanted(6)).await?);
    }
    if is_wanted(4) {
        rows.extend(vault::rows().await?);
    }
    rows.extend(sealed::rows(is_wanted).await?);
    rows.sort_by_key(|row| row.number);
    io::stdout().write_all(table::markdown(&rows).as_bytes())?;
    Ok(())
}

/// Says what is going on.
pub(crate) fn say(what: &str) {
    // Where standard error is closed, nobody wants to read it.
    let _closed = writeln!(io::stderr(), "{what}");
}
