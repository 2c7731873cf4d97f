use proptest::prelude::*;
use zeroize::Zeroizing;

use super::cipher::{Cipher, NONCE_LEN};
use super::encoding::{Plain, decode, encode};
use super::{Encrypted, Kind, ValueError, is_encrypted, is_encrypted_comment};
use crate::data_key::DataKey;
use crate::tree::{Comment, Value};

/// A value that SOPS itself publishes with its key (32 times `f`) and path (`bar:`): it opens to `foo`.
const PUBLISHED: &str =
    "ENC[AES256_GCM,data:oYyi,iv:MyIDYbT718JRr11QtBkcj3Dwm4k1aCGZBVeZf0EyV8o=,tag:t5z2Z023Up0kxwCgw1gNxg==,type:str]";

fn cipher(byte: u8) -> Cipher {
    Cipher::new(&DataKey::new([byte; 32]))
}

fn opened(cipher: &Cipher, text: &str, aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, ValueError> {
    cipher.open(&Encrypted::parse(text)?, aad)
}

#[test]
fn a_value_of_the_original_opens() {
    assert_eq!(*opened(&cipher(b'f'), PUBLISHED, b"bar:").unwrap(), b"foo");
}

#[test]
fn key_path_and_every_part_are_authenticated() {
    let (cipher, other) = (cipher(b'f'), cipher(b'g'));
    assert_eq!(opened(&cipher, PUBLISHED, b"baz:").err(), Some(ValueError::Authentication));
    assert_eq!(opened(&other, PUBLISHED, b"bar:").err(), Some(ValueError::Authentication));
    for (old, new) in [("oYyi", "oYyj"), ("MyID", "NyID"), ("t5z2", "u5z2")] {
        let changed = PUBLISHED.replace(old, new);
        assert_eq!(opened(&cipher, &changed, b"bar:").err(), Some(ValueError::Authentication), "{old}");
    }
}

#[test]
fn the_grammar_is_that_of_the_original() {
    let with = |from: &str, to: &str| Encrypted::parse(&PUBLISHED.replace(from, to)).err();
    assert_eq!(with("ENC[", "enc["), Some(ValueError::NotEncrypted));
    assert_eq!(with("type:str", "type:uuid"), Some(ValueError::UnknownType));
    assert_eq!(with("oYyi", "o*yi"), Some(ValueError::Malformed));
    assert_eq!(with("oYyi", ""), Some(ValueError::Malformed));
    assert_eq!(with(",tag:", ",tog:"), Some(ValueError::Malformed));
    assert_eq!(with("]", ""), Some(ValueError::Malformed));
    assert_eq!(with("type:str]", "type:str] and more"), None, "text after the bracket is ignored");
    assert!(is_encrypted(PUBLISHED) && !is_encrypted("ENC[AES256_GCM,data:") && !is_encrypted(""));
    assert!(is_encrypted_comment(&PUBLISHED.replace("type:str", "type:comment")));
    assert!(!is_encrypted_comment(PUBLISHED));
}

#[test]
fn nonces_of_other_programs_open_and_others_do_not() {
    let cipher = cipher(1);
    let sealed = cipher.seal((Kind::Str, b"x"), b"a:", &[9; NONCE_LEN]).unwrap();
    assert_eq!(*cipher.open(&sealed, b"a:").unwrap(), b"x");
    for length in [12, 16] {
        let other = Encrypted { iv: vec![9; length], ..sealed.clone() };
        assert_eq!(cipher.open(&other, b"a:").err(), Some(ValueError::Authentication), "{length}");
    }
    for length in [0, 8, 33] {
        let other = Encrypted { iv: vec![9; length], ..sealed.clone() };
        assert_eq!(cipher.open(&other, b"a:").err(), Some(ValueError::Nonce), "{length}");
    }
    let short_tag = Encrypted { tag: vec![0; 15], ..sealed };
    assert_eq!(cipher.open(&short_tag, b"a:").err(), Some(ValueError::Malformed));
}

#[test]
fn bytes_of_each_type() {
    for (value, kind, bytes) in [
        (Value::Str("a b".to_owned()), Kind::Str, "a b"),
        (Value::Int(i64::MIN), Kind::Int, "-9223372036854775808"),
        (Value::Float(1.0), Kind::Float, "1"),
        (Value::Float(2.50), Kind::Float, "2.5"),
        (Value::Float(1e21), Kind::Float, "1000000000000000000000"),
        (Value::Float(1e-7), Kind::Float, "0.0000001"),
        (Value::Float(-0.0), Kind::Float, "-0"),
        (Value::Float(f64::INFINITY), Kind::Float, "+Inf"),
        (Value::Float(f64::NEG_INFINITY), Kind::Float, "-Inf"),
        (Value::Float(f64::NAN), Kind::Float, "NaN"),
        (Value::Bool(true), Kind::Bool, "True"),
        (Value::Bool(false), Kind::Bool, "False"),
        (Value::Time("2024-01-01T00:00:00+02:00".to_owned()), Kind::Time, "2024-01-01T00:00:00+02:00"),
    ] {
        let (found, encoded) = encode(&value).unwrap();
        assert_eq!((found, encoded.as_slice()), (kind, bytes.as_bytes()));
        let Ok(Plain::Value(back)) = decode(kind, encoded) else { panic!("{bytes} does not read back") };
        let nan = |value: &Value| matches!(value, Value::Float(number) if number.is_nan());
        assert!(back == value || (nan(&back) && nan(&value)), "{bytes}");
    }
    assert!(encode(&Value::Null).is_none());
}

#[test]
fn plaintext_must_be_of_its_type() {
    let refused =
        |kind, bytes: &[u8]| matches!(decode(kind, Zeroizing::new(bytes.to_vec())), Err(ValueError::Plaintext));
    assert!(refused(Kind::Int, b"9223372036854775808"));
    assert!(refused(Kind::Int, b"1.5"));
    assert!(refused(Kind::Float, b"1e999"));
    assert!(refused(Kind::Bool, b"yes"));
    assert!(refused(Kind::Time, b"yesterday"));
    assert!(refused(Kind::Comment, b"\xff"));
    assert!(!refused(Kind::Float, b"-Inf"));
    assert!(!refused(Kind::Bool, b"1"));
    let Ok(Plain::Value(Value::Bytes(bytes))) = decode(Kind::Str, Zeroizing::new(vec![0xff])) else {
        panic!("no bytes")
    };
    assert_eq!(bytes, [0xff]);
    let Ok(Plain::Comment(Comment { text, inline: false })) = decode(Kind::Comment, Zeroizing::new(b" c".to_vec()))
    else {
        panic!("no comment")
    };
    assert_eq!(text, " c");
}

proptest! {
    #[test]
    fn what_is_sealed_opens_again(bytes in prop::collection::vec(any::<u8>(), 1..200), path in ".{0,20}", nonce in any::<[u8; 32]>()) {
        let cipher = cipher(7);
        let sealed = cipher.seal((Kind::Str, &bytes), path.as_bytes(), &nonce).unwrap().to_string();
        prop_assert_eq!(&*opened(&cipher, &sealed, path.as_bytes()).unwrap(), &bytes);
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "(ENC\\[AES256_GCM,data:)?[A-Za-z0-9,:=+/\\]]{0,60}") {
        let _ = Encrypted::parse(&text);
    }

    #[test]
    fn floats_read_back_exactly(number in any::<f64>().prop_filter("equal to itself", |number| !number.is_nan())) {
        let (kind, bytes) = encode(&Value::Float(number)).unwrap();
        let Ok(Plain::Value(Value::Float(back))) = decode(kind, bytes) else { return Err(TestCaseError::fail("no float")) };
        prop_assert_eq!(back.to_bits(), number.to_bits());
    }
}
