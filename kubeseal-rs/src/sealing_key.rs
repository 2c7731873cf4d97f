//! The private half: one RSA key with its certificate, read from the Secrets of a controller or made here.
//!
//! The parsed key stays inside and is used for nothing but unwrapping session keys. It has no `Debug` that shows it,
//! and the one way out is [`SealingKey::private_key_pem`], for the Secret that keeps it.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::rsa::{KeyPair, KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyUsagePurpose, PKCS_RSA_SHA256,
    PublicKeyData, SerialNumber, SignatureAlgorithm, SigningKey, date_time_ymd,
};
use rsa::PrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey as _, LineEnding};
use rsa::pkcs8::DecodePrivateKey as _;
use x509_parser::pem::Pem;
use zeroize::Zeroizing;

use crate::{Certificate, CertificateError};

const SERIAL_NUMBER_LENGTH: usize = 16;

/// From 1970 to the last years that a certificate can name.
const PLACEHOLDER_VALIDITY: Duration = Duration::from_hours(8000 * 365 * 24);

/// Why a sealing key cannot be read or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No `RSA PRIVATE KEY` or `PRIVATE KEY` block.
    #[error("no PEM private key found")]
    Missing,
    /// The private key is malformed, or it is not RSA, or its size is not supported.
    #[error("the private key is malformed or not an RSA key of 2048 to 8192 bits")]
    Unacceptable,
    /// The certificate beside the key cannot be used.
    #[error("the certificate of the sealing key cannot be used")]
    Certificate(#[from] CertificateError),
    /// The certificate belongs to another key.
    #[error("the certificate does not belong to the private key")]
    Mismatch,
    /// A key of this many bits is not made here.
    #[error("a sealing key has 2048, 3072, 4096 or 8192 bits, not {0}")]
    UnsupportedSize(usize),
    /// The certificate would begin before 1970 or end after 9999.
    #[error("the validity of the certificate is out of range")]
    Validity,
    /// The cryptographic library could not make the key or its certificate.
    #[error("the sealing key could not be made")]
    Generation,
}

/// A private key with its certificate.
pub struct SealingKey {
    private_key: PrivateDecryptingKey,
    unwrapping: OaepPrivateDecryptingKey,
    certificate: Certificate,
    certificate_pem: String,
}

impl SealingKey {
    /// Reads the contents of `tls.key` (PKCS#1 or PKCS#8) and `tls.crt`. When either holds several blocks the first
    /// that fits counts.
    ///
    /// # Errors
    /// [`KeyError`] when one cannot be read or they do not belong together.
    pub fn from_pem(private_key_pem: &[u8], certificate_pem: &[u8]) -> Result<SealingKey, KeyError> {
        let private_key = parse_private_key(private_key_pem)?;
        let certificate_pem = String::from_utf8_lossy(certificate_pem).into_owned();
        SealingKey::assemble(private_key, certificate_pem)
    }

