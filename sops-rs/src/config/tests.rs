use super::{Config, ConfigError};
use crate::rules::Selector;

fn key() -> String {
    use age::secrecy::ExposeSecret as _;

    let text = age::x25519::Identity::generate().to_string();
    crate::Identity::parse(text.expose_secret()).unwrap()[0].recipient().to_string()
}

#[test]
fn the_first_rule_that_matches_counts() {
    let (one, other) = (key(), key());
    let text = format!(
        "creation_rules:\n  - path_regex: ^prod/.*\\.yaml$\n    encrypted_regex: ^data$\n    age: {one}\n  - age: {other}\n    unknown: 1\n"
    );
    let config = Config::parse(&text).unwrap();
    let rule = config.creation_rule("prod/db.yaml").unwrap().unwrap();
    assert_eq!(rule.recipients[0].to_string(), one);
    assert_eq!(rule.selector, Some(Selector::EncryptedRegex("^data$".to_owned())));
    let rule = config.creation_rule("a/prod/db.yaml").unwrap().unwrap();
    assert_eq!(rule.recipients[0].to_string(), other);
    assert_eq!((rule.selector, rule.mac_only_encrypted), (None, false));
}

#[test]
fn recipients_are_a_list_or_a_text_with_commas_or_one_group() {
    let (one, other) = (key(), key());
    for fields in [
        format!("age: '{one}, {other}'"),
        format!("age: [{one}, {other}]"),
        format!("age: >-\n      {one},\n      {other}"),
        format!("key_groups:\n      - age: [{one}, {other}]\n        pgp: []"),
    ] {
        let text = format!("creation_rules:\n  - path_regex: .*\n    {fields}\n    pgp: ''\n");
        let rule = Config::parse(&text).unwrap().creation_rule("x.yaml").unwrap().unwrap();
        assert_eq!(rule.recipients.len(), 2, "{fields}");
    }
}

#[test]
fn a_rule_is_used_whole_or_not_at_all() {
    let one = key();
    for (fields, expected) in [
        ("pgp: 85D77543B3D624B63CEA9E6DBC17301B491B3F21", "pgp"),
        ("kms: [{arn: x}]", "kms"),
        ("hc_vault_transit_uri: http://x", "hc_vault_transit_uri"),
        ("key_groups: [{pgp: [x]}]", "pgp"),
        ("key_groups: [{age: []}, {age: []}]", "more than one key group"),
        ("encrypted_regex: (", "encrypted_regex is not a valid expression"),
        ("path_regex: (", "path_regex of creation rule 1"),
        ("age: age1qqqq", "creation rule 1"),
        ("encrypted_regex: a\n    encrypted_suffix: b", "exclude each other"),
    ] {
        let age = if fields.starts_with("age") { String::new() } else { format!("\n    age: {one}") };
        let config = Config::parse(&format!("creation_rules:\n  - {fields}{age}\n")).unwrap();
        let failure = config.creation_rule("x.yaml").err().unwrap();
        assert!(failure.to_string().contains(expected), "{fields}: {failure}");
    }
}

#[test]
fn no_rules_and_no_match_differ() {
    for text in ["", "# nothing\n", "creation_rules:\n", "creation_rules: []\n", "stores:\n  yaml:\n    indent: 2\n"] {
        assert_eq!(Config::parse(text).unwrap().creation_rule("x.yaml").unwrap(), None, "{text}");
    }
    let config = Config::parse("creation_rules:\n  - path_regex: ^y$\n").unwrap();
    assert!(matches!(config.creation_rule("x.yaml"), Err(ConfigError::NoMatch)));
    assert!(Config::parse("creation_rules: {").is_err());
    assert!(Config::parse("creation_rules: 5").is_err());
}

#[test]
fn indents_are_read() {
    let config = Config::parse("stores:\n  yaml:\n    indent: 2\n  json:\n    indent: -1\n").unwrap();
    assert_eq!((config.yaml_indent(), config.json_indent()), (Some(2), None));
    let config = Config::parse("stores:\n  json:\n    indent: 0\n").unwrap();
    assert_eq!((config.yaml_indent(), config.json_indent()), (None, Some(0)));
}
