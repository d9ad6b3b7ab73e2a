//! The keys of a simulated network and its signatures: real BLS, or a keyed hash in its place.
//!
//! Public keys and proofs of possession are always real BLS. The keyed hash is a thousand times faster and keeps what
//! the protocol relies on: a signature depends on key and message, signatures over one message add up, and what is no
//! sum of signatures is refused. It keeps no secret, so an attacker in the simulator must not use a key that is not
//! its own; `crimes` are written that way.

use std::sync::{Arc, OnceLock};

use consensus::{Aggregated, Scheme};
use crypto::bls::SecretKey;
use crypto::hash::sha256;
use crypto::ids::{seed_preimage, vote_preimage};
use execution::{Blst, ValidatorSignatures};
use replica::{BlsScheme, Signer};
use types::{
    BlsPublicKey, BlsSignature, ChainId, Epoch, PeerKey, ValidatorIndex, ValidatorSet, View, Vote, VoteStatement,
};

/// Most validators of a simulated network.
pub const VALIDATORS_MAX: usize = 16;

/// A validator's keys.
#[derive(Clone)]
pub(crate) struct ValidatorKey {
    pub(crate) secret: SecretKey,
    pub(crate) public: BlsPublicKey,
    pub(crate) possession: BlsSignature,
}

/// Keys in rising order, so that a node's number is its place in a set of all.
pub(crate) fn validator_keys(count: usize) -> Vec<ValidatorKey> {
    static KEYS: OnceLock<Vec<ValidatorKey>> = OnceLock::new();
    let all = KEYS.get_or_init(|| {
        let make = |number: usize| {
            let secret = SecretKey::from_ikm(&sha256(format!("simulated validator {number}").as_bytes()));
            let public = secret.public_key().to_bytes();
            let possession = secret.prove_possession().to_bytes();
            ValidatorKey { secret, public, possession }
        };
        (0..VALIDATORS_MAX).map(make).collect()
    });
    let mut keys = all[..count].to_vec();
    keys.sort_by_key(|key| key.public);
    keys
}

/// The network identity of a node.
pub(crate) fn peer_key(node: usize) -> PeerKey {
    PeerKey(sha256(format!("simulated peer {node}").as_bytes()))
}

/// Which signatures a network uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureKind {
    KeyedHash,
    Bls,
}

/// Signs and checks for a whole simulated network.
pub(crate) struct Signatures {
    chain: ChainId,
    /// Absent where a keyed hash stands in.
    bls: Option<BlsScheme>,
}

impl Signatures {
    pub(crate) fn new(kind: SignatureKind, chain: ChainId) -> Self {
        let bls = (kind == SignatureKind::Bls).then(|| BlsScheme::new(chain, sha256(b"the simulator has no secrets")));
        Self { chain, bls }
    }

    /// What the rules of the chain check seeds and attendance with.
    pub(crate) fn of_rules(kind: SignatureKind) -> Arc<dyn ValidatorSignatures> {
        match kind {
            SignatureKind::KeyedHash => Arc::new(KeyedHash),
            SignatureKind::Bls => Arc::new(Blst),
        }
    }

    pub(crate) fn sign(&self, key: &ValidatorKey, message: &[u8]) -> BlsSignature {
        match self.bls {
            Some(_) => key.secret.sign(message).to_bytes(),
            None => KeyedHash::sign(&key.public, message),
        }
    }

    pub(crate) fn vote(&self, key: &ValidatorKey, signer: ValidatorIndex, statement: VoteStatement) -> Vote {
        let signature = self.sign(key, &vote_preimage(self.chain, &statement));
        Vote { statement, signer, signature }
    }
}

/// Signatures that are sums of hashes.
struct KeyedHash;

impl KeyedHash {
    /// 32 bytes of hash; the last 16 bytes of every signature are zero, so that junk is not taken for one.
    fn sign(key: &BlsPublicKey, message: &[u8]) -> BlsSignature {
        let hash = sha256(&[key.as_bytes().as_slice(), message].concat());
        let mut bytes = [0; 48];
        bytes[..32].copy_from_slice(&hash);
        BlsSignature(bytes)
    }

