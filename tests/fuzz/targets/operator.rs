//! What the operator reads of its users: templates, flags, and properties of remote secrets.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use strongroom::provider::{Content, property};
use strongroom::settings::go_syntax;
use strongroom::template::{Limits, Options, render};
use zeroize::Zeroizing;

/// Less than in a cluster, so that what takes all of it does not take a fuzzer's time.
const LIMITS: Limits = Limits { steps: 20_000, output: 1 << 18, time: Duration::from_secs(5) };
/// Parts of the names of functions that draw randomness of their own.
const RANDOM: [&str; 9] =
    ["rand", "gen", "uuid", "shuffle", "bcrypt", "htpasswd", "encrypt", "sign", "buildCustomCert"];

/// A template.
pub fn template(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let rendered = rendered(text);
    if let Ok(output) = &rendered {
        assert!(output.len() <= LIMITS.output, "more comes out than is allowed");
    }
    if !RANDOM.iter().any(|name| text.contains(name)) {
        assert!(rendered == self::rendered(text), "a template comes out in another way the second time");
    }
}

fn rendered(text: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut options = Options::new("key", Timestamp::UNIX_EPOCH, &|bytes| bytes.fill(7));
    options.limits = LIMITS;
    let values =
        [("a", b"some text, and more".as_slice()), ("b", b"{\"c\": [1, 2]}"), ("n", b"42"), ("x", b"\xff\x00")];
    let values = values.map(|(key, value)| (key.to_owned(), Zeroizing::new(value.to_vec())));
    render(text, &BTreeMap::from(values), &options).map_err(|error| error.to_string())
}

/// The value of a flag in Go's syntax.
pub fn go_flag(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = (go_syntax::boolean(text), go_syntax::duration(text), go_syntax::instant(text), go_syntax::pairs(text));
    // Anything else may be a name, and names are looked up in the network.
    if text.starts_with(':') {
        let _ = go_syntax::address(text);
    }
}

/// A remote secret and, on the lines after the first, the property that is wanted of it.
pub fn store_property(bytes: &[u8]) {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (secret, wanted) = bytes.split_at(at);
    let Ok(wanted) = std::str::from_utf8(wanted) else { return };
    let wanted = Some(wanted.trim_start()).filter(|wanted| !wanted.is_empty());
    for content in [Content::Text, Content::Map] {
        let _ = (property::select(secret, content, wanted), property::extract(secret, content, wanted));
    }
}
