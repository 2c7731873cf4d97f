//! The format against an independent implementation: RSA by the `rsa` crate, AES by `aes-gcm`.

use std::convert::Infallible;

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::aes::Aes192;
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};
use proptest::prelude::*;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::sha2::Sha256;
use rsa::{Oaep, PrivateKey};

use super::{Parts, decode_base64, encode_base64, seal};
use crate::{InvalidBase64, Keyring, UnsealError, fixtures};

type Aes192Gcm = AesGcm<Aes192, aes_gcm::aead::consts::U12>;

const ZERO_NONCE: [u8; 12] = [0; 12];

/// Counts up. The oracle's randomness is nothing that is tested.
struct Counter(u8);

impl TryRng for Counter {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(5).wrapping_add(7);
            *byte = self.0;
        }
        Ok(())
    }
}

impl TryCryptoRng for Counter {}

fn oracle_key() -> PrivateKey {
    PrivateKey::from_pkcs1_pem(&fixtures::first().private_key_pem().unwrap()).unwrap()
}

fn oracle_seal(session_key: &[u8], label: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let padding = Oaep::<Sha256>::new_with_label(label);
    let wrapped = oracle_key().to_public_key().encrypt(&mut Counter(1), padding, session_key).unwrap();
    let nonce = &ZERO_NONCE.into();
    let body = match session_key.len() {
        16 => Aes128Gcm::new_from_slice(session_key).unwrap().encrypt(nonce, plaintext),
        24 => Aes192Gcm::new_from_slice(session_key).unwrap().encrypt(nonce, plaintext),
        _ => Aes256Gcm::new_from_slice(session_key).unwrap().encrypt(nonce, plaintext),
    };
    [&[1, 0], wrapped.as_slice(), &body.unwrap()].concat()
}

fn oracle_unseal(label: &[u8], blob: &[u8]) -> Vec<u8> {
    assert_eq!(blob[..2], [1, 0], "the length of a modulus of 2048 bits, big-endian");
    let session_key = oracle_key().decrypt(Oaep::<Sha256>::new_with_label(label), &blob[2..258]).unwrap();
    assert_eq!(session_key.len(), 32);
    Aes256Gcm::new_from_slice(&session_key).unwrap().decrypt(&ZERO_NONCE.into(), &blob[258..]).unwrap()
}

fn keyring() -> Keyring {
    Keyring::new(vec![(fixtures::first(), fixtures::day(1))])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_oracle_opens_what_is_sealed(label in "[a-z]{0,9}(/[a-z]{1,9})?", value in any::<Vec<u8>>()) {
        let blob = seal(fixtures::first().certificate(), label.as_bytes(), &value).unwrap();
        prop_assert_eq!(blob.len(), 2 + 256 + value.len() + 16);
        prop_assert_eq!(oracle_unseal(label.as_bytes(), &blob), value);
    }

    #[test]
    fn what_the_oracle_seals_is_opened(
        label in "[a-z]{0,9}(/[a-z]{1,9})?",
        value in any::<Vec<u8>>(),
        length in prop::sample::select(vec![16, 24, 32]),
    ) {
        let blob = oracle_seal(&[7; 32][..length], label.as_bytes(), &value);
        let keyring = keyring();
        let opened = keyring.unseal(label.as_bytes(), &blob, None).unwrap();
        prop_assert_eq!(opened.plaintext.as_slice(), value);
    }

    #[test]
    fn values_survive_the_round_trip(label in any::<Vec<u8>>(), value in any::<Vec<u8>>()) {
        let blob = seal(fixtures::first().certificate(), &label, &value).unwrap();
        let keyring = keyring();
        let opened = keyring.unseal(&label, &blob, None).unwrap();
        prop_assert_eq!(opened.plaintext.as_slice(), value);
    }

    #[test]
    fn base64_survives_line_ends(value in any::<Vec<u8>>(), every in 1_usize..80) {
        let characters: Vec<char> = encode_base64(&value).chars().collect();
        let lines: Vec<String> = characters.chunks(every).map(String::from_iter).collect();
        prop_assert_eq!(decode_base64(&lines.join("\r\n")), Ok(value));
    }
}

#[test]
fn session_keys_of_other_lengths_do_not_open() {
    let blob = oracle_seal(&[7; 32], b"a/b", b"value");
    for length in [0, 15, 31, 33] {
        let padding = Oaep::<Sha256>::new_with_label(b"a/b".as_slice());
        let wrapped = oracle_key().to_public_key().encrypt(&mut Counter(1), padding, &vec![7; length]).unwrap();
        let forged = [&[1, 0], wrapped.as_slice(), &blob[258..]].concat();
        let error = keyring().unseal(b"a/b", &forged, None).unwrap_err();
        assert_eq!(error, UnsealError::NoKey { attempts: 1 }, "{length} bytes");
    }
}

#[test]
fn every_byte_is_protected() {
    let blob = seal(fixtures::first().certificate(), b"a/b", b"some value").unwrap();
    for index in 0..blob.len() {
        let mut forged = blob.clone();
        forged[index] ^= 1;
        let error = keyring().unseal(b"a/b", &forged, None).unwrap_err();
        let expected = match index {
            // The length is no longer that of the modulus.
            0 | 1 => UnsealError::NoKey { attempts: 0 },
            _ => UnsealError::NoKey { attempts: 1 },
        };
        assert_eq!(error, expected, "byte {index}");
    }
}

#[test]
fn every_truncation_is_refused() {
    let blob = seal(fixtures::first().certificate(), b"a/b", b"some value").unwrap();
    for length in 0..blob.len() {
        let error = keyring().unseal(b"a/b", &blob[..length], None).unwrap_err();
        let expected = if length < 258 { UnsealError::Truncated } else { UnsealError::NoKey { attempts: 1 } };
        assert_eq!(error, expected, "{length} bytes");
    }
}

#[test]
fn sealing_twice_gives_different_blobs() {
    let certificate = fixtures::first();
    let blobs = [(); 2].map(|()| seal(certificate.certificate(), b"", b"value").unwrap());
    let [first, second] = blobs.each_ref().map(|blob| Parts::of(blob).unwrap());
    assert_ne!(first.wrapped_key, second.wrapped_key);
    assert_ne!(first.body, second.body, "a session key was used twice under one nonce");
}

#[test]
fn base64_is_read_as_go_reads_it() {
    assert_eq!(decode_base64("YWI="), Ok(b"ab".to_vec()));
    assert_eq!(decode_base64("\nY\rW\nI\r\n=\n"), Ok(b"ab".to_vec()));
    assert_eq!(decode_base64("YWJ="), Ok(b"ab".to_vec()), "bits after the last byte are ignored");
    assert_eq!(decode_base64(""), Ok(Vec::new()));
    for text in ["YWI", "YWI =", "Y WI=", "YWI=\t", "YWI==", "YWI=YWI=", "YW-_", "Y"] {
        assert_eq!(decode_base64(text), Err(InvalidBase64), "{text:?}");
    }
}
