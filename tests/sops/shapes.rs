//! The answers of `rest.yaml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;

/// The data key of these tests: bytes of 7.
pub(crate) const DATA_KEY: [u8; 32] = [7; 32];

/// An answer by the name of its service and its own.
#[expect(clippy::unwrap_used, reason = "the file is a part of this test")]
pub(crate) fn shape(service: &str, name: &str) -> String {
    type Shapes = BTreeMap<String, BTreeMap<String, String>>;
    static SHAPES: LazyLock<Shapes> = LazyLock::new(|| serde_saphyr::from_str(include_str!("rest.yaml")).unwrap());
    SHAPES[service][name].clone()
}

/// The time in these tests, 2026-01-02T03:04:05Z.
pub(crate) fn clock() -> Timestamp {
    Timestamp::constant(1_767_323_045, 0)
}
