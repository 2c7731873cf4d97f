//! AES-256-GCM as SOPS uses it: a 32-byte data key, a 32-byte random nonce, the tag kept apart from the data.
//!
//! The nonce is an argument; the cipher never draws one. The nonce is longer than the usual 12 bytes, so the initial
//! counter block comes from GHASH (NIST SP 800-38D, section 7.1).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aes_gcm::aead::consts::{U12, U16, U32};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Nonce, Tag};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::data_key::DataKey;
use crate::value::{Encrypted, Kind, ValueError};

/// Length of the nonces SOPS writes, in bytes.
pub const NONCE_LEN: usize = 32;

/// A nonce SOPS writes.
pub type LongNonce = [u8; NONCE_LEN];

/// The cipher of one file: the key schedule is made once and serves every value.
pub struct Cipher {
    gcm: AesGcm<Aes256, U32>,
    key: DataKey,
    memory: Option<Mutex<Memory>>,
}

/// Nonces by the digest of what was encrypted with them, in document order. Under one key a nonce always meets the same
/// plaintext and additional data, so using it again reveals nothing new and keeps the ciphertext.
type Memory = HashMap<ValueId, Vec<LongNonce>>;

/// The SHA-256 of additional data, type and plaintext: memory holds no plaintext.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ValueId([u8; 32]);

impl ValueId {
    pub(crate) fn new((kind, bytes): (Kind, &[u8]), aad: &[u8]) -> ValueId {
        let length = u64::try_from(aad.len()).unwrap_or(u64::MAX).to_be_bytes();
        let parts: [&[u8]; 4] = [&length, aad, kind.tag().as_bytes(), bytes];
        ValueId(parts.into_iter().fold(Sha256::new(), Sha256::chain_update).finalize().into())
    }
}

impl Cipher {
    /// Sets up the cipher for a data key.
    pub fn new(key: &DataKey) -> Cipher {
        Cipher { gcm: AesGcm::new(key.as_bytes().into()), key: key.clone(), memory: None }
    }

    /// Remembers from now on the nonces of values it opens.
    pub(crate) fn start_remembering(&mut self) {
        self.memory = Some(Mutex::default());
    }

    /// Takes over what another cipher with the same data key remembers.
    pub(crate) fn remember(&mut self, other: &Cipher) {
        let (Some(memory), Some(other_memory)) = (&self.memory, &other.memory) else { return };
        if self.key.as_bytes() != other.key.as_bytes() {
            return;
        }
        let (mut memory, others) = (lock(memory), lock(other_memory));
        for (value, nonces) in others.iter() {
            let known = memory.entry(*value).or_default();
            for nonce in nonces {
                if !known.contains(nonce) {
                    known.push(*nonce);
                }
            }
        }
    }

    /// The nonce with which the value stood in the file for the time numbered `occurrence`, from 0.
    pub(crate) fn remembered(&self, value: ValueId, occurrence: usize) -> Option<LongNonce> {
        lock(self.memory.as_ref()?).get(&value)?.get(occurrence).copied()
    }

    /// Whether it remembers anything.
    pub(crate) fn has_memory(&self) -> bool {
        self.memory.is_some()
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
        if let Some(memory) = &self.memory
            && let Ok(nonce) = LongNonce::try_from(sealed.iv.as_slice())
        {
            lock(memory).entry(ValueId::new((sealed.kind, &data), aad)).or_default().push(nonce);
        }
        Ok(data)
    }
}

/// What a panic left behind is still a map.
fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nonce<N: aes_gcm::aead::array::ArraySize>(iv: &[u8]) -> Result<Nonce<N>, ValueError> {
    Nonce::<N>::try_from(iv).map_err(|_| ValueError::Nonce)
}
