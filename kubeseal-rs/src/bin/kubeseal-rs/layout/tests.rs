use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn position(document: usize, item: Option<usize>) -> Position {
    Position { document, item }
}

fn set(document: usize, key: &str, value: &str) -> Change {
    Change { object: position(document, None), key: key.to_owned(), value: Some(value.to_owned()) }
}

fn remove(key: &str) -> Change {
    Change { object: position(0, None), key: key.to_owned(), value: None }
}

fn assert_rewritten(text: &str, changes: &[Change], expected: &str) {
    let rewritten = rewrite(text, changes).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(rewritten, expected);
}

const YAML: &str = "\
# who owns it
apiVersion: bitnami.com/v1alpha1   # the group
kind: SealedSecret
metadata: {name: db, namespace: shop}
spec:
  encryptedData:
    # rotated by hand
    password: AAAA  # the first

    'token': \"BBBB\"
    user: |-
      CC
      CC
  template:
    type: Opaque
";

#[test]
fn values_are_replaced_in_their_own_style() {
    let changes = [set(0, "password", "ZZ=="), set(0, "token", "YY+/"), set(0, "user", "XXXXX")];
    let expected = YAML
        .replace("AAAA", "ZZ==")
        .replace("BBBB", "YY+/")
        .replace("      CC\n      CC\n", "      XX\n      XX\n      X\n");
    assert_rewritten(YAML, &changes, &expected);
}

#[test]
fn line_ends_and_a_byte_order_mark_stay() {
    let text = format!("\u{feff}{}", YAML.replace('\n', "\r\n"));
    let changes = [set(0, "password", "ZZ=="), set(0, "user", "XXXX"), set(0, "zone", "NEW=")];
    let expected =
        text.replace("AAAA", "ZZ==").replace("      CC\r\n      CC\r\n", "      XX\r\n      XX\r\n    zone: NEW=\r\n");
    assert_rewritten(&text, &changes, &expected);
}

#[test]
fn keys_come_where_their_names_belong() {
    let changes = [set(0, "a", "NEW="), set(0, "secret", "NEW="), set(0, "010", "NEW="), set(0, "yes", "NEW=")];
    let expected = YAML
        .replace("    password", "    \"010\": NEW=\n    a: NEW=\n    password")
        .replace("the first\n", "the first\n    secret: NEW=\n")
        .replace("  template", "    \"yes\": NEW=\n  template");
    assert_rewritten(YAML, &changes, &expected);
}

#[test]
fn keys_go_with_their_lines() {
    let expected =
        YAML.replace("    password: AAAA  # the first\n", "").replace("    user: |-\n      CC\n      CC\n", "");
    assert_rewritten(YAML, &[remove("password"), remove("user"), remove("absent")], &expected);
    let last = "spec:\n  encryptedData:\n    a: AAAA";
    assert_rewritten(last, &[set(0, "b", "BBBB")], "spec:\n  encryptedData:\n    a: AAAA\n    b: BBBB\n");
    assert_eq!(rewrite(last, &[remove("a")]), Err(Immovable::Layout));
}

#[test]
fn json_is_changed_in_its_layout() {
    let text =
        "{\n  \"spec\": {\n    \"encryptedData\": {\n      \"a\": \"AAAA\",\n      \"c\": \"CCCC\"\n    }\n  }\n}\n";
    let expected = text
        .replace("AAAA", "ZZ==")
        .replace("\",\n      \"c\"", "\",\n      \"b\": \"BBBB\",\n      \"c\"")
        .replace("CCCC\"", "CCCC\",\n      \"d\": \"DDDD\"");
    assert_rewritten(text, &[set(0, "a", "ZZ=="), set(0, "b", "BBBB"), set(0, "d", "DDDD")], &expected);
    assert_rewritten(text, &[remove("a")], &text.replace("\"a\": \"AAAA\",\n      ", ""));
    assert_rewritten(text, &[remove("c")], &text.replace(",\n      \"c\": \"CCCC\"", ""));
    let empty = r#"{"spec":{"encryptedData":{}}}"#;
    let expected = r#"{"spec":{"encryptedData":{"a": "AAAA", "b": "BBBB"}}}"#;
    assert_rewritten(empty, &[set(0, "a", "AAAA"), set(0, "b", "BBBB")], expected);
}

