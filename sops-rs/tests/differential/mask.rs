//! An encrypted file without what differs on every run. Ciphertexts keep their length and type.

use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};

static SEALED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"ENC\[AES256_GCM,data:([^,]*),iv:([^,]*),tag:([^,]*),type:(\w+)\]").unwrap());
static WRAPPED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)-----BEGIN AGE ENCRYPTED FILE-----.*?-----END AGE ENCRYPTED FILE-----").unwrap());
static TIME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(lastmodified[" :=]+)\d{4}-[0-9T:-]+Z"#).unwrap());

pub(crate) fn masked(file: &[u8]) -> Vec<u8> {
    let file = SEALED.replace_all(file, |found: &Captures<'_>| {
        let lengths = [&found[1], &found[2], &found[3]].map(<[u8]>::len);
        format!("ENC[{lengths:?},{}]", String::from_utf8_lossy(&found[4])).into_bytes()
    });
    let file = WRAPPED.replace_all(&file, b"AGE".as_slice());
    TIME.replace_all(&file, b"${1}NOW".as_slice()).into_owned()
}
