//! Statistics as JSON, in the two shapes that dashboards know.
//!
//! | file | holds |
//! |---|---|
//! | `ckpool.rs` | ckpool's files `pool.status` and `users/<address>` |
//! | `public_pool.rs` | public-pool's REST answers |
//!
//! It must not know HTTP. Invariants: keys and types are those of the originals, so that their readers read them (a number is a
//! number and never null; where public-pool has a text with a number in it, so have we); no floats are computed with: numbers with a
//! point are made from integers; names are those of a [`crate::WorkerName`].

mod ckpool;
mod public_pool;

pub use ckpool::{ckpool_pool, ckpool_status, ckpool_user};
pub use public_pool::{public_chart, public_client, public_info, public_network, public_pool, public_worker};

use pow::{Difficulty, Target, U256};
use serde_json::Value;
use types::Amount;

/// The difficulty of the best hash in billionths.
fn best(hash: Option<[u8; 32]>) -> u128 {
    let target = hash.and_then(|hash| Target::from_uint(U256::from_be_bytes(hash)));
    target.map_or(0, |target| target.difficulty().billionths())
}

/// A whole number with a point before its last `places` digits.
fn decimal(number: u128, places: u8) -> Value {
    serde_json::from_str(&Amount(number).to_decimal(places)).expect("a decimal number is JSON")
}

/// Billionths as a number: below a million with its decimals, because small machines may take days to one, above rounded down, because
/// programs read no more than fifteen digits.
fn sum(billionths: u128) -> Value {
    let whole = billionths.checked_div(Difficulty::ONE.billionths()).unwrap_or(0);
    if whole >= 1_000_000 { whole_value(whole) } else { decimal(billionths, 9) }
}

/// A whole number as JSON; what does not fit 64 bits is cut.
fn whole_value(number: u128) -> Value {
    u64::try_from(number).unwrap_or(u64::MAX).into()
}

const fn seconds(ms: u64) -> u64 {
    match ms.checked_div(1_000) {
        Some(seconds) => seconds,
        None => 0,
    }
}

fn lower(left: Option<[u8; 32]>, right: Option<[u8; 32]>) -> Option<[u8; 32]> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (one, other) => one.or(other),
    }
}

/// Three significant digits and a letter, such as `1.23T`.
#[must_use]
pub fn suffixed(rate: u128) -> String {
    let (mut unit, mut letter): (u128, &str) = (1, "");
    for next in ["K", "M", "G", "T", "P", "E", "Z"] {
        let thousand = unit.saturating_mul(1_000);
        if rate < thousand {
            break;
        }
        (unit, letter) = (thousand, next);
    }
    let whole = rate.checked_div(unit).unwrap_or(0);
    let thousandths = rate.saturating_mul(1_000).checked_div(unit).and_then(|all| all.checked_rem(1_000)).unwrap_or(0);
    let digits = format!("{thousandths:03}");
    let kept = match whole {
        _ if unit == 1 => "",
        100.. => "",
        10..=99 => digits.get(..1).unwrap_or_default(),
        _ => digits.get(..2).unwrap_or_default(),
    };
    let kept = kept.trim_end_matches('0');
    if kept.is_empty() { format!("{whole}{letter}") } else { format!("{whole}.{kept}{letter}") }
}

/// ISO 8601 in UTC from milliseconds since 1970 (days to a date as in Howard Hinnant's `civil_from_days`).
#[must_use]
pub fn timestamp(ms: u64) -> String {
    let part =
        |number: u64, unit: u64, of: u64| number.checked_div(unit).and_then(|all| all.checked_rem(of)).unwrap_or(0);
    let days = ms.checked_div(86_400_000).unwrap_or(0).saturating_add(719_468);
    let (era, day_of_era) = (days.checked_div(146_097).unwrap_or(0), days.checked_rem(146_097).unwrap_or(0));
    let leaps = part(day_of_era, 36_524, u64::MAX).saturating_sub(part(day_of_era, 146_096, u64::MAX));
    let year_of_era = day_of_era
        .saturating_sub(part(day_of_era, 1_460, u64::MAX))
        .saturating_add(leaps)
        .checked_div(365)
        .unwrap_or(0);
    let before = year_of_era.saturating_mul(365).saturating_add(year_of_era >> 2);
    let day_of_year = day_of_era.saturating_sub(before.saturating_sub(part(year_of_era, 100, u64::MAX)));
    let month = day_of_year.saturating_mul(5).saturating_add(2).checked_div(153).unwrap_or(0);
    let first = month.saturating_mul(153).saturating_add(2).checked_div(5).unwrap_or(0);
    let day = day_of_year.saturating_sub(first).saturating_add(1);
    let month = if month < 10 { month.saturating_add(3) } else { month.saturating_sub(9) };
    let year = year_of_era.saturating_add(era.saturating_mul(400)).saturating_add(u64::from(month <= 2));
    let (hour, minute, second) = (part(ms, 3_600_000, 24), part(ms, 60_000, 60), part(ms, 1_000, 60));
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", part(ms, 1, 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_written_with_three_digits_and_a_letter() {
        let cases: [(u128, &str); 8] = [
            (0, "0"),
            (999, "999"),
            (1_000, "1K"),
            (1_230, "1.23K"),
            (12_345_678, "12.3M"),
            (333_000_000, "333M"),
            (1_480_000_000_000, "1.48T"),
            (u128::MAX, "340282366920938463463374607431768211455"),
        ];
        for (rate, text) in &cases[..7] {
            assert_eq!(suffixed(*rate), *text);
        }
        assert!(suffixed(u128::MAX).ends_with('Z'));
    }

    #[test]
    fn sums_below_a_million_are_told_with_their_decimals() {
        let cases = [
            (0, "0"),
            (1, "0.000000001"),
            (732_000_000, "0.732"),
            (5_000_000_000, "5"),
            (999_999_999_999_999, "999999.999999999"),
            (1_000_000_999_999_999, "1000000"),
        ];
        for (billionths, text) in cases {
            let told: f64 = sum(billionths).to_string().parse().expect("a number");
            assert_eq!(told, text.parse::<f64>().expect("a number"), "{billionths}");
        }
        assert_eq!(sum(u128::MAX), Value::from(u64::MAX));
    }

    #[test]
    fn timestamps_are_right_at_the_edges_of_years() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ];
        for (ms, text) in cases {
            assert_eq!(timestamp(ms), text);
        }
    }
}
