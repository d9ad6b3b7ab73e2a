//! The fee market: what a weight costs, and how that follows the load.
//!
//! It must not know who pays. Prices are µTHR per weight with 32 fractional bits. The price is `floor · e^(excess / K)`, computed
//! in integers by the series of EIP-4844; the excess grows by every block's weight and shrinks by the target for the block time
//! that has passed. Invariants: nothing wraps; where a result does not fit it is the largest number, which nobody can pay, and the
//! excess falls again.

use types::{Amount, FeeParameters, TimeMs, Weight};

/// Fractional bits of a price.
pub const PRICE_FRACTION_BITS: u32 = 32;

const MS_PER_S: u128 = 1_000;

/// The price of one weight at some excess.
#[must_use]
pub fn price(parameters: &FeeParameters, excess: u64) -> u128 {
    let floor = u128::from(parameters.price_floor);
    if excess == 0 {
        return floor;
    }
    exponential(floor, u128::from(excess), u128::from(parameters.excess_per_e)).unwrap_or(u128::MAX)
}

/// `factor · e^(numerator / denominator)`, rounded down as EIP-4844 does; nothing where 128 bits do not hold a term.
fn exponential(factor: u128, numerator: u128, denominator: u128) -> Option<u128> {
    let mut sum: u128 = 0;
    let mut term = factor.checked_mul(denominator)?;
    let mut place: u128 = 1;
    while term > 0 {
        sum = sum.checked_add(term)?;
        term = term.checked_mul(numerator)?.checked_div(denominator.checked_mul(place)?)?;
        place = place.checked_add(1)?;
    }
    sum.checked_div(denominator)
}

/// The excess after a block of `weight` whose parent is `elapsed` older.
#[must_use]
pub fn next_excess(parameters: &FeeParameters, excess: u64, weight: Weight, elapsed: TimeMs) -> u64 {
    let target = u128::from(parameters.weight_target_per_s).saturating_mul(u128::from(elapsed.0));
    let target = target.checked_div(MS_PER_S).expect("a second has milliseconds");
    let load = u128::from(excess).saturating_add(u128::from(weight.0));
    u64::try_from(load.saturating_sub(target)).unwrap_or(u64::MAX)
}

/// What a weight costs at a price, rounded up once.
#[must_use]
pub fn fee(price: u128, weight: Weight) -> Amount {
    let round_up = (1_u128 << PRICE_FRACTION_BITS).saturating_sub(1);
    let product = price.checked_mul(u128::from(weight.0)).and_then(|product| product.checked_add(round_up));
    Amount(product.map_or(u128::MAX, |product| product >> PRICE_FRACTION_BITS))
}

/// The highest price at which the fee for a weight is at most `fee_max`.
#[must_use]
pub fn price_max(fee_max: Amount, weight: Weight) -> u128 {
    const FEE_MAX: u128 = u128::MAX >> PRICE_FRACTION_BITS;
    if fee_max == Amount::MAX {
        return u128::MAX;
    }
    // Beyond this a fee does not fit and counts as the largest number, which only the largest `fee_max` covers.
    let covered = fee_max.0.min(FEE_MAX) << PRICE_FRACTION_BITS;
    covered.checked_div(u128::from(weight.0)).unwrap_or(u128::MAX)
}

/// How a fee is shared: what is burned, with the odd µTHR, and what the ecosystem account gets.
#[must_use]
pub const fn split(fee: Amount) -> (Amount, Amount) {
    let ecosystem = fee.0 >> 1;
    (Amount(fee.0.saturating_sub(ecosystem)), Amount(ecosystem))
}

#[cfg(test)]
mod tests {
    use types::Address;

    use super::*;

    fn parameters() -> FeeParameters {
        FeeParameters::with_ecosystem(Address::default())
    }

