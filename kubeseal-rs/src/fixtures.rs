//! Keys for the tests of this library. Making one costs far more than anything that is tested, so they are made once.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;

use crate::SealingKey;

const DAY: Duration = Duration::from_hours(24);

/// An instant of the given day of January 2026.
pub(crate) fn day(day: u8) -> Timestamp {
    format!("2026-01-{day:02}T00:00:00Z").parse().unwrap()
}

/// The first of three keys: 2048 bits.
pub(crate) fn first() -> SealingKey {
    static PEM: OnceLock<(String, String)> = OnceLock::new();
    remembered(&PEM, 2048)
}

/// Another key of the same size.
pub(crate) fn second() -> SealingKey {
    static PEM: OnceLock<(String, String)> = OnceLock::new();
    remembered(&PEM, 2048)
}

/// A key of another size: 3072 bits.
pub(crate) fn large() -> SealingKey {
    static PEM: OnceLock<(String, String)> = OnceLock::new();
    remembered(&PEM, 3072)
}

fn remembered(pem: &OnceLock<(String, String)>, bits: usize) -> SealingKey {
    let (private_key, certificate) = pem.get_or_init(|| {
        let key = SealingKey::generate(bits, "", day(1), 3650 * DAY).unwrap();
        (key.private_key_pem().unwrap().to_string(), key.certificate_pem().to_owned())
    });
    SealingKey::from_pem(private_key.as_bytes(), certificate.as_bytes()).unwrap()
}
