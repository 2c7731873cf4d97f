//! Whole files, on JSON because the tests build their trees as text.

use age::secrecy::ExposeSecret as _;
use jiff::Timestamp;

use futures::executor::block_on;

use super::{Ambiguity, Creation, Document, Leaf, LeafError, Random};
use crate::data_key::DataKey;
use crate::error::Error;
use crate::format::Format;
use crate::mac::MacError;
use crate::master_key::KeyId;
use crate::master_key::age::{AgeKeys, Identity};
use crate::metadata::{KeyGroup, MetadataError};
use crate::rules::Selector;
use crate::tree::{Branch, Comment, Entry, Item, Value};
use crate::value::ValueError;

fn identity() -> Identity {
    let text = ::age::x25519::Identity::generate().to_string();
    Identity::parse(text.expose_secret()).unwrap().remove(0)
}

fn random(state: &mut u8) -> impl FnMut(&mut [u8]) -> std::io::Result<()> + '_ {
    move |bytes: &mut [u8]| {
        for byte in bytes {
            *state = state.wrapping_mul(73).wrapping_add(41);
            *byte = *state;
        }
        Ok(())
    }
}

fn creation(groups: &[KeyGroup], selector: Option<Selector>) -> Creation<'_> {
    Creation {
        groups,
        shamir_threshold: None,
        selector,
        allow_unencrypted: false,
        mac_only_encrypted: false,
        now: "2026-01-02T03:04:05.678Z".parse::<Timestamp>().unwrap(),
    }
}

fn group(identity: &Identity) -> KeyGroup {
    KeyGroup::new([KeyId::Age(identity.recipient().unwrap().to_string())], "2026-01-02T03:04:05Z")
}

fn encrypt(document: &Document, creation: &Creation<'_>, random: &mut Random<'_>) -> Result<Document, Error> {
    let keys = AgeKeys::new(Vec::new());
    block_on(document.encrypt(creation, &[&keys], random)).map(|(document, _)| document)
}

fn load(text: &str) -> Document {
    Document::load(Format::Json, text.as_bytes()).unwrap()
}

/// An encrypted file and its data key.
fn encrypted(text: &str, selector: Option<Selector>) -> (Document, DataKey) {
    let identity = identity();
    let recipients = [group(&identity)];
    let document = encrypt(&load(text), &creation(&recipients, selector), &mut random(&mut 1)).unwrap();
    let key = document.data_key(&[identity]).unwrap();
    (document, key)
}

fn text(branches: &[Branch]) -> String {
    let bytes = Format::Json.emit(branches, Some(0)).unwrap();
    String::from_utf8(bytes.to_vec()).unwrap().replace('\n', "")
}

/// The file as another person might write it again: changed as text.
fn tampered(document: &Document, change: impl Fn(&str) -> String) -> Document {
    let bytes = document.emit(Format::Json, Some(0)).unwrap();
    let before = String::from_utf8(bytes.to_vec()).unwrap();
    let after = change(&before);
    assert_ne!(before, after, "nothing was changed");
    load(&after)
}

const SECRET: &str =
    r#"{"kind":"Secret","metadata":{"name":"db","namespace":"shop"},"stringData":{"p":"x","q":"y","n":""}}"#;

mod edits;
mod groups;

