//! The tests of this module that need no other program.

use age::secrecy::ExposeSecret as _;

use super::{AgeError, AgeKeys, Identity, Recipient};
use crate::data_key::DataKey;
use crate::master_key::KeyError;

fn secret() -> String {
    age::x25519::Identity::generate().to_string().expose_secret().to_owned()
}

#[test]
fn a_key_file_has_comments_and_line_ends_of_any_system() {
    let text = format!("# created\r\n\r\n{}\r\n{}\n", secret(), secret());
    assert_eq!(Identity::parse(&text).unwrap().len(), 2);
}

#[test]
fn one_bad_line_fails_the_source_and_is_not_quoted() {
    let text = format!("{}\nAGE-SECRET-KEY-1QQQQ\n", secret());
    let failure = Identity::parse(&text).err().unwrap();
    assert_eq!(failure, AgeError::Identity { line: 2 });
    assert!(!failure.to_string().contains("QQQQ"));
    assert!(Identity::parse(&format!(" {}", secret())).is_err(), "a leading blank is fatal in the original");
}

#[test]
fn a_data_key_opens_for_its_recipient_only() {
    let ours = Identity::parse(&secret()).unwrap();
    let theirs = Identity::parse(&secret()).unwrap();
    let wrapped = ours[0].recipient().unwrap().wrap(&DataKey::new([7; 32])).unwrap();
    assert!(wrapped.ends_with("-----END AGE ENCRYPTED FILE-----\n"));
    assert_eq!(*AgeKeys::new(ours.clone()).open(wrapped.as_bytes(), 32).unwrap(), [7; 32]);
    assert!(matches!(AgeKeys::new(theirs).open(wrapped.as_bytes(), 32), Err(KeyError::NoIdentity(_))));
    assert!(matches!(AgeKeys::new(ours.clone()).open(wrapped.as_bytes(), 31), Err(KeyError::Malformed(_))));
    assert!(matches!(AgeKeys::new(ours).open(b"", 32), Err(KeyError::Malformed(_))));
}

#[test]
fn recipients_come_as_a_list() {
    let one = Identity::parse(&secret()).unwrap()[0].recipient().unwrap().to_string();
    assert_eq!(Recipient::parse_list(&format!("{one}, {one},")).unwrap().len(), 2);
    assert!(Recipient::parse_list("age1pq1xyz").is_err());
}

#[test]
fn a_header_without_end_is_refused() {
    let ours = Identity::parse(&secret()).unwrap();
    let stanza = "-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\nhjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE\n";
    let file = format!("age-encryption.org/v1\n{}--- ", stanza.repeat(3000));
    let answer = AgeKeys::new(ours).open(file.as_bytes(), 32);
    assert_eq!(answer.err(), Some(KeyError::Malformed("the age file is too large".to_owned())));
}

#[cfg(feature = "age-ssh")]
#[test]
fn an_ssh_key_that_is_too_large_is_not_taken_apart() {
    let lines = "A".repeat(70) + "\n";
    let file = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}-----END OPENSSH PRIVATE KEY-----\n", lines.repeat(231));
    let refused = Identity::from_ssh(file.as_bytes(), "file").err();
    assert_eq!(refused, Some(AgeError::File("it is larger than 16 KiB, as no SSH key is".to_owned())));
}
