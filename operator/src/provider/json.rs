//! JSON as a text that is pointed into rather than turned into values: numbers keep the digits they were written with, and
//! no copy of a secret is left behind in a tree. It must never quote what it reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::de::IgnoredAny;
use zeroize::Zeroizing;

/// Deeper than any secret is, and far from the end of the stack.
const DEEPEST: usize = 64;

/// One value, valid by construction and without white space around it.
#[derive(Clone, Copy)]
pub(super) struct Json<'a>(&'a str);

/// How numbers are written anew.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// With the digits they have.
    AsWritten,
    /// As Go writes a 64-bit float.
    AsFloats,
}

impl<'a> Json<'a> {
    /// The value that these bytes are, if they are one.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Json<'a>> {
        let text = std::str::from_utf8(bytes).ok()?;
        serde_json::from_str::<IgnoredAny>(text).ok()?;
        (depth(text) <= DEEPEST).then(|| Json(trim(text)))
    }

    /// The text of the value.
    pub(super) fn raw(self) -> &'a str {
        self.0
    }

    /// The first byte, which tells the type: `{`, `[`, `"`, `t`, `f`, `n`, a digit or a minus.
    pub(super) fn first(self) -> u8 {
        self.0.as_bytes().first().copied().unwrap_or_default()
    }

    /// The members of an object, the last of equal names; `None` for any other type.
    pub(super) fn members(self) -> Option<BTreeMap<String, Json<'a>>> {
        let mut rest = trim(self.0.strip_prefix('{')?);
        let mut members = BTreeMap::new();
        while !rest.starts_with('}') {
            let (name, after) = split(rest);
            let (value, after) = split(trim(trim(after).strip_prefix(':')?));
            members.insert(serde_json::from_str(name.0).ok()?, value);
            rest = trim(trim(after).trim_start_matches(','));
        }
        Some(members)
    }

    /// The items of an array; `None` for any other type.
    pub(super) fn items(self) -> Option<Vec<Json<'a>>> {
        let mut rest = trim(self.0.strip_prefix('[')?);
        let mut items = Vec::new();
        while !rest.starts_with(']') {
            let (item, after) = split(rest);
            items.push(item);
            rest = trim(trim(after).trim_start_matches(','));
        }
        Some(items)
    }

    /// The characters of a string; `None` for any other type, and for half a surrogate pair.
    pub(super) fn string(self) -> Option<Zeroizing<String>> {
        if self.first() == b'"' { serde_json::from_str(self.0).ok().map(Zeroizing::new) } else { None }
    }

    /// The value of a number as a float, without exponent, as Go's `FormatFloat(f, 'f', -1, 64)` writes it.
    pub(super) fn plain_float(self) -> Option<String> {
        self.0.parse::<f64>().ok().map(|float| float.to_string())
    }

    /// Writes the value as Go's `json.Marshal` writes maps: compact, names sorted, and safe inside HTML.
    pub(super) fn write_like_go(self, numbers: Numbers, out: &mut Zeroizing<String>) -> Option<()> {
        match self.first() {
            b'{' => {
                out.push('{');
                for (index, (name, value)) in self.members()?.into_iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    write_string(&name, out);
                    out.push(':');
                    value.write_like_go(numbers, out)?;
                }
                out.push('}');
            }
            b'[' => {
                out.push('[');
                for (index, item) in self.items()?.into_iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    item.write_like_go(numbers, out)?;
                }
                out.push(']');
            }
            b'"' => write_string(&self.string()?, out),
            b't' | b'f' | b'n' => out.push_str(self.0),
            _ if numbers == Numbers::AsWritten => out.push_str(self.0),
            _ => out.push_str(&go_float(self.0.parse().ok()?)),
        }
        Some(())
    }
}

/// JSON knows four kinds of white space, fewer than Unicode.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// How deep the objects and arrays of a valid text are nested.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            b'"' if !escaped => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        escaped = in_string && !escaped && byte == b'\\';
        deepest = deepest.max(depth);
    }
    deepest
}

