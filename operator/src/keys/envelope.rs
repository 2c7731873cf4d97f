//! The age file around a backup (<https://age-encryption.org/v1>). Before it leaves, it is opened again: not with a recipient's
//! identity, which is not here and should not be, but with the key of this one file, as it went to the recipients. That shows
//! that the armor, the header with its MAC, every recipient's part and the whole content are as they were meant. What it
//! cannot show is that somebody has an identity of a recipient: that takes a drill.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{Read as _, Write as _};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::ExposeSecret as _;
use age::{DecryptError, Decryptor, EncryptError, Encryptor};
use age_core::format::{FileKey, Stanza};
use anyhow::{Context as _, Result, ensure};
use sops::Recipient;
use sops::master_key::age::{AgeKeys, Identity};
use zeroize::Zeroizing;

/// The most that a backup may hold, in bytes: hundreds of keys.
const LIMIT: usize = 16 << 20;
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const BINARY: &[u8] = b"age-encryption.org/";

/// Whether this is an age file.
pub(super) fn is_sealed(file: &[u8]) -> bool {
    let file = file.trim_ascii_start();
    file.starts_with(ARMOR) || file.starts_with(BINARY)
}

/// Encrypts to every recipient, in armor, and opens the outcome again.
///
/// # Errors
/// A recipient cannot be encrypted to, or not beside the others, or the outcome is not what went in.
pub(super) fn seal(recipients: &[Recipient], plaintext: &[u8]) -> Result<Vec<u8>> {
    let witness = Witness::default();
    let watched: Vec<Watched<'_>> =
        recipients.iter().map(|recipient| Watched { recipient, witness: &witness }).collect();
    let encryptor = Encryptor::with_recipients(watched.iter().map(|watched| watched as &dyn age::Recipient))?;
    let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
    let mut writer = encryptor.wrap_output(armor)?;
    writer.write_all(plaintext)?;
    let file = writer.finish().and_then(ArmoredWriter::finish)?;
    let again = witness.open(&file).context("the encrypted backup could not be opened again")?;
    ensure!(*again == plaintext, "the encrypted backup does not hold what was put into it");
    Ok(file)
}

/// Opens with one of the identities.
///
/// # Errors
/// No identity fits, or the file is damaged.
pub(super) fn open(identities: Vec<Identity>, file: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    Ok(AgeKeys::new(identities).open(file, LIMIT)?)
}

/// Has seen the key of a file and what was made of it.
#[derive(Default)]
struct Witness {
    key: RefCell<Option<FileKey>>,
    stanzas: RefCell<Vec<Stanza>>,
}

/// A recipient under the eyes of the witness.
struct Watched<'a> {
    recipient: &'a Recipient,
    witness: &'a Witness,
}

impl age::Recipient for Watched<'_> {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let (stanzas, labels) = self.recipient.wrap_file_key(key)?;
        self.witness.key.replace(Some(copy(key)));
        self.witness.stanzas.borrow_mut().extend(stanzas.iter().map(twin));
        Ok((stanzas, labels))
    }
}

impl age::Identity for Witness {
    fn unwrap_stanza(&self, _: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        None
    }

    /// Answers the key only for a header that holds what each recipient was given.
    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        let is_whole = self.stanzas.borrow().iter().all(|given| stanzas.contains(given));
        self.key.borrow().as_ref().filter(|_| is_whole).map(|key| Ok(copy(key)))
    }
}

impl Witness {
    fn open(&self, file: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let mut binary = Vec::with_capacity(file.len());
        ArmoredReader::new(file).read_to_end(&mut binary)?;
        let decryptor = Decryptor::new_buffered(&*binary)?;
        let mut plaintext = Zeroizing::new(Vec::with_capacity(binary.len()));
        decryptor.decrypt(std::iter::once(self as &dyn age::Identity))?.read_to_end(&mut plaintext)?;
        Ok(plaintext)
    }
}

fn copy(key: &FileKey) -> FileKey {
    FileKey::init_with_mut(|copy| copy.copy_from_slice(key.expose_secret()))
}

fn twin(stanza: &Stanza) -> Stanza {
    Stanza { tag: stanza.tag.clone(), args: stanza.args.clone(), body: stanza.body.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipients(identities: &[age::x25519::Identity]) -> Vec<Recipient> {
        identities.iter().map(|identity| identity.to_public().to_string().parse().unwrap()).collect()
    }

    fn identity(of: &age::x25519::Identity) -> Vec<Identity> {
        Identity::parse(of.to_string().expose_secret()).unwrap()
    }

    #[test]
    fn each_recipient_opens_it_and_nobody_else() {
        let [one, two, other] = [(); 3].map(|()| age::x25519::Identity::generate());
        let file = seal(&recipients(&[one.clone(), two.clone()]), b"the keys").unwrap();
        assert!(is_sealed(&file) && file.ends_with(b"-----END AGE ENCRYPTED FILE-----\n"));
        for identity in [&one, &two].map(identity) {
            assert_eq!(*open(identity, &file).unwrap(), b"the keys");
        }
        assert!(open(identity(&other), &file).is_err());
    }

    #[test]
    fn a_file_that_was_changed_is_not_opened_again() {
        let witness = Witness::default();
        let recipient = &recipients(&[age::x25519::Identity::generate()])[0];
        let watched = Watched { recipient, witness: &witness };
        let encryptor = Encryptor::with_recipients(std::iter::once(&watched as &dyn age::Recipient)).unwrap();
        let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).unwrap();
        let mut writer = encryptor.wrap_output(armor).unwrap();
        writer.write_all(&[7; 100]).unwrap();
        let file = writer.finish().and_then(ArmoredWriter::finish).unwrap();
        assert_eq!(*witness.open(&file).unwrap(), [7; 100]);
        // Anywhere between the two lines of the armor: header, nonce, content.
        let body = ARMOR.len() + 1..file.len() - "\n-----END AGE ENCRYPTED FILE-----\n".len() - 4;
        for at in body.step_by(7).filter(|at| file[*at].is_ascii_alphanumeric()) {
            let mut changed = file.clone();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let is_same = changed == file;
            assert!(is_same || witness.open(&changed).is_err(), "byte {at}");
        }
        witness.stanzas.borrow_mut().push(Stanza { tag: "X25519".into(), args: Vec::new(), body: Vec::new() });
        assert!(witness.open(&file).is_err(), "a recipient is missing");
    }

    #[test]
    fn plain_text_is_not_taken_for_an_age_file() {
        assert!(!is_sealed(b"{}") && !is_sealed(b"") && is_sealed(b"\n-----BEGIN AGE ENCRYPTED FILE-----\n"));
    }
}
