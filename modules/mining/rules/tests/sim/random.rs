//! Chance for simulations: a seed gives the same run on every machine.

/// SplitMix64, and waiting times from it. Logarithms are computed from squares, so that no machine's library decides a test.
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(bound)) >> 64).expect("below the bound")
    }

    /// Whether something happens that happens so many times in a million.
    pub fn chance(&mut self, millionths: u64) -> bool {
        self.below(1_000_000) < millionths
    }

    /// A waiting time with this mean, in the same unit.
    pub fn wait(&mut self, mean: u128) -> u64 {
        let nats = (u128::from(log2_below_one(self.next())) * 2_977_044_472) >> 32;
        u64::try_from((mean * nats) >> 32).expect("means of simulations are small")
    }
}

/// -log2 of (number + 1) / 2^64, with 32 bits behind the point.
fn log2_below_one(number: u64) -> u64 {
    let number = number.max(1);
    let zeros = u64::from(number.leading_zeros());
    // A number in [1, 2) with 63 bits behind the point; each squaring gives one bit of its logarithm.
    let mut mantissa = u128::from(number << zeros);
    let mut fraction: u64 = 0;
    for _ in 0..32 {
        mantissa = (mantissa * mantissa) >> 63;
        fraction <<= 1;
        if mantissa >> 64 != 0 {
            fraction |= 1;
            mantissa >>= 1;
        }
    }
    ((zeros + 1) << 32) - fraction
}
