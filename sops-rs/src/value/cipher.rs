//! AES-256-GCM as SOPS uses it: a 32-byte data key, a 32-byte random nonce, the tag kept apart from the data.
//!
//! The nonce is an argument; the cipher never draws one. The nonce is longer than the usual 12 bytes, so the initial
//! counter block comes from GHASH (NIST SP 800-38D, section 7.1).

use aes_gcm::aead::consts::{U12, U16, U32};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Nonce, Tag};
use zeroize::Zeroizing;

use crate::data_key::DataKey;
use crate::value::{Encrypted, Kind, ValueError};

/// Length of the nonces SOPS writes, in bytes.
pub const NONCE_LEN: usize = 32;

/// The cipher of one document: the key schedule is made once and serves every value.
pub struct Cipher {
    gcm: AesGcm<Aes256, U32>,
    key: DataKey,
}

impl Cipher {
    /// Sets up the cipher for a data key.
    pub fn new(key: &DataKey) -> Cipher {
        Cipher { gcm: AesGcm::new(key.as_bytes().into()), key: key.clone() }
    }

    /// Seals `plaintext` under the additional data `aad` (the key path).
    pub fn seal(&self, plaintext: (Kind, &[u8]), aad: &[u8], nonce: &[u8; NONCE_LEN]) -> Result<Encrypted, ValueError> {
        let (kind, bytes) = plaintext;
        let mut data = bytes.to_vec();
        let tag = self
            .gcm
            .encrypt_inout_detached(nonce.into(), aad, InOutBuf::from(data.as_mut_slice()))
            .map_err(|_| ValueError::Plaintext)?;
        Ok(Encrypted { data, iv: nonce.to_vec(), tag: tag.to_vec(), kind })
    }

    /// Opens a value sealed under `aad`; fails if key, value or `aad` differ in a bit.
    pub fn open(&self, sealed: &Encrypted, aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, ValueError> {
        let mut data = Zeroizing::new(sealed.data.clone());
        let tag = Tag::<U16>::try_from(sealed.tag.as_slice()).map_err(|_| ValueError::Malformed)?;
        let buffer = InOutBuf::from(data.as_mut_slice());
        let key = self.key.as_bytes();
        let opened = match sealed.iv.len() {
            32 => {
                let nonce = nonce::<U32>(&sealed.iv)?;
                self.gcm.decrypt_inout_detached(&nonce, aad, buffer, &tag)
            }
            12 => AesGcm::<Aes256, U12>::new(key.into()).decrypt_inout_detached(
                &nonce::<U12>(&sealed.iv)?,
                aad,
                buffer,
                &tag,
            ),
            16 => AesGcm::<Aes256, U16>::new(key.into()).decrypt_inout_detached(
                &nonce::<U16>(&sealed.iv)?,
                aad,
                buffer,
                &tag,
            ),
            _ => return Err(ValueError::Nonce),
        };
        opened.map_err(|_| ValueError::Authentication)?;
        Ok(data)
    }
}

fn nonce<N: aes_gcm::aead::array::ArraySize>(iv: &[u8]) -> Result<Nonce<N>, ValueError> {
    Nonce::<N>::try_from(iv).map_err(|_| ValueError::Nonce)
}
