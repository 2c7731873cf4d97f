//! Reading keyrings: transferable keys one after the other, with the trust packets that GnuPG puts between them.

use std::io::Read as _;

use pgp::armor::{BlockType, Dearmor};
use pgp::composed::{Deserializable, SignedPublicKey, SignedSecretKey};
use pgp::packet::{Packet, PacketParser, PacketTrait as _};
use pgp::types::Tag;
use zeroize::Zeroizing;

use super::PgpError;

const BEGIN: &str = "-----BEGIN PGP ";

/// The content of each armored block.
pub(super) fn blocks(text: &[u8]) -> Result<Vec<Zeroizing<Vec<u8>>>, PgpError> {
    let text = str::from_utf8(text).map_err(|_| PgpError::Armor)?;
    let blocks: Result<Vec<_>, PgpError> =
        text.match_indices(BEGIN).map(|(start, _)| block(&text.as_bytes()[start..])).collect();
    blocks.and_then(|blocks| if blocks.is_empty() { Err(PgpError::Armor) } else { Ok(blocks) })
}

fn block(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, PgpError> {
    let mut armor = Dearmor::new(text);
    armor.read_header().map_err(|_| PgpError::Armor)?;
    if !matches!(armor.typ, Some(BlockType::PublicKey | BlockType::PrivateKey)) {
        return Err(PgpError::Armor);
    }
    // With its capacity set beforehand a secret key is not left behind in a buffer that was outgrown.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    armor.read_to_end(&mut bytes).map_err(|_| PgpError::Armor)?;
    Ok(bytes)
}

/// The keys of a ring. One that cannot be read takes no other with it.
pub(super) fn read(bytes: &[u8]) -> (Vec<SignedPublicKey>, Vec<SignedSecretKey>) {
    let (mut public, mut secret) = (Vec::new(), Vec::new());
    for key in keys(bytes) {
        match key.first().map(Packet::tag) {
            Some(Tag::PublicKey) => public.extend(whole(key)),
            Some(Tag::SecretKey) => secret.extend(whole(key)),
            _ => {}
        }
    }
    (public, secret)
}

/// The packets of each key: a primary key and all that follows it up to the next one.
fn keys(bytes: &[u8]) -> Vec<Vec<Packet>> {
    let mut keys: Vec<Vec<Packet>> = Vec::new();
    for packet in PacketParser::new(bytes).flatten() {
        match (packet.tag(), keys.last_mut()) {
            // Trust and marker packets mean nothing outside of the keyring, and would end the key they stand in.
            (Tag::Trust | Tag::Marker | Tag::Padding, _) => {}
            (Tag::PublicKey | Tag::SecretKey, _) => keys.push(vec![packet]),
            (_, Some(key)) => key.push(packet),
            (_, None) => {}
        }
    }
    keys
}

fn whole<K: Deserializable>(packets: Vec<Packet>) -> Option<K> {
    let packets = packets.into_iter().map(Ok);
    K::from_packets(packets.peekable()).next()?.ok()
}
