//! Many signatures checked as one: of the same message by bisection, of several messages by a random combination.
//!
//! It must not know which signers make a quorum. Invariant: nobody is named invalid whose own signature verifies alone.

use blst::{BLST_ERROR, Pairing, blst_p1_affine, blst_p2_affine};

use super::{AggregatePublicKey, PublicKey, Signature, aggregate_signatures};
use crate::hash::tagged;
use crate::tags;

/// Bits of each random factor of a batch: a false batch passes with a probability of 2^-64.
const SCALAR_BITS: usize = 64;

/// One statement of a batch: who signed which message.
#[derive(Clone, Copy, Debug)]
pub struct BatchItem<'a> {
    /// The message.
    pub message: &'a [u8],
    /// The sum of the keys that signed it.
    pub key: &'a AggregatePublicKey,
    /// The sum of their signatures.
    pub signature: &'a Signature,
}

/// Checks several signatures of several messages at once, at little more than half the price of one by one.
///
/// Each item is weighted by a factor that follows from `seed`, so that forgeries cannot cancel each other out. `seed`
/// must be fresh secret entropy: who knows it beforehand can forge a batch. False says that at least one is bad, not
/// which; an empty batch is false.
#[must_use]
pub fn verify_batch(items: &[BatchItem<'_>], seed: &[u8; 32]) -> bool {
    if items.is_empty() {
        return false;
    }
    let mut pairing = Pairing::new(true, tags::BLS_SIGNATURE_DST);
    for (item, place) in items.iter().zip(0_u64..) {
        let key: &blst_p2_affine = (&item.key.point).into();
        let signature: &blst_p1_affine = (&item.signature.0).into();
        let scalar = scalar(seed, place).to_le_bytes();
        let added = pairing.mul_n_aggregate(key, false, signature, false, &scalar, SCALAR_BITS, item.message, &[]);
        if added != BLST_ERROR::BLST_SUCCESS {
            return false;
        }
    }
    pairing.commit();
    pairing.finalverify(None)
}

/// A factor of a batch, never zero: a zero would leave its item unchecked.
fn scalar(seed: &[u8; 32], place: u64) -> u64 {
    let digest = tagged(tags::BLS_BATCH, &[seed, &place.to_le_bytes()]);
    let (head, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
    u64::from_le_bytes(*head).max(1)
}

/// What is left of some votes over one message after the bad ones are out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sifted {
    /// The sum of the valid signatures; nothing if there is none, or if they cancel out.
    pub aggregate: Option<Signature>,
    /// The places of the invalid ones, rising.
    pub invalid: Vec<usize>,
}

/// Aggregates votes over one message and checks the sum once; only if that fails, looks for the bad ones by halving.
///
/// Members that conspired so that their errors cancel out may pass together; their sum is then as good as any. To
/// accuse or to keep evidence of a single vote, verify it alone.
#[must_use]
pub fn find_invalid(message: &[u8], votes: &[(&PublicKey, &Signature)]) -> Sifted {
    let mut invalid = Vec::new();
    sift(message, votes, 0, Suspicion::None, &mut invalid);
    let mut bad = invalid.iter().peekable();
    let good = votes.iter().enumerate().filter(|(place, _)| bad.next_if(|next| *next == place).is_none());
    let aggregate = aggregate_signatures(good.map(|(_, (_, signature))| *signature));
    Sifted { aggregate, invalid }
}

/// What is known of some votes before they are checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Suspicion {
    None,
    /// Their sum is known to fail, because that of their neighbours holds and that of all does not.
    Certain,
}

fn sift(
    message: &[u8],
    votes: &[(&PublicKey, &Signature)],
    offset: usize,
    suspicion: Suspicion,
    invalid: &mut Vec<usize>,
) {
    // A single vote is always checked itself: a sum also fails when honest members happen to cancel out.
    if (suspicion == Suspicion::None || votes.len() == 1) && (votes.is_empty() || sum_verifies(message, votes)) {
        return;
    }
    if votes.len() == 1 {
        invalid.push(offset);
        return;
    }
    let middle = votes.len().div_ceil(2);
    let (left, right) = votes.split_at(middle);
    let before = invalid.len();
    sift(message, left, offset, Suspicion::None, invalid);
    let suspicion = if invalid.len() == before { Suspicion::Certain } else { Suspicion::None };
    sift(message, right, offset.saturating_add(middle), suspicion, invalid);
}

fn sum_verifies(message: &[u8], votes: &[(&PublicKey, &Signature)]) -> bool {
    let key = AggregatePublicKey::new(votes.iter().map(|(key, _)| *key));
    let signature = aggregate_signatures(votes.iter().map(|(_, signature)| *signature));
    key.zip(signature).is_some_and(|(key, signature)| key.verify(message, &signature))
}
