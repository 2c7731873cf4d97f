//! Where there are no signals to pass on.

use std::io;

/// Nothing is caught.
pub(crate) struct Caught;

/// Nothing is passed on.
pub(super) struct Forwarding;

impl Caught {
    pub(super) fn new() -> io::Result<Caught> {
        Ok(Caught)
    }

    pub(super) fn forward(self, _: u32) -> Forwarding {
        Forwarding
    }
}
