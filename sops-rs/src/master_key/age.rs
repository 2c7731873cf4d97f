//! The age master key: X25519 recipients and identities (<https://age-encryption.org/v1>).
//!
//! Takes key material as text from its caller: it never looks at the environment or at files.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::iter;
use std::str::FromStr;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{Decryptor, Encryptor};
use zeroize::Zeroizing;

use crate::data_key::{self, DataKey};

/// Starts of lines that hold no identity for this build.
const SKIPPED: [&str; 3] = ["#", "AGE-PLUGIN-", "AGE-SECRET-KEY-PQ-1"];

/// A key file or recipient that cannot be used. Never quotes its input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgeError {
    /// A line of an identity file is no X25519 identity.
    #[error("line {line} is not an age identity")]
    Identity {
        /// Number of the line, from 1.
        line: usize,
    },
    /// The text is no X25519 recipient.
    #[error("`{0}` is not an age X25519 recipient")]
    Recipient(String),
    /// The data key could not be encrypted.
    #[error("the data key could not be encrypted to {0}")]
    Wrap(Recipient),
}

/// A public key that data keys are encrypted to: `age1…`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Recipient(age::x25519::Recipient);

impl FromStr for Recipient {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        text.parse().map(Recipient).map_err(|_: &str| AgeError::Recipient(text.to_owned()))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Recipient {
    /// Parses recipients separated by commas, as `--age` and `SOPS_AGE_RECIPIENTS` have them.
    pub fn parse_list(text: &str) -> Result<Vec<Recipient>, AgeError> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::parse).collect()
    }

    /// Encrypts a data key: an armored age file with a final newline.
    pub fn wrap(&self, key: &DataKey) -> Result<String, AgeError> {
        let failed = || AgeError::Wrap(self.clone());
        let recipient: &dyn age::Recipient = &self.0;
        let encryptor = Encryptor::with_recipients(iter::once(recipient)).map_err(|_| failed())?;
        let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).map_err(|_| failed())?;
        let mut writer = encryptor.wrap_output(armor).map_err(|_| failed())?;
        writer.write_all(key.as_bytes()).map_err(|_| failed())?;
        let armored = writer.finish().and_then(ArmoredWriter::finish).map_err(|_| failed())?;
        String::from_utf8(armored).map_err(|_| failed())
    }
}

/// A secret key that opens data keys: `AGE-SECRET-KEY-1…`. Never printed.
#[derive(Clone)]
pub struct Identity(age::x25519::Identity);

impl Identity {
    /// Parses the text of a key file: one identity a line, blank lines and `#` comments skipped, CRLF allowed. So are
    /// identities of plugins and of the post-quantum kind, which this build cannot use: the file may have others.
    ///
    /// # Errors
    /// [`AgeError::Identity`] on the first line that is something else: one bad line fails the source.
    pub fn parse(text: &str) -> Result<Vec<Identity>, AgeError> {
        let mut identities = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_end_matches(['\r', ' ', '\t']);
            if line.is_empty() || SKIPPED.iter().any(|start| line.starts_with(start)) {
                continue;
            }
            let identity = line.parse().map_err(|_: &str| AgeError::Identity { line: number + 1 })?;
            identities.push(Identity(identity));
        }
        Ok(identities)
    }

    /// The public key.
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }
}

/// Opens an armored or binary age file with the first identity that fits; `None` if none does.
pub fn unwrap(wrapped: &str, identities: &[Identity]) -> Option<DataKey> {
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(wrapped.as_bytes())).ok()?;
    let reader = decryptor.decrypt(identities.iter().map(|identity| &identity.0 as &dyn age::Identity)).ok()?;
    let mut plain = Zeroizing::new(Vec::with_capacity(data_key::LEN + 1));
    reader.take(data_key::LEN as u64 + 1).read_to_end(&mut plain).ok()?;
    DataKey::from_slice(&plain)
}

#[cfg(test)]
mod tests {
    use super::{AgeError, Identity, Recipient, unwrap};
    use crate::data_key::DataKey;
    use age::secrecy::ExposeSecret as _;

    fn secret() -> String {
        age::x25519::Identity::generate().to_string().expose_secret().to_owned()
    }

    #[test]
    fn a_key_file_has_comments_and_line_ends_of_any_system() {
        let text = format!("# created\r\n\r\n{}\r\n{}\nAGE-PLUGIN-YUBIKEY-1XYZ\n", secret(), secret());
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
        let wrapped = ours[0].recipient().wrap(&DataKey::new([7; 32])).unwrap();
        assert!(wrapped.ends_with("-----END AGE ENCRYPTED FILE-----\n"));
        assert_eq!(unwrap(&wrapped, &ours).unwrap().as_bytes(), &[7; 32]);
        assert!(unwrap(&wrapped, &theirs).is_none());
        assert!(unwrap("", &ours).is_none());
    }

    #[test]
    fn recipients_come_as_a_list() {
        let one = Identity::parse(&secret()).unwrap()[0].recipient().to_string();
        assert_eq!(Recipient::parse_list(&format!("{one}, {one},")).unwrap().len(), 2);
        assert!(Recipient::parse_list("age1pq1xyz").is_err());
    }
}
