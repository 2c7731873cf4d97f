//! Reading and making keys. The certificate is checked field by field against what the original makes.

use std::time::Duration;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rsa::PrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::*;

use super::{KeyError, SealingKey};
use crate::fixtures::{day, first, second};
use crate::{Certificate, CertificateError, Keyring, seal};

/// Made by `openssl req -x509 -newkey rsa:1024 -nodes -days 36500 -subj /CN=small`.
const SMALL: &str = include_str!("../../tests/fixtures/rsa-1024.crt");

/// A key that is not RSA, and its certificate.
fn curve() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    (key.serialize_pem(), certificate.pem())
}

#[test]
fn both_encodings_of_the_private_key_are_read() {
    let pkcs1 = first().private_key_pem().unwrap();
    assert!(pkcs1.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    let pkcs8 = PrivateKey::from_pkcs1_pem(&pkcs1).unwrap().to_pkcs8_pem(LineEnding::LF).unwrap();
    assert!(pkcs8.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let blob = seal(first().certificate(), b"", b"value").unwrap();
    for pem in [pkcs1.as_bytes(), pkcs8.as_bytes()] {
        let key = SealingKey::from_pem(pem, first().certificate_pem().as_bytes()).unwrap();
        assert_eq!(key.fingerprint(), first().fingerprint());
        assert_eq!(key.modulus_len(), 256);
        assert!(Keyring::new(vec![(key, day(1))]).unseal(b"", &blob, None).is_ok());
    }
}

#[test]
fn a_key_opens_without_its_certificate() {
    let pem = first().private_key_pem().unwrap();
    let key = SealingKey::from_private_key_pem(pem.as_bytes()).unwrap();
    assert_eq!(key.fingerprint(), first().fingerprint());
    assert_eq!(key.certificate().not_before(), "1970-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(*key.private_key_pem().unwrap(), *pem);
    let blob = seal(first().certificate(), b"shop", b"value").unwrap();
    assert!(Keyring::new(vec![(key, day(1))]).unseal(b"shop", &blob, None).is_ok());
    assert_eq!(SealingKey::from_private_key_pem(b"").unwrap_err(), KeyError::Missing);
    assert_eq!(SealingKey::from_private_key_pem(curve().0.as_bytes()).unwrap_err(), KeyError::Unacceptable);
}

#[test]
fn of_several_certificates_the_first_counts() {
    let chain = format!("{}{}", first().certificate_pem(), second().certificate_pem());
    let key = SealingKey::from_pem(first().private_key_pem().unwrap().as_bytes(), chain.as_bytes()).unwrap();
    assert_eq!(key.fingerprint(), first().fingerprint());
    assert_eq!(key.certificate_pem(), chain);

    let reversed = format!("{}{}", second().certificate_pem(), first().certificate_pem());
    let error = SealingKey::from_pem(first().private_key_pem().unwrap().as_bytes(), reversed.as_bytes()).unwrap_err();
    assert_eq!(error, KeyError::Mismatch);
}

#[test]
fn unusable_keys_are_refused() {
    let key = first().private_key_pem().unwrap().to_string();
    let (certificate, other) = (first().certificate_pem().to_owned(), second().certificate_pem().to_owned());
    let (curve_key, curve) = curve();
    let truncated = key[..key.len() / 2].to_owned();
    let cases = [
        ("", certificate.as_str(), KeyError::Missing),
        ("not PEM", &certificate, KeyError::Missing),
        (&certificate, &certificate, KeyError::Missing),
        (&truncated, &certificate, KeyError::Unacceptable),
        (&curve_key, &certificate, KeyError::Unacceptable),
        (&key, "", KeyError::Certificate(CertificateError::Missing)),
        (&key, &other, KeyError::Mismatch),
        (&key, &curve, KeyError::Certificate(CertificateError::NotRsa)),
    ];
    for (key, certificate, expected) in cases {
        let error = SealingKey::from_pem(key.as_bytes(), certificate.as_bytes()).unwrap_err();
        assert_eq!(error, expected);
    }
}

#[test]
fn certificates_that_cannot_seal_are_refused() {
    let error = |pem: &str| Certificate::from_pem(pem.as_bytes()).unwrap_err();
    assert_eq!(error(SMALL), CertificateError::TooSmall(1024));
    assert_eq!(error(&curve().1), CertificateError::NotRsa);
    assert_eq!(error(&first().private_key_pem().unwrap()), CertificateError::Missing);
    assert_eq!(error("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), CertificateError::Malformed);
    assert_eq!(error("-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n"), CertificateError::Malformed);
}

#[test]
fn text_around_the_certificate_is_passed_over() {
    let pem = format!("subject=CN = x\n\n{}trailing\n", first().certificate_pem());
    assert_eq!(Certificate::from_pem(pem.as_bytes()).unwrap().fingerprint(), first().fingerprint());
    let windows = first().certificate_pem().replace('\n', "\r\n");
    assert_eq!(Certificate::from_pem(windows.as_bytes()).unwrap().fingerprint(), first().fingerprint());
}

#[test]
fn a_generated_certificate_has_the_fields_of_the_originals() {
    let key = SealingKey::generate(2048, "shop", day(1), Duration::from_hours(1)).unwrap();
    let (_, pem) = parse_x509_pem(key.certificate_pem().as_bytes()).unwrap();
    let (_, certificate) = X509Certificate::from_der(&pem.contents).unwrap();
    assert_eq!(certificate.version(), X509Version::V3);
    assert_eq!(certificate.subject().to_string(), "CN=shop");
    assert_eq!(certificate.issuer().to_string(), "CN=shop");
    assert!((12..=17).contains(&certificate.raw_serial().len()), "128 random bits");
    assert_eq!(key.certificate().not_before(), day(1));
    assert_eq!(key.certificate().not_after(), day(1) + Duration::from_hours(1));
    assert!(certificate.is_ca());
    // Bit 7, as RFC 5280 counts from the left; this parser counts from the right.
    assert_eq!(certificate.key_usage().unwrap().unwrap().value.flags, 1 << 7);
    let public_key = &certificate.public_key().subject_public_key.data;
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key)
        .verify(certificate.tbs_certificate.as_ref(), &certificate.signature_value.data)
        .unwrap();
}

#[test]
fn the_common_name_may_be_empty() {
    let key = first();
    let (_, pem) = parse_x509_pem(key.certificate_pem().as_bytes()).unwrap();
    let (_, certificate) = X509Certificate::from_der(&pem.contents).unwrap();
    assert_eq!(certificate.subject().iter().count(), 0);
}

#[test]
fn expiry_begins_after_the_last_second() {
    let certificate = SealingKey::generate(2048, "", day(1), Duration::from_mins(1)).unwrap().certificate().clone();
    assert!(!certificate.is_expired(certificate.not_after()));
    assert!(certificate.is_expired(certificate.not_after() + Duration::from_secs(1)));
}

#[test]
fn what_cannot_be_generated_is_refused() {
    let generate = |bits, now: &str, validity| {
        SealingKey::generate(bits, "", now.parse().unwrap(), Duration::from_secs(validity)).unwrap_err()
    };
    assert_eq!(generate(1024, "2026-01-01T00:00:00Z", 60), KeyError::UnsupportedSize(1024));
    assert_eq!(generate(2048, "1969-12-31T23:59:59Z", 60), KeyError::Validity);
    assert_eq!(generate(2048, "2026-01-01T00:00:00Z", u64::MAX), KeyError::Validity);
}

#[test]
fn the_fingerprint_is_that_of_openssh() {
    /// `ssh-keygen -l -E sha256` on the public key of `tests/fixtures/rsa-2048.crt`, had from it by
    /// `openssl x509 -pubkey -noout | ssh-keygen -i -m PKCS8 -f /dev/stdin`.
    const EXPECTED: &str = include_str!("../../tests/fixtures/rsa-2048.fingerprint");
    let pem = include_str!("../../tests/fixtures/rsa-2048.crt");
    assert_eq!(Certificate::from_pem(pem.as_bytes()).unwrap().fingerprint(), EXPECTED.trim());
}
