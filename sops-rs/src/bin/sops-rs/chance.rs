//! The one clock and the one random source of this program.

use std::io;

use jiff::Timestamp;

/// Fills the slice from the random source of the operating system.
pub(crate) fn random(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes).map_err(io::Error::other)
}

/// The time.
#[expect(clippy::disallowed_methods, reason = "the one clock of this binary")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The time as files have it: RFC 3339 in UTC, to the second.
pub(crate) fn today() -> String {
    sops::metadata::date(now())
}
