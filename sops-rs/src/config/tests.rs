use super::{Config, ConfigError, CreationRule, Destination, Store};
use crate::master_key::KeyId;
use crate::rules::Selector;

const ONE: &str = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun";
const OTHER: &str = "age1tmaae3ld5vpevmsh5yacsauzx8jetg300mpvc4ugp5zr5l6ssq9sla97ep";

fn rule(text: &str, path: &str) -> Result<Option<CreationRule>, ConfigError> {
    Config::parse(text).unwrap().creation_rule(path)
}

fn names(groups: &[Vec<KeyId>]) -> Vec<Vec<String>> {
    groups.iter().map(|group| group.iter().map(KeyId::name).collect()).collect()
}

#[test]
fn the_first_rule_that_matches_counts() {
    let text = format!(
        "creation_rules:\n  - path_regex: \\.prod\\.yaml$\n    age: {ONE}\n    encrypted_regex: ^data$\n    mac_only_encrypted: true\n  - age: {OTHER}\n    future: 1\n"
    );
    let first = rule(&text, "a/b.prod.yaml").unwrap().unwrap();
    assert_eq!(names(&first.groups), [[ONE]]);
    assert_eq!(first.selector, Some(Selector::EncryptedRegex("^data$".to_owned())));
    assert!(first.mac_only_encrypted && first.number == 1);
    let second = rule(&text, "a/b.yaml").unwrap().unwrap();
    assert_eq!((names(&second.groups), second.number), (vec![vec![OTHER.to_owned()]], 2));
    assert!(matches!(rule("creation_rules: [{path_regex: x}]", "y"), Err(ConfigError::NoMatch)));
    assert!(rule("", "y").unwrap().is_none() && rule("creation_rules:", "y").unwrap().is_none());
}

#[test]
fn keys_of_all_types_stand_as_texts_or_lists() {
    let text = "creation_rules:\n  - kms: 'arn:aws:kms:r:1:key/a+arn:aws:iam::1:role/r, arn:aws:kms:r:1:key/b'\n    aws_profile: dev\n    pgp: [85D7 7543, F00]\n    gcp_kms: projects/p\n    hckms: [eu:1]\n    azure_keyvault: https://v.vault.azure.net/keys/k/1\n    hc_vault_transit_uri: ['https://vault:8200/v1/transit/keys/k']\n    age: 'age1a,age1b'\n    shamir_threshold: 3\n";
    let rule = rule(text, "x").unwrap().unwrap();
    assert_eq!(
        names(&rule.groups),
        [[
            "age1a",
            "age1b",
            "85D77543",
            "F00",
            "arn:aws:kms:r:1:key/a+arn:aws:iam::1:role/r||dev",
            "arn:aws:kms:r:1:key/b||dev",
            "projects/p",
            "eu:1",
            "https://v.vault.azure.net/keys/k/1",
            "https://vault:8200/v1/transit/keys/k",
        ]]
    );
    assert_eq!(rule.shamir_threshold, Some(3));
}

#[test]
fn key_groups_replace_the_keys_of_the_rule_and_merge_others() {
    let text = "creation_rules:\n  - age: age1ignored\n    key_groups:\n      - age: [age1a]\n        merge:\n          - pgp: [F00]\n            merge: [{age: [age1c, age1a]}]\n          - kms: [{arn: 'arn:x', role: 'arn:r', context: {b: 2, a: null}, aws_profile: p}]\n      - gcp_kms: [{resource_id: g}]\n        hckms: [{key_id: 'eu:1'}]\n        azure_keyvault: [{vaultUrl: 'https://v', key: k, version: '1'}, {vaultUrl: 'https://w', key: k}]\n        hc_vault: ['https://vault/v1/t/keys/k']\n      - {}\n";
    let rule = rule(text, "x").unwrap().unwrap();
    let names = names(&rule.groups);
    assert_eq!(names[0], ["age1c", "age1a", "F00", "arn:x+arn:r|a:,b:2|p"], "each once");
    assert_eq!(names[1], ["g", "eu:1", "https://v/keys/k/1", "https://w/keys/k/", "https://vault/v1/t/keys/k"]);
    assert!(names[2].is_empty(), "an empty group stays, so that encrypting can refuse it");
}

