//! Many signatures checked as one: of the same message by bisection, of several messages by a random combination.
//!
//! It must not know which signers make a quorum. Invariant: nobody is named invalid whose own signature verifies alone.

use std::collections::BTreeMap;

use blst::{MultiPoint, min_sig as library};

use super::equation::{Equation, WEIGHT_BITS};
use super::{AggregatePublicKey, PublicKey, Signature, aggregate_signatures, signature};
use crate::hash::tagged;
use crate::tags;

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

/// Checks several signatures of several messages at once. All share the dearest part of a check, and those of the same
/// key one pairing: the price of an item falls to a quarter of that of a check alone.
///
/// Each item but the first is weighted by a factor that follows from `seed`, so that forgeries cannot cancel each other
/// out. `seed` must be fresh secret entropy: who knows it beforehand can forge a batch. False says that at least one is
/// bad, not which; an empty batch is false.
#[must_use]
pub fn verify_batch(items: &[BatchItem<'_>], seed: &[u8; 32]) -> bool {
    match items {
        [] => false,
        [one] => one.key.verify(one.message, one.signature),
        _ => weighted_sum_holds(items, seed),
    }
}

/// The equations of all items, each times its weight, added up. That of the first has the weight one: of any two items
/// that are wrong, one still has a weight that nobody knew.
fn weighted_sum_holds(items: &[BatchItem<'_>], seed: &[u8; 32]) -> bool {
    let weights: Vec<u64> =
        (0_u64..).zip(items).map(|(place, _)| if place == 0 { 1 } else { weight(seed, place) }).collect();
    let mut of_key: BTreeMap<[u8; 192], Vec<(&BatchItem<'_>, u64)>> = BTreeMap::new();
    for (item, weight) in items.iter().zip(&weights) {
        of_key.entry(item.key.point.serialize()).or_default().push((item, *weight));
    }
    let mut equation = Equation::new(tags::BLS_SIGNATURE_DST);
    if !of_key.values().all(|items| add_messages_of_one_key(&mut equation, items)) {
        return false;
    }
    let signatures: Vec<library::Signature> = items.iter().map(|item| item.signature.0).collect();
    let weights: Vec<u8> = weights.iter().flat_map(|weight| weight.to_le_bytes()).collect();
    let sum = signatures.as_slice().mult(&weights, WEIGHT_BITS).to_signature();
    // Weighted signatures cancel out by chance alone, and then each can still be checked by itself.
    !signature::is_identity(&sum) && equation.holds_for(&sum)
}

/// The term of each message of one key, or one of all: adding up hashes saves pairings, which cost more than the
/// multiplications of full length that it takes. False if the key is the identity.
fn add_messages_of_one_key(equation: &mut Equation<'_>, items: &[(&BatchItem<'_>, u64)]) -> bool {
    match items {
        [] => true,
        [(item, 1)] => equation.message(&item.key.point, item.message),
        [(item, weight)] => equation.weighted_message(&item.key.point, item.message, *weight),
        [(first, _), ..] => {
            let hashes = signature::sum(items.iter().map(|(item, weight)| weighted_hash(item.message, *weight)));
            hashes.is_some_and(|hashes| equation.hashes(&first.key.point, &hashes))
        }
    }
}

/// The hash of a message times a weight, which is what the weight would sign if it were a key: the library has no safe
/// function that hashes to the curve and does nothing else.
fn weighted_hash(message: &[u8], weight: u64) -> library::Signature {
    let mut scalar = [0; 32];
    let (_, tail) = scalar.split_last_chunk_mut().expect("32 bytes have a last chunk of 8");
    *tail = weight.to_be_bytes();
    let key = library::SecretKey::from_bytes(&scalar).expect("a weight is above zero and far below the order");
    key.sign(message, tags::BLS_SIGNATURE_DST, &[])
}

/// The weight of an item, never zero: a zero would leave it unchecked.
fn weight(seed: &[u8; 32], place: u64) -> u64 {
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
