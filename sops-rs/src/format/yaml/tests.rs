//! What needs no peer: limits, errors without values, and the forms of numbers, dates and texts one by one.

use std::fmt::Write as _;

use super::*;
use crate::tree::{Entry, Value};

fn read(input: &str) -> Branch {
    load(input.as_bytes()).unwrap().remove(0)
}

/// The value of `a` in `a: …`.
fn scalar(text: &str) -> Value {
    match read(&format!("a: {text}\n")).0.remove(0) {
        Entry::Pair(_, value) => value,
        Entry::Comment(_) => panic!("a comment"),
    }
}

fn written(value: Value) -> String {
    let branch = Branch(vec![Entry::Pair("a".to_owned(), value)]);
    let text = String::from_utf8(emit(&[branch], 4).unwrap()).unwrap();
    text.strip_prefix("a: ").unwrap().trim_end_matches('\n').to_owned()
}

#[test]
fn integers_have_the_forms_of_yaml_1_1_and_1_2() {
    let cases = [
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("1_000", 1000),
        ("0x1F", 31),
        ("-0x1f", -31),
        ("0777", 511),
        ("0o17", 15),
        ("0b101", 5),
        ("0b-1", -1),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
        ("!!int '7'", 7),
    ];
    for (text, number) in cases {
        assert!(scalar(text) == Value::Int(number), "{text}");
    }
}

#[test]
fn floats_are_read_and_written_as_go_does() {
    let cases = [
        ("1.5", "1.5"),
        ("1.0", "1"),
        ("1e3", "1000"),
        ("08", "8"),
        (".5_0", "0.5"),
        ("1e21", "1e+21"),
        ("1234567.5", "1.2345675e+06"),
        ("0.00001", "1e-05"),
        ("12345678901234567890123", "1.2345678901234568e+22"),
        (".inf", ".inf"),
        ("-.INF", "-.inf"),
        (".NaN", ".nan"),
        ("!!float 3", "3"),
    ];
    for (text, expected) in cases {
        let value = scalar(text);
        assert!(matches!(value, Value::Float(_)), "{text}");
        assert_eq!(written(value), expected);
    }
}

#[test]
fn what_looks_like_a_number_is_text() {
    for text in ["1e400", "0x", "0o8", "_1", "1:20", "1.2.3", "0b2", ".", ".e1", "5e", "._5", "12345678901234567890x"] {
        assert!(scalar(text) == Value::Str(text.to_owned()), "{text}");
    }
}

