use super::{DotenvError, emit, load};
use crate::error::Error;
use crate::format::{Format, ShapeError, quirks};
use crate::tree::{Branch, Comment, Entry, Item, Value};

fn pair(key: &str, value: Value) -> Entry {
    Entry::Pair(key.to_owned(), value)
}

fn text(key: &str, value: &str) -> Entry {
    pair(key, Value::Str(value.to_owned()))
}

fn comment(text: &str) -> Entry {
    Entry::Comment(Comment { text: text.to_owned(), inline: false })
}

#[test]
fn odd_files_are_read_and_written_as_the_original_does() {
    quirks::check(Format::Dotenv, include_str!("../../../tests/quirks/dotenv.yaml"));
}

#[test]
fn lines_are_taken_as_they_are() {
    let file = "A=1\n\n# c\nexport B = x # y\n=\nC='q'\nD=a\\nb\\\\n\nA=2\nE=x\r";
    let expected = [
        text("A", "1"),
        comment(" c"),
        text("export B ", " x # y"),
        text("", ""),
        text("C", "'q'"),
        text("D", "a\nb\\\n"),
        text("A", "2"),
        text("E", "x\r"),
    ];
    let read = load(file.as_bytes()).unwrap();
    assert!(read.0 == expected);
    assert_eq!(
        emit(&read).unwrap(),
        file.replace("\n\n", "\n").as_bytes().iter().copied().chain(*b"\n").collect::<Vec<_>>()
    );
}

#[test]
fn bytes_that_are_no_text_are_kept_in_values() {
    let file = b"A=\xff\\n\xfe\n";
    let read = load(file).unwrap();
    assert!(read.0 == [pair("A", Value::Bytes(b"\xff\n\xfe".to_vec()))]);
    assert_eq!(emit(&read).unwrap(), file);
    assert_eq!(load(b"A=1\n\xff=x\n").err(), Some(DotenvError::NotUtf8 { line: 2 }));
    assert_eq!(load(b"\n#\xff\n").err(), Some(DotenvError::NotUtf8 { line: 2 }));
}

#[test]
fn a_line_without_a_sign_is_refused() {
    assert_eq!(load(b"A=1\n x\n").err(), Some(DotenvError::NoEqualsSign { line: 2 }));
}

#[test]
fn other_types_become_text() {
    let branch = Branch(vec![
        pair("t", Value::Bool(true)),
        pair("i", Value::Int(-5)),
        pair("one", Value::Float(1.0)),
        pair("small", Value::Float(0.000_01)),
        pair("large", Value::Float(1e21)),
        pair("zero", Value::Float(-0.0)),
        pair("inf", Value::Float(f64::NEG_INFINITY)),
        pair("time", Value::Time("2024-01-01T00:00:00.12+02:00".to_owned())),
        pair("null", Value::Null),
        comment("a\nb"),
    ]);
    let expected = "t=true\ni=-5\none=1.0\nsmall=1E-05\nlarge=1E+21\nzero=-0.0\ninf=-Inf\n\
        time=2024-01-01T00:00:00+02:00\nnull=<nil>\n#a\n#b\n";
    assert_eq!(emit(&branch).unwrap(), expected.as_bytes());
}

#[test]
fn lists_and_mappings_have_no_form() {
    for value in [Value::Map(Branch::default()), Value::List(vec![Item::Value(Value::Null)])] {
        let failure = emit(&Branch(vec![pair("k", value)])).err().unwrap();
        assert!(matches!(failure, Error::Shape { cause: ShapeError::DotenvNested, .. }), "{failure}");
        assert!(failure.to_string().contains('k'));
    }
}
