//! What documents may hold, and what is said about those that hold something else.

use std::fmt::Write as _;

use crate::place::{Place, SECRET};

#[test]
fn secrets_that_cannot_be_sealed_are_refused() {
    let place = Place::new();
    let cases = [
        ("", "error: the input holds no Secret\nhint: give a Secret as JSON or YAML, or use --raw for a value\n"),
        (
            "metadata: {name: db, namespace: shop}\n",
            "error: document 1: the Secret has no data\nhint: --allow-empty-data seals it all the same\n",
        ),
        (
            "metadata: {namespace: shop}\ndata: {k: YQ==}\n",
            "error: document 1: the Secret has no metadata.name\nhint: add one, or give --name\n",
        ),
        (
            "metadata: {name: db}\ndata: {k: YQ==}\n",
            "error: document 1: the Secret `db` has no namespace\n\
             hint: add metadata.namespace, give --namespace, or use --scope cluster-wide\n",
        ),
        (
            "metadata: {name: db, namespace: shop}\ndata: {password: hunter2}\n",
            "error: document 1: `data.password` is not valid base64\n\
             hint: encode it without line wrapping, or put the plain text under stringData\n",
        ),
        (
            "metadata: {name: db, namespace: shop}\ndata: [hunter2]\n",
            "error: document 1: `data` is not a mapping\n\
             hint: compare with the output of kubectl create secret --dry-run\n",
        ),
    ];
    for (input, stderr) in cases {
        place.assert_fails(&["--cert", "cert.pem"], input, 1, stderr);
        place.assert_fails(&["--cert", "cert.pem", "-w", "sealed.yaml"], input, 1, stderr);
    }
    place.assert_fails(
        &["--cert", "cert.pem", "--namespace", "other"],
        SECRET,
        1,
        "error: document 1: the Secret `db` is in namespace `shop`, not `other`\n\
         hint: leave --namespace out, or correct the Secret\n",
    );
}

#[test]
fn a_document_that_cannot_be_read_is_refused_and_not_left_out() {
    let place = Place::new();
    let cases = [
        (
            format!("{SECRET}---\nhunter2: [\n"),
            "error: the input is not valid YAML at line 4, column 10\n\
             hint: check the indentation and the quotes there\n",
        ),
        (
            "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"YQ==\"}}{\"metadata\":".to_owned(),
            "error: the input ends in the middle of a JSON object\nhint: check the quotes, commas and braces there\n",
        ),
        (
            "{\"metadata\":{\"name\":\"a\"}}{\"a\":1}{\"b\":hunter2}".to_owned(),
            "error: the input is not valid JSON at line 1, column 38\n\
             hint: check the quotes, commas and braces there\n",
        ),
        (
            format!("{SECRET}---\nhunter2\n"),
            "error: document 2: not a Secret but a bare value\nhint: use --raw to seal a value\n",
        ),
    ];
    for (input, stderr) in cases {
        place.assert_fails(&["--cert", "cert.pem"], &input, 1, stderr);
    }
}

#[test]
fn only_secrets_are_sealed() {
    let place = Place::new();
    for kind in ["ConfigMap", "List", "SealedSecret"] {
        place.assert_fails(
            &["--cert", "cert.pem"],
            &format!("kind: {kind}\n{SECRET}"),
            1,
            "error: document 1: not a Secret but another kind\nhint: give Secrets, one document each\n",
        );
    }
}

#[test]
fn a_misspelt_field_is_refused() {
    let place = Place::new();
    for (input, field, meant) in [
        ("metadata: {name: db, namespace: shop}\nstringdata: {k: a}\n", "stringdata", "stringData"),
        ("metadata: {Name: db, namespace: shop}\nstringData: {k: a}\n", "Name", "name"),
    ] {
        let stderr = format!("error: document 1: unknown field `{field}`\nhint: it is spelt `{meant}`\n");
        place.assert_fails(&["--cert", "cert.pem"], input, 1, &stderr);
    }
}

