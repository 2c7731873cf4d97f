//! Whom a data key is encrypted to: from a fingerprint to the one key of a certificate that may encrypt.
//!
//! Nothing a certificate says about itself counts unless its primary key signed it.

use std::cmp::Reverse;

use jiff::Timestamp;
use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{self, Signature, SignatureConfig, SignatureType, SubpacketData};
use pgp::types::{KeyDetails, Tag};

use crate::master_key::KeyError;

/// Ciphers of ours, the best first. A certificate that names none of them gets the last, which all have.
const CIPHERS: [SymmetricKeyAlgorithm; 3] =
    [SymmetricKeyAlgorithm::AES256, SymmetricKeyAlgorithm::AES192, SymmetricKeyAlgorithm::AES128];

/// A key that may be encrypted to.
pub(super) struct Recipient<'a> {
    pub(super) key: EncryptionKey<'a>,
    pub(super) cipher: SymmetricKeyAlgorithm,
}

/// One key of a certificate.
pub(super) enum EncryptionKey<'a> {
    Primary(&'a packet::PublicKey),
    Subkey(&'a packet::PublicSubkey),
}

/// A fingerprint as files and command lines have it.
pub(super) struct Wanted {
    /// Upper-case hexadecimal digits.
    fingerprint: String,
    /// Exactly this key: it was written with `!`.
    exact: bool,
}

impl Wanted {
    /// Spaces do not count. Names and short key ids are nothing for us: they do not say which key is meant.
    pub(super) fn parse(text: &str) -> Result<Wanted, KeyError> {
        let text: String = text.chars().filter(|char| !char.is_whitespace()).collect();
        let (digits, exact) = text.strip_suffix('!').map_or((text.as_str(), false), |digits| (digits, true));
        let whole = matches!(digits.len(), 40 | 64) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !whole {
            return Err(KeyError::Malformed(format!("`{text}` is not the fingerprint of an OpenPGP key")));
        }
        Ok(Wanted { fingerprint: digits.to_ascii_uppercase(), exact })
    }

    /// The key to encrypt to, if a certificate at hand has it.
    pub(super) fn find<'a>(
        &self,
        certificates: &'a [SignedPublicKey],
        now: Option<Timestamp>,
    ) -> Result<Recipient<'a>, KeyError> {
        let found = certificates.iter().find(|certificate| {
            self.names(certificate) || certificate.public_subkeys.iter().any(|subkey| self.names(subkey))
        });
        let certificate = found.ok_or_else(|| {
            KeyError::NoIdentity(format!("there is no public key with fingerprint {}", self.fingerprint))
        })?;
        let refused = |why: &str| KeyError::Refused(format!("the key {} {why}", self.fingerprint));
        let own = Own::of(certificate).ok_or_else(|| refused("is not signed by itself"))?;
        if own.is_revoked() {
            return Err(refused("is revoked"));
        }
        if expired(&certificate.primary_key, own.signature, now) {
            return Err(refused("has expired"));
        }
        let key = self.choose(&own, now).ok_or_else(|| refused("has no part that may encrypt now"))?;
        Ok(Recipient { key, cipher: own.cipher() })
    }

    fn names(&self, key: &impl KeyDetails) -> bool {
        format!("{:X}", key.fingerprint()) == self.fingerprint
    }

    /// The newest subkey for encryption, else the primary key if it is for that too.
    fn choose<'a>(&self, own: &Own<'a>, now: Option<Timestamp>) -> Option<EncryptionKey<'a>> {
        let asked = |key: &dyn KeyDetails| !self.exact || format!("{:X}", key.fingerprint()) == self.fingerprint;
        let subkeys = own.certificate.public_subkeys.iter();
        let mut subkeys: Vec<_> = subkeys.filter(|subkey| asked(*subkey) && own.may_encrypt(subkey, now)).collect();
        subkeys.sort_by_key(|subkey| Reverse(subkey.key.created_at()));
        let primary = &own.certificate.primary_key;
        match subkeys.first() {
            Some(subkey) => Some(EncryptionKey::Subkey(&subkey.key)),
            None if asked(primary) && is_for_encryption(primary, own.signature) => {
                Some(EncryptionKey::Primary(primary))
            }
            None => None,
        }
    }
}

