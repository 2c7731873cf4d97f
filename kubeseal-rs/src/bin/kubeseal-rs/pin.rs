//! Whether the certificate is the one that was meant. It is trusted because of where it was had from, so whoever has it from a
//! place that others can change may name it by its fingerprint.

use std::io::{self, Write as _};

use anyhow::Result;
use jiff::{Timestamp, Unit};
use kubeseal::Certificate;

use crate::failure::Failure;

/// From so many days before it expires on, people are told.
const EXPIRES_SOON: i64 = 30;
const KEY_FINGERPRINT_LENGTH: usize = 43;

/// Refuses a certificate that is not the one of `fingerprint`, and warns on standard error when it expires soon.
///
/// A fingerprint is `SHA256:` and either 64 hexadecimal digits, with or without colons: that of the certificate, as
/// `openssl x509 -noout -fingerprint -sha256` prints it; or 43 characters of base64: that of its key, by which the operator
/// names keys.
pub(crate) fn check(certificate: &Certificate, fingerprint: Option<&str>, now: Timestamp) -> Result<()> {
    if let Some(wanted) = fingerprint.filter(|wanted| !wanted.is_empty()) {
        let found = match Fingerprint::read(wanted)? {
            Fingerprint::Certificate(wanted) if wanted == certificate.digest() => None,
            Fingerprint::Certificate(_) => Some(format!("SHA256:{}", hexadecimal(&certificate.digest()))),
            Fingerprint::Key(wanted) if wanted == certificate.fingerprint() => None,
            Fingerprint::Key(_) => Some(certificate.fingerprint().to_owned()),
        };
        if let Some(found) = found {
            return Err(Failure::with_hint(
                format!("the certificate has the fingerprint {found}, not the one of --cert-fingerprint"),
                "find out who has changed the certificate; after a renewal of the key, name the new one",
            ));
        }
    }
    if let Some(warning) = warning(certificate, now) {
        let _ = writeln!(io::stderr(), "{warning}");
    }
    Ok(())
}

fn warning(certificate: &Certificate, now: Timestamp) -> Option<String> {
    let left = certificate.not_after().since((Unit::Hour, now)).ok()?.get_hours() / 24;
    let day = certificate.not_after().strftime("%B %-d, %Y");
    (0..EXPIRES_SOON).contains(&i64::from(left)).then(|| {
        format!("warning: the certificate expires on {day}\nhint: fetch the newest with --fetch-cert, or renew the key")
    })
}

enum Fingerprint {
    Certificate([u8; 32]),
    Key(String),
}

impl Fingerprint {
    fn read(text: &str) -> Result<Fingerprint> {
        let malformed = || {
            Failure::with_hint(
                "--cert-fingerprint is no SHA-256 fingerprint",
                "`openssl x509 -in cert.pem -noout -fingerprint -sha256` prints it: SHA256:3A:5F:…",
            )
        };
        // What openssl writes before it, so that its whole output will do.
        let bare = text
            .rsplit_once('=')
            .filter(|(before, _)| before.ends_with("Fingerprint"))
            .map_or(text, |(_, after)| after);
        let bare = match bare.split_at_checked("SHA256:".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("SHA256:") => rest,
            _ => bare,
        };
        let digits: String = bare.chars().filter(|character| *character != ':').collect();
        if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let mut digest = [0; 32];
            for (index, byte) in digest.iter_mut().enumerate() {
                *byte = u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).map_err(|_| malformed())?;
            }
            return Ok(Fingerprint::Certificate(digest));
        }
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        if bare.len() == KEY_FINGERPRINT_LENGTH && bare.bytes().all(is_base64) {
            return Ok(Fingerprint::Key(format!("SHA256:{bare}")));
        }
        Err(malformed())
    }
}

fn hexadecimal(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kubeseal::SealingKey;

    use super::*;

    fn at(instant: &str) -> Timestamp {
        instant.parse().unwrap()
    }

    #[test]
    fn a_certificate_is_known_by_its_digest_and_by_its_key() {
        let now = at("2026-01-01T00:00:00Z");
        let key = SealingKey::generate(2048, "", now, Duration::from_hours(100 * 24)).unwrap();
        let other = SealingKey::generate(2048, "", now, Duration::from_hours(100 * 24)).unwrap();
        let colons = hexadecimal(&key.certificate().digest());
        let fits = [
            format!("SHA256:{colons}"),
            format!("sha256:{}", colons.replace(':', "").to_lowercase()),
            format!("sha256 Fingerprint={colons}"),
            colons,
            key.fingerprint().to_owned(),
            String::new(),
        ];
        for fingerprint in &fits {
            check(key.certificate(), Some(fingerprint), now).unwrap();
        }
        for fingerprint in &fits[..5] {
            let refused = check(other.certificate(), Some(fingerprint), now).unwrap_err().to_string();
            assert!(refused.starts_with("the certificate has the fingerprint SHA256:"), "{refused}");
        }
        for malformed in ["SHA256:", "MD5:00", &fits[0][1..], "SHA256:ünïcödé", &"0".repeat(63), &"ü".repeat(32)] {
            let refused = check(key.certificate(), Some(malformed), now).unwrap_err().to_string();
            assert_eq!(refused, "--cert-fingerprint is no SHA-256 fingerprint", "{malformed}");
        }
    }

    #[test]
    fn people_are_warned_for_thirty_days() {
        let key = SealingKey::generate(2048, "", at("2026-01-01T00:00:00Z"), Duration::from_hours(100 * 24)).unwrap();
        let warned = |instant| warning(key.certificate(), at(instant)).is_some();
        assert!(!warned("2026-01-01T00:00:00Z") && !warned("2026-03-11T23:00:00Z"));
        assert!(warned("2026-03-12T01:00:00Z") && warned("2026-04-10T23:00:00Z"));
        // What has expired is refused elsewhere.
        assert!(!warned("2026-05-01T00:00:00Z"));
    }
}