    /// The vectors that EIP-4844 gives for its function.
    #[test]
    fn the_exponential_is_that_of_eip_4844() {
        for (factor, numerator, denominator, expected) in [
            (1, 0, 1, 1),
            (38_493, 0, 1_000, 38_493),
            (0, 1_234, 2_345, 0),
            (1, 2, 1, 6),
            (1, 4, 2, 6),
            (1, 3, 1, 16),
            (1, 6, 2, 18),
            (1, 4, 1, 49),
            (1, 8, 2, 50),
            (10, 8, 2, 542),
            (11, 8, 2, 596),
            (1, 5, 1, 136),
            (1, 5, 2, 11),
            (2, 5, 2, 23),
            (1, 50_000_000, 2_225_652, 5_709_098_764),
        ] {
            assert_eq!(
                exponential(factor, numerator, denominator),
                Some(expected),
                "{factor} {numerator}/{denominator}"
            );
        }
    }

    #[test]
    fn full_blocks_at_twice_the_target_double_the_price_in_thirty_seconds() {
        let parameters = parameters();
        let floor = price(&parameters, 0);
        assert_eq!(floor, 1 << PRICE_FRACTION_BITS);
        let mut excess = 0;
        for _ in 0..30 {
            excess = next_excess(&parameters, excess, Weight(4_000_000), TimeMs(1_000));
        }
        let doubled = price(&parameters, excess);
        assert!(doubled.abs_diff(2 * floor) < floor / 1_000_000, "{doubled}");
        for _ in 0..30 {
            excess = next_excess(&parameters, excess, Weight::ZERO, TimeMs(1_000));
        }
        assert_eq!((excess, price(&parameters, excess)), (0, floor));
    }

    // FAULTS M4
    #[test]
    fn prices_and_fees_saturate_instead_of_wrapping_and_never_fall_with_the_excess() {
        let parameters = parameters();
        let mut before = 0;
        for shift in 0..64 {
            let now = price(&parameters, 1 << shift);
            assert!(now >= before, "at 2^{shift}");
            before = now;
        }
        assert_eq!(price(&parameters, u64::MAX), u128::MAX);
        assert_eq!(fee(u128::MAX, Weight(1)), Amount::MAX);
        assert_eq!(fee(u128::MAX, Weight::MAX), Amount::MAX);
        assert_eq!(next_excess(&parameters, u64::MAX, Weight::MAX, TimeMs(1)), u64::MAX);
        assert_eq!(next_excess(&parameters, 5, Weight(5), TimeMs::MAX), 0);
    }

    // FAULTS HB1
    #[test]
    fn the_highest_price_that_a_fee_max_covers_is_covered_and_one_more_is_not() {
        let one = 1_u128 << PRICE_FRACTION_BITS;
        for fee_max in [0, 1, 7, 1_000, 999_999_999, (1 << 96) - 2, (1 << 96) - 1, 1 << 96, u128::MAX - 1] {
            for weight in [1, 2, 3, 1_000, 4_000_001, u64::MAX] {
                let (fee_max, weight) = (Amount(fee_max), Weight(weight));
                let highest = price_max(fee_max, weight);
                assert!(fee(highest, weight) <= fee_max, "{fee_max} {weight}");
                let above = highest.checked_add(1);
                assert!(above.is_none_or(|price| fee(price, weight) > fee_max), "{fee_max} {weight}");
            }
        }
        assert_eq!(price_max(Amount(1_234), Weight(1_234)), one);
        assert_eq!(price_max(Amount::ZERO, Weight(0)), u128::MAX);
        assert_eq!(price_max(Amount::MAX, Weight::MAX), u128::MAX);
    }

    // FAULTS E6
    #[test]
    fn a_fee_is_rounded_up_once_and_its_odd_unit_is_burned() {
        let one = 1_u128 << PRICE_FRACTION_BITS;
        assert_eq!(fee(one, Weight(1_234)), Amount(1_234));
        assert_eq!(fee(one + 1, Weight(1_234)), Amount(1_235));
        assert_eq!(fee(1, Weight(1)), Amount(1));
        assert_eq!(fee(one, Weight(0)), Amount(0));
        assert_eq!(split(Amount(7)), (Amount(4), Amount(3)));
        assert_eq!(split(Amount(1)), (Amount(1), Amount(0)));
        assert_eq!(split(Amount::MAX), (Amount(1 << 127), Amount((1 << 127) - 1)));
    }
}
