//! Sealed Secrets: blobs, keys, certificates, and the objects that anybody may send to the operator.

use std::sync::LazyLock;

use kubeseal::{Certificate, Keyring, Place, Scope, SealedFacts, SealingKey, decode_base64, diagnose};
use strongroom::server::document::{Document, Tried};

/// Each holds a private key and its certificate; the first is the newest.
const KEYS: [&[u8]; 2] = [include_bytes!("../keys/sealing-newest"), include_bytes!("../keys/sealing-older")];
/// What every seed of a blob holds.
const VALUE: &[u8] = b"hunter2";

static KEYRING: LazyLock<Keyring> = LazyLock::new(|| {
    let key = |pem| SealingKey::from_pem(pem, pem).unwrap_or_else(|error| panic!("the sealing keys: {error}"));
    let instants = ["2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"];
    let instant = |text: &str| text.parse().unwrap_or_else(|error| panic!("an instant: {error}"));
    Keyring::new(KEYS.into_iter().zip(instants).map(|(pem, text)| (key(pem), instant(text))).collect())
});

/// A sealed value, in base64 or as it is.
pub fn blob(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).ok().and_then(|text| decode_base64(text).ok());
    let blob = text.as_deref().unwrap_or(bytes);
    let _ = SealedFacts::of(blob);
    let mut opened = false;
    for scope in [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide] {
        if let Ok(unsealed) = KEYRING.unseal(&scope.label("shop", "db"), blob, None) {
            assert!(!opened, "a value opens under two labels");
            assert!(*unsealed.plaintext == VALUE, "a changed value opens to something else");
            opened = true;
        }
    }
    let found = diagnose(&KEYRING, blob, &Place::new("shop", "db", Scope::Strict), &[]);
    let _ = (found.hint(), found.to_string());
}

/// A private key with its certificate, in one text.
pub fn key(bytes: &[u8]) {
    let Ok(key) = SealingKey::from_pem(bytes, bytes) else { return };
    let sealed = kubeseal::seal(key.certificate(), b"label", VALUE);
    let sealed = sealed.unwrap_or_else(|error| panic!("a key that is accepted does not seal: {error}"));
    let keyring = Keyring::new(vec![(key, jiff::Timestamp::UNIX_EPOCH)]);
    let opened = keyring.unseal(b"label", &sealed, None).map(|unsealed| unsealed.plaintext);
    assert!(opened.is_ok_and(|opened| *opened == VALUE), "a key that is accepted does not open what it sealed");
}

/// A certificate.
pub fn certificate(bytes: &[u8]) {
    let Ok(certificate) = Certificate::from_pem(bytes) else { return };
    let _ = (certificate.fingerprint(), certificate.is_expired(certificate.not_before()), certificate.public_key());
    // A key that nobody has the other half of may be anything; it must not bring the program down.
    let _ = kubeseal::seal(&certificate, b"label", VALUE);
}

/// The body of a request to `/v1/verify` and `/v1/rotate`.
pub fn manifest(bytes: &[u8]) {
    let parse = |bytes: &[u8]| Document::parse(bytes).ok();
    let (Some(document), Some(other)) = (parse(bytes), parse(bytes)) else { return };
    let Tried { outcome: verified, .. } = document.verify(&KEYRING, true);
    let Tried { outcome: rotated, .. } = other.rotate(&KEYRING, true);
    assert!(verified.is_ok() == rotated.is_ok(), "an object is verified and not rotated, or the other way round");
    let Ok(rotated) = rotated else { return };
    let again = parse(rotated.to_string().as_bytes()).map(|again| again.verify(&KEYRING, true));
    assert!(again.is_some_and(|again| again.outcome.is_ok()), "what was rotated does not open");
}
