//! Eight checks at a time in AVX-512 registers.
//!
//! It must not be entered where the processor lacks the instructions; [`prove`] is the only door.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "lanes below the number of claims, and numbers modulo n, which wrap by themselves"
)]

pub(crate) mod field;
mod point;
mod walk;

use std::arch::is_x86_feature_detected;

use k256::Scalar;

use crate::ecdsa::scalar::{inverses, reduced, split};
use crate::ecdsa::{Claim, LANES};

/// Whether the processor has what the code of this module is compiled for.
pub(crate) fn available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

/// As [`crate::ecdsa::prove`], or nothing if the instructions are missing.
pub(crate) fn prove(claims: &[Claim]) -> Option<Vec<bool>> {
    if !available() {
        return None;
    }
    let s: Vec<Scalar> = claims.iter().map(|claim| reduced(&claim.s)).collect();
    let mut proven = Vec::with_capacity(claims.len());
    for (claims, inverses) in claims.chunks(LANES).zip(inverses(&s).chunks(LANES)) {
        let lane = |lane: usize| {
            // Lanes without a claim repeat the first.
            let lane = if lane < claims.len() { lane } else { 0 };
            let (claim, inverse) = (&claims[lane], &inverses[lane]);
            walk::Lane {
                claim,
                of_generator: split(&(reduced(&claim.digest) * inverse)),
                of_key: split(&(reduced(&claim.r) * inverse)),
            }
        };
        // SAFETY: the processor has both features, as was asked above.
        #[allow(unsafe_code, reason = "code for AVX-512 can be entered in no other way")]
        let verdicts = unsafe { walk::prove(&std::array::from_fn(lane)) };
        proven.extend(verdicts.into_iter().take(claims.len()));
    }
    Some(proven)
}