#[test]
fn a_stream_of_json_objects_counts_its_documents() {
    let text = "{\"spec\":{\"encryptedData\":{\"a\":\"AAAA\"}},\"note\":\"\\ud83d\\ude00 \\/\"}\n{\n\t\"spec\": {\"encryptedData\": {\"a\": \"BBBB\"}}\n}\n";
    assert_rewritten(text, &[set(1, "a", "ZZ==")], &text.replace("BBBB", "ZZ=="));
    assert_rewritten(text, &[set(0, "a", "ZZ==")], &text.replace("AAAA", "ZZ=="));
}

#[test]
fn items_of_a_list_are_reached() {
    let text =
        "kind: List\nitems:\n- spec:\n    encryptedData: {a: AAAA}\n- spec:\n    encryptedData:\n      a: BBBB\n";
    let change = |item| Change { object: position(0, Some(item)), key: "a".to_owned(), value: Some("ZZ==".to_owned()) };
    assert_rewritten(text, &[change(0)], &text.replace("AAAA", "ZZ=="));
    assert_rewritten(text, &[change(1)], &text.replace("BBBB", "ZZ=="));
    assert_eq!(rewrite(text, &[change(2)]), Err(Immovable::Absent));
}

#[test]
fn what_is_shared_or_strange_is_refused() {
    for (text, expected) in [
        ("spec: {encryptedData: {a: &x AAAA}}\nb: *x\n", Immovable::Shared),
        ("b: &x AAAA\nspec: {encryptedData: {a: *x}}\n", Immovable::Shared),
        ("spec:\n  encryptedData: &x\n    a: AAAA\nb: *x\n", Immovable::Shared),
        ("b: &x {c: CCCC}\nspec:\n  encryptedData:\n    <<: *x\n    a: AAAA\n", Immovable::Shared),
        ("spec:\n  encryptedData:\n    a:\n", Immovable::Layout),
        ("spec:\n  encryptedData:\n    a: [AAAA]\n", Immovable::Layout),
        ("spec:\n  encryptedData:\n    a: AAAA\n    a: BBBB\n", Immovable::Layout),
        ("spec:\n  encryptedData:\n", Immovable::Absent),
        ("spec: {}\n", Immovable::Absent),
        ("", Immovable::Absent),
        ("a: [\n", Immovable::Malformed),
    ] {
        assert_eq!(rewrite(text, &[set(0, "a", "ZZ==")]), Err(expected), "{text}");
    }
}

/// One entry of `encryptedData` in some style, with a value that is nowhere else.
fn entry(number: usize) -> impl Strategy<Value = (String, String)> {
    let old = format!("Old{number}+/{}=", "A".repeat(200));
    let comment = prop_oneof![Just(""), Just(" # AgB, not this one"), Just("  #")];
    let space = prop_oneof![Just(""), Just("\n"), Just("    # a comment: with {signs}\n"), Just("  # outdented\n")];
    (0..7, comment, space).prop_map(move |(style, comment, space)| {
        let key = format!("key{number}");
        let line = match style {
            0 => format!("{key}: {old}{comment}"),
            1 => format!("{key}:   '{old}'{comment}"),
            2 => format!("\"{key}\": \"{old}\"{comment}"),
            3 => format!("{key}: |{comment}\n      {old}"),
            4 => format!("{key}: >-{comment}\n          {old}\n"),
            5 => format!("{key}:\n      {old}{comment}"),
            _ => format!("{key}: !!str {old}{comment}"),
        };
        (format!("{space}    {line}\n"), old.clone())
    })
}