#[test]
fn dates_take_the_form_of_rfc_3339() {
    let cases = [
        ("2024-01-01", "2024-01-01T00:00:00Z"),
        ("2024-1-2T3:4:5Z", "2024-01-02T03:04:05Z"),
        ("2024-01-02t03:04:05.120+02:30", "2024-01-02T03:04:05.12+02:30"),
        ("2024-01-02 03:04:05.0", "2024-01-02T03:04:05Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("2024-01-02T03:04:05-00:00", "2024-01-02T03:04:05Z"),
    ];
    for (text, expected) in cases {
        assert!(scalar(text) == Value::Time(expected.to_owned()), "{text}");
        assert_eq!(written(scalar(text)), expected);
    }
    for text in
        ["2023-02-29", "2024-13-01", "24-01-01", "2024-01-01T00:00:00", "2024-01-01 00:00", "2024-01-01T24:00:00Z"]
    {
        assert!(scalar(text) == Value::Str(text.to_owned()), "{text}");
    }
}

#[test]
fn texts_are_quoted_where_they_would_read_as_something_else() {
    let cases = [
        ("plain text", "plain text"),
        ("", "\"\""),
        ("yes", "\"yes\""),
        ("12", "\"12\""),
        ("2024-01-01", "\"2024-01-01\""),
        ("1:20:30.5", "\"1:20:30.5\""),
        ("a: b", "'a: b'"),
        ("it's # not", "'it''s # not'"),
        ("- x", "'- x'"),
        (" x", "' x'"),
        ("a\tb", "\"a\\tb\""),
        ("😀", "\"\\U0001F600\""),
        ("é", "é"),
        ("<<", "!!merge <<"),
        ("a\nb", "|-\n    a\n    b"),
        ("a\n", "|\n    a"),
        ("\na", "|4-\n\n    a"),
        ("a \nb", "\"a \\nb\""),
        ("\ta\nb", "\"\\ta\\nb\""),
        ("a\u{2028}b", "'a\u{2028}    b'"),
        ("a\u{2028}b\nc", "|-\n    a\u{2028}    b\n    c"),
        ("a\u{2028}\u{2029}b\nc", "\"a\\L\\Pb\\nc\""),
        ("a\u{85}b", "\"a\\Nb\""),
    ];
    for (text, expected) in cases {
        assert_eq!(written(Value::Str(text.to_owned())), expected);
        if text != "<<" {
            assert!(scalar(&written(Value::Str(text.to_owned()))) == Value::Str(text.to_owned()), "{text:?}");
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_kept() {
    for length in [1, 51, 52, 53, 200] {
        let bytes = vec![0xff; length];
        assert!(scalar(&written(Value::Bytes(bytes.clone()))) == Value::Bytes(bytes));
    }
    assert!(scalar("!!binary aGk=") == Value::Str("hi".to_owned()));
}

#[test]
fn aliases_do_not_multiply_without_bound() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        writeln!(bomb, "a{level}: &a{level} [{before}]").unwrap();
    }
    assert!(matches!(load(bomb.as_bytes()), Err(YamlError::TooManyAliases { .. })));

    let mut heavy = format!("a: &a {}\nb:\n", "x".repeat(1 << 20));
    heavy.push_str(&"- *a\n".repeat(100));
    assert!(matches!(load(heavy.as_bytes()), Err(YamlError::TooManyAliases { .. })));

    let mut deep = "a0: &a0 [x]\n".to_owned();
    for level in 1..2000 {
        writeln!(deep, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    assert_eq!(load(deep.as_bytes()).err(), Some(YamlError::TooDeep));
}

#[test]
fn nesting_ends_in_an_error() {
    for depth in [300, 100_000] {
        let flow = format!("a: {}{}\n", "[".repeat(depth), "]".repeat(depth));
        assert!(load(flow.as_bytes()).is_err());
        let block = format!("{}x\n", "- ".repeat(depth));
        assert!(load(format!("a:\n {block}").as_bytes()).is_err());
    }
    let mut value = Value::Null;
    for _ in 0..1001 {
        value = Value::List(vec![crate::tree::Item::Value(value)]);
    }
    let branch = Branch(vec![Entry::Pair("a".to_owned(), value)]);
    assert_eq!(emit(&[branch], 4), Err(YamlError::TooDeep));
}

#[test]
fn input_that_sops_would_read_in_another_way_is_refused() {
    assert_eq!(load(b"a: \xff\n").err(), Some(YamlError::NotUtf8 { offset: 3 }));
    for input in [
        "a: x\u{2028}y\n",
        "# x\u{2029}\na: b\n",
        "a: \"x\u{85}\"\n",
        "a: 'x\u{2028}\n y'\n",
        "b: [a:]\n",
        "b: {?a}\n",
        "a: &b:c d\n",
        "%YAML 1.2\n---\na: 1\n",
        "%HUNTER 2\n---\na: 1\n",
        "a: 1\n%b: 2\n",
    ] {
        assert!(matches!(load(input.as_bytes()), Err(YamlError::Unsupported { .. })), "{input:?}");
    }
}

#[test]
fn no_error_quotes_its_input() {
    let inputs = [
        "hunter2: 1\nhunter2: 2\n",
        "a: hunter2: b\n",
        "a: *hunter2\n",
        "a: !!int hunter2\n",
        "a: !hunter2!x y\n",
        "hunter2\n",
        "a: \"hunter2\n",
        "a: \"\\h hunter2\"\n",
        "? [hunter2]\n: x\n",
    ];
    for input in inputs {
        let error = load(input.as_bytes()).err().unwrap().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
