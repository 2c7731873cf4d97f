//! Private keys: made, read from PEM and written as Go writes them: RSA in PKCS#1, elliptic curves in SEC 1, Ed25519 in
//! PKCS#8.

use rcgen::{KeyPair, PublicKeyData as _, RsaKeySize, SignatureAlgorithm};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

use super::super::crypto::SLOW;
use super::pem;
use crate::template::fault::Fault;
use crate::template::host::Host;
use crate::template::value::Text;

const SEQUENCE: u8 = 0x30;
const OCTETS: u8 = 0x04;
/// `SEQUENCE { INTEGER 0, SEQUENCE { OID Ed25519 }, OCTET STRING { OCTET STRING … } }`, up to the 32 bytes of the seed.
const ED25519_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];

/// A private key.
pub(super) struct Key {
    pair: KeyPair,
    /// As it was made or read: PKCS#8, PKCS#1 or SEC 1.
    der: Zeroizing<Vec<u8>>,
}

impl Key {
    /// A new RSA key. The library that makes it has a random generator of its own.
    pub(super) fn rsa(host: &mut Host<'_>, size: RsaKeySize) -> Result<Key, Fault> {
        host.spend(2 * SLOW)?;
        Key::made(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size))
    }

    /// A new key on the curve P-256, from the library's random generator too.
    pub(super) fn ecdsa(host: &mut Host<'_>) -> Result<Key, Fault> {
        host.spend(SLOW / 10)?;
        Key::made(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256))
    }

    pub(super) fn ed25519(host: &mut Host<'_>) -> Result<Key, Fault> {
        host.spend(SLOW / 10)?;
        let mut seed = Zeroizing::new([0; 32]);
        host.random(seed.as_mut_slice());
        let der = Zeroizing::new([&ED25519_PREFIX, seed.as_slice()].concat());
        let source = PrivatePkcs8KeyDer::from(der.as_slice());
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&source, &PKCS_ED25519).map_err(|_| refused())?;
        Ok(Key { pair, der })
    }

    fn made(pair: Result<KeyPair, rcgen::Error>) -> Result<Key, Fault> {
        let pair = pair.map_err(|_| Fault::new("the key cannot be made"))?;
        let der = Zeroizing::new(pair.serialized_der().to_vec());
        Ok(Key { pair, der })
    }

    /// Reads the first block of a PEM text.
    pub(super) fn read(text: &[u8]) -> Result<Key, Fault> {
        let block = pem::first(text).ok_or_else(|| Fault::new("the private key is not PEM"))?;
        let curves: [&'static SignatureAlgorithm; 2] = [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384];
        let der = block.der.as_slice();
        let (source, algorithms) = match block.kind.as_str() {
            "PRIVATE KEY" => {
                let all = [&PKCS_ED25519, curves[0], curves[1], &PKCS_RSA_SHA256];
                (PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der)), all.to_vec())
            }
            "RSA PRIVATE KEY" => (PrivateKeyDer::Pkcs1(PrivatePkcs1KeyDer::from(der)), vec![&PKCS_RSA_SHA256]),
            "EC PRIVATE KEY" => (PrivateKeyDer::Sec1(PrivateSec1KeyDer::from(der)), curves.to_vec()),
            _ => return Err(Fault::new("this kind of private key is not supported")),
        };
        let read = |algorithm| KeyPair::from_der_and_sign_algo(&source, algorithm).ok();
        let pair = algorithms.into_iter().find_map(read).ok_or_else(refused)?;
        drop(source);
        Ok(Key { pair, der: block.der })
    }

    pub(super) fn pair(&self) -> &KeyPair {
        &self.pair
    }

    /// The key as Go writes it.
    pub(super) fn pem(&self) -> Result<Text, Fault> {
        let inner = inner(&self.der).unwrap_or(&self.der);
        let algorithm = self.pair.algorithm();
        let written = if algorithm == &PKCS_RSA_SHA256 {
            pem::written("RSA PRIVATE KEY", inner)
        } else if algorithm == &PKCS_ED25519 {
            let seed = tagged(inner, OCTETS).map(|(seed, _)| seed).ok_or_else(refused)?;
            pem::written("PRIVATE KEY", &Zeroizing::new([&ED25519_PREFIX, seed].concat()))
        } else {
            let curve = if algorithm == &PKCS_ECDSA_P256_SHA256 { P256 } else { P384 };
            pem::written("EC PRIVATE KEY", &self.sec1(inner, curve).ok_or_else(refused)?)
        };
        Ok(Text::new(written))
    }

    /// `SEQUENCE { INTEGER 1, OCTET STRING key, [0] curve, [1] BIT STRING public key }`.
    fn sec1(&self, inner: &[u8], curve: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (fields, _) = tagged(inner, SEQUENCE)?;
        let (_, rest) = tagged(fields, 0x02)?;
        let (secret, _) = tagged(rest, OCTETS)?;
        let public = [&[0], self.pair.der_bytes()].concat();
        let body = Zeroizing::new(
            [
                element(0x02, &[1]),
                element(OCTETS, secret),
                element(0xa0, curve),
                element(0xa1, &element(0x03, &public)),
            ]
            .concat(),
        );
        Some(Zeroizing::new(element(SEQUENCE, &body)))
    }
}

fn refused() -> Fault {
    Fault::new("the private key is malformed or of an unknown kind")
}

/// What PKCS#8 wraps: `SEQUENCE { INTEGER, SEQUENCE algorithm, OCTET STRING key, … }`.
fn inner(der: &[u8]) -> Option<&[u8]> {
    let (fields, _) = tagged(der, SEQUENCE)?;
    let (_, rest) = tagged(fields, 0x02)?;
    let (_, rest) = tagged(rest, SEQUENCE)?;
    tagged(rest, OCTETS).map(|(key, _)| key)
}

/// The content of an element with that tag, and what follows it.
fn tagged(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[tag])?;
    let (first, rest) = rest.split_first()?;
    if *first < 0x80 {
        return rest.split_at_checked(usize::from(*first));
    }
    let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    let length =
        length.iter().try_fold(0usize, |length, byte| length.checked_mul(256)?.checked_add(usize::from(*byte)))?;
    rest.split_at_checked(length)
}

/// An element of less than 256 bytes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    let header = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
    [header.as_slice(), content].concat()
}
