//! The proof that nothing is to do: keyed digests in the status of our own objects. Only who reads the proof key can make
//! one, and a reader learns nothing about the content from it.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crds::Proof;
use zeroize::Zeroizing;

use crate::secret_data::SecretData;
use crate::secrets::SecretMeta;

/// HMAC-SHA-256 with the proof key.
pub type Digest = [u8; 32];

/// The key of all proofs of a cluster.
pub struct ProofKey(hmac::Key);

impl ProofKey {
    /// Length of a proof key in bytes.
    pub const LEN: usize = 32;

    /// The key from its bytes.
    pub fn new(bytes: &[u8]) -> ProofKey {
        ProofKey(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The digest of some parts; their borders count.
    pub fn digest(&self, domain: &str, parts: &[&[u8]]) -> Digest {
        let mut context = hmac::Context::with_key(&self.0);
        for part in std::iter::once(&domain.as_bytes()).chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut digest = Digest::default();
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }

    /// The digest of everything that data describes in a Secret.
    pub fn content(&self, data: &SecretData) -> Digest {
        let mut parts: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        let mut text = |part: &str| parts.push(Zeroizing::new(part.as_bytes().to_vec()));
        text(data.type_.as_deref().unwrap_or_default());
        text(if data.immutable == Some(true) { "immutable" } else { "" });
        for (domain, map) in [("label", &data.labels), ("annotation", &data.annotations)] {
            for (key, value) in map {
                text(domain);
                text(key);
                text(value);
            }
        }
        for (key, value) in &data.values {
            parts.push(Zeroizing::new(key.as_bytes().to_vec()));
            parts.push(value.clone());
        }
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_slice()).collect();
        self.digest("content", &parts)
    }

    /// Proves that a Secret in this very version is what the specification describes.
    pub fn current(&self, specification: &Digest, secret: &SecretMeta, content: &Digest) -> Proof {
        Proof {
            source: encode(&self.secret_digest(specification, &secret.uid, &secret.resource_version)),
            content: encode(content),
            uid: secret.uid.clone(),
            resource_version: secret.resource_version.clone(),
        }
    }

    /// Whether the proof was made for this specification, and for this Secret in this version.
    pub fn is_current(&self, proof: &Proof, specification: &Digest, secret: &SecretMeta) -> bool {
        proof.uid == secret.uid && proof.resource_version == secret.resource_version && self.is_of(proof, specification)
    }

    /// Whether the proof was made for this specification, whatever became of the Secret since.
    pub fn is_of(&self, proof: &Proof, specification: &Digest) -> bool {
        let expected = self.secret_digest(specification, &proof.uid, &proof.resource_version);
        !proof.uid.is_empty() && proof.source == encode(&expected)
    }

    /// Whether the content is the one that was proven.
    pub fn is_same_content(&self, proof: &Proof, content: &Digest) -> bool {
        proof.content == encode(content)
    }

    /// Remembers that this specification cannot be opened with these keys.
    pub fn futile(&self, specification: &Digest, keys: &[u8]) -> Proof {
        Proof { source: encode(&self.digest("futile", &[specification, keys])), ..Proof::default() }
    }

    /// Whether another attempt with these keys is known to be futile.
    pub fn is_futile(&self, proof: &Proof, specification: &Digest, keys: &[u8]) -> bool {
        proof.uid.is_empty() && proof.source == self.futile(specification, keys).source
    }

    fn secret_digest(&self, specification: &Digest, uid: &str, version: &str) -> Digest {
        self.digest("secret", &[specification, uid.as_bytes(), version.as_bytes()])
    }
}

fn encode(digest: &Digest) -> String {
    STANDARD.encode(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(uid: &str, version: &str) -> SecretMeta {
        SecretMeta { uid: uid.into(), resource_version: version.into(), ..SecretMeta::default() }
    }

    #[test]
    fn a_proof_holds_for_one_specification_one_secret_one_version_and_one_key() {
        let key = ProofKey::new(b"key");
        let (specification, other) = (key.digest("spec", &[b"a"]), key.digest("spec", &[b"b"]));
        let proof = key.current(&specification, &meta("u", "1"), &[0; 32]);
        assert!(key.is_current(&proof, &specification, &meta("u", "1")));
        for (specification, secret) in
            [(&other, meta("u", "1")), (&specification, meta("v", "1")), (&specification, meta("u", "2"))]
        {
            assert!(!key.is_current(&proof, specification, &secret));
        }
        assert!(key.is_of(&proof, &specification) && !key.is_of(&proof, &other));
        assert!(!ProofKey::new(b"another").is_current(&proof, &specification, &meta("u", "1")));
        let forged = Proof { resource_version: "2".into(), ..proof };
        assert!(!key.is_current(&forged, &specification, &meta("u", "2")));
    }

    #[test]
    fn the_digest_of_content_knows_where_parts_end() {
        let key = ProofKey::new(b"key");
        let data = |pairs: &[(&str, &str)]| {
            let mut data = SecretData::default();
            for (name, value) in pairs {
                data.insert(*name, Zeroizing::new(value.as_bytes().to_vec()));
            }
            key.content(&data)
        };
        assert_ne!(data(&[("a", "bc")]), data(&[("ab", "c")]));
        assert_ne!(data(&[("a", "b"), ("c", "d")]), data(&[("a", "bcd")]));
        assert_eq!(data(&[("a", "b"), ("c", "d")]), data(&[("c", "d"), ("a", "b")]));
    }

    #[test]
    fn futility_ends_with_new_keys_or_a_new_specification() {
        let key = ProofKey::new(b"key");
        let specification = key.digest("spec", &[b"a"]);
        let proof = key.futile(&specification, b"ring 1");
        assert!(key.is_futile(&proof, &specification, b"ring 1"));
        assert!(!key.is_futile(&proof, &specification, b"ring 2"));
        assert!(!key.is_futile(&proof, &key.digest("spec", &[b"b"]), b"ring 1"));
        assert!(!key.is_of(&proof, &specification));
    }
}
