//! The classes of characters that Go's `unicode` knows and Rust's standard library draws differently.

use std::sync::LazyLock;

use regex::Regex;

macro_rules! class {
    ($(#[$doc:meta])* $name:ident, $ascii:expr, $pattern:literal) => {
        $(#[$doc])*
        pub(super) fn $name(character: char) -> bool {
            static CLASS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());
            if character.is_ascii() {
                let ascii: fn(&char) -> bool = $ascii;
                return ascii(&character);
            }
            let mut buffer = [0; 4];
            CLASS.as_ref().is_some_and(|class| class.is_match(character.encode_utf8(&mut buffer)))
        }
    };
}

class!(/// `unicode.IsLetter`.
    is_letter, char::is_ascii_alphabetic, r"\p{L}");
class!(/// `unicode.IsDigit`.
    is_digit, char::is_ascii_digit, r"\p{Nd}");
class!(/// `unicode.IsNumber`.
    is_number, char::is_ascii_digit, r"\p{N}");
class!(/// `unicode.IsUpper`.
    is_upper, char::is_ascii_uppercase, r"\p{Lu}");
class!(/// `unicode.IsLower`.
    is_lower, char::is_ascii_lowercase, r"\p{Ll}");
class!(/// `unicode.IsTitle`.
    is_title, |_| false, r"\p{Lt}");
class!(/// `unicode.IsPunct`.
    is_punctuation, |character| character.is_ascii_punctuation() && !"$+<=>^`|~".contains(*character), r"\p{P}");
class!(/// `unicode.IsPrint`.
    is_print, |character| (' '..='~').contains(character), r"[\p{L}\p{M}\p{N}\p{P}\p{S}]");

/// `unicode.IsSpace`.
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace()
}

/// `unicode.ToUpper`: one character for one.
pub(super) fn to_upper(character: char) -> char {
    single(character, character.to_uppercase())
}

/// `unicode.ToLower`: one character for one.
pub(super) fn to_lower(character: char) -> char {
    // The one lower-case mapping of several characters has a simple one beside it.
    if character == 'İ' { 'i' } else { single(character, character.to_lowercase()) }
}

/// `unicode.ToTitle`: as upper case, but for the few letters that are two in one.
pub(super) fn to_title(character: char) -> char {
    match character {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        'ა'..='ჺ' | 'ჽ'..='ჿ' => character,
        other => to_upper(other),
    }
}

fn single(character: char, mut mapped: impl ExactSizeIterator<Item = char>) -> char {
    if mapped.len() == 1 { mapped.next().unwrap_or(character) } else { character }
}

/// The next character of bytes and its length; what is not UTF-8 is the replacement character, one byte long.
pub(super) fn decode(bytes: &[u8]) -> Option<(char, usize, bool)> {
    let first = *bytes.first()?;
    if first.is_ascii() {
        return Some((char::from(first), 1, true));
    }
    let longest = bytes.get(..4).unwrap_or(bytes);
    let valid = match std::str::from_utf8(longest) {
        Ok(text) => text,
        Err(error) => longest.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok())?,
    };
    Some(valid.chars().next().map_or((char::REPLACEMENT_CHARACTER, 1, false), |next| (next, next.len_utf8(), true)))
}

/// The characters of bytes, as ranging over a Go string gives them.
pub(super) fn characters(mut bytes: &[u8]) -> Vec<char> {
    let mut out = Vec::with_capacity(bytes.len());
    while let Some((next, length, _)) = decode(bytes) {
        out.push(next);
        bytes = bytes.get(length..).unwrap_or_default();
    }
    out
}
