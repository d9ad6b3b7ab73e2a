//! Months of verifications: calendar months in UTC, by integer arithmetic.
//!
//! It must not know a clock: a month is that of a time on the chain.

use types::TimeMs;

const DAY_MS: u64 = 86_400_000;
/// Days of 400 years, after which the calendar repeats itself.
const ERA_DAYS: u64 = 146_097;
/// Days from the first of March of the year 0 to the first of January 1970.
const EPOCH_DAYS: u64 = 719_468;

/// The number of a time's month: `year · 12 + month - 1`; 23640 is January 1970.
#[must_use]
pub fn month_of(time: TimeMs) -> u32 {
    // By Howard Hinnant's `civil_from_days`: years begin in March, so that a leap day is a year's last.
    let days = (time.0 / DAY_MS).saturating_add(EPOCH_DAYS);
    let (era, day) = (days / ERA_DAYS, days % ERA_DAYS);
    let leaps = (day / 1_460).saturating_add(day / 146_096).saturating_sub(day / 36_524);
    let year_of_era = day.saturating_sub(leaps) / 365;
    let before = year_of_era.saturating_mul(365).saturating_add(year_of_era / 4).saturating_sub(year_of_era / 100);
    let day_of_year = day.saturating_sub(before);
    let march_month = day_of_year.saturating_mul(5).saturating_add(2) / 153;
    // March is the third month of the year, and January and February are of the year after.
    let months = era.saturating_mul(400).saturating_add(year_of_era).saturating_mul(12).saturating_add(march_month);
    u32::try_from(months.saturating_add(2)).unwrap_or(u32::MAX)
}

/// The first instant of the month after a time's, which is when a quota begins anew.
#[must_use]
pub fn next_month(time: TimeMs) -> TimeMs {
    let month = month_of(time);
    // A month has at most 31 days: the first day that is of another month.
    let day = time.0 / DAY_MS;
    let first = (1..=31_u64).map(|ahead| TimeMs(day.saturating_add(ahead).saturating_mul(DAY_MS)));
    first.clone().find(|day| month_of(*day) != month).unwrap_or(TimeMs(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        for (time, month) in [
            (0, 23_640),
            (1_772_323_199_999, 24_313),
            (1_772_323_200_000, 24_314),
            // 29 February 2028.
            (1_835_481_599_999, 24_337),
            (1_835_481_600_000, 24_338),
            // 1 March 2100, a year without a leap day.
            (4_107_542_399_999, 25_201),
            (4_107_542_400_000, 25_202),
        ] {
            assert_eq!(month_of(TimeMs(time)), month, "{time}");
        }
        let _ = month_of(TimeMs(u64::MAX));
    }

    #[test]
    fn every_month_of_four_centuries_has_its_days_and_the_next_begins_behind_it() {
        let (mut day, mut expected) = (0_u64, 23_640_u32);
        for year in 1970..2_370_u64 {
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            for days in [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
                let begin = TimeMs(day * DAY_MS);
                let end = TimeMs((day + days) * DAY_MS);
                assert_eq!((month_of(begin), month_of(TimeMs(end.0 - 1))), (expected, expected), "{year}");
                assert_eq!((next_month(begin), next_month(TimeMs(end.0 - 1))), (end, end), "{year}");
                (day, expected) = (day + days, expected + 1);
            }
        }
    }
}
