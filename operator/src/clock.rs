//! The one place where the operator reads the clock. Everything that decides takes the time as an argument.

use jiff::Timestamp;

/// The current time of the machine.
#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
