//! The odd files of `tests/quirks`, which the tests beside the original hold to be true.

#[path = "../../tests/quirks/data.rs"]
mod data;

use data::{Conversion, conversions};

use super::Format;

/// Reads and writes all of a format.
pub(super) fn check(format: Format, data: &str) {
    for Conversion { odd, input, output, file, becomes } in conversions(format.name(), data) {
        let [input, output] = [input, output].map(|name| Format::from_name(name).unwrap());
        let written = input.load(file.as_bytes()).and_then(|branches| output.emit(&branches, None));
        let written = written.ok().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        assert_eq!(written, becomes, "{odd}, from {} to {}", input.name(), output.name());
    }
}