#[test]
fn a_rule_that_cannot_be_used_says_which_and_why() {
    for (text, message) in [
        ("{path_regex: '('}", "path_regex of creation rule 1 is not a valid expression"),
        ("{age: 'nonsense'}", "creation rule 1: `nonsense` is not an age recipient"),
        ("{age: {a: b}}", "creation rule 1: `age` is neither a list nor a text"),
        (
            "{encrypted_regex: a, encrypted_suffix: b}",
            "creation rule 1: encrypted_suffix and encrypted_regex exclude each other",
        ),
        ("{encrypted_regex: '('}", "creation rule 1: encrypted_regex is not a valid expression"),
        (
            "{key_groups: [{hc_vault: [x]}]}",
            "creation rule 1: `x` is not a transit key of Vault: https://HOST:8200/v1/transit/keys/KEY",
        ),
    ] {
        let failure = rule(&format!("creation_rules: [{text}]"), "x").err().unwrap();
        assert_eq!(failure.to_string(), message);
    }
    for text in ["[]", "creation_rules: 5", "creation_rules: [{hckms: eu}]", "creation_rules: [{age: a", "\t"] {
        assert!(Config::parse(text).is_err() || text == "\t", "{text}");
    }
}

#[test]
fn indentation_is_set_by_format() {
    let config = Config::parse("stores: {yaml: {indent: 2}, json: {indent: -1}, json_binary: {indent: 0}}").unwrap();
    assert_eq!(
        [Store::Yaml, Store::Json, Store::JsonBinary].map(|store| config.indent(store)),
        [Some(2), None, Some(0)]
    );
    let config = Config::parse("stores: {yaml: {indent: 0}, json:}").unwrap();
    assert_eq!([Store::Yaml, Store::Json, Store::JsonBinary].map(|store| config.indent(store)), [None, None, None]);
}

#[test]
fn destinations_are_one_of_three() {
    let text = "destination_rules:\n  - {path_regex: ^s3, s3_bucket: b, s3_prefix: p/, omit_extensions: true, recreation_rule: {age: age1a}}\n  - {path_regex: ^gcs, gcs_bucket: g}\n  - {path_regex: ^v1, vault_path: a/, vault_kv_version: 1, vault_kv_mount_name: kv}\n  - {path_regex: ^v2, vault_path: a/, vault_address: 'https://v'}\n  - {path_regex: ^two, vault_path: a, s3_bucket: b}\n  - {path_regex: ^none}\n";
    let config = Config::parse(text).unwrap();
    let s3 = config.destination_rule("s3/x").unwrap();
    assert!(s3.omit_extensions && names(&s3.recreation.unwrap().groups) == [["age1a"]]);
    assert!(s3.destination == Destination::S3 { bucket: "b".to_owned(), prefix: "p/".to_owned() });
    assert!(matches!(config.destination_rule("gcs").unwrap().destination, Destination::Gcs { .. }));
    let vault = |path: &str| match config.destination_rule(path).unwrap().destination {
        Destination::Vault { address, path, mount, version } => (address, path, mount, version),
        _ => panic!("not Vault"),
    };
    assert_eq!(vault("v1"), (String::new(), "a/".to_owned(), "kv".to_owned(), 1));
    assert_eq!(vault("v2"), ("https://v".to_owned(), "a/".to_owned(), "secret".to_owned(), 2));
    for path in ["two", "none"] {
        assert!(matches!(config.destination_rule(path), Err(ConfigError::Destination { .. })), "{path}");
    }
    assert!(matches!(config.destination_rule("other"), Err(ConfigError::NoDestination)));
}
