use super::{MasterKey, Metadata, MetadataError};
use crate::format::json;
use crate::rules::Selector;
use crate::tree::{Branch, Value};

fn read(fields: &str) -> Result<Metadata, MetadataError> {
    let text = format!(r#"{{"lastmodified":"2024-01-01T00:00:00Z","mac":"m","version":"3.7.3",{fields}}}"#);
    Metadata::read(&Value::Map(json::load(text.as_bytes()).unwrap()))
}

fn written(metadata: &Metadata) -> String {
    let text = String::from_utf8(json::emit(&metadata.write(), Some(0)).unwrap()).unwrap();
    text.replace('\n', "")
}

const AGE: &str = r#""age":[{"recipient":"age1x","enc":"e"}]"#;

#[test]
fn layouts_of_older_versions_are_read_and_the_current_one_is_written() {
    let old = format!(
        r#""kms":[],"gcp_kms":null,"azure_kv":[],"hc_vault":[],{AGE},"pgp":[],"unencrypted_suffix":"_unencrypted","shamir_threshold":0"#
    );
    assert_eq!(
        written(&read(&old).unwrap()),
        r#"{"age": [{"enc": "e","recipient": "age1x"}],"lastmodified": "2024-01-01T00:00:00Z","mac": "m","unencrypted_suffix": "_unencrypted","version": "3.7.3"}"#
    );
}

#[test]
fn typing_is_weak() {
    let metadata =
        read(&format!(r#"{AGE},"mac_only_encrypted":"true","shamir_threshold":"2","encrypted_suffix":5"#)).unwrap();
    assert!(metadata.mac_only_encrypted);
    assert_eq!(metadata.shamir_threshold, Some(2));
    assert_eq!(metadata.selector, Selector::EncryptedSuffix("5".to_owned()));
    let mut block = read(AGE).unwrap().write();
    for entry in &mut block.0 {
        if let crate::tree::Entry::Pair(key, value) = entry
            && key == "lastmodified"
        {
            *value = Value::Time("2024-01-01T00:00:00Z".to_owned());
        }
    }
    assert!(Metadata::read(&Value::Map(block)).is_ok(), "an unquoted time");
}

#[test]
fn no_recipient_and_no_field_is_lost() {
    let fields = format!(
        r#""pgp":[{{"fp":"F","enc":"p","created_at":"t"}}],{AGE},"kms":[{{"arn":"a","context":{{"z":"1","b":"2"}},"aws_profile":""}}],"future":[{{"x":1}}]"#
    );
    let metadata = read(&fields).unwrap();
    let kinds: Vec<&str> = metadata.master_keys().map(MasterKey::kind).collect();
    assert_eq!(kinds, ["kms", "pgp", "age"], "the order in which they are tried");
    let text = written(&metadata);
    for part in [
        r#""pgp": [{"created_at": "t","enc": "p","fp": "F"}]"#,
        r#""kms": [{"arn": "a","aws_profile": "","context": {"b": "2","z": "1"},"created_at": "","enc": ""}]"#,
        r#""future": [{"x": 1}]"#,
    ] {
        assert!(text.contains(part), "{text}");
    }
    let block = json::load(text.as_bytes()).unwrap();
    assert_eq!(written(&Metadata::read(&Value::Map(block)).unwrap()), text);
}

#[test]
fn key_groups_are_kept_and_flat_lists_win_over_them() {
    let groups = r#""key_groups":[{"age":[{"recipient":"age1a","enc":"1"}]},{"pgp":[{"fp":"F"}],"new":[{"k":"v"}]}],"shamir_threshold":2"#;
    let metadata = read(groups).unwrap();
    assert_eq!(metadata.groups.len(), 2);
    let text = written(&metadata);
    assert!(text.contains(r#""key_groups": [{"age": [{"enc": "1","recipient": "age1a"}],"hc_vault": []},{"age": [],"hc_vault": [],"new": [{"k": "v"}],"pgp": [{"created_at": "","enc": "","fp": "F"}]}]"#), "{text}");
    assert!(text.contains(r#""shamir_threshold": 2"#));
    assert_eq!(read(&format!("{groups},{AGE}")).unwrap().groups.len(), 1);
}

/// Written flat, the list of a kind that this build does not know would be a field like any other, and its keys lost.
#[test]
fn one_group_with_a_key_of_another_build_stays_a_group() {
    for group in [r#"{"new":[{"k":"v"}]}"#, r#"{"age":[{"recipient":"age1a","enc":"1"}],"new":[{"k":"v"}]}"#] {
        let metadata = read(&format!(r#""key_groups":[{{"hc_vault":[]}},{group}]"#)).unwrap();
        let again = Metadata::read(&Value::Map(metadata.write())).unwrap();
        assert!(again == metadata, "{}", written(&metadata));
        assert!(again.master_keys().any(|key| key.kind() == "new"));
    }
}

#[test]
fn unusable_blocks_are_refused_by_field() {
    let failure = |fields: &str| read(fields).err().unwrap();
    assert_eq!(failure(r#""age":[]"#), MetadataError::NoKeys);
    assert_eq!(failure(r#""age":["x"]"#), MetadataError::Field("master key"));
    assert_eq!(failure(r#""age":5"#), MetadataError::Field("key list"));
    assert_eq!(failure(&format!(r#"{AGE},"mac_only_encrypted":"maybe""#)), MetadataError::Field("mac_only_encrypted"));
    assert!(matches!(failure(&format!(r#"{AGE},"encrypted_regex":"(""#)), MetadataError::Selector(_)));
    assert!(matches!(
        failure(&format!(r#"{AGE},"encrypted_regex":"a","encrypted_suffix":"b""#)),
        MetadataError::Selector(_)
    ));
    assert_eq!(Metadata::read(&Value::Int(1)).err(), Some(MetadataError::NotAMapping));
    assert_eq!(Metadata::read(&Value::Map(Branch::default())).err(), Some(MetadataError::Missing("lastmodified")));
    let block = json::load(br#"{"lastmodified":"yesterday","version":"3.7.3"}"#).unwrap();
    assert_eq!(Metadata::read(&Value::Map(block)).err(), Some(MetadataError::Field("lastmodified")));
    let block = json::load(br#"{"lastmodified":"2024-01-01T00:00:00Z","version":""}"#).unwrap();
    assert_eq!(Metadata::read(&Value::Map(block)).err(), Some(MetadataError::Missing("version")));
}
