use super::{IniError, emit, load};
use crate::error::Error;
use crate::format::{Format, ShapeError, quirks};
use crate::tree::{Branch, Entry, Item, Value};

/// A document with one key `k` in a section `s`.
fn section(value: Value) -> Branch {
    let section = Branch(vec![Entry::Pair("k".to_owned(), value)]);
    Branch(vec![Entry::Pair("s".to_owned(), Value::Map(section))])
}

fn value_of(file: &[u8]) -> Value {
    let Some(Entry::Pair(_, Value::Map(section))) = load(file).unwrap().0.pop() else { panic!("no section") };
    let Some(Entry::Pair(_, value)) = section.0.into_iter().next() else { panic!("no key") };
    value
}

#[test]
fn odd_files_are_read_and_written_as_the_original_does() {
    quirks::check(Format::Ini, include_str!("../../../tests/quirks/ini.yaml"));
}

#[test]
fn errors_name_the_line_and_quote_nothing() {
    for (file, error) in [
        ("[s]\na = 1\nhunter2\n", IniError::NoSign { line: 3 }),
        ("\n[hunter2\n", IniError::OpenHeader { line: 2 }),
        ("[]\n", IniError::NoName { line: 1 }),
        ("[s]\n\n= hunter2\n", IniError::NoName { line: 3 }),
        ("[s]\na = \"\"\"hunter2\nb = 1\n", IniError::OpenQuote { line: 2 }),
        ("[s]\na = `hunter2\n", IniError::OpenQuote { line: 2 }),
        ("[s]\n`hunter2 = 1\n", IniError::OpenQuote { line: 2 }),
        ("[s]\n\"hunter2\" 1\n", IniError::NoSign { line: 2 }),
    ] {
        assert!(!error.to_string().contains("hunter2"));
        assert_eq!(load(file.as_bytes()).err(), Some(error), "{file}");
    }
}

#[test]
fn bytes_that_are_no_text_are_kept_in_values() {
    assert!(value_of(b"[s]\nk = \xff\xfe\n") == Value::Bytes(b"\xff\xfe".to_vec()));
    let file = b"[s]\nk = \xff\xfe\n";
    assert_eq!(emit(&[load(file).unwrap()]).unwrap(), file);
    for (file, line) in
        [(&b"[\xff]\n"[..], 1), (b"[s]\n\xff = 1\n", 2), (b"[s]\n; \xff\nk = 1\n", 3), (b"; \xff\n[s]\n", 2)]
    {
        assert_eq!(load(file).err(), Some(IniError::NotUtf8 { line }));
    }
}

#[test]
fn a_key_that_is_a_dash_stays_one() {
    let file = b"[s]\n- = 1\na = 2\n- = 3\n";
    assert_eq!(emit(&[load(file).unwrap()]).unwrap(), b"[s]\n-  = 1\na  = 2\n-  = 3\n");
}

#[test]
fn lists_and_mappings_have_no_form_in_a_section() {
    for value in [Value::Map(Branch::default()), Value::List(vec![Item::Value(Value::Null)])] {
        let failure = emit(&[section(value)]).err().unwrap();
        assert!(matches!(failure, Error::Shape { cause: ShapeError::IniNested, .. }), "{failure}");
        assert!(failure.to_string().contains('k'), "{failure}");
    }
    let failure = emit(&[Branch(vec![Entry::Pair("top".to_owned(), Value::Int(1))])]).err().unwrap();
    assert!(matches!(failure, Error::Shape { cause: ShapeError::IniTop, .. }), "{failure}");
}

#[test]
fn values_that_are_written_in_quotes_come_back() {
    for text in ["", " ", "a\nb\n", "a`b", "#", ";x", "x y", "'", "\"", "=", "[x]", "%(a)s", "é"] {
        let written = emit(&[section(Value::Str(text.to_owned()))]).unwrap();
        assert!(value_of(&written) == Value::Str(text.to_owned()), "{text:?}: {}", String::from_utf8_lossy(&written));
    }
}
