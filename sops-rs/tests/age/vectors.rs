//! The test vectors of the age format, all of them (<https://c2sp.org/CCTV/age>).

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use sops::KeyError;
use sops::master_key::age::{AgeKeys, Identity};

use crate::peer::peer;
use crate::prompt::Answers;

/// Larger than the payload of any vector.
const LIMIT: usize = 1 << 26;

/// A vector: its header and the age file.
struct Vector {
    name: String,
    header: Vec<(String, String)>,
    file: Vec<u8>,
}

impl Vector {
    fn parse(name: String, contents: &[u8]) -> Vector {
        let end = contents.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let lines = std::str::from_utf8(&contents[..end]).unwrap().lines();
        let header = lines.map(|line| line.split_once(": ").unwrap()).map(|(key, value)| (key.into(), value.into()));
        Vector { name, header: header.collect(), file: contents[end + 2..].to_vec() }
    }

    fn all(&self, key: &str) -> Vec<&str> {
        self.header.iter().filter(|(found, _)| found == key).map(|(_, value)| value.as_str()).collect()
    }

    fn one(&self, key: &str) -> &str {
        self.all(key)[0]
    }
}

fn vectors() -> Vec<Vector> {
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new(peer("age-vectors")).arg(folder.path()).status().unwrap().success());
    let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
    files.map(|file| Vector::parse(file.file_name().into_string().unwrap(), &fs::read(file.path()).unwrap())).collect()
}

/// What happens to the vector, in the words of the vectors where they can be told apart. A payload, an armor and most
/// headers that are damaged are all one error to the user.
fn outcome(vector: &Vector) -> &'static str {
    let identities = vector.all("identity").iter().flat_map(|text| Identity::parse(text).unwrap()).collect();
    match AgeKeys::new(identities).open(&vector.file, LIMIT) {
        Ok(plain) if vector.all("payload") == [hex(&Sha256::digest(&*plain))] => "success",
        Ok(_) => "another payload",
        Err(KeyError::NoIdentity(_)) => "no match",
        Err(KeyError::Malformed(words)) if words.contains("header of the age file was changed") => "HMAC failure",
        Err(KeyError::Malformed(words)) if words.contains("cut off") => "payload failure",
        Err(KeyError::Malformed(_)) => "header failure",
        Err(other) => panic!("{}: {other}", vector.name),
    }
}

/// A file behind a passphrase is opened only where identities are expected: what becomes of it is seen in what the user
/// is told. Its payload is never a list of identities.
fn outcome_of_passphrase(vector: &Vector) -> &'static str {
    let name = "the vector";
    let Ok(identities) = Identity::from_file(&vector.file, name) else { return "header failure" };
    let user = Arc::new(Answers::with(vector.all("passphrase").last().unwrap()));
    let keys = AgeKeys::new(identities).with_dialog(user);
    let Err(KeyError::NoIdentity(words)) = keys.open(&for_somebody(), LIMIT) else { panic!("{} opened", vector.name) };
    match words {
        words if words.contains("is wrong inside") => "success",
        words if words.contains("passphrase for the identity file the vector is wrong") => "no match",
        words if words.contains("not encrypted with a passphrase") => "no match",
        _ => "header failure",
    }
}

/// A file that none of the vectors' identities opens.
fn for_somebody() -> Vec<u8> {
    age::encrypt_and_armor(&age::x25519::Identity::generate().to_public(), b"x").unwrap().into_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[test]
fn every_vector_ends_as_the_format_says() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 143, "the suite is another one");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut surprises = Vec::new();
    for vector in &vectors {
        let passphrase = !vector.all("passphrase").is_empty();
        let found = if passphrase { outcome_of_passphrase(vector) } else { outcome(vector) };
        let expected = match vector.one("expect") {
            // What is no age file is no age file, with armor or without.
            "armor failure" => "header failure",
            other => other,
        };
        *counts.entry(found).or_default() += 1;
        if found != expected {
            surprises.push(format!("{}: {found}, expected {}", vector.name, vector.one("expect")));
        }
    }
    println!("{counts:?}");
    assert!(surprises.is_empty(), "{surprises:#?}");
}

#[test]
fn a_passphrase_never_opens_a_data_key() {
    let scrypt: Vec<_> = vectors().into_iter().filter(|vector| !vector.all("passphrase").is_empty()).collect();
    assert!(scrypt.len() > 10);
    for vector in scrypt {
        let user = Arc::new(Answers::with(vector.one("passphrase")));
        let keys = AgeKeys::new(Vec::new()).with_dialog(user.clone());
        assert!(keys.open(&vector.file, LIMIT).is_err(), "{}", vector.name);
        assert_eq!(user.asked(), 0, "{}: nobody is asked for a passphrase", vector.name);
    }
}
