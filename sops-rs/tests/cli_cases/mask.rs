//! What differs on every run, taken out of a text.

use std::sync::LazyLock;

use regex::{Captures, Regex};

static SEALED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"ENC\[AES256_GCM,data:([^,]*),iv:[^,]*,tag:[^,]*,type:(\w+)\]").unwrap());
static ARMOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)-----BEGIN (AGE ENCRYPTED FILE|PGP MESSAGE)-----.*?-----END (AGE ENCRYPTED FILE|PGP MESSAGE)-----")
        .unwrap()
});
static DATE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(lastmodified|created_at)("?\s*[:=]\s*"?)[-0-9T:+Z]+"#).unwrap());

/// The text with payloads, wrapped data keys and dates taken out; ciphertext keeps its length and type.
pub(crate) fn masked(text: &str) -> String {
    let text = SEALED.replace_all(text, |found: &Captures<'_>| format!("ENC[{},{}]", found[1].len(), &found[2]));
    let text = ARMOR.replace_all(&text, "ARMOR");
    DATE.replace_all(&text, "${1}${2}NOW").into_owned()
}