    /// Reads the contents of `tls.key` alone, for opening what was sealed when the certificate is lost. A placeholder stands
    /// in for the certificate, self-signed and dated from 1970 to 9999: nobody should seal with it. The fingerprint is the
    /// key's own, because it depends on nothing else.
    ///
    /// # Errors
    /// [`KeyError`] when it cannot be read.
    pub fn from_private_key_pem(private_key_pem: &[u8]) -> Result<SealingKey, KeyError> {
        let private_key = parse_private_key(private_key_pem)?;
        let pkcs8: Pkcs8V1Der<'_> = private_key.as_der().map_err(|_| KeyError::Unacceptable)?;
        let key = KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| KeyError::Unacceptable)?;
        let parameters = certificate_parameters("", Timestamp::UNIX_EPOCH, PLACEHOLDER_VALIDITY)?;
        let certificate = parameters.self_signed(&SelfSigner(key)).map_err(|_| KeyError::Generation)?;
        SealingKey::assemble(private_key, certificate.pem())
    }

    /// Makes a key of `bits` bits and a self-signed certificate for it, valid from `now` for `validity`, with the
    /// subject and the usages that the original gives it (encipher only, certificate authority). `common_name` may be
    /// empty. 4096 bits take about a second of computation.
    ///
    /// # Errors
    /// [`KeyError`] for a size that is not supported, dates that do not fit, or when the cryptographic library fails.
    pub fn generate(
        bits: usize,
        common_name: &str,
        now: Timestamp,
        validity: Duration,
    ) -> Result<SealingKey, KeyError> {
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            8192 => KeySize::Rsa8192,
            _ => return Err(KeyError::UnsupportedSize(bits)),
        };
        let parameters = certificate_parameters(common_name, now, validity)?;
        let key = KeyPair::generate(size).map_err(|_| KeyError::Generation)?;
        let pkcs8: Pkcs8V1Der<'_> = key.as_der().map_err(|_| KeyError::Generation)?;
        let private_key = PrivateDecryptingKey::from_pkcs8(pkcs8.as_ref()).map_err(|_| KeyError::Generation)?;
        let certificate = parameters.self_signed(&SelfSigner(key)).map_err(|_| KeyError::Generation)?;
        SealingKey::assemble(private_key, certificate.pem())
    }

    fn assemble(private_key: PrivateDecryptingKey, certificate_pem: String) -> Result<SealingKey, KeyError> {
        let certificate = Certificate::from_pem(certificate_pem.as_bytes())?;
        let public_key = private_key.public_key().as_der().map_err(|_| KeyError::Unacceptable)?;
        if public_key.as_ref() != certificate.public_key()?.as_ref() {
            return Err(KeyError::Mismatch);
        }
        let unwrapping = OaepPrivateDecryptingKey::new(private_key.clone()).map_err(|_| KeyError::Unacceptable)?;
        Ok(SealingKey { private_key, unwrapping, certificate, certificate_pem })
    }

    /// The private key as PKCS#1 PEM (`RSA PRIVATE KEY`), the form that the original writes and reads.
    ///
    /// # Errors
    /// [`KeyError::Unacceptable`] when the cryptographic library cannot write it.
    pub fn private_key_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let pkcs8 = self.private_key.as_der().map_err(|_| KeyError::Unacceptable)?;
        let key = PrivateKey::from_pkcs8_der(pkcs8.as_ref()).map_err(|_| KeyError::Unacceptable)?;
        key.to_pkcs1_pem(LineEnding::LF).map_err(|_| KeyError::Unacceptable)
    }

    /// The certificate as it was read or made.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The certificate, to seal with.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The name of the key: see [`Certificate::fingerprint`].
    pub fn fingerprint(&self) -> &str {
        self.certificate.fingerprint()
    }

    /// The length of the RSA modulus in bytes. A blob whose RSA part has another length was not sealed for this key.
    pub fn modulus_len(&self) -> usize {
        self.certificate.modulus_len()
    }

    /// Decrypts a session key, or answers `None`. One RSA private operation.
    pub(crate) fn unwrap_session_key(&self, wrapped: &[u8], label: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut buffer = Zeroizing::new(vec![0; self.unwrapping.min_output_size()]);
        let length = self.unwrapping.decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut buffer, Some(label)).ok()?.len();
        buffer.truncate(length);
        Some(buffer)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SealingKey").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

fn parse_private_key(pem: &[u8]) -> Result<PrivateDecryptingKey, KeyError> {
    for block in Pem::iter_from_buffer(pem) {
        let block = block.map_err(|_| KeyError::Unacceptable)?;
        let contents = Zeroizing::new(block.contents);
        match block.label.as_str() {
            "PRIVATE KEY" => {
                return PrivateDecryptingKey::from_pkcs8(&contents).map_err(|_| KeyError::Unacceptable);
            }
            "RSA PRIVATE KEY" => return from_pkcs1(&contents),
            _ => {}
        }
    }
    Err(KeyError::Missing)
}

/// aws-lc parses PKCS#1 for signing keys only, so the key takes a detour through PKCS#8.
fn from_pkcs1(der: &[u8]) -> Result<PrivateDecryptingKey, KeyError> {
    let key = KeyPair::from_der(der).map_err(|_| KeyError::Unacceptable)?;
    let pkcs8: Pkcs8V1Der<'_> = key.as_der().map_err(|_| KeyError::Unacceptable)?;
    PrivateDecryptingKey::from_pkcs8(pkcs8.as_ref()).map_err(|_| KeyError::Unacceptable)
}

fn certificate_parameters(
    common_name: &str,
    now: Timestamp,
    validity: Duration,
) -> Result<CertificateParams, KeyError> {
    let end = now.checked_add(validity).map_err(|_| KeyError::Validity)?;
    let instant = |timestamp: Timestamp| {
        u64::try_from(timestamp.as_second())
            .map(|seconds| date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds))
            .map_err(|_| KeyError::Validity)
    };
    let mut serial_number = vec![0; SERIAL_NUMBER_LENGTH];
    SystemRandom::new().fill(&mut serial_number).map_err(|_| KeyError::Generation)?;

    let mut parameters = CertificateParams::default();
    parameters.not_before = instant(now)?;
    parameters.not_after = instant(end)?;
    parameters.serial_number = Some(SerialNumber::from(serial_number));
    parameters.distinguished_name = DistinguishedName::new();
    if !common_name.is_empty() {
        parameters.distinguished_name.push(DnType::CommonName, common_name);
    }
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::EncipherOnly];
    Ok(parameters)
}

/// Signs the certificate with the key itself. `rcgen` has a key type of its own, which keeps a copy of the private key
/// that it does not wipe.
struct SelfSigner(KeyPair);

impl PublicKeyData for SelfSigner {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl SigningKey for SelfSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(signature)
    }
}

#[cfg(test)]
mod tests;
