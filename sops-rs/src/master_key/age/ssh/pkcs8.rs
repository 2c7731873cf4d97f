//! Private keys in PKCS #8 (`-----BEGIN PRIVATE KEY-----`, RFC 5958), rewritten to the form that the `age` crate reads.
//!
//! ```text
//! SEQUENCE { INTEGER version, SEQUENCE { OBJECT IDENTIFIER algorithm, … }, OCTET STRING key, … }
//! key of RSA: the DER of `RSA PRIVATE KEY`       key of ed25519: OCTET STRING of the 32-byte seed
//! ```

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use curve25519_dalek::EdwardsPoint;
use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const ED25519_NAME: &[u8] = b"ssh-ed25519";
const SEED_LEN: usize = 32;
/// Columns of base64 in PEM.
const WIDTH: usize = 64;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OBJECT: u8 = 0x06;
const OCTETS: u8 = 0x04;

/// The same key in another armor; `None` if it is no PKCS #8 key of RSA or ed25519.
pub(super) fn rewritten(pem: &[u8]) -> Option<Zeroizing<String>> {
    let text = std::str::from_utf8(pem).ok()?;
    let body = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let body = Zeroizing::new(body.split_whitespace().collect::<String>());
    let der = Zeroizing::new(BASE64_STANDARD.decode(body.as_bytes()).ok()?);
    let mut info = element(&mut &der[..], SEQUENCE)?;
    element(&mut info, INTEGER)?;
    let mut algorithm = element(&mut info, SEQUENCE)?;
    let mut key = element(&mut info, OCTETS)?;
    match element(&mut algorithm, OBJECT)? {
        RSA => Some(armored("RSA PRIVATE KEY", key)),
        ED25519 => {
            let seed = element(&mut key, OCTETS)?.try_into().ok()?;
            Some(armored("OPENSSH PRIVATE KEY", &openssh(seed)))
        }
        _ => None,
    }
}

/// The contents of the first element of `input`, which is left with what follows.
fn element<'a>(input: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (&[found, first], mut rest) = input.split_first_chunk::<2>()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let (digits, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.is_empty() || digits.len() > 3 {
            return None;
        }
        length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
        rest = after;
    }
    let (contents, rest) = rest.split_at_checked(length)?;
    *input = rest;
    (found == tag).then_some(contents)
}

fn armored(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(BASE64_STANDARD.encode(der));
    let mut text = Zeroizing::new(String::with_capacity(body.len() * 2 + 128));
    text.extend(["-----BEGIN ", label, "-----\n"]);
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(WIDTH));
        text.extend([line, "\n"]);
        rest = after;
    }
    text.extend(["-----END ", label, "-----\n"]);
    text
}

/// The key as OpenSSH writes one without a passphrase (PROTOCOL.key).
fn openssh(seed: &[u8; SEED_LEN]) -> Zeroizing<Vec<u8>> {
    let public = public(seed);
    let mut blob = Vec::new();
    string(&mut blob, ED25519_NAME);
    string(&mut blob, &public);

    // Eight bytes that tell a wrong passphrase, of which there is none; then name, keys and an empty comment.
    let mut secret = Zeroizing::new(vec![0; 8]);
    string(&mut secret, ED25519_NAME);
    string(&mut secret, &public);
    string(&mut secret, Zeroizing::new([seed.as_slice(), &public].concat()).as_slice());
    string(&mut secret, b"");
    let padding = (1..=8).take((8 - secret.len() % 8) % 8);
    secret.extend(padding);

    let mut key = Zeroizing::new(b"openssh-key-v1\0".to_vec());
    for text in [b"none".as_slice(), b"none", b""] {
        string(&mut key, text);
    }
    key.extend(1_u32.to_be_bytes());
    string(&mut key, &blob);
    string(&mut key, &secret);
    key
}

/// The public key of a seed (RFC 8032, 5.1.5).
fn public(seed: &[u8; SEED_LEN]) -> [u8; 32] {
    let hash = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(seed)));
    let mut scalar = Zeroizing::new([0; 32]);
    scalar.copy_from_slice(&hash[..32]);
    EdwardsPoint::mul_base_clamped(*scalar).compress().to_bytes()
}

/// A length of four bytes and the bytes.
fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, element, rewritten};

    #[test]
    fn elements_end_where_they_say() {
        let mut input = [0x04, 0x02, 1, 2, 0x02, 0x81, 0x01, 9].as_slice();
        assert_eq!(element(&mut input, 0x04), Some([1, 2].as_slice()));
        assert_eq!(element(&mut input, 0x02), Some([9].as_slice()));
        assert_eq!(element(&mut input, 0x02), None);
        for broken in [[0x04, 0x05, 1].as_slice(), &[0x04, 0x80, 1], &[0x04, 0x84, 0, 0, 0, 1, 1], &[0x04], &[0x02, 0]]
        {
            assert_eq!(element(&mut &broken[..], 0x04), None, "{broken:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        for body in ["", "AAAA", "!", "MAA=", "MIIBAAAA"] {
            assert!(rewritten(format!("{BEGIN}\n{body}\n{END}\n").as_bytes()).is_none(), "{body}");
        }
        assert!(rewritten(b"\xff").is_none());
    }
}
