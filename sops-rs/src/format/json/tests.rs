use super::{JsonError, emit, emit_value, load};
use crate::tree::{Branch, Comment, Entry, Item, Value};

fn rewritten(text: &str) -> String {
    String::from_utf8(emit(&load(text.as_bytes()).unwrap(), Some(0)).unwrap()).unwrap().replace('\n', "")
}

#[test]
fn order_and_duplicates_stay() {
    assert_eq!(rewritten(r#"{"b": 1, "a": 2, "b": 3}"#), r#"{"b": 1,"a": 2,"b": 3}"#);
}

#[test]
fn layout_is_that_of_the_original() {
    let branch = load(br#"{"a":{},"b":[],"c":{"d":[1,{"e":null}]}}"#).unwrap();
    let tabs = "{\n\t\"a\": {},\n\t\"b\": [],\n\t\"c\": {\n\t\t\"d\": [\n\t\t\t1,\n\t\t\t{\n\t\t\t\t\"e\": null\n\t\t\t}\n\t\t]\n\t}\n}\n";
    assert_eq!(String::from_utf8(emit(&branch, None).unwrap()).unwrap(), tabs);
    assert_eq!(String::from_utf8(emit(&branch, Some(2)).unwrap()).unwrap(), tabs.replace('\t', "  "));
    assert_eq!(emit(&Branch::default(), None).unwrap(), b"{}\n");
}

#[test]
fn numbers_are_typed_and_written_as_in_go() {
    for (given, written) in [
        ("1", "1"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9223372036854776000"),
        ("18446744073709551616", "18446744073709552000"),
        ("1.0", "1"),
        ("1e3", "1000"),
        ("1e20", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("1.5e-6", "0.0000015"),
        ("9.5e-7", "9.5e-7"),
        ("-1.25e-10", "-1.25e-10"),
        ("0.1", "0.1"),
        ("-0", "0"),
        ("-0.0", "0"),
    ] {
        assert_eq!(rewritten(&format!(r#"{{"n":{given}}}"#)), format!(r#"{{"n": {written}}}"#));
    }
    assert!(load(br#"{"n":1e999}"#).is_err());
    assert_eq!(emit_value(&Value::Float(f64::NAN), None), Err(JsonError::NotFinite));
}

#[test]
fn text_is_escaped_as_in_go() {
    let written = emit_value(&Value::Str("a\"\\/\n\r\t\u{8}\u{c}\u{1}<>&\u{2028}\u{7f}é😀".to_owned()), None).unwrap();
    assert_eq!(
        String::from_utf8(written).unwrap(),
        "\"a\\\"\\\\/\\n\\r\\t\\b\\f\\u0001\\u003c\\u003e\\u0026\\u2028\u{7f}é😀\""
    );
    let invalid = emit_value(&Value::Bytes(vec![b'a', 0xff]), None).unwrap();
    assert_eq!(String::from_utf8(invalid).unwrap(), r#""a\ufffd""#);
}

#[test]
fn comments_are_left_out() {
    let comment = Comment { text: " c".to_owned(), inline: false };
    let list = Value::List(vec![Item::Comment(comment.clone()), Item::Value(Value::Int(1))]);
    let branch = Branch(vec![Entry::Comment(comment), Entry::Pair("l".to_owned(), list)]);
    assert_eq!(emit(&branch, Some(0)).unwrap(), b"{\n\"l\": [\n1\n]\n}\n");
}

#[test]
fn bad_input_is_refused_and_not_quoted() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for bad in [
        "",
        " ",
        "[1]",
        "5",
        "\"secret\"",
        "{",
        "{\"a\":\"secret",
        "{\"a\" 1}",
        "{\"a\":1,}",
        "{'a':1}",
        "{\"a\":\"\\ud800\"}",
        &deep,
    ] {
        let failure = load(bad.as_bytes()).err().unwrap();
        assert!(!failure.to_string().contains("secret"), "{failure}");
    }
    assert!(load(b"{\"a\":\"\xff\"}").is_err(), "not UTF-8");
    assert!(load(b"\xef\xbb\xbf{}").is_err(), "a byte order mark");
    assert_eq!(load(b"[1]").err(), Some(JsonError::NotAnObject));
    assert!(matches!(load(b"{\"a\":1").err(), Some(JsonError::Truncated { line: 1, .. })));
    assert_eq!(rewritten("{\"a\":1} and more"), "{\"a\": 1}", "text after the object is ignored");
}

#[test]
fn time_is_linear_in_the_size() {
    let object = |count: usize| {
        let pairs: Vec<String> = (0..count).map(|number| format!(r#""k{number}":{{"a":{{"b":"c"}}}}"#)).collect();
        format!("{{{}}}", pairs.join(","))
    };
    let text = object(100_000);
    let branch = load(text.as_bytes()).unwrap();
    assert_eq!(branch.0.len(), 100_000);
    // Quadratic work on this many objects would take minutes and be noticed.
    assert!(emit(&branch, None).unwrap().len() > text.len());
}