/// A certificate and the newest valid word of its primary key about itself.
struct Own<'a> {
    certificate: &'a SignedPublicKey,
    signature: &'a Signature,
}

impl<'a> Own<'a> {
    fn of(certificate: &'a SignedPublicKey) -> Option<Own<'a>> {
        let (key, details) = (&certificate.primary_key, &certificate.details);
        let direct = details.direct_signatures.iter();
        let direct = direct.filter(|signature| has(signature, SignatureType::Key) && signature.verify_key(key).is_ok());
        let users = details.users.iter().flat_map(|user| {
            let own = user.signatures.iter().filter(|signature| certifies(signature));
            own.filter(|signature| signature.verify_certification(key, Tag::UserId, &user.id).is_ok())
        });
        let signature = newest(direct.chain(users))?;
        Some(Own { certificate, signature })
    }

    fn is_revoked(&self) -> bool {
        let key = &self.certificate.primary_key;
        self.certificate.details.revocation_signatures.iter().any(|revocation| revocation.verify_key(key).is_ok())
    }

    fn may_encrypt(&self, subkey: &SignedPublicSubKey, now: Option<Timestamp>) -> bool {
        let valid = |typ: SignatureType| {
            let signatures = subkey.signatures.iter().filter(move |signature| has(signature, typ));
            signatures
                .filter(|signature| signature.verify_subkey_binding(&self.certificate.primary_key, &subkey.key).is_ok())
        };
        if valid(SignatureType::SubkeyRevocation).next().is_some() {
            return false;
        }
        newest(valid(SignatureType::SubkeyBinding))
            .is_some_and(|binding| is_for_encryption(&subkey.key, binding) && !expired(&subkey.key, binding, now))
    }

    fn cipher(&self) -> SymmetricKeyAlgorithm {
        let preferred = self.signature.preferred_symmetric_algs();
        let [best, .., last] = CIPHERS;
        if preferred.is_empty() {
            return best;
        }
        CIPHERS.into_iter().find(|cipher| preferred.contains(cipher)).unwrap_or(last)
    }
}

/// Whether a signature is of a type, and made with a hash that can be trusted.
fn has(signature: &Signature, typ: SignatureType) -> bool {
    signature.typ() == Some(typ) && signature.hash_alg() != Some(HashAlgorithm::Md5)
}

fn certifies(signature: &Signature) -> bool {
    packet::CERTIFICATION_SIGNATURE_TYPES.iter().any(|typ| has(signature, *typ))
}

fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|signature| signature.created())
}

/// By the flags of the signature over it; a key of old times without flags is for what its algorithm can.
fn is_for_encryption(key: &impl KeyDetails, signature: &Signature) -> bool {
    let mut subpackets = signature.config().into_iter().flat_map(SignatureConfig::hashed_subpackets);
    let has_flags = subpackets.any(|subpacket| matches!(subpacket.data, SubpacketData::KeyFlags(_)));
    let flags = signature.key_flags();
    key.algorithm().can_encrypt() && (!has_flags || flags.encrypt_comms() || flags.encrypt_storage())
}

/// Whether a key has expired. One that expires at some time counts as expired where the time is not known.
fn expired(key: &impl KeyDetails, signature: &Signature, now: Option<Timestamp>) -> bool {
    let lasts = signature.key_expiration_time().map_or(0, |lasts| i64::from(lasts.as_secs()));
    let end = i64::from(key.created_at().as_secs()) + lasts;
    lasts != 0 && now.is_none_or(|now| now.as_second() >= end)
}
