//! Templates against Go: thousands of them, picked and generated, rendered here and by `text/template` with Sprig, and
//! compared byte by byte. Where one side fails, the other must. Then what Go does not bound: steps, room, depth.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise; the counts are to be read"
)]

mod arguments;
mod cases;
mod certificates;
mod generated;
mod limits;
mod oracle;
mod printed;
mod random;
mod signatures;
