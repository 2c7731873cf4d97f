//! X-Wing, the key encapsulation of post-quantum recipients: ML-KEM-768 and X25519 together, so that a secret stays one
//! as long as either of them holds (draft-connolly-cfrg-xwing-kem; `MLKEM768-X25519` of draft-ietf-hpke-pq).
//!
//! ```text
//! public key   1216 = 1184 ML-KEM-768 encapsulation key ‖ 32 X25519 public key
//! ciphertext   1120 = 1088 ML-KEM-768 ciphertext        ‖ 32 ephemeral X25519 public key
//! secret key     32 : SHAKE-256 makes 64 (ML-KEM seed d ‖ z) and 32 (X25519 scalar) of it
//! shared secret  32 = SHA3-256(ML-KEM secret ‖ X25519 secret ‖ ephemeral public key ‖ public key ‖ label)
//! ```

use hpke::generic_array::GenericArray;
use hpke::generic_array::typenum::{Sum, U32, Unsigned as _};
use hpke::kem::SharedSecret;
use hpke::rand_core::{CryptoRng, RngCore};
use hpke::{Deserializable, HpkeError, Serializable};
use ml_kem::kem::{Decapsulate as _, Encapsulate as _};
use ml_kem::{B32, Ciphertext, EncodedSizeUser, KemCore, MlKem768};
use sha3_0_10::digest::{ExtendableOutput as _, Update, XofReader as _};
use sha3_0_10::{Digest, Sha3_256, Shake256};
use x25519_dalek::{PublicKey as CurvePublic, StaticSecret as CurveSecret};
use zeroize::{Zeroize as _, Zeroizing};

type Encapsulation = <MlKem768 as KemCore>::EncapsulationKey;
type Decapsulation = <MlKem768 as KemCore>::DecapsulationKey;
type EncapsulationLen = <Encapsulation as EncodedSizeUser>::EncodedSize;
type CiphertextLen = <MlKem768 as KemCore>::CiphertextSize;

/// Length of a secret key, of a scalar and of a point.
const LEN: usize = 32;
/// The picture of an X-wing that ends what is hashed.
const LABEL: &[u8] = br"\.//^\";

/// The KEM as HPKE uses it.
pub(super) struct XWing;

/// What is encapsulated to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PublicKey {
    lattice: Encapsulation,
    curve: CurvePublic,
}

impl Eq for PublicKey {}

/// What opens. The seed is all of it; the rest is worked out once.
#[derive(Clone)]
pub(super) struct PrivateKey {
    seed: Zeroizing<[u8; LEN]>,
    lattice: Decapsulation,
    curve: CurveSecret,
}

impl PartialEq for PrivateKey {
    fn eq(&self, other: &Self) -> bool {
        <XWing as hpke::Kem>::sk_to_pk(self) == <XWing as hpke::Kem>::sk_to_pk(other)
    }
}

impl Eq for PrivateKey {}

/// A shared secret as it travels.
#[derive(Clone)]
pub(super) struct Encapsulated {
    lattice: Ciphertext<MlKem768>,
    curve: CurvePublic,
}

impl Serializable for PublicKey {
    type OutputSize = Sum<EncapsulationLen, U32>;

    fn write_exact(&self, out: &mut [u8]) {
        let (lattice, curve) = out.split_at_mut(EncapsulationLen::USIZE);
        lattice.copy_from_slice(&self.lattice.as_bytes());
        curve.copy_from_slice(self.curve.as_bytes());
    }
}

impl Deserializable for PublicKey {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        let (lattice, curve) = split::<Self>(encoded, EncapsulationLen::USIZE)?;
        let bytes = lattice.try_into().map_err(|_| HpkeError::ValidationError)?;
        let key = Encapsulation::from_bytes(bytes);
        // FIPS 203, 7.2: a coefficient of 3329 or more is refused; decoding has reduced it.
        if key.as_bytes().as_slice() != lattice {
            return Err(HpkeError::ValidationError);
        }
        Ok(PublicKey { lattice: key, curve: point(curve)? })
    }
}

impl Serializable for Encapsulated {
    type OutputSize = Sum<CiphertextLen, U32>;

    fn write_exact(&self, out: &mut [u8]) {
        let (lattice, curve) = out.split_at_mut(CiphertextLen::USIZE);
        lattice.copy_from_slice(&self.lattice);
        curve.copy_from_slice(self.curve.as_bytes());
    }
}

impl Deserializable for Encapsulated {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        let (lattice, curve) = split::<Self>(encoded, CiphertextLen::USIZE)?;
        let lattice = lattice.try_into().map_err(|_| HpkeError::ValidationError)?;
        Ok(Encapsulated { lattice, curve: point(curve)? })
    }
}

impl Serializable for PrivateKey {
    type OutputSize = U32;

