//! Plaintext that is easy to find again. Every value that a test seals is one, and none may show outside a Secret.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rig::Operator;

/// Stands in every planted value.
const MARK: &str = "canary!plaintext!";

/// A value with a mark.
pub(crate) fn value(text: &str) -> String {
    format!("{MARK}{text}")
}

/// Fails when `text` holds a planted value, in clear or encoded.
pub(crate) fn search(place: &str, text: &str) -> Result<()> {
    ensure!(!text.contains(MARK), "{place} holds a planted value");
    for offset in 0..3 {
        let needle = in_base64(offset);
        ensure!(!text.contains(&needle), "{place} holds a planted value in base64");
    }
    ensure!(!text.to_lowercase().contains(&hexadecimal(MARK)), "{place} holds a planted value in hexadecimal");
    Ok(())
}

/// Fails when the operator's log holds a planted value.
pub(crate) fn search_log(operator: &Operator) -> Result<()> {
    search("the log", &operator.log()?.join("\n"))
}

fn hexadecimal(text: &str) -> String {
    text.bytes().fold(String::new(), |mut digits, byte| {
        // Writing to a String does not fail.
        let _infallible = write!(digits, "{byte:02x}");
        digits
    })
}

/// The part of the mark's base64 that does not depend on what stands around it, when it begins at this offset modulo 3.
fn in_base64(offset: usize) -> String {
    let padded = format!("{}{MARK}", "x".repeat(offset));
    let whole = STANDARD_NO_PAD.encode(&padded);
    let end = padded.len() / 3 * 4;
    whole[if offset == 0 { 0 } else { 4 }..end].to_owned()
}

#[test]
fn planted_values_are_found_however_they_are_written() {
    use base64::engine::general_purpose::STANDARD;
    search("a clean text", "nothing to see: plaintext").unwrap();
    for lead in ["", "a", "ab", "abc"] {
        let text = format!("{lead}{}", value("one"));
        for written in [text.clone(), STANDARD.encode(&text), hexadecimal(&text).to_uppercase()] {
            assert!(search("a text", &written).is_err(), "{written}");
        }
    }
}