#[test]
fn an_unquoted_value_that_yaml_would_rewrite_is_refused() {
    let place = Place::new();
    let refused = "error: document 1: `stringData.k` is not quoted and means something else than it says\n\
        hint: YAML reads it as a number or a boolean and would rewrite it; put it in quotes\n";
    for value in ["010", "0x10", "1.10", "1e3", "1_000", "yes", "off", "+1", "16777217.5", "1000000.0"] {
        let input = format!("metadata: {{name: db, namespace: shop}}\nstringData: {{k: {value}}}\n");
        place.assert_fails(&["--cert", "cert.pem"], &input, 1, refused);
    }
    for value in ["10", "-1", "1.5", "true", "2001-01-01", "12:30", "'yes'", "!!str yes", "~"] {
        let input = format!("metadata: {{name: db, namespace: shop}}\nstringData: {{k: {value}}}\n");
        assert_eq!(place.run(&["--cert", "cert.pem"], &input).status, Some(0), "{value}");
    }
    place.assert_fails(
        &["--cert", "cert.pem"],
        "metadata: {name: db, namespace: shop}\nstringData: {\n  yes: a}\n",
        1,
        "error: a key at line 3 is not a plain text\nhint: write the key in double quotes\n",
    );
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut input = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(input, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    let ended = Place::new().run(&["--cert", "cert.pem"], &input);
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.starts_with("error: the document is too deep or too large at line "), "{}", ended.stderr);
}

#[test]
fn characters_that_the_original_cannot_write_as_yaml_are_written() {
    let place = Place::new();
    let input = "{\"metadata\":{\"name\":\"db\",\"namespace\":\"shop\",\"annotations\":{\"a\":\"\u{7f}\u{85}a\u{2028}b\u{fffe}\"}},\
        \"data\":{\"k\":\"YQ==\"}}";
    let ended = place.run(&["--cert", "cert.pem", "-o", "yaml"], input);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains(r#"a: "\x7F\Na\Lb\uFFFE""#), "{}", ended.stdout);
}

/// The order is the original's, which for `b203`, `b2cc` and `b62cb` goes in a circle: there it varies from run to run.
#[test]
fn keys_are_written_in_one_order_where_the_original_has_none() {
    let place = Place::new();
    let seal = |keys: [&str; 3]| {
        let fields = keys.map(|key| format!("  {key}: YQ==\n")).concat();
        let input = format!("metadata: {{name: db, namespace: shop}}\ndata:\n{fields}");
        let ended = place.run(&["--cert", "cert.pem", "-o", "yaml"], &input);
        let written = ended.stdout.lines().filter_map(|line| line.trim().split_once(": AQ"));
        written.map(|(key, _)| key.to_owned()).collect::<Vec<_>>()
    };
    let expected = ["b203", "b2cc", "b62cb"];
    for keys in [["b203", "b2cc", "b62cb"], ["b2cc", "b62cb", "b203"], ["b62cb", "b203", "b2cc"]] {
        assert_eq!(seal(keys), expected);
    }
}

#[test]
fn no_message_quotes_a_value() {
    let place = Place::new();
    for input in [
        "metadata: {name: db, namespace: shop}\ndata: {k: hunter2}\n",
        "metadata: {name: db, namespace: shop}\ndata: {k: [hunter2]}\n",
        "metadata: {name: db, namespace: shop}\nstringData: hunter2\n",
        "{\"data\": \"hunter2",
        "{\"data\": hunter2}",
        "hunter2: *hunter2\n",
        "- hunter2\n",
        "kind: hunter2\nmetadata: {name: db}\n",
        "metadata: {name: db}\nimmutable: hunter2\n",
        "%hunter2\n---\na: b\n",
        "a: !hunter2 b\n",
    ] {
        let ended = place.run(&["--cert", "cert.pem", "--namespace", "shop"], input);
        assert_eq!(ended.status, Some(1), "{input:?}");
        assert!(!ended.stderr.contains("hunter2"), "{input:?}: {}", ended.stderr);
    }
}