    fn write_exact(&self, out: &mut [u8]) {
        out.copy_from_slice(self.seed.as_slice());
    }
}

impl Deserializable for PrivateKey {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        let seed = encoded.try_into().map_err(|_| HpkeError::IncorrectInputLength(LEN, encoded.len()))?;
        Ok(PrivateKey::expand(Zeroizing::new(seed)))
    }
}

impl PrivateKey {
    fn expand(seed: Zeroizing<[u8; LEN]>) -> PrivateKey {
        let mut stream = Shake256::default().chain(seed.as_slice()).finalize_xof();
        let mut next = || {
            let mut bytes = Zeroizing::new([0; LEN]);
            stream.read(bytes.as_mut_slice());
            bytes
        };
        let (d, z, scalar) = (next(), next(), next());
        let (mut d, mut z) = (B32::from(*d), B32::from(*z));
        let (lattice, _) = MlKem768::generate_deterministic(&d, &z);
        d.as_mut_slice().zeroize();
        z.as_mut_slice().zeroize();
        PrivateKey { seed, lattice, curve: CurveSecret::from(*scalar) }
    }
}

impl hpke::Kem for XWing {
    type PublicKey = PublicKey;
    type PrivateKey = PrivateKey;
    type EncappedKey = Encapsulated;
    type NSecret = U32;

    const KEM_ID: u16 = 0x647a;

    fn sk_to_pk(key: &PrivateKey) -> PublicKey {
        PublicKey { lattice: key.lattice.encapsulation_key().clone(), curve: CurvePublic::from(&key.curve) }
    }

    fn derive_keypair(material: &[u8]) -> (PrivateKey, PublicKey) {
        let mut seed = Zeroizing::new([0; LEN]);
        let mut stream = Shake256::default()
            .chain(material)
            .chain(b"HPKE-v1KEM")
            .chain(Self::KEM_ID.to_be_bytes())
            .chain(b"\x00\x0dDeriveKeyPair\x00\x20")
            .finalize_xof();
        stream.read(seed.as_mut_slice());
        let key = PrivateKey::expand(seed);
        let public = Self::sk_to_pk(&key);
        (key, public)
    }

    fn decap(
        key: &PrivateKey,
        sender: Option<&PublicKey>,
        encapsulated: &Encapsulated,
    ) -> Result<SharedSecret<Self>, HpkeError> {
        if sender.is_some() {
            return Err(HpkeError::DecapError);
        }
        let opened = key.lattice.decapsulate(&encapsulated.lattice);
        let lattice = opened.map_err(|()| HpkeError::DecapError)?;
        let curve = key.curve.diffie_hellman(&encapsulated.curve);
        if !curve.was_contributory() {
            return Err(HpkeError::DecapError);
        }
        let public = CurvePublic::from(&key.curve);
        Ok(combine(lattice, [curve.as_bytes(), encapsulated.curve.as_bytes(), public.as_bytes()]))
    }

    fn encap<R: CryptoRng + RngCore>(
        public: &PublicKey,
        sender: Option<(&PrivateKey, &PublicKey)>,
        random: &mut R,
    ) -> Result<(SharedSecret<Self>, Encapsulated), HpkeError> {
        if sender.is_some() {
            return Err(HpkeError::EncapError);
        }
        let (ciphertext, lattice) = public.lattice.encapsulate(random).map_err(|()| HpkeError::EncapError)?;
        let ephemeral = CurveSecret::random_from_rng(random);
        let ephemeral_public = CurvePublic::from(&ephemeral);
        let curve = ephemeral.diffie_hellman(&public.curve);
        if !curve.was_contributory() {
            return Err(HpkeError::EncapError);
        }
        let secret = combine(lattice, [curve.as_bytes(), ephemeral_public.as_bytes(), public.curve.as_bytes()]);
        Ok((secret, Encapsulated { lattice: ciphertext, curve: ephemeral_public }))
    }
}

fn combine(mut lattice: B32, curve: [&[u8; LEN]; 3]) -> SharedSecret<XWing> {
    let mut hash = Sha3_256::new_with_prefix(lattice.as_slice());
    lattice.as_mut_slice().zeroize();
    for part in curve {
        Digest::update(&mut hash, part);
    }
    Digest::update(&mut hash, LABEL);
    SharedSecret(GenericArray::clone_from_slice(&hash.finalize()))
}

fn split<T: Serializable>(encoded: &[u8], at: usize) -> Result<(&[u8], &[u8]), HpkeError> {
    if encoded.len() != T::size() {
        return Err(HpkeError::IncorrectInputLength(T::size(), encoded.len()));
    }
    Ok(encoded.split_at(at))
}

fn point(encoded: &[u8]) -> Result<CurvePublic, HpkeError> {
    <[u8; LEN]>::try_from(encoded).map(CurvePublic::from).map_err(|_| HpkeError::ValidationError)
}
