//! Opening the values of a file, for reading and for editing.

use zeroize::Zeroizing;

use super::Document;
use crate::data_key::DataKey;
use crate::error::Error;
use crate::mac::Mac;
use crate::path::Place;
use crate::tree::Branch;
use crate::value::cipher::Cipher;
use crate::walk::Opener;

/// Whether the file as a whole has to be what was encrypted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CheckMac {
    /// A file without a MAC, or with one that does not match, is refused.
    Yes,
    /// Believe that the values belong together. For a person who has to rescue a file, never for a program.
    No,
}

/// An opened file that can be edited.
pub struct Opened {
    /// The documents in clear.
    pub branches: Zeroizing<Vec<Branch>>,
    /// Comments that are in clear though the rules want them encrypted: files of old versions have them.
    pub plain_comments: Vec<Place>,
    /// Knows the nonce of every value.
    pub(super) cipher: Cipher,
}

impl Opened {
    /// Remembers the values of another file too, as far as both have the same data key: those that reach this one by a
    /// merge keep their ciphertext.
    pub fn remember(&mut self, other: &Opened) {
        self.cipher.remember(&other.cipher);
    }
}

impl Document {
    /// Opens all values and remembers their nonces.
    pub fn open(&self, key: &DataKey, check: CheckMac) -> Result<Opened, Error> {
        let mut cipher = Cipher::new(key);
        cipher.start_remembering();
        self.open_with(cipher, check)
    }

    /// Opens all values and verifies the MAC.
    pub fn decrypt(&self, key: &DataKey) -> Result<Zeroizing<Vec<Branch>>, Error> {
        self.open_with(Cipher::new(key), CheckMac::Yes).map(|opened| opened.branches)
    }

    /// Opens all values whatever the MAC says; see [`CheckMac::No`].
    pub fn decrypt_ignoring_mac(&self, key: &DataKey) -> Result<Zeroizing<Vec<Branch>>, Error> {
        self.open_with(Cipher::new(key), CheckMac::No).map(|opened| opened.branches)
    }

    fn open_with(&self, cipher: Cipher, check: CheckMac) -> Result<Opened, Error> {
        let (metadata, rules) = self.encrypted()?;
        let mut mac = Mac::new(metadata.mac_only_encrypted);
        let mut plain_comments = Vec::new();
        let mut branches = Zeroizing::new(Vec::with_capacity(self.branches.len()));
        for (number, branch) in self.branches.iter().enumerate() {
            let mut opener = Opener::new(&cipher, &rules, &mut mac, number);
            branches.push(opener.branch(branch)?);
            plain_comments.append(&mut opener.plain_comments);
        }
        if check == CheckMac::Yes {
            mac.verify(&cipher, &metadata.lastmodified, &metadata.mac)?;
        }
        Ok(Opened { branches, plain_comments, cipher })
    }
}