/// Cuts a valid text that begins with a value behind that value.
fn split(text: &str) -> (Json<'_>, &str) {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let is_scalar = !text.starts_with(['{', '[', '"']);
    for (index, byte) in text.bytes().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if is_scalar {
            if matches!(byte, b',' | b'}' | b']' | b':' | b' ' | b'\t' | b'\n' | b'\r') {
                return (Json(&text[..index]), &text[index..]);
            }
            continue;
        } else {
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                b'"' => {
                    in_string = true;
                    continue;
                }
                _ => continue,
            }
        }
        if depth == 0 && !in_string {
            return (Json(&text[..=index]), &text[index + 1..]);
        }
    }
    (Json(text), "")
}

/// Go escapes what would end a script in a page, and the two line separators.
fn write_string(text: &str, out: &mut Zeroizing<String>) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing to a string does not fail.
                let _ = write!(**out, "\\u{:04x}", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Go writes an exponent for very small and very large numbers only, and with a sign.
fn go_float(float: f64) -> String {
    let size = float.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return float.to_string();
    }
    let text = format!("{float:e}");
    if text.contains("e-") { text } else { text.replace('e', "e+") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str, numbers: Numbers) -> String {
        let mut out = Zeroizing::new(String::new());
        Json::parse(text.as_bytes()).unwrap().write_like_go(numbers, &mut out).unwrap();
        out.to_string()
    }

    #[test]
    fn members_and_items_are_found_behind_every_kind_of_value() {
        let text = r#" { "a" : "x\"}]," , "b":[1, {"c":"]"}, []] ,"e\u0301\\":null,"n" :-1.50e3, "t": true } "#;
        let members = Json::parse(text.as_bytes()).unwrap().members().unwrap();
        let raw: Vec<_> = members.iter().map(|(name, value)| (name.as_str(), value.raw())).collect();
        let expected = [
            ("a", r#""x\"}],""#),
            ("b", r#"[1, {"c":"]"}, []]"#),
            ("e\u{301}\\", "null"),
            ("n", "-1.50e3"),
            ("t", "true"),
        ];
        assert_eq!(raw, expected);
        let items = members["b"].items().unwrap();
        assert_eq!(items.iter().map(|item| item.raw()).collect::<Vec<_>>(), ["1", r#"{"c":"]"}"#, "[]"]);
        assert!(Json::parse(b"{}").unwrap().members().unwrap().is_empty());
        assert!(Json::parse(b"[ ]").unwrap().items().unwrap().is_empty());
        assert!(Json::parse(b"3").unwrap().members().is_none());
    }

    #[test]
    fn what_is_not_json_is_no_value() {
        for text in ["", "{", "{\"a\":}", "[1,]", "plain", "{} {}", "\"\u{1}\""] {
            assert!(Json::parse(text.as_bytes()).is_none(), "{text}");
        }
        let nested = |depth: usize| "[".repeat(depth) + r#""\"[[[\\""# + &"]".repeat(depth);
        assert!(Json::parse(nested(DEEPEST).as_bytes()).is_some());
        assert!(Json::parse(nested(DEEPEST + 1).as_bytes()).is_none(), "depth is bounded");
    }

    /// Expected values are what Go 1.26 prints.
    #[test]
    fn maps_are_written_as_go_writes_them() {
        let text = "{\"b\": {\"z\":1, \"a\":[ true,null ]}, \"a\":\"<&>\\u2028\\u00e9\\n\\u0001\\b\", \"n\":12345678901234567890}";
        let expected = "{\"a\":\"\\u003c\\u0026\\u003e\\u2028é\\n\\u0001\\b\",\"b\":{\"a\":[true,null],\"z\":1},\"n\":12345678901234567890}";
        assert_eq!(rewritten(text, Numbers::AsWritten), expected);
        let numbers = "[1.0,1.50,1e21,1e20,0.000001,1e-7,-0.0,12345678901234567890]";
        assert_eq!(rewritten(numbers, Numbers::AsWritten), numbers);
        let floats = "[1,1.5,1e+21,100000000000000000000,0.000001,1e-7,-0,12345678901234567000]";
        assert_eq!(rewritten(numbers, Numbers::AsFloats), floats);
    }
}
