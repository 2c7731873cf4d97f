//! The public half of a sealing key, as the controller hands it out: an X.509 certificate.
//!
//! Only its RSA key and its dates matter. Signature, issuer and usage are not verified, exactly as in the original: the
//! certificate is trusted because of where it was had from.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::{PublicKey, RSAPublicKey};

/// The smallest modulus that is accepted, in bits.
pub const MINIMUM_BITS: usize = 2048;

/// Why a certificate cannot be used to seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// No `CERTIFICATE` block.
    #[error("no PEM certificate found")]
    Missing,
    /// The first certificate cannot be parsed.
    #[error("the certificate is malformed")]
    Malformed,
    /// The key is not RSA.
    #[error("the certificate's key is not RSA")]
    NotRsa,
    /// The key is too small.
    #[error("the certificate's RSA key has {0} bits; at least {MINIMUM_BITS} are required")]
    TooSmall(usize),
    /// The key is refused by the cryptographic library, for example because it has more than 8192 bits.
    #[error("the certificate's RSA key is not acceptable")]
    Unacceptable,
}

/// A certificate to seal with. Public data throughout.
#[derive(Clone)]
pub struct Certificate {
    key: PublicEncryptingKey,
    modulus_len: usize,
    not_before: Timestamp,
    not_after: Timestamp,
    fingerprint: String,
    digest: [u8; 32],
}

impl Certificate {
    /// Reads the first `CERTIFICATE` block of a PEM text; whatever else is in it is passed over.
    ///
    /// # Errors
    /// [`CertificateError`] when there is none or its key cannot be used to seal.
    pub fn from_pem(pem: &[u8]) -> Result<Certificate, CertificateError> {
        let mut blocks = Pem::iter_from_buffer(pem);
        let block = blocks.find_map(|block| match block {
            Ok(block) if block.label == "CERTIFICATE" => Some(Ok(block)),
            Ok(_) => None,
            Err(_) => Some(Err(CertificateError::Malformed)),
        });
        Certificate::from_der(&block.ok_or(CertificateError::Missing)??.contents)
    }

    fn from_der(der: &[u8]) -> Result<Certificate, CertificateError> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        let public_key = certificate.public_key();
        let rsa = match public_key.parsed() {
            Ok(PublicKey::RSA(rsa)) => rsa,
            Ok(_) => return Err(CertificateError::NotRsa),
            Err(_) => return Err(CertificateError::Malformed),
        };
        if rsa.key_size() < MINIMUM_BITS {
            return Err(CertificateError::TooSmall(rsa.key_size()));
        }
        let key = PublicEncryptingKey::from_der(public_key.raw).map_err(|_| CertificateError::Unacceptable)?;
        let mut whole = [0; 32];
        whole.copy_from_slice(digest(&SHA256, der).as_ref());
        let instant = |seconds| Timestamp::from_second(seconds).map_err(|_| CertificateError::Malformed);
        Ok(Certificate {
            modulus_len: key.key_size_bytes(),
            key,
            not_before: instant(certificate.validity().not_before.timestamp())?,
            not_after: instant(certificate.validity().not_after.timestamp())?,
            fingerprint: ssh_fingerprint(&rsa),
            digest: whole,
        })
    }

    /// The instant from which the certificate is valid; keys are ordered by it.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last instant at which the certificate is valid.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether the certificate has expired at `now`. Expiry keeps people from sealing with a forgotten key; it never
    /// keeps a value from being opened.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now > self.not_after
    }

    /// The OpenSSH fingerprint of the public key, `SHA256:` and base64 without padding: the name of a sealing key.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The SHA-256 digest of the whole certificate as DER, which `openssl x509 -noout -fingerprint -sha256` prints. Another
    /// certificate for the same key has another one.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The length of the RSA modulus, in bytes, which is that of the RSA part of every blob.
    pub fn modulus_len(&self) -> usize {
        self.modulus_len
    }

    /// The public key as DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`CertificateError::Unacceptable`] when the cryptographic library cannot write it.
    pub fn public_key(&self) -> Result<PublicKeyX509Der<'static>, CertificateError> {
        self.key.as_der().map_err(|_| CertificateError::Unacceptable)
    }

    /// Encrypts a session key for this certificate under `label`.
    pub(crate) fn wrap(&self, session_key: &[u8], label: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let key = OaepPublicEncryptingKey::new(self.key.clone())?;
        let mut wrapped = vec![0; key.ciphertext_size()];
        let length = key.encrypt(&OAEP_SHA256_MGF1SHA256, session_key, &mut wrapped, Some(label))?.len();
        wrapped.truncate(length);
        Ok(wrapped)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Certificate").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// RFC 4253, section 6.6: the key is three length-prefixed strings, `ssh-rsa`, exponent and modulus. The contents of a
/// DER integer are already what SSH calls an mpint.
fn ssh_fingerprint(key: &RSAPublicKey<'_>) -> String {
    let mut wire = Vec::new();
    for part in [b"ssh-rsa".as_slice(), key.exponent, key.modulus] {
        wire.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        wire.extend_from_slice(part);
    }
    format!("SHA256:{}", STANDARD_NO_PAD.encode(digest(&SHA256, &wire)))
}
