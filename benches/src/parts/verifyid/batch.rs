//! A full batch of verifications: its root, and the proof of one of them.

use std::time::Instant;

use testnet::devnet::{Failure, Outcome};
use types::{Hash32, TimeMs};
use verifyid::{BATCH_LEAVES_MAX, DeviceId, VerificationLeaf};

use crate::figures::Figures;

/// Hashes all leaves, commits to them, and proves the middle one.
pub(super) fn measure() -> Outcome<Figures> {
    let count = usize::try_from(BATCH_LEAVES_MAX).unwrap_or_default();
    let begun = Instant::now();
    let leaf = |number: usize| VerificationLeaf {
        device: DeviceId(Hash32([3; 32])),
        challenge: (number as u128).to_le_bytes(),
        time: TimeMs(1_771_111_111_000),
        result: 1,
        method: 1,
        audience: Hash32([4; 32]),
        answer: Hash32([5; 32]),
    };
    let leaves: Vec<Hash32> = (0..count).map(|number| leaf(number).digest()).collect();
    let root = crypto::merkle::root(verifyid::tags::TREE, &leaves);
    let committed = begun.elapsed();
    let place = count / 2;
    let begun = Instant::now();
    let proof = crypto::merkle::prove(verifyid::tags::TREE, &leaves, place);
    let proven = begun.elapsed();
    let is_good = leaves
        .get(place)
        .zip(proof)
        .is_some_and(|(leaf, proof)| crypto::merkle::verify(verifyid::tags::TREE, &root, leaf, &proof));
    if !is_good {
        return Err(Failure::new("the proof of a verification in its batch does not hold"));
    }
    Ok(Figures::from([
        ("batch_leaves", count as f64),
        ("batch_commit_ms", committed.as_secs_f64() * 1_000.0),
        ("batch_prove_ms", proven.as_secs_f64() * 1_000.0),
    ]))
}
