//! SSH keys as identities: `ssh-ed25519` and `ssh-rsa`, in the clear or behind a passphrase.
//!
//! A stanza names its SSH key by a hash, so a passphrase is asked for only when the file is for this key.

use std::io::BufReader;
use std::sync::OnceLock;

use age::Identity as _;
use age::secrecy::SecretString;
use age::ssh::{ParseRecipientKeyError, UnsupportedKey};
use age_core::format::{FileKey, Stanza};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::AgeError;
use super::dialog::Callbacks;
use super::identity::{Failure, failure};

mod pkcs8;

const STANZAS: [&str; 2] = ["ssh-ed25519", "ssh-rsa"];
const TAG_LEN: usize = 4;
/// Largest key file. An RSA key of 16384 bits, four times as long as is supported, still fits; reading one takes time with
/// the third power of its length.
const MAX_FILE: usize = 1 << 14;
const CONVERT: &str = "`ssh-keygen -p -f FILE` writes it in OpenSSH's own";

/// `ssh-ed25519 …` or `ssh-rsa …`
#[derive(Clone)]
pub(super) struct Recipient(Box<age::ssh::Recipient>);

impl Recipient {
    pub(super) fn parse(text: &str) -> Result<Recipient, AgeError> {
        text.parse()
            .map(|key| Recipient(Box::new(key)))
            .map_err(|error| AgeError::Unusable { recipient: text.to_owned(), cause: unusable(&error) })
    }

    pub(super) fn as_age(&self) -> Box<dyn age::Recipient> {
        self.0.clone()
    }
}

/// A private key, and the passphrase dialog it may need.
pub(super) struct Ssh {
    key: age::ssh::Identity,
    recipient: age::ssh::Recipient,
    /// Where it comes from, for the dialog.
    name: String,
    /// What became of the one attempt to unlock it: nobody is asked twice, by however many threads.
    unlocked: OnceLock<Result<age::ssh::Identity, String>>,
}

impl Ssh {
    /// Parses a private key in OpenSSH's format, in the PEM of RSA or in PKCS #8. The error says what is wrong with it.
    pub(super) fn parse(pem: &[u8], name: &str) -> Result<Ssh, String> {
        if pem.len() > MAX_FILE {
            return Err("it is larger than 16 KiB, as no SSH key is".to_owned());
        }
        let rewritten = pkcs8::rewritten(pem);
        let pem = rewritten.as_ref().map_or(pem, |text| text.as_bytes());
        let key = age::ssh::Identity::from_buffer(BufReader::new(pem), None).map_err(|_| malformed(pem))?;
        if let age::ssh::Identity::Unsupported(kind) = &key {
            return Err(unsupported(kind));
        }
        let recipient = age::ssh::Recipient::try_from(key.clone()).map_err(|error| unusable(&error))?;
        Ok(Ssh { key, recipient, name: name.to_owned(), unlocked: OnceLock::new() })
    }

    /// The public key, without a comment.
    pub(super) fn recipient(&self) -> String {
        self.recipient.to_string()
    }

    /// Whether a passphrase protects it that was not given yet.
    pub(super) fn is_locked(&self) -> bool {
        matches!(self.key, age::ssh::Identity::Encrypted(_)) && self.unlocked.get().is_none()
    }

    pub(super) fn unwrap(&self, stanza: &Stanza, callbacks: &Callbacks) -> Option<Result<FileKey, Failure>> {
        if !self.is_addressee(stanza) {
            return None;
        }
        let key = match self.unlock(callbacks) {
            Ok(key) => key,
            Err(failure) => return Some(Err(failure)),
        };
        key.unwrap_stanza(stanza).map(|opened| opened.map_err(|error| failure(&error)))
    }

    fn is_addressee(&self, stanza: &Stanza) -> bool {
        let (age::ssh::Recipient::SshRsa(public, _) | age::ssh::Recipient::SshEd25519(public, _)) = &self.recipient;
        let tag = BASE64_STANDARD_NO_PAD.encode(&Sha256::digest(public)[..TAG_LEN]);
        STANZAS.contains(&stanza.tag.as_str()) && stanza.args.first() == Some(&tag)
    }

    fn unlock(&self, callbacks: &Callbacks) -> Result<&age::ssh::Identity, Failure> {
        let age::ssh::Identity::Encrypted(locked) = &self.key else { return Ok(&self.key) };
        let no_passphrase = || format!("no passphrase for {}", self.name);
        let Some(dialog) = &callbacks.0 else { return Err(Failure::Told(no_passphrase())) };
        let unlocked = self.unlocked.get_or_init(|| {
            let question = format!("Enter passphrase for \"{}\":", self.name);
            let passphrase = dialog.passphrase(&question, None).ok_or_else(no_passphrase)?;
            let key = locked.decrypt(SecretString::from(passphrase.as_str()));
            key.map(Into::into).map_err(|_| format!("the passphrase for {} is wrong", self.name))
        });
        unlocked.as_ref().map_err(|words| Failure::Told(words.clone()))
    }
}

fn malformed(pem: &[u8]) -> String {
    let first = pem.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    if first.starts_with(b"-----BEGIN ") && first.ends_with(b" PRIVATE KEY-----")
        || first == b"-----BEGIN PRIVATE KEY-----"
    {
        return format!("it is in another format or of another type than ed25519 and RSA; {CONVERT}");
    }
    "it is not an SSH private key".to_owned()
}

fn unsupported(kind: &UnsupportedKey) -> String {
    match kind {
        UnsupportedKey::EncryptedPem => {
            format!("its passphrase protects it in the old PEM format; {CONVERT}")
        }
        UnsupportedKey::EncryptedSsh(cipher) => format!("it is encrypted with {cipher}, which is not supported"),
        UnsupportedKey::Hardware(kind) => format!("a key of type {kind} lives in hardware and cannot decrypt"),
        UnsupportedKey::Type(kind) => format!("keys of type {kind} cannot decrypt"),
    }
}

/// What keeps a public key from being used.
fn unusable(error: &ParseRecipientKeyError) -> String {
    match error {
        ParseRecipientKeyError::RsaModulusTooLarge => "RSA keys of more than 4096 bits are not supported".to_owned(),
        ParseRecipientKeyError::RsaModulusTooSmall => "RSA keys of less than 2048 bits are not safe".to_owned(),
        ParseRecipientKeyError::Unsupported(kind) => format!("SSH keys of type {kind} cannot be encrypted to"),
        _ => "it is not an SSH public key".to_owned(),
    }
}
