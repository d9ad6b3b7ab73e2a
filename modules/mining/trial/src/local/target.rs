//! Targets, weights and the pace of works, reckoned anew: from the definitions, with 256-bit integers for what must be exact and
//! floating point for what the chain approximates.
//!
//! It must not use the chain's code for targets, so that both would have to be wrong in the same way.

use mining::MiningParameters as Rules;
use pow::U256;

/// The chain computes 2^x by a cubic that is off by at most 0.013 %, and cuts targets to 23 bits.
const BITS_TOLERANCE: f64 = 0.000_3;

/// The target that nBits stand for: the last three bytes, moved by eight bits for each byte that the first counts beyond three.
pub(super) fn of_bits(bits: u32) -> U256 {
    let (length, mantissa) = (bits >> 24, U256::from(bits & 0x007f_ffff));
    match length.checked_sub(3) {
        Some(bytes) => mantissa << (8 * bytes as usize),
        None => mantissa >> (8 * (3 - length) as usize),
    }
}

/// The target of shares.
pub(super) fn of_shares(rules: &Rules, bits: u32) -> U256 {
    of_bits(bits).saturating_mul(U256::from(rules.share_factor))
}

/// How many hashes a target takes on average: 2^256 / (target + 1), rounded down.
pub(super) fn hashes(target: U256) -> u128 {
    let above = target.saturating_add(U256::ONE);
    let quotient = (U256::MAX - above + U256::ONE) / above + U256::ONE;
    u128::try_from(quotient).unwrap_or(u128::MAX)
}

/// Whether a digest, read as a number with its first byte lowest, is at most the target.
pub(super) fn is_met(target: U256, digest: &[u8; 32]) -> bool {
    U256::from_le_bytes(*digest) <= target
}

/// A work from which targets are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    /// Its height in the work chain.
    pub(super) height: u64,
    /// Its block's time, in milliseconds.
    pub(super) time_ms: u64,
}

/// What the nBits of a next work ought to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    /// The target that `launch · 2^((elapsed - planned) / half-life)` gives, at most the easiest.
    target: f64,
}

impl Pace {
    /// After the work with this height was accepted at this time.
    pub(super) fn after(rules: &Rules, anchor: Anchor, height: u64, time_ms: u64) -> Self {
        let elapsed_ms = time_ms as f64 - anchor.time_ms as f64;
        let planned_ms = (height - anchor.height) as f64 * rules.spacing_ms as f64;
        let easiest = as_float(of_bits(rules.launch_bits));
        let target = easiest * ((elapsed_ms - planned_ms) / rules.half_life_ms as f64).exp2();
        Self { target: target.min(easiest) }
    }

    /// Whether nBits are these, as closely as the chain reckons.
    pub(super) fn fits(self, bits: u32) -> bool {
        (as_float(of_bits(bits)) / self.target - 1.0).abs() <= BITS_TOLERANCE
    }
}

/// The nearest floating-point number.
fn as_float(number: U256) -> f64 {
    number.as_limbs().iter().rev().fold(0.0, |sum, limb| sum * 2_f64.powi(64) + *limb as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_weights_are_those_of_bitcoins_first_block() {
        let target = of_bits(0x1d00_ffff);
        assert_eq!(target, U256::from(0xffff_u32) << 208);
        assert_eq!(hashes(target), 0x1_0001_0001);
        assert_eq!(hashes(U256::MAX >> 1), 2);
        assert_eq!(of_bits(0x0212_3456), U256::from(0x1234));
        let mut digest = [0; 32];
        digest[31] = 1;
        assert!(is_met(U256::ONE << 248, &digest) && !is_met((U256::ONE << 248) - U256::ONE, &digest));
    }

    #[test]
    fn one_half_life_ahead_of_the_plan_halves_the_target_and_behind_it_never_passes_the_easiest() {
        let rules = Rules::with_beneficiary(types::Address([0; 20]));
        let anchor = Anchor { height: 5, time_ms: 1_000_000 };
        let planned = 8 * rules.half_life_ms / rules.spacing_ms;
        let time = anchor.time_ms + planned * rules.spacing_ms - rules.half_life_ms;
        let pace = Pace::after(&rules, anchor, 5 + planned, time);
        let half = as_float(of_bits(rules.launch_bits)) / 2.0;
        assert!((pace.target / half - 1.0).abs() < 1e-9);
        let late = Pace::after(&rules, anchor, 6, anchor.time_ms + 100 * rules.half_life_ms);
        assert!(late.fits(rules.launch_bits) && !pace.fits(rules.launch_bits));
    }
}