#[test]
fn what_is_encrypted_decrypts_and_says_when_and_how() {
    let (document, key) = encrypted(r#"{"a":"x","b_unencrypted":[1,2.5],"c":[true,null,"",{}],"d":-7}"#, None);
    let file = text(document.branches());
    assert!(file.contains(r#""b_unencrypted": [1,2.5]"#) && !file.contains("-7"), "{file}");
    assert_eq!(
        text(&document.decrypt(&key).unwrap()),
        r#"{"a": "x","b_unencrypted": [1,2.5],"c": [true,null,"",{}],"d": -7}"#
    );
    let metadata = document.metadata().unwrap();
    assert_eq!((metadata.lastmodified.as_str(), metadata.version.as_str()), ("2026-01-02T03:04:05Z", "3.13.3"));
    let again = Document::load(Format::Json, &document.emit(Format::Json, None).unwrap()).unwrap();
    assert!(again.metadata() == document.metadata());
    assert_eq!(text(&again.decrypt(&key).unwrap()), text(&document.decrypt(&key).unwrap()));
}

#[test]
fn changes_are_noticed() {
    let (document, key) = encrypted(r#"{"a":"x","b":["y","zz"],"c_unencrypted":1,"e":"w"}"#, None);
    let mac = |document: &Document| match document.decrypt(&key).err() {
        Some(Error::Mac(error)) => error,
        other => panic!("{:?}", other.map(|error| error.to_string())),
    };
    assert_eq!(
        mac(&tampered(&document, |file| file.replace(r#"unencrypted": 1"#, r#"unencrypted": 2"#))),
        MacError::Mismatch
    );
    assert_eq!(mac(&tampered(&document, |file| file.replace("2026-01-02", "2026-01-03"))), MacError::Mismatch);
    assert_eq!(mac(&tampered(&document, |file| file.replace("\"mac\"", "\"mac2\""))), MacError::Absent);
    let mut emptied = document.clone();
    emptied.branches[0].0[0] = Entry::Pair("a".to_owned(), Value::Str(String::new()));
    assert_eq!(mac(&emptied), MacError::Mismatch);
    let mut swapped = document.clone();
    if let Entry::Pair(_, Value::List(items)) = &mut swapped.branches[0].0[1] {
        items.swap(0, 1);
    }
    assert_eq!(mac(&swapped), MacError::Mismatch);
    assert!(swapped.decrypt_ignoring_mac(&key).is_ok());
}

#[test]
fn a_value_is_bound_to_its_key_and_named_when_it_does_not_open() {
    let (document, key) = encrypted(r#"{"outer":{"a":"hidden"}}"#, None);
    let renamed = tampered(&document, |file| file.replace("\"a\"", "\"b\""));
    let failure = renamed.decrypt(&key).err().unwrap();
    assert!(matches!(&failure, Error::Value { cause: ValueError::Authentication, .. }));
    assert_eq!(
        failure.to_string(),
        "`outer.b` in document 0: the value does not open with this data key at this key path"
    );
    let mut plain = document.clone();
    plain.branches[0].0[0] = Entry::Pair("outer".to_owned(), Value::Str("hidden".to_owned()));
    let failure = plain.decrypt(&key).err().unwrap();
    assert!(matches!(&failure, Error::Value { cause: ValueError::NotEncrypted, .. }));
    assert!(!failure.to_string().contains("hidden"));
    assert!(matches!(
        document.decrypt(&DataKey::new([0; 32])),
        Err(Error::Value { cause: ValueError::Authentication, .. })
    ));
}

#[test]
fn identities_that_do_not_fit_are_told_whom_the_file_is_for() {
    let (document, _) = encrypted(SECRET, None);
    let recipient = document.metadata().unwrap().master_keys().next().unwrap().name();
    let failure = document.data_key(&[identity()]).err().unwrap();
    assert!(matches!(failure, Error::NoIdentity { .. }) && failure.to_string().contains(&recipient));
    assert!(matches!(document.data_key(&[]), Err(Error::NoIdentity { .. })));
    assert!(matches!(load(SECRET).data_key(&[]), Err(Error::NotEncrypted)));
}

#[test]
fn new_files_fail_closed() {
    let recipients = [group(&identity())];
    let attempt = |text: &str, selector: Option<Selector>| {
        encrypt(&load(text), &creation(&recipients, selector), &mut random(&mut 1)).err()
    };
    let nothing = Some(Selector::EncryptedRegex("^date$".to_owned()));
    assert!(matches!(attempt(SECRET, nothing.clone()), Some(Error::NothingSelected("encrypted_regex"))));
    assert!(attempt(r#"{"a":"","b":null,"c":[]}"#, nothing.clone()).is_none(), "nothing there to encrypt");
    assert!(attempt(r#"{"a_unencrypted":1}"#, None).is_none(), "no selector was given");
    assert!(matches!(attempt(SECRET, Some(Selector::EncryptedRegex("(".to_owned()))), Some(Error::Selector(_))));
    let mut allowed = creation(&recipients, nothing);
    allowed.allow_unencrypted = true;
    assert!(encrypt(&load(SECRET), &allowed, &mut random(&mut 1)).is_ok());
    assert!(matches!(encrypt(&load(SECRET), &creation(&[], None), &mut random(&mut 1)), Err(Error::NoRecipient)));
    let mut broken = |_: &mut [u8]| Err(std::io::Error::other("none left"));
    assert!(matches!(encrypt(&load(SECRET), &creation(&recipients, None), &mut broken), Err(Error::Random)));
    let (document, _) = encrypted(SECRET, None);
    assert!(matches!(
        encrypt(&document, &creation(&recipients, None), &mut random(&mut 1)),
        Err(Error::AlreadyEncrypted)
    ));
}

#[test]
fn blocks_that_are_none_or_two_are_refused() {
    let (document, _) = encrypted(SECRET, None);
    let bytes = document.emit(Format::Json, Some(0)).unwrap();
    let file = String::from_utf8(bytes.to_vec()).unwrap();
    let twice = file.replacen('{', "{\"sops\": {},", 1);
    let failure = Document::load(Format::Json, twice.as_bytes()).err().unwrap();
    assert!(matches!(failure, Error::Metadata(MetadataError::Twice)));
    let failure = Document::load(Format::Json, br#"{"a":1,"sops":5}"#).err().unwrap();
    assert!(matches!(failure, Error::Metadata(MetadataError::NotAMapping)));
}

#[test]
fn the_mac_of_encrypted_values_alone_does_not_cover_plain_ones() {
    let identity = identity();
    let recipients = [group(&identity)];
    let mut creation = creation(&recipients, None);
    creation.mac_only_encrypted = true;
    let document = encrypt(&load(r#"{"a":"x","b_unencrypted":1}"#), &creation, &mut random(&mut 1)).unwrap();
    let key = document.data_key(&[identity]).unwrap();
    assert!(document.decrypt(&key).is_ok());
    let plain = tampered(&document, |file| file.replace("unencrypted\": 1", "unencrypted\": 2"));
    assert!(plain.decrypt(&key).is_ok());
    let claimed = tampered(&document, |file| file.replace("\"mac_only_encrypted\": true,", ""));
    assert!(matches!(claimed.decrypt(&key), Err(Error::Mac(MacError::Mismatch))));
}

#[test]
fn comments_survive_and_list_comments_keep_their_place() {
    let comment = |text: &str| Comment { text: text.to_owned(), inline: false };
    let list = vec![Item::Comment(comment(" one")), Item::Value(Value::Int(1)), Item::Comment(comment(""))];
    let branch = Branch(vec![Entry::Comment(comment(" top")), Entry::Pair("l".to_owned(), Value::List(list))]);
    let document = Document { format: Format::Yaml, branches: vec![branch.clone()], metadata: None };
    let identity = identity();
    let recipients = [group(&identity)];
    for selector in [
        None,
        Some(Selector::EncryptedCommentRegex("top".to_owned())),
        Some(Selector::UnencryptedCommentRegex("@@".to_owned())),
    ] {
        let sealed = encrypt(&document, &creation(&recipients, selector.clone()), &mut random(&mut 1)).unwrap();
        let Entry::Pair(_, Value::List(items)) = &sealed.branches[0].0[1] else { panic!("no list") };
        assert!(matches!(&items[0], Item::Value(Value::Str(text)) if text.ends_with("type:comment]")));
        assert_eq!(items.len(), 2, "an empty comment would come back as an element");
        let opened = sealed.decrypt(&sealed.data_key(std::slice::from_ref(&identity)).unwrap()).unwrap();
        let Entry::Pair(_, Value::List(items)) = &opened[0].0[1] else { panic!("no list") };
        assert!(matches!(&items[0], Item::Comment(comment) if comment.text == " one"));
        assert!(matches!(&opened[0].0[0], Entry::Comment(comment) if comment.text == " top"), "{selector:?}");
    }
}

#[test]
fn a_leaf_opens_at_its_own_path_only() {
    let (document, key) = encrypted(SECRET, None);
    assert_eq!(document.leaf(0, &["metadata", "name"]), Leaf::Encrypted);
    assert_eq!(document.leaf(0, &["metadata", "labels"]), Leaf::Absent);
    assert_eq!(document.leaf(0, &["kind", "name"]), Leaf::Absent);
    assert_eq!(document.leaf(1, &["metadata", "name"]), Leaf::Absent);
    assert_eq!(document.leaf(0, &["metadata"]), Leaf::Plain);
    assert_eq!(document.leaf(0, &["stringData", "n"]), Leaf::Plain);
    assert_eq!(*document.open_leaf(&key, 0, &["metadata", "namespace"]).unwrap(), "shop");
    let why = |path: &[&str]| match document.open_leaf(&key, 0, path).err() {
        Some(Error::Leaf { cause, .. }) => cause,
        other => panic!("{:?}", other.map(|error| error.to_string())),
    };
    assert_eq!(why(&["metadata", "labels"]), LeafError::Absent);
    assert_eq!(why(&["metadata"]), LeafError::Absent);
    assert_eq!(why(&[]), LeafError::Absent);
    assert_eq!(why(&["stringData", "n"]), LeafError::Empty);
    let moved = tampered(&document, |file| file.replace("\"name\"", "\"was\"").replace("\"namespace\"", "\"name\""));
    assert!(matches!(
        moved.open_leaf(&key, 0, &["metadata", "name"]),
        Err(Error::Value { cause: ValueError::Authentication, .. })
    ));
}

#[test]
fn a_leaf_in_clear_or_of_another_type_proves_nothing() {
    let why = |text: &str, selector: &str| {
        let (document, key) = encrypted(text, Some(Selector::EncryptedRegex(selector.to_owned())));
        match document.open_leaf(&key, 0, &["metadata", "name"]).err() {
            Some(Error::Leaf { cause, .. }) => cause,
            other => panic!("{:?}", other.map(|error| error.to_string())),
        }
    };
    assert_eq!(why(SECRET, "^stringData$"), LeafError::Plain);
    assert_eq!(why(r#"{"metadata":{"name":null},"d":1}"#, "."), LeafError::Empty);
    assert_eq!(why(r#"{"metadata":{"name":5}}"#, "."), LeafError::NotText);
    assert_eq!(why(r#"{"metadata":{"name":true},"d":1}"#, "^d$"), LeafError::Plain);
    let (document, key) = encrypted(SECRET, None);
    let rules_changed = tampered(&document, |file| file.replace("\"_unencrypted\"", "\"name\""));
    let failure = rules_changed.open_leaf(&key, 0, &["metadata", "name"]).err();
    assert!(
        matches!(failure, Some(Error::Leaf { cause: LeafError::Plain, .. })),
        "text the rules call plain is not opened"
    );
}

/// Without any key: empty the namespace and put its ciphertext under a top-level key whose path reads the same. Every
/// value still opens and the MAC still fits.
#[test]
fn the_ciphertext_of_a_leaf_moved_to_a_joined_key_is_refused() {
    let (document, key) = encrypted(SECRET, None);
    let mut moved = document.clone();
    let top = &mut moved.branches[0].0;
    let Entry::Pair(_, Value::Map(metadata)) = &mut top[1] else { panic!("no metadata") };
    let Entry::Pair(_, namespace) = &mut metadata.0[1] else { panic!("no namespace") };
    let ciphertext = std::mem::replace(namespace, Value::Str(String::new()));
    top.insert(2, Entry::Pair("metadata:namespace".to_owned(), ciphertext));

    assert!(moved.decrypt(&key).is_ok(), "the format itself does not notice");
    assert!(matches!(moved.check_unambiguous(), Err(Error::Ambiguous { cause: Ambiguity::Colon, .. })));
    for path in [["metadata", "namespace"].as_slice(), &["metadata:namespace"]] {
        let failure = moved.open_leaf(&key, 0, path).err();
        assert!(matches!(
            failure,
            Some(Error::Leaf { cause: LeafError::Empty, .. } | Error::Ambiguous { cause: Ambiguity::Colon, .. })
        ));
    }
}

#[test]
fn files_with_two_readings_are_refused() {
    let check = |text: &str| match load(text).check_unambiguous() {
        Ok(()) => None,
        Err(Error::Ambiguous { place, cause }) => Some((place.keys.join("/"), cause)),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(check(SECRET), None);
    assert_eq!(check(r#"{"a":1,"b":{"a":1},"l":[{"a":1},{"a":1}]}"#), None);
    assert_eq!(check(r#"{"a":{"b":1,"b":2}}"#), Some(("a/b".to_owned(), Ambiguity::Duplicate)));
    assert_eq!(check(r#"{"l":[{"x":[{"b:c":1}]}]}"#), Some(("l/x/b:c".to_owned(), Ambiguity::Colon)));
    assert_eq!(check(r#"{"a":{"<<":{"b":1}}}"#), Some(("a/<<".to_owned(), Ambiguity::Merge)));
    let (document, key) = encrypted(r#"{"metadata":{"name":"a","name":"b"}}"#, None);
    let failure = document.open_leaf(&key, 0, &["metadata", "name"]).err();
    assert!(matches!(failure, Some(Error::Ambiguous { cause: Ambiguity::Duplicate, .. })));
}
