//! What a new file begins with: the words of the original.

use sops::format::binary;
use sops::tree::{Comment, Entry, Item, Value};
use sops::{Branch, Format};

const WELCOME: &str = "Welcome to SOPS! Edit this file as you please!";
const COMMENT: &str = " This is an example file.";

/// The example for a format.
pub(super) fn of(format: Format) -> Branch {
    match format {
        Format::Binary => Branch(vec![pair(binary::KEY, text(WELCOME))]),
        // Comments of this format begin without a space.
        Format::Ini => Branch(vec![pair("Welcome!", Value::Map(simple(COMMENT.trim_start())))]),
        Format::Dotenv => {
            let Branch(mut entries) = simple(COMMENT);
            entries.push(pair("example_multiline", text("foo\nbar\nbaz")));
            Branch(entries)
        }
        _ => nested(),
    }
}

fn simple(words: &str) -> Branch {
    Branch(vec![comment(words), pair("hello", text(WELCOME)), pair("example_key", text("example_value"))])
}

fn nested() -> Branch {
    let list = |values: Vec<Value>| Value::List(values.into_iter().map(Item::Value).collect());
    Branch(vec![
        pair("hello", text(WELCOME)),
        pair("example_key", text("example_value")),
        comment(" Example comment"),
        pair("example_array", list(vec![text("example_value1"), text("example_value2")])),
        pair("example_number", Value::Float(1234.56789)),
        pair("example_booleans", list(vec![Value::Bool(true), Value::Bool(false)])),
    ])
}

fn pair(key: &str, value: Value) -> Entry {
    Entry::Pair(key.to_owned(), value)
}

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn comment(text: &str) -> Entry {
    Entry::Comment(Comment { text: text.to_owned(), inline: false })
}
