//! Peer keys and libp2p's peer ids: one follows from the other, for Ed25519 keys only.

use libp2p::PeerId;
use libp2p::identity::{Keypair, PublicKey, ed25519};
use types::PeerKey;

use super::config::NetworkError;

/// The bytes before the key in a peer id that holds an Ed25519 key: identity multihash of 36 bytes, then the key's
/// type and length in protobuf (libp2p's peer id specification).
const PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// The key pair of a seed.
pub(super) fn keypair(mut seed: [u8; 32]) -> Result<Keypair, NetworkError> {
    let secret =
        ed25519::SecretKey::try_from_bytes(&mut seed).map_err(|error| NetworkError::Secret(error.to_string()))?;
    Ok(ed25519::Keypair::from(secret).into())
}

/// The key by which the network knows the owner of an Ed25519 seed.
///
/// # Errors
/// When it is not a seed.
pub fn peer_key_of_secret(seed: [u8; 32]) -> Result<PeerKey, NetworkError> {
    let keypair = keypair(seed)?;
    key_of(&keypair.public().to_peer_id()).ok_or_else(|| NetworkError::Secret("not an Ed25519 key".to_owned()))
}

/// The key in a peer id.
pub(super) fn key_of(peer: &PeerId) -> Option<PeerKey> {
    let bytes = peer.to_bytes();
    PeerKey::from_slice(bytes.strip_prefix(&PREFIX)?)
}

/// The peer id of a key; nothing when the bytes are no point of the curve.
pub(super) fn id_of(key: PeerKey) -> Option<PeerId> {
    let public = ed25519::PublicKey::try_from_bytes(&key.0).ok()?;
    Some(PublicKey::from(public).to_peer_id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_peer_ids_follow_from_each_other() {
        for seed in 0..50_u8 {
            let key = peer_key_of_secret([seed; 32]).expect("a seed");
            let id = id_of(key).expect("a key");
            assert_eq!(key_of(&id), Some(key));
            assert_eq!(id, keypair([seed; 32]).expect("a seed").public().to_peer_id());
        }
        assert_eq!(key_of(&PeerId::random()), None);
    }
}
