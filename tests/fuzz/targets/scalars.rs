//! What stands in a file of SOPS or around it as one text: encrypted scalars, metadata, configuration, expressions, paths.

use std::sync::LazyLock;

use sops::config::{Config, Store};
use sops::index::{self, Step};
use sops::rules::{Rules, Selector};
use sops::shamir::combine;
use sops::tree::Value;
use sops::value::cipher::Cipher;
use sops::value::{Encrypted, is_encrypted, is_encrypted_comment};
use sops::{DataKey, Format, Metadata};

static CIPHER: LazyLock<Cipher> = LazyLock::new(|| Cipher::new(&DataKey::new([7; 32])));

/// `ENC[…]`.
pub fn value(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = is_encrypted_comment(text);
    let Ok(scalar) = Encrypted::parse(text) else {
        assert!(!is_encrypted(text), "a scalar that is not read is taken for an encrypted one");
        return;
    };
    assert!(is_encrypted(text), "a scalar that is read is not taken for an encrypted one");
    let again = Encrypted::parse(&scalar.text());
    assert!(again.is_ok_and(|again| again == scalar), "a scalar is written as another one");
    assert!(CIPHER.open(&scalar, text.as_bytes()).is_err(), "a scalar opens with a key that never sealed it");
}

/// The `sops` block, as JSON or YAML.
pub fn metadata(bytes: &[u8]) {
    for format in [Format::Json, Format::Yaml] {
        let Ok(mut branches) = format.load(bytes) else { continue };
        let Some(block) = branches.pop() else { continue };
        let Ok(metadata) = Metadata::read(&Value::Map(block)) else { continue };
        let again = Metadata::read(&Value::Map(metadata.write()));
        let again = again.unwrap_or_else(|error| panic!("metadata is written that is not read: {error}"));
        assert!(again.write() == metadata.write(), "metadata is written in another way the second time");
    }
}

/// `.sops.yaml`.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(config) = Config::parse(text) else { return };
    for path in ["secrets/a.yaml", "x.env", "s3/groups.json", ""] {
        let rule = config.creation_rule(path);
        let again = config.creation_rule(path);
        assert!(rule.ok() == again.ok(), "a path is given another rule the second time");
        let _ = config.destination_rule(path);
    }
    let _ = [Store::Yaml, Store::Json, Store::JsonBinary].map(|store| config.indent(store));
}

/// An expression in the syntax of Go, applied to short and long texts.
pub fn expression(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for name in ["encrypted_regex", "unencrypted_comment_regex"] {
        let selector = Selector::from_name(name, text.to_owned());
        let Some(Ok(rules)) = selector.map(|selector| Rules::new(&selector)) else { continue };
        for subject in ["", "data", "ключ\n", &"ab".repeat(500)] {
            let _ = rules.trips_over(subject);
        }
    }
}

/// The path that `--extract`, `set` and `unset` take.
pub fn path(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(steps) = index::parse(text) else { return };
    // There are no escapes, so some keys can be written with the other quotes only.
    let is_plain = |step: &Step| !matches!(step, Step::Key(key) if key.contains("\"]"));
    if steps.iter().all(is_plain) {
        let shown = index::display(&steps);
        assert!(index::parse(&shown) == Some(steps), "a path is shown as another one");
    }
}

/// Shares of a data key: as many as the first byte says, each as long as the second says.
pub fn shamir(bytes: &[u8]) {
    let [number, length, rest @ ..] = bytes else { return };
    let shares = rest.chunks(usize::from(*length).max(1)).take(usize::from(*number));
    let _ = combine(&shares.map(|share| share.to_vec().into()).collect::<Vec<_>>());
}