    fn sum(signatures: &[BlsSignature]) -> Option<BlsSignature> {
        let mut lanes = [0_u64; 4];
        for BlsSignature(bytes) in signatures {
            if bytes[32..] != [0; 16] {
                return None;
            }
            for (lane, part) in lanes.iter_mut().zip(bytes.chunks_exact(8)) {
                *lane = lane.wrapping_add(u64::from_le_bytes(part.try_into().expect("a chunk of eight")));
            }
        }
        let mut bytes = [0; 48];
        for (part, lane) in bytes.chunks_exact_mut(8).zip(lanes) {
            part.copy_from_slice(&lane.to_le_bytes());
        }
        Some(BlsSignature(bytes))
    }

    fn holds<'a>(keys: impl Iterator<Item = &'a BlsPublicKey>, message: &[u8], signature: &BlsSignature) -> bool {
        let parts: Vec<BlsSignature> = keys.map(|key| Self::sign(key, message)).collect();
        !parts.is_empty() && Self::sum(&parts).as_ref() == Some(signature)
    }
}

impl ValidatorSignatures for KeyedHash {
    fn verify(&self, keys: &[&BlsPublicKey], message: &[u8], signature: &BlsSignature) -> bool {
        Self::holds(keys.iter().copied(), message, signature)
    }
}

impl Scheme for Signatures {
    fn verify_vote(
        &self,
        set: &ValidatorSet,
        signer: ValidatorIndex,
        statement: &VoteStatement,
        signature: &BlsSignature,
    ) -> bool {
        if let Some(bls) = &self.bls {
            return bls.verify_vote(set, signer, statement, signature);
        }
        self.verify_aggregated(set, Aggregated { statement, signers: &[signer], signature })
    }

    fn aggregate(&self, signatures: &[BlsSignature]) -> Option<BlsSignature> {
        match &self.bls {
            Some(bls) => bls.aggregate(signatures),
            None => KeyedHash::sum(signatures),
        }
    }

    fn verify_aggregated(&self, set: &ValidatorSet, aggregated: Aggregated<'_>) -> bool {
        if let Some(bls) = &self.bls {
            return bls.verify_aggregated(set, aggregated);
        }
        let keys: Option<Vec<&BlsPublicKey>> =
            aggregated.signers.iter().map(|signer| set.get(*signer).map(|member| &member.key)).collect();
        let message = vote_preimage(self.chain, aggregated.statement);
        keys.is_some_and(|keys| KeyedHash::holds(keys.into_iter(), &message, aggregated.signature))
    }

    fn verify_batch(&self, set: &ValidatorSet, batch: &[Aggregated<'_>]) -> bool {
        match &self.bls {
            Some(bls) => bls.verify_batch(set, batch),
            None => batch.iter().all(|aggregated| self.verify_aggregated(set, *aggregated)),
        }
    }
}

/// Signs seeds for one node.
pub(crate) struct SeedSigner<'a> {
    pub(crate) signatures: &'a Signatures,
    pub(crate) key: Option<&'a ValidatorKey>,
}

impl Signer for SeedSigner<'_> {
    fn sign_seed(&self, epoch: Epoch, view: View) -> BlsSignature {
        let message = seed_preimage(self.signatures.chain, epoch, view);
        self.key.map_or(BlsSignature::ZERO, |key| self.signatures.sign(key, &message))
    }
}

#[cfg(test)]
mod tests {
    use types::{Hash32, VoteKind};

    use super::*;

    #[test]
    fn keyed_hashes_add_up_and_nothing_else_passes_for_their_sum() {
        let keys = validator_keys(4);
        let signatures = Signatures::new(SignatureKind::KeyedHash, ChainId(Hash32([1; 32])));
        let statement = VoteStatement {
            kind: VoteKind::Finalize,
            epoch: Epoch(1),
            view: View(2),
            parent_view: View(0),
            block: Hash32([3; 32]),
        };
        let chain = ChainId(Hash32([1; 32]));
        let parts: Vec<BlsSignature> =
            keys[..3].iter().map(|key| signatures.sign(key, &vote_preimage(chain, &statement))).collect();
        let sum = signatures.aggregate(&parts).expect("signatures add up");
        let publics: Vec<&BlsPublicKey> = keys[..3].iter().map(|key| &key.public).collect();
        let message = vote_preimage(chain, &statement);
        assert!(KeyedHash.verify(&publics, &message, &sum));
        assert!(!KeyedHash.verify(&publics[..2], &message, &sum), "one signer less");
        assert!(!KeyedHash.verify(&publics, &message[..9], &sum), "another message");
        assert!(signatures.aggregate(&[BlsSignature([7; 48])]).is_none(), "junk is no signature");
    }
}
