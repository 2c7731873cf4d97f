//! What happens to entries between the store and the Secret: values are decoded, names that no Secret can have are changed or
//! refused. The strategies are the words of the External Secrets Operator; an absent word is its default.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// The longest name of an entry of a Secret.
const LONGEST_NAME: usize = 253;

/// As lenient as Go: padding is wanted, but nobody looks at the bits that are left over.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Why an entry cannot become part of a Secret. Names are quoted, values never.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The value is not in the encoding that was promised.
    #[error("the value is not {0}")]
    Encoding(&'static str),
    /// A word for a strategy that does not exist.
    #[error("there is no {0} strategy of that name")]
    Strategy(&'static str),
    /// A name that no entry of a Secret can have.
    #[error("`{0}` cannot be the name of an entry")]
    Name(String),
    /// Two names became one.
    #[error("two entries become `{0}`")]
    Collision(String),
    /// A zero byte where none may be.
    #[error("the value has a zero byte")]
    ZeroByte,
}

/// Decodes a value by a `decodingStrategy`.
pub fn decode(strategy: Option<&str>, value: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, EntryError> {
    match strategy.unwrap_or_default() {
        "" | "None" => Ok(value),
        "Base64" => base64(&STANDARD, &value).ok_or(EntryError::Encoding("base64")),
        "Base64URL" => base64(&URL_SAFE, &value).ok_or(EntryError::Encoding("base64url")),
        "Auto" => Ok(base64(&STANDARD, &value).or_else(|| base64(&URL_SAFE, &value)).unwrap_or(value)),
        _ => Err(EntryError::Strategy("decoding")),
    }
}

/// Go skips line breaks inside base64.
fn base64(engine: &GeneralPurpose, value: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text: Zeroizing<Vec<u8>> =
        Zeroizing::new(value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect());
    engine.decode(text.as_slice()).ok().map(Zeroizing::new)
}

/// Applies a `nullBytePolicy`.
pub fn check_zero_bytes(policy: Option<&str>, value: &[u8]) -> Result<(), EntryError> {
    match policy.unwrap_or_default() {
        "Fail" if value.contains(&0) => Err(EntryError::ZeroByte),
        "" | "Ignore" | "Fail" => Ok(()),
        _ => Err(EntryError::Strategy("null byte")),
    }
}

/// Renames entries by a `conversionStrategy`. Letters outside of ASCII are replaced too: no Secret takes them.
pub fn convert_names<V>(
    strategy: Option<&str>,
    entries: BTreeMap<String, V>,
) -> Result<BTreeMap<String, V>, EntryError> {
    let is_unicode = match strategy.unwrap_or_default() {
        "" | "Default" => false,
        "Unicode" => true,
        _ => return Err(EntryError::Strategy("conversion")),
    };
    let mut converted = BTreeMap::new();
    for (name, value) in entries {
        let name = convert_name(&name, is_unicode);
        if converted.insert(name.clone(), value).is_some() {
            return Err(EntryError::Collision(name));
        }
    }
    Ok(converted)
}

fn convert_name(name: &str, is_unicode: bool) -> String {
    let mut converted = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            legal if is_legal(legal) => converted.push(legal),
            other if is_unicode => {
                // Writing to a string does not fail.
                let _ = write!(converted, "_U{:04x}_", u32::from(other));
            }
            _ => converted.push('_'),
        }
    }
    converted
}

/// Looks at the name of an entry as the API server will.
pub fn check_name(name: &str) -> Result<(), EntryError> {
    if name.len() <= LONGEST_NAME && !name.is_empty() && name != "." && name != ".." && name.chars().all(is_legal) {
        return Ok(());
    }
    let shown: String = name.chars().take(60).filter(|character| !character.is_control()).collect();
    Err(EntryError::Name(shown))
}

fn is_legal(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(strategy: &str, value: &str) -> Result<Vec<u8>, EntryError> {
        decode(Some(strategy), Zeroizing::new(value.as_bytes().to_vec())).map(|bytes| bytes.to_vec())
    }

    #[test]
    fn values_are_decoded_as_the_strategy_says() {
        assert_eq!(decode(None, Zeroizing::new(b"YQ==".to_vec())).unwrap().as_slice(), b"YQ==");
        for strategy in ["", "None"] {
            assert_eq!(decoded(strategy, "YQ==").unwrap(), b"YQ==");
        }
        assert_eq!(decoded("Base64", "+/+/").unwrap(), [0xfb, 0xff, 0xbf]);
        assert_eq!(decoded("Base64", "YW\r\nJj\n").unwrap(), b"abc");
        assert_eq!(decoded("Base64", "YR==").unwrap(), b"a", "Go ignores the bits that are left over");
        assert_eq!(decoded("Base64", "-_-_"), Err(EntryError::Encoding("base64")));
        assert_eq!(decoded("Base64", "YQ"), Err(EntryError::Encoding("base64")));
        assert_eq!(decoded("Base64URL", "-_-_").unwrap(), [0xfb, 0xff, 0xbf]);
        assert_eq!(decoded("Base64URL", "+/+/"), Err(EntryError::Encoding("base64url")));
        assert_eq!(decoded("Base32", "ME"), Err(EntryError::Strategy("decoding")));
    }

    #[test]
    fn auto_tries_both_alphabets_and_then_leaves_the_value_alone() {
        assert_eq!(decoded("Auto", "YWJj").unwrap(), b"abc");
        assert_eq!(decoded("Auto", "-_-_").unwrap(), [0xfb, 0xff, 0xbf]);
        assert_eq!(decoded("Auto", "not base64!").unwrap(), b"not base64!");
    }

    #[test]
    fn zero_bytes_matter_only_when_asked_for() {
        assert_eq!(check_zero_bytes(None, b"a\0b"), Ok(()));
        assert_eq!(check_zero_bytes(Some("Ignore"), b"a\0b"), Ok(()));
        assert_eq!(check_zero_bytes(Some("Fail"), b"a\0b"), Err(EntryError::ZeroByte));
        assert_eq!(check_zero_bytes(Some("Fail"), b"ab"), Ok(()));
    }

    #[test]
    fn names_are_converted_and_never_lost() {
        let entries = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 0)).collect::<BTreeMap<_, _>>();
        let names = |strategy, given: &[&str]| {
            convert_names(strategy, entries(given)).map(|all| all.into_keys().collect::<Vec<_>>())
        };
        assert_eq!(names(None, &["a/b c", "d.e_f-G1"]).unwrap(), ["a_b_c", "d.e_f-G1"]);
        assert_eq!(names(Some("Unicode"), &["a/b", "ü", "\u{1f600}"]).unwrap(), ["_U00fc_", "_U1f600_", "a_U002f_b"]);
        assert_eq!(names(Some("Default"), &["a/b", "a b"]), Err(EntryError::Collision("a_b".into())));
        assert_eq!(names(Some("Other"), &["a"]), Err(EntryError::Strategy("conversion")));
    }

    #[test]
    fn names_are_judged_as_the_api_server_will() {
        for name in ["a", "tls.crt", "A-1_b", &"a".repeat(253)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", ".", "..", "a/b", "ü", "a b", &"a".repeat(254)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
