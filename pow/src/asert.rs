//! ASERT, aserti3-2d: the next target from an anchor, the time since it and the number of works since it.
//!
//! `target = anchor · 2^((time - spacing · (height + 1)) / half-life)`, with 2^x on [0, 1) as a cubic in 16-bit fixed point.
//! Source: the specification of Bitcoin Cash's upgrade of 15 November 2020, with its public vectors in `tests/vectors`. It must
//! not know what time is: spacing, half-life and times share one unit, seconds or milliseconds, and the result is exact in both.

use ruint::aliases::U512;

use crate::{Target, U256};

/// Bits behind the point of the exponent.
const FRACTION_BITS: u32 = 16;
/// Coefficients of the cubic, with 48 bits behind the point.
const CUBIC: [u128; 3] = [195_766_423_245_049, 971_821_376, 5_127];

/// The two numbers of the controller, in one unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Wanted time between works; above zero.
    pub spacing: u64,
    /// Being so far behind the schedule doubles the target; above zero.
    pub half_life: u64,
}

/// How far the newest work is from the anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    /// Time of the newest work less the time of the anchor's parent; may be negative.
    pub time: i64,
    /// Height of the newest work less the anchor's.
    pub height: u64,
}

impl Schedule {
    /// The target of the work after the newest, not easier than `easiest` and never zero.
    #[must_use]
    pub fn next_target(&self, anchor: Target, elapsed: Elapsed, easiest: Target) -> Target {
        let planned = i128::from(self.spacing).saturating_mul(i128::from(elapsed.height).saturating_add(1));
        let late = i128::from(elapsed.time).saturating_sub(planned);
        // Truncated towards zero, as in the specification.
        let exponent = late.saturating_mul(1 << FRACTION_BITS).checked_div(i128::from(self.half_life)).unwrap_or(0);
        let doublings = exponent >> FRACTION_BITS;
        let fraction = u128::from_be_bytes((exponent & 0xffff).to_be_bytes());
        scale(anchor, factor(fraction), doublings.saturating_sub(i128::from(FRACTION_BITS)), easiest)
    }
}

/// 65,536 · 2^(fraction / 65,536), for a fraction of 16 bits.
fn factor(fraction: u128) -> u32 {
    let [linear, square, cube] = CUBIC;
    let powers = [
        linear.saturating_mul(fraction),
        square.saturating_mul(fraction.saturating_pow(2)),
        cube.saturating_mul(fraction.saturating_pow(3)),
        1 << 47,
    ];
    let sum = powers.into_iter().fold(0, u128::saturating_add) >> 48;
    u32::try_from(sum.saturating_add(1 << FRACTION_BITS)).expect("2^x is below 2 on [0, 1)")
}

/// `anchor · factor · 2^shift` between 1 and `easiest`, in 512 bits so that nothing is lost on the way.
fn scale(anchor: Target, factor: u32, shift: i128, easiest: Target) -> Target {
    let product = U512::from(anchor.to_uint()).saturating_mul(U512::from(factor));
    let places = usize::try_from(shift.unsigned_abs()).unwrap_or(usize::MAX).min(512);
    let scaled = if shift >= 0 { product.saturating_shl(places) } else { product.wrapping_shr(places) };
    if scaled >= U512::from(easiest.to_uint()) {
        return easiest;
    }
    let target = U256::saturating_from(scaled);
    Target::from_uint(target).unwrap_or(Target::HARDEST)
}
