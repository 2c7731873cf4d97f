//! Templates against Go: thousands of them, picked and generated, rendered here and by `text/template` with Sprig, and
//! compared byte by byte. Where one side fails, the other must. Then what Go does not bound: steps, room, depth.

mod cases;
mod certificates;
mod generated;
mod limits;
mod oracle;
mod printed;
mod random;
mod signatures;
