//! The nBits of the next work, fixed when a work is accepted: ASERT on block time, from an anchor on the wanted pace.
//!
//! It must not know the header's time, which miners choose. The first work is the first anchor, so the wait for the first miner
//! is not owed; and whenever the easiest target is due, the work becomes the new anchor, because time in which even the easiest
//! target was too hard is not owed either: otherwise it would be made up later by a burst of works at the least spacing.

use borsh::{BorshDeserialize, BorshSerialize};
use pow::asert::{Elapsed, Schedule};
use pow::{CompactBits, Target};
use serde::{Deserialize, Serialize};
use types::TimeMs;

use crate::genesis::MiningParameters;

/// A work that counts as being on the wanted pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Its height in the work chain.
    pub work_height: u64,
    /// The time of the block that accepted it.
    pub time: TimeMs,
}

/// The target of the first work, which is the easiest ever.
#[must_use]
pub fn launch_target(parameters: &MiningParameters) -> Target {
    Target::from_compact(CompactBits(parameters.launch_bits))
        .expect("the genesis was refused unless these are a target")
}

/// The anchor and the nBits after a work with this height was accepted in a block of this time.
#[must_use]
pub fn retarget(
    parameters: &MiningParameters,
    anchor: Option<Anchor>,
    work_height: u64,
    time: TimeMs,
) -> (Anchor, CompactBits) {
    let here = Anchor { work_height, time };
    let anchor = anchor.unwrap_or(here);
    let easiest = launch_target(parameters);
    let schedule = Schedule { spacing: parameters.spacing_ms, half_life: parameters.half_life_ms };
    // ASERT counts from the anchor's parent, which on the wanted pace was one spacing earlier.
    let since = time.saturating_sub(anchor.time.0).0.saturating_add(parameters.spacing_ms);
    let elapsed = Elapsed {
        time: i64::try_from(since).unwrap_or(i64::MAX),
        height: work_height.saturating_sub(anchor.work_height),
    };
    let target = schedule.next_target(easiest, elapsed, easiest);
    let next = if target >= easiest { here } else { anchor };
    (next, target.to_compact())
}

/// The target of shares where works have these nBits.
#[must_use]
pub fn share_target(parameters: &MiningParameters, bits: CompactBits) -> Target {
    let target = Target::from_compact(bits).expect("these bits were written from a target");
    target.times(parameters.share_factor)
}

/// Weights stop here, so that sums of them fit 128 bits: a share of 2^96 hashes is a billion times what all of Bitcoin's machines
/// try for one of its blocks.
const WEIGHT_MAX: u128 = 1 << 96;

/// How many hashes a proof against a target stands for.
#[must_use]
pub fn weight(target: Target) -> u128 {
    u128::try_from(target.expected_hashes()).map_or(WEIGHT_MAX, |weight| weight.min(WEIGHT_MAX))
}
