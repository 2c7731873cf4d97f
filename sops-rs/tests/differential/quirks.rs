//! The odd files of `tests/quirks`: the original makes of them what is written there.

#[path = "../quirks/data.rs"]
mod data;

use data::{Conversion, conversions};
use sops::Format;

use crate::cases::Keys;
use crate::oracle::Oracle;

#[test]
fn odd_files_become_what_is_written_down() {
    let mut oracle = Oracle::new(&Keys::new());
    let all = [
        conversions("ini", include_str!("../quirks/ini.yaml")),
        conversions("dotenv", include_str!("../quirks/dotenv.yaml")),
    ];
    for Conversion { odd, input, output, file, becomes } in all.into_iter().flatten() {
        let [input, output] = [input, output].map(|name| Format::from_name(name).unwrap());
        let theirs = oracle.convert(file.as_bytes(), input, output).ok();
        let theirs = theirs.map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(theirs, becomes, "{odd}, from {} to {}", input.name(), output.name());
    }
}
