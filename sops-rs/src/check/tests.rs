use super::{Finding, against, file};
use crate::config::Config;
use crate::document::Document;
use crate::format::Format;

const ENC: &str = "'ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]'";
const SEALED_COMMENT: &str = "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:comment]";

fn document(body: &str, block: &str) -> Document {
    let text = format!(
        "{body}\nsops:\n    lastmodified: '2024-01-01T00:00:00Z'\n    version: 3.13.3\n    {}\n",
        block.replace('\n', "\n    ")
    );
    Document::load(Format::Yaml, text.as_bytes()).unwrap()
}

fn texts(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

const BLOCK: &str = "mac: m\nage: [{recipient: age1a, enc: e}]";

#[test]
fn a_sound_file_has_no_findings() {
    let body = format!(
        "#{SEALED_COMMENT}\na: {ENC}\nb: [{ENC}, '', null, '{SEALED_COMMENT}']\nc_unencrypted: [1, x]\nd: {{}}\ne: null"
    );
    assert_eq!(file(&document(&body, BLOCK)).unwrap(), []);
}

#[test]
fn what_is_in_clear_is_named_by_its_path() {
    let body = format!("#plain\na: {{b: x, c: {ENC}}}\nl: [{ENC}, 5]\nx_unencrypted: {ENC}\nm: ENC[AES256_GCM,data:]");
    let findings = file(&document(&body, BLOCK)).unwrap();
    assert_eq!(
        texts(&findings),
        [
            "a comment at the top of document 0 is in clear",
            "`a.b` in document 0 is in clear",
            "`l` in document 0 is in clear",
            "`x_unencrypted` in document 0 is encrypted where the rules of the file want it in clear",
            "`m` in document 0: the encrypted value is malformed",
        ]
    );
    assert_eq!(findings.iter().filter(|finding| finding.is_remark()).count(), 2);
}

#[test]
fn incomplete_metadata_is_found() {
    let findings =
        file(&document(&format!("a: {ENC}"), "pgp: [{fp: F00}]\nage: [{recipient: age1a, enc: e}]")).unwrap();
    assert_eq!(findings, [Finding::NoMac, Finding::NothingWrapped("F00".to_owned())]);
}

#[test]
fn recipients_are_compared_with_the_creation_rule() {
    let metadata = |block: &str| document(&format!("a: {ENC}"), block).metadata().unwrap().clone();
    let rule =
        |text: &str| Config::parse(&format!("creation_rules: [{text}]")).unwrap().creation_rule("x").unwrap().unwrap();
    let two = metadata("mac: m\nage: [{recipient: age1a, enc: e}, {recipient: age1b, enc: e}]");
    assert_eq!(against(&two, &rule("{age: 'age1b,age1a'}")), [], "order does not matter");
    assert_eq!(against(&two, &rule("{mac_only_encrypted: true}")), [], "a rule without keys says nothing about keys");
    assert_eq!(
        against(&two, &rule("{age: 'age1a,age1c'}")),
        [Finding::Missing("age1c".to_owned()), Finding::Unexpected("age1b".to_owned())]
    );
    assert_eq!(against(&two, &rule("{key_groups: [{age: [age1a]}, {age: [age1b]}]}")), [Finding::Groups]);
    assert_eq!(
        texts(&against(&two, &rule("{age: 'age1a,age1b', encrypted_regex: ^data$}"))),
        ["the file has unencrypted_suffix `_unencrypted`, its creation rule encrypted_regex `^data$`"]
    );
    let groups = metadata(
        "mac: m\nshamir_threshold: 2\nkey_groups: [{age: [{recipient: age1a, enc: e}]}, {age: [{recipient: age1b, enc: e}]}]",
    );
    let text = "key_groups: [{age: [age1a]}, {age: [age1b]}]";
    assert_eq!(against(&groups, &rule(&format!("{{{text}}}"))), []);
    assert_eq!(against(&groups, &rule(&format!("{{{text}, shamir_threshold: 1}}"))), [Finding::Groups]);
}

#[test]
fn every_finding_has_a_name_that_is_explained() {
    let place = crate::path::Place::new::<&str>(0, &[]);
    for finding in [Finding::InClear(place.clone()), Finding::CommentInClear(place), Finding::NoMac, Finding::Groups] {
        assert!(Finding::IDS.iter().any(|(id, _)| *id == finding.id()));
    }
}
