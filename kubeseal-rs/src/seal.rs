//! The wire format: how one value becomes one blob, and what a blob is made of.
//!
//! ```text
//!  0      2                   2+L                        2+L+N    2+L+N+16
//!  ┌──────┬────────────────────┬──────────────────────────┬────────┐
//!  │  L   │ RSA-OAEP(key, tag) │ AES-GCM ciphertext       │ tag    │
//!  └──────┴────────────────────┴──────────────────────────┴────────┘
//!  L     length of the RSA part, big-endian; equals the length of the modulus
//!  RSA   OAEP with SHA-256 for hash and mask; the label carries the scope; content: the session key
//!  AES   session key of 32 bytes (16 and 24 are opened too), nonce of 12 zero bytes, no associated data
//! ```
//!
//! The session key is made anew for every value, which is what makes the constant nonce sound: it must never be an
//! argument that a caller can repeat. Nothing in a blob says which key sealed it.
//! Source: `pkg/crypto/crypto.go` of <https://github.com/bitnami/sealed-secrets>.

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use zeroize::Zeroizing;

use crate::Certificate;

const SESSION_KEY_LENGTH: usize = 32;
const LENGTH_LENGTH: usize = 2;
const TAG_LENGTH: usize = 16;

/// Go's decoder ignores bits after the last whole byte; ours must, or files that the controller opens would not open.
const GO_BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// The value could not be sealed: the random generator or the key's algorithm failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealing failed in the cryptographic library")]
pub struct SealError;

impl From<aws_lc_rs::error::Unspecified> for SealError {
    fn from(_: aws_lc_rs::error::Unspecified) -> SealError {
        SealError
    }
}

/// The text is no padded standard base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not valid base64")]
pub struct InvalidBase64;

/// Seals `plaintext` for whoever holds the key of `certificate` and presents the same `label`
/// (see [`Scope::label`](crate::Scope::label)).
///
/// Whether the certificate has expired is the caller's to ask ([`Certificate::is_expired`]): this function has no clock.
/// Randomness is not an argument either. aws-lc draws the OAEP seed from its own generator and takes none from outside,
/// so no test could fix the bytes; and a session key that can be handed in could be used twice under the one nonce.
///
/// # Errors
/// [`SealError`] when the cryptographic library fails, which no input is known to provoke.
pub fn seal(certificate: &Certificate, label: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut session_key = Zeroizing::new([0; SESSION_KEY_LENGTH]);
    SystemRandom::new().fill(session_key.as_mut_slice())?;
    let wrapped = certificate.wrap(session_key.as_slice(), label)?;
    let length = u16::try_from(wrapped.len()).map_err(|_| SealError)?;

    // Reserved in one piece: a buffer that grows would leave plaintext behind in the memory it moves out of.
    let mut blob = Vec::with_capacity(LENGTH_LENGTH + wrapped.len() + plaintext.len() + TAG_LENGTH);
    blob.extend_from_slice(&length.to_be_bytes());
    blob.extend_from_slice(&wrapped);
    let body = blob.len();
    blob.extend_from_slice(plaintext);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, session_key.as_slice())?);
    let tag = key.seal_in_place_separate_tag(zero_nonce(), Aad::empty(), &mut blob[body..])?;
    blob.extend_from_slice(tag.as_ref());
    Ok(blob)
}

/// The two encrypted parts of a blob.
pub(crate) struct Parts<'a> {
    /// The session key under RSA-OAEP.
    pub(crate) wrapped_key: &'a [u8],
    /// The value under AES-GCM, tag last.
    pub(crate) body: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Takes a blob apart, or answers `None` when it is shorter than its own header says.
    pub(crate) fn of(blob: &'a [u8]) -> Option<Parts<'a>> {
        let (length, rest) = blob.split_first_chunk::<LENGTH_LENGTH>()?;
        let (wrapped_key, body) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        Some(Parts { wrapped_key, body })
    }
}

/// Opens the body of a blob, or answers `None` when the session key is not the one that sealed it.
pub(crate) fn open_body(session_key: &[u8], body: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let algorithm = match session_key.len() {
        16 => &AES_128_GCM,
        24 => &AES_192_GCM,
        32 => &AES_256_GCM,
        _ => return None,
    };
    let key = LessSafeKey::new(UnboundKey::new(algorithm, session_key).ok()?);
    let mut buffer = Zeroizing::new(body.to_vec());
    let length = key.open_in_place(zero_nonce(), Aad::empty(), &mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

/// The base64 of a blob as it stands in `spec.encryptedData`.
pub fn encode_base64(blob: &[u8]) -> String {
    STANDARD.encode(blob)
}

/// Reads base64 as Go's decoder does: line ends anywhere are skipped, other white space and missing padding are not
/// accepted.
///
/// # Errors
/// [`InvalidBase64`], which says nothing about the text.
pub fn decode_base64(text: &str) -> Result<Vec<u8>, InvalidBase64> {
    let compact: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    GO_BASE64.decode(compact).map_err(|_| InvalidBase64)
}

fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

#[cfg(test)]
mod tests;