/// A document with its old values; some documents are no SealedSecrets.
fn document() -> impl Strategy<Value = (String, Vec<String>)> {
    let entries = (1..5usize).prop_flat_map(|count| (0..count).map(entry).collect::<Vec<_>>());
    let head = prop_oneof![
        Just("spec:\n  kept: {type: Opaque}\n  encryptedData:\n"),
        Just("# top\nmetadata:\n  name: \"ü\"   # ünïcödé\nspec:\n  encryptedData: # here\n"),
    ];
    let tail =
        prop_oneof![Just(""), Just("  template:\n    data:\n      a: |\n        key0: x\n"), Just("# the end\n")];
    let sealed = (head, entries, tail).prop_map(|(head, entries, tail)| {
        let (lines, old): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        (format!("{head}{}{tail}", lines.concat()), old)
    });
    let other = Just(("kind: ConfigMap\ndata: {a: b}\n".to_owned(), Vec::new()));
    prop_oneof![4 => sealed, 1 => other]
}

fn values(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap()
}

proptest! {
    #[test]
    fn only_the_changed_values_change(
        documents in prop::collection::vec(document(), 1..4),
        chosen in prop::collection::vec((0..4usize, 0..5usize), 1..5),
        windows in any::<bool>(),
    ) {
        let mut text = String::new();
        let mut expected = String::new();
        let mut changes = Vec::new();
        for (number, (document, old)) in documents.iter().enumerate() {
            let mut changed = document.clone();
            for (index, value) in old.iter().enumerate().filter(|(index, _)| chosen.contains(&(number, *index))) {
                let new = format!("New{index}/{}", "b".repeat(100 + index));
                changed = changed.replace(value, &new);
                changes.push(set(number, &format!("key{index}"), &new));
            }
            text.extend(["---\n", document.as_str()]);
            expected.extend(["---\n", changed.as_str()]);
        }
        if windows {
            text = text.replace('\n', "\r\n");
            expected = expected.replace('\n', "\r\n");
        }
        prop_assert_eq!(rewrite(&text, &changes).map_err(|error| error.to_string()), Ok(expected));
    }

    #[test]
    fn keys_come_and_go_and_nothing_else_does(
        (document, old) in document(),
        added in prop::collection::btree_set("[a-z0-9._-]{1,6}", 0..4),
        removed in 0..6usize,
    ) {
        let Some(count) = (!old.is_empty()).then_some(old.len()) else { return Ok(()) };
        let mut changes: Vec<Change> = added.iter().map(|key| set(0, key, "NEW=")).collect();
        if count > 1 && removed < count {
            changes.push(remove(&format!("key{removed}")));
        }
        let rewritten = rewrite(&document, &changes).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut expected = values(&document);
        let data = expected[0]["spec"]["encryptedData"].as_object_mut().unwrap();
        for change in &changes {
            match &change.value {
                Some(value) => data.insert(change.key.clone(), Value::from(value.as_str())),
                None => data.remove(&change.key),
            };
        }
        prop_assert_eq!(values(&rewritten), expected);
        // Every line that stays is one that was there, in its order.
        let mut lines = document.lines();
        let new = rewritten.lines().filter(|line| !line.ends_with(": NEW="));
        for line in new {
            prop_assert!(lines.any(|old| old == line), "{line:?} is new in\n{rewritten}");
        }
    }

    #[test]
    fn any_text_is_refused_or_kept(text in "[a-z{}:,'\"\\-#&*|> \n]{0,60}") {
        let text = format!("spec:\n  encryptedData:\n    a: AAAA\n{text}");
        if let Ok(rewritten) = rewrite(&text, &[set(0, "a", "ZZ==")]) {
            prop_assert_eq!(rewritten, text.replacen("AAAA", "ZZ==", 1));
        }
    }
}
