//! The walk over a tree, depth first and in document order, that opening and sealing share.
//!
//! The additional data of a value is the path of its map keys, each followed by `:`; list elements have that of their
//! list, comments that of the container they stand in.
//!
//! ```text
//! a: {b: [x, y]}      x and y: `a:b:`      a comment at the top: `:`
//! ```

use crate::path::Place;
use crate::rules::{Rules, Scope};

mod nonces;
mod open;
mod seal;

pub(crate) use nonces::Nonces;
pub(crate) use open::Opener;
pub(crate) use seal::Sealer;
pub use seal::Tally;

/// Where the walk is.
pub(crate) struct Position<'r> {
    pub(crate) scope: Scope<'r>,
    document: usize,
    path: String,
    /// Length of `path` before each key.
    starts: Vec<usize>,
}

impl<'r> Position<'r> {
    pub(crate) fn new(rules: &'r Rules, document: usize) -> Position<'r> {
        Position { scope: Scope::new(rules), document, path: String::new(), starts: Vec::new() }
    }

    pub(crate) fn enter(&mut self, key: &str) {
        self.scope.enter_key(key);
        self.starts.push(self.path.len());
        self.path.push_str(key);
        self.path.push(':');
    }

    pub(crate) fn leave(&mut self) {
        self.scope.leave_key();
        self.path.truncate(self.starts.pop().unwrap_or_default());
    }

    pub(crate) fn aad(&self) -> &[u8] {
        if self.starts.is_empty() { b":" } else { self.path.as_bytes() }
    }

    pub(crate) fn place(&self) -> Place {
        let ends = self.starts.iter().skip(1).copied().chain([self.path.len()]);
        let keys: Vec<&str> =
            self.starts.iter().zip(ends).filter_map(|(start, end)| self.path.get(*start..end - 1)).collect();
        Place::new(self.document, &keys)
    }
}
